/** Arguments of `approve`, `reject` and `cancel`. */
import { type Command, Option } from 'commander';
import { Action } from '../../api/v1alpha1/kinds/policy.ts';
import { runDecide } from './decide-incident.ts';
import type { ProgramContext } from '../program-context.ts';
import { withConnection, type ConnectionFlags } from '../connection-flags.ts';

interface ApproveFlags extends ConnectionFlags {
  readonly action?: Action;
  readonly reason?: string;
}

interface RejectFlags extends ConnectionFlags {
  readonly reason: string;
}

export function addDecisions(program: Command, { connect }: ProgramContext): void {
  withConnection(program.command('approve'))
    .description('let a held node be restored; recorded under your name')
    .argument('<INCIDENT>', 'its name')
    .addOption(new Option('--action <action>', 'in place of what the diagnosis chose').choices(Action.options))
    .option('--reason <text>', 'why', atMost(1_024))
    .action(async (name: string, flags: ApproveFlags) => {
      const { action, reason } = flags;
      await runDecide(await connect(flags), name, {
        decision: 'Approve',
        ...(action === undefined ? {} : { action }),
        ...(reason === undefined ? {} : { reason }),
      });
    });
  withConnection(program.command('reject'))
    .description('leave a held node as it is, and end the incident; or end a drill; recorded under your name')
    .argument('<INCIDENT>', 'its name')
    .requiredOption('--reason <text>', 'why', atMost(1_024))
    .action(async (name: string, flags: RejectFlags) => {
      await runDecide(await connect(flags), name, { decision: 'Reject', reason: flags.reason });
    });
  withConnection(program.command('cancel'))
    .description(
      'end an incident before its first action: evidence is saved, nothing is restarted; recorded under your name',
    )
    .argument('<INCIDENT>', 'its name')
    .option('--reason <text>', 'why', atMost(1_024))
    .action(async (name: string, flags: ApproveFlags) => {
      const { reason = 'cancelled' } = flags;
      await runDecide(await connect(flags), name, { decision: 'Reject', reason, isCancel: true });
    });
}

/** As much as the API has room for. */
function atMost(characters: number): (text: string) => string {
  return (text) => text.slice(0, characters);
}
