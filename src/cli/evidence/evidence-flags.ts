/** Arguments of `evidence`. */
import type { Command } from 'commander';
import { runEvidence } from './save-evidence.ts';
import type { Finish, ProgramContext } from '../program-context.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';

interface Flags extends ConnectionFlags {
  readonly output: string;
  readonly spoolDir: string;
}

const HELP = `
Dumps come from Secrets, all else from the node, by \`cat\` in the agent's pod: that takes the rights to get secrets and to
create pods/exec in the agent's namespace. manifest.json says what is there and what is not, and why.

Exit codes: 0 all that was saved is there; 1 some of it is gone; 4 a checksum differs.
`;

export function addEvidence(program: Command, { connect }: ProgramContext, finish: Finish): void {
  withConnection(program.command('evidence'))
    .description('fetch every artifact of an incident, and verify its checksum')
    .argument('<INCIDENT>', 'its name')
    .requiredOption('-o, --output <DIR>', 'the folder to write to; made where it is not there')
    .option('--spool-dir <DIR>', "the spool in the agent's container", '/var/lib/kubelet-medic/spool')
    .addHelpText('after', HELP)
    .action(async (name: string, flags: Flags) => {
      const { output: folder, spoolDir } = flags;
      finish(await runEvidence(await connect(flags), name, { folder, spoolDir }));
    });
}
