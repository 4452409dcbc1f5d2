/** A clock that begins in the past, runs fast until it has caught up, and is the machine's own from then on. */
import type { Clock } from '../../src/ports/clock.ts';
import { realClock } from './real-time.ts';

/** @param behindMs how far in the past it begins. @param factor how fast it runs until then. */
export function createCatchingUpClock(behindMs: number, factor: number): Clock {
  const begun = realClock.monotonic();
  /** Time of its own that has passed when so much real time has. */
  const passed = (realMs: number): number => Math.min(realMs * factor, realMs + behindMs);
  const realOf = (ownMs: number): number => Math.max(ownMs / factor, ownMs - behindMs);
  const monotonic = (): number => passed(realClock.monotonic() - begun);
  return {
    now: () => Date.now() - behindMs + monotonic() - (realClock.monotonic() - begun),
    monotonic,
    sleep: (ms, signal) => {
      const own = monotonic();
      return realClock.sleep(realOf(own + ms) - realOf(own), signal);
    },
  };
}
