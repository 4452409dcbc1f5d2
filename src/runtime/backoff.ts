/** How long to wait after a failure: longer with each, and never the same for two clients. */
import type { Random } from '../ports/clock.ts';
import { MedicError } from '../ports/errors.ts';

const FIRST_MS = 200;
const LONGEST_MS = 20_000;

export interface Backoff {
  /** The next delay in milliseconds: at least half of 200 ms, 400 ms, ... 20 s; a server's Retry-After counts too. */
  next(error?: unknown): number;
  reset(): void;
}

export function createBackoff(random: Random): Backoff {
  let failures = 0;
  return {
    next(error): number {
      const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(failures, 16));
      failures += 1;
      const asked = error instanceof MedicError ? (error.retryAfterMs ?? 0) : 0;
      return Math.max(asked, full * (0.5 + 0.5 * random.next()));
    },
    reset(): void {
      failures = 0;
    },
  };
}
