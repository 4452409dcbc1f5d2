/** Time between tries: 500 ms doubled with each failure up to 30 s, half of it by chance. */
import type { Random } from '../ports/clock.ts';

const FIRST_MS = 500;
const LONGEST_MS = 30_000;

/** @param failures in a row so far, from 1. */
export function backoffMs(failures: number, random: Random): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(Math.max(0, failures - 1), 16));
  return full * (0.5 + 0.5 * random.next());
}
