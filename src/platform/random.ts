/** Chance, for jitter: nothing that is to be kept secret depends on it. */
import type { Random } from '../ports/clock.ts';

export function createSystemRandom(): Random {
  return { next: () => Math.random() };
}
