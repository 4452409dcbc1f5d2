/** After a restart: is it another process, and does it stay? The judgement is pure; the loop around it only polls. */
import { formatSeconds } from '../../core/time/duration.ts';
import type { UnitFacts } from '../../ports/host.ts';
import { reasonOf, type World } from '../world.ts';

const POLL_MS = 500;
/** A kubelet that cannot start exits within a second or two; systemd starts it again after 10 s. */
const STAYS_MS = 3_000;

export interface UnitBefore {
  readonly pid: number;
  readonly invocationID: string;
}

/** systemd gives each start an InvocationID from version 232 on. Before that only the PID shows a restart. */
export function isAnotherStart(before: UnitBefore, unit: UnitFacts): boolean {
  if (before.invocationID !== '' && unit.invocationID !== '') return unit.invocationID !== before.invocationID;
  return unit.mainPID !== 0 && unit.mainPID !== before.pid;
}

/** The first process that was not there before. */
interface FirstSeen {
  readonly pid: number;
  readonly restarts: number;
  /** Monotonic. */
  readonly atMs: number;
}

export type Verdict =
  | { readonly kind: 'wait'; readonly first: FirstSeen | undefined }
  | { readonly kind: 'restarted'; readonly unit: UnitFacts }
  | { readonly kind: 'failed'; readonly message: string };

export function judgeRestart(
  before: UnitBefore,
  first: FirstSeen | undefined,
  unit: UnitFacts,
  nowMs: number,
): Verdict {
  if (!isAnotherStart(before, unit)) return { kind: 'wait', first };
  const state = `${unit.activeState} (${unit.subState})`;
  if (unit.subState === 'auto-restart' || unit.activeState === 'failed') {
    return {
      kind: 'failed',
      message: `${unit.unit} does not stay up: ${state}, ${String(unit.restarts)} restarts by systemd`,
    };
  }
  const isUp = isRunning(unit) && unit.mainPID !== before.pid;
  if (first === undefined) {
    if (!isUp) return { kind: 'wait', first };
    return { kind: 'wait', first: { pid: unit.mainPID, restarts: unit.restarts, atMs: nowMs } };
  }
  if (unit.restarts > first.restarts || (isUp && unit.mainPID !== first.pid)) {
    return {
      kind: 'failed',
      message: `${unit.unit} crash-loops: ${state}, ${String(unit.restarts)} restarts by systemd`,
    };
  }
  if (!isUp) return { kind: 'failed', message: `${unit.unit} started and went down again: ${state}` };
  return nowMs - first.atMs >= STAYS_MS ? { kind: 'restarted', unit } : { kind: 'wait', first };
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
  let first: FirstSeen | undefined;
  let trouble = '';
  while (clock.monotonic() < endsAt) {
    try {
      const facts = await host.services.show(unit, signal);
      const verdict = facts === undefined ? undefined : judgeRestart(before, first, facts, clock.monotonic());
      if (verdict !== undefined && verdict.kind !== 'wait') return verdict;
      first = verdict?.first ?? first;
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
