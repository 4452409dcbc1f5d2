/** The machine's clock, on which waits take a part of their time. */
import { createSystemClock } from '../../../src/platform/clock.ts';
import type { Clock } from '../../../src/ports/clock.ts';

export function quickClock(times: number): Clock {
  const system = createSystemClock();
  return {
    now: () => system.now(),
    monotonic: () => system.monotonic() * times,
    sleep: (ms, signal) => system.sleep(ms / times, signal),
  };
}
