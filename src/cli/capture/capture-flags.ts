/** Arguments of `capture`. */
import { type Command, Option } from 'commander';
import type { Format } from '../structured.ts';
import { runCapture } from './capture-node.ts';
import type { ProgramContext } from '../program-context.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import { durationFlag } from '../duration-flag.ts';

interface Flags extends ConnectionFlags {
  readonly reason?: string;
  readonly wait: boolean;
  readonly timeout: number;
  readonly output: Format;
}

const DEFAULT_TIMEOUT_MS = 300_000;

export function addCapture(program: Command, { connect }: ProgramContext): void {
  withConnection(program.command('capture'))
    .description('save evidence of a node now, as its policy would; nothing is done to the node')
    .argument('<NODE>', 'its name')
    .option('--reason <text>', 'why')
    .addOption(new Option('-o, --output <format>', 'form of the output').choices(['text', 'name']).default('text'))
    .option('--wait', 'until the evidence is there', false)
    .option(
      '--timeout <duration>',
      'how long to wait at most, for example 5m (default: 5m)',
      durationFlag,
      DEFAULT_TIMEOUT_MS,
    )
    .action(async (node: string, flags: Flags) => {
      const { reason, wait, timeout, output } = flags;
      await runCapture(await connect(flags), node, { reason, wait, timeoutMs: timeout, format: output });
    });
}
