/** Arguments of `evidence`. */
import type { Command } from 'commander';
import { runEvidence } from './save-evidence.ts';
import type { Finish, ProgramContext } from '../program-context.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import { durationFlag } from '../duration-flag.ts';

interface Flags extends ConnectionFlags {
  readonly output: string;
  readonly upload: boolean;
  readonly timeout: number;
}

const DEFAULT_TIMEOUT_MS = 60_000;

const HELP = `
Dumps are read from KubeletEvidence objects, also when the node is gone, unless they had to make room there. What is in the
spool of the node is asked for: its agent uploads it into objects that live for an hour. That takes the rights to get
kubeletevidences (ClusterRole kubelet-medic-evidence-reader) and to patch kubeletincidents; none on pods or Secrets.
With a bucket (docs/evidence-bucket.md) the controller brings back from there what its node no longer has, by the same rights.
manifest.json says what is there and what is not, and why.

Exit codes: 0 all that was saved is there; 1 some of it is gone or was not fetched; 4 a checksum differs.
`;

export function addEvidence(program: Command, { connect }: ProgramContext, finish: Finish): void {
  withConnection(program.command('evidence'))
    .description('fetch every artifact of an incident, and verify its checksum')
    .argument('<INCIDENT>', 'its name')
    .requiredOption('-o, --output <DIR>', 'the folder to write to; made where it is not there')
    .option('--no-upload', 'only what is in the API server: ask the agent for nothing')
    .option(
      '--timeout <duration>',
      'how long the agent may take for one artifact (default: 1m)',
      durationFlag,
      DEFAULT_TIMEOUT_MS,
    )
    .addHelpText('after', HELP)
    .action(async (name: string, flags: Flags) => {
      const { output: folder, upload, timeout: timeoutMs } = flags;
      finish(await runEvidence(await connect(flags), name, { folder, upload, timeoutMs }));
    });
}
