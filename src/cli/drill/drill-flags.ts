/** Arguments of `drill`. */
import { type Command, Option } from 'commander';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';
import { durationFlag } from '../duration-flag.ts';
import type { Finish, ProgramContext } from '../program-context.ts';
import { runDrill } from './drill-node.ts';
import { FAULT_NAMES, type FaultName } from './fault-names.ts';

interface Flags extends ConnectionFlags {
  readonly fault: FaultName;
  readonly for?: number;
  readonly reason?: string;
  readonly wait: boolean;
  readonly timeout: number;
  readonly dryRun?: 'server';
}

const DEFAULT_TIMEOUT_MS = 20 * 60_000;

export function addDrill(program: Command, { connect }: ProgramContext, finish: Finish): void {
  withConnection(program.command('drill'))
    .description('make a fault on a node that is labelled for it, and see it recovered as its policy promises')
    .argument('<NODE>', 'its name; it has the label kubelet-medic.io/drill=allowed')
    .addOption(
      new Option('--fault <fault>', 'what is to fail; frozen-connection is refused, and says why')
        .choices(FAULT_NAMES)
        .makeOptionMandatory(),
    )
    .option(
      '--for <duration>',
      'after which time the host undoes the fault by itself (default: 3m for frozen-kubelet, 6m for hung-runtime)',
      durationFlag,
    )
    .option('--reason <text>', 'why')
    .option('--no-wait', 'do not follow it')
    .option('--timeout <duration>', 'how long to follow it at most (default: 20m)', durationFlag, DEFAULT_TIMEOUT_MS)
    .addOption(new Option('--dry-run <where>', 'only whether it would be refused now').choices(['server']))
    .action(async (node: string, flags: Flags) => {
      const { fault, for: lastsMs, reason, wait, timeout, dryRun } = flags;
      const options = { fault, lastsMs, reason, wait, timeoutMs: timeout, isDry: dryRun === 'server' };
      finish(await runDrill(await connect(flags), node, options));
    });
}
