/** Arguments of `report`. */
import type { Command } from 'commander';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import { durationFlag } from '../duration-flag.ts';
import type { ProgramContext } from '../program-context.ts';
import { runReport } from './make-report.ts';

interface Flags extends ConnectionFlags {
  readonly output?: string;
  readonly force: boolean;
  readonly upload: boolean;
  readonly timeout: number;
}

const DEFAULT_TIMEOUT_MS = 30_000;

const HELP = `
The file needs nothing else: it loads nothing, and nothing in it runs. It prints on two pages. What of the evidence it
quotes (the last goroutine dump, the runtime's stacks, the kubelet's log) is fetched with your own rights, as \`kubectl
medic evidence\` does; where one cannot be had the report says why in its place. A file that is there is not replaced
without --force.
`;

export function addReport(program: Command, { connect, version }: ProgramContext): void {
  withConnection(program.command('report'))
    .description('write one incident as one file of HTML: what happened when, why, what was done, and the evidence')
    .argument('<INCIDENT>', 'its name')
    .option('-o, --output <FILE>', 'the file to write; default, and -: standard output')
    .option('--force', 'replace a file that is there', false)
    .option('--no-upload', 'only what is in the API server: ask the agent for nothing')
    .option(
      '--timeout <duration>',
      'how long the agent may take for one artifact (default: 30s)',
      durationFlag,
      DEFAULT_TIMEOUT_MS,
    )
    .addHelpText('after', HELP)
    .action(async (name: string, flags: Flags) => {
      const { output, force, upload, timeout: timeoutMs } = flags;
      const file = output === '-' ? undefined : output;
      await runReport(await connect(flags), name, { file, force, upload, timeoutMs, version });
    });
}
