/** A clock that runs `factor` times as fast as the machine's own, from a given moment on. */
import type { Clock } from '../../src/ports/clock.ts';
import { createSystemClock } from '../../src/platform/clock.ts';

export function createScaledClock(factor: number, startAt: number): Clock {
  const system = createSystemClock();
  const begun = system.monotonic();
  const elapsed = (): number => (system.monotonic() - begun) * factor;
  return {
    now: () => startAt + elapsed(),
    monotonic: elapsed,
    sleep: (ms, signal) => system.sleep(ms / factor, signal),
  };
}
