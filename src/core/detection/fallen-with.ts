/**
 * A kubelet whose unit is bound to the runtime's (`BindsTo=`, `Requires=`) is stopped by systemd where the runtime crashes, and
 * nothing starts it again when the runtime is back: it looks like one that a person has stopped (systemd.unit(5)).
 */
import { wasStoppedBadly, type UnitWords } from './program-state.ts';

export interface BoundUnit extends UnitWords {
  /** Empty: not known. */
  readonly invocationID: string;
  readonly requires: readonly string[];
  /** Milliseconds since 1970; undefined: not known. */
  readonly leftActiveAt: number | undefined;
}

/** A run of the kubelet that ended with the runtime. */
export interface Fallen {
  /** The runtime's unit. */
  readonly runtime: string;
  readonly invocationID: string;
}

/** systemd stops what is bound to a unit as the unit ends; a person is not that quick. In milliseconds. */
const AT_ONCE_MS = 1_000;

/** Results that no stop has: a program that is told to end may well exit with a code, and late. */
const CRASHES = ['signal', 'core-dump', 'watchdog', 'oom-kill', 'start-limit-hit'];

/**
 * It ended by itself, and systemd has started it again since, is about to, or has given up. `NRestarts` counts crashes of before
 * as long as nobody starts the unit: of one that is stopped it says nothing.
 */
function hasCrashed({ loadState, activeState, result, restarts }: UnitWords): boolean {
  if (loadState === 'masked') return false;
  if (activeState === 'active') return restarts > 0;
  if (activeState === 'activating') return restarts > 0 || (result !== '' && result !== 'success');
  return activeState === 'failed' && CRASHES.includes(result);
}

/** A kubelet that did not end in time as it was stopped is `failed`. */
function isStopped(kubelet: UnitWords): boolean {
  const { activeState, loadState, hasJob, mainPID } = kubelet;
  const isDown = activeState === 'inactive' || wasStoppedBadly(kubelet);
  return isDown && loadState === 'loaded' && !hasJob && mainPID === 0;
}

function endedTogether(kubelet: BoundUnit, runtime: BoundUnit): boolean {
  const afterMs = (kubelet.leftActiveAt ?? Number.NaN) - (runtime.leftActiveAt ?? Number.NaN);
  return kubelet.requires.includes(runtime.unit) && afterMs >= 0 && afterMs <= AT_ONCE_MS;
}

/** Of units that were read at one moment. @param before what was found at the look before: the runtime may have been restarted since. */
export function fallenWith(
  kubelet: BoundUnit | undefined,
  runtime: BoundUnit | undefined,
  before?: Fallen,
): Fallen | undefined {
  if (kubelet === undefined || !isStopped(kubelet) || kubelet.invocationID === '') return undefined;
  if (before?.invocationID === kubelet.invocationID) return before;
  if (runtime === undefined || !hasCrashed(runtime) || !endedTogether(kubelet, runtime)) return undefined;
  return { runtime: runtime.unit, invocationID: kubelet.invocationID };
}
