/** The machine's own clocks. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock } from '../../../src/ports/clock.ts';

export const REAL_CLOCK: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    await sleep(ms, undefined, { signal });
  },
};
