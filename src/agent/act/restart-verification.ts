/** After a restart: is it another process, and does it stay? The judgement is pure; the loop around it only polls. */
import { formatSeconds } from '../../core/time/duration.ts';
import type { UnitFacts } from '../../ports/host.ts';
import { reasonOf, type World } from '../world.ts';

const POLL_MS = 500;
/** A kubelet that cannot start exits within a second or two; systemd starts it again after 10 s. */
const STAYS_MS = 3_000;
/** It may go down once, as where what it needs is not up yet. To be started so often again is a loop. */
const LOOP_STARTS = 2;

export interface UnitBefore {
  readonly pid: number;
  readonly invocationID: string;
}

/** systemd gives each start an InvocationID from version 232 on. Before that only the PID shows a restart. */
export function isAnotherStart(before: UnitBefore, unit: UnitFacts): boolean {
  if (before.invocationID !== '' && unit.invocationID !== '') return unit.invocationID !== before.invocationID;
  return unit.mainPID !== 0 && unit.mainPID !== before.pid;
}

/** The processes that were not there before. */
interface Seen {
  /** The newest; 0: none yet. */
  readonly pid: number;
  /** When it was first seen, monotonic. */
  readonly atMs: number;
  readonly processes: number;
  /** `NRestarts` at the first look at another start. systemd has it from version 235 on. */
  readonly restartsBefore: number;
}

export type Verdict =
  | { readonly kind: 'wait'; readonly seen: Seen | undefined }
  | { readonly kind: 'restarted'; readonly unit: UnitFacts }
  | { readonly kind: 'failed'; readonly message: string };

/** @param seen at the looks before; undefined: no other start yet. */
export function judgeRestart(before: UnitBefore, seen: Seen | undefined, unit: UnitFacts, nowMs: number): Verdict {
  if (!isAnotherStart(before, unit)) return { kind: 'wait', seen };
  const pid = isRunning(unit) && unit.mainPID !== before.pid ? unit.mainPID : 0;
  const now = withProcess(seen ?? { pid: 0, atMs: nowMs, processes: 0, restartsBefore: unit.restarts }, pid, nowMs);
  const failure = failureOf(now, unit);
  if (failure !== undefined) return { kind: 'failed', message: `${unit.unit} ${failure}` };
  return pid !== 0 && nowMs - now.atMs >= STAYS_MS ? { kind: 'restarted', unit } : { kind: 'wait', seen: now };
}

function withProcess(seen: Seen, pid: number, nowMs: number): Seen {
  return pid === 0 || pid === seen.pid ? seen : { ...seen, pid, atMs: nowMs, processes: seen.processes + 1 };
}

function failureOf({ processes, restartsBefore }: Seen, unit: UnitFacts): string | undefined {
  const { activeState, restarts, hasJob } = unit;
  const state = `${activeState} (${unit.subState})`;
  if (activeState === 'failed') return `does not stay up: ${state}`;
  if (Math.max(restarts - restartsBefore, processes - 1) >= LOOP_STARTS)
    return `crash-loops: ${state}, ${String(restarts)} restarts by systemd`;
  const isDown = activeState === 'inactive' && !hasJob && processes > 0;
  return isDown ? `started and went down again: ${state}` : undefined;
}

function isRunning({ activeState, mainPID }: UnitFacts): boolean {
  return activeState === 'active' && mainPID !== 0;
}

/** Looks every half second until it is clear, `limitMs` at most. */
export async function watchRestart(
  { clock, host }: World,
  { unit, before, limitMs }: { readonly unit: string; readonly before: UnitBefore; readonly limitMs: number },
  signal: AbortSignal,
): Promise<Exclude<Verdict, { kind: 'wait' }>> {
  const endsAt = clock.monotonic() + limitMs;
  let seen: Seen | undefined;
  let trouble = '';
  while (clock.monotonic() < endsAt) {
    try {
      const facts = await host.services.show(unit, signal);
      const verdict = facts === undefined ? undefined : judgeRestart(before, seen, facts, clock.monotonic());
      if (verdict !== undefined && verdict.kind !== 'wait') return verdict;
      seen = verdict?.seen ?? seen;
      trouble = facts === undefined ? '; systemd does not know it now' : '';
    } catch (error) {
      signal.throwIfAborted();
      trouble = `; ${reasonOf(error)}`;
    }
    await clock.sleep(POLL_MS, signal);
  }
  const message = `${unit} has no new process that stays within ${formatSeconds(limitMs)}${trouble}`;
  return { kind: 'failed', message };
}
