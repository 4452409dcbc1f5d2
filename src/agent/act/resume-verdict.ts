/** What became of an act that was reserved and never reported: judged by looking, never repeated blindly. Pure. */
import { ACTIONS, type ActRecord } from '../../core/decision/actions.ts';
import type { HostNow } from './judge-act.ts';
import { isAnotherStart } from './restart-verification.ts';

export type Resumption =
  /** The unit is another one than before: it was done. */
  | { readonly kind: 'done'; readonly message: string }
  /** Nothing has happened, and nothing is happening: the agent died between the reservation and the command. */
  | { readonly kind: 'issue' }
  /** systemd is at it: the command was issued, and its end is to be seen. */
  | { readonly kind: 'watch' }
  /** The host may be going down: this agent was started again in the midst of it. The next one sees another boot id. */
  | { readonly kind: 'await-reboot' }
  | { readonly kind: 'ambiguous'; readonly message: string };

/** Sub-states of systemd in which a job is running on the unit. */
const MOVING = new Set(['activating', 'deactivating', 'reloading', 'refreshing', 'maintenance']);

export function resume(record: ActRecord, { unit, bootID }: HostNow): Resumption {
  const { before } = record;
  if (before === undefined) return { kind: 'ambiguous', message: 'the reservation does not say what was there before' };
  if (before.bootID !== undefined && bootID !== undefined && before.bootID !== bootID) {
    return { kind: 'done', message: 'the host has booted since' };
  }
  if (ACTIONS[record.action].effect.proof === 'AnotherBoot') return resumeReboot(record, bootID);
  if (unit.kind !== 'known') {
    const why = unit.kind === 'absent' ? 'it is not found' : unit.message;
    return { kind: 'ambiguous', message: `the unit cannot be looked at (${why})` };
  }
  if (record.unit !== undefined && unit.value.unit !== record.unit) {
    return { kind: 'ambiguous', message: `the unit was ${record.unit} and is ${unit.value.unit} now` };
  }
  if (MOVING.has(unit.value.activeState)) return { kind: 'watch' };
  if (isAnotherStart(before, unit.value)) {
    return { kind: 'done', message: 'seen after a restart of the agent' };
  }
  return issueOnce(record);
}

function resumeReboot(record: ActRecord, bootID: string | undefined): Resumption {
  if (bootID === undefined) return { kind: 'ambiguous', message: 'the boot id cannot be read' };
  return record.issuedAt === undefined ? { kind: 'issue' } : { kind: 'await-reboot' };
}

/** `issuedAt` is written before a second try, so there is never a third. */
function issueOnce({ issuedAt }: ActRecord): Resumption {
  if (issuedAt === undefined) return { kind: 'issue' };
  return {
    kind: 'ambiguous',
    message: 'the command may have been issued, and the unit has not changed; it is not repeated',
  };
}
