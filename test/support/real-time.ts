/** The machine's own time and chance, for tests that meet a network or other processes. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Random } from '../../src/ports/clock.ts';

export const realClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    signal.throwIfAborted();
    try {
      await sleep(ms, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  },
};

export const realRandom: Random = { next: () => Math.random() };

/** Asks every 20 ms until it holds; throws after `limitMs`. */
export async function eventually(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs = 60_000,
): Promise<void> {
  const until = performance.now() + limitMs;
  while (!(await holds())) {
    if (performance.now() > until) throw new Error(`not within ${limitMs} ms: ${what}`);
    await sleep(20);
  }
}
