/** How long to wait after a failure: longer with each, and never the same for two clients. */
import type { Random } from '../ports/clock.ts';
import { isMedicError } from '../ports/errors.ts';

export interface BackoffBounds {
  /** After the first failure, in milliseconds; doubled with each one that follows. */
  readonly firstMs: number;
  /** No delay of our own is longer. */
  readonly longestMs: number;
}

/** Enough to reach any bound, and no overflow. */
const MOST_DOUBLINGS = 16;
/** By chance up to so much later than a server has asked for. */
const AFTER_ASKED = 0.2;

/**
 * The delay in milliseconds after so many failures in a row: the full delay, or down to half of it by chance.
 * A server's Retry-After is never undercut, and may be longer than the bound.
 * @param failures from 1. @param error what failed last, for its Retry-After.
 */
export function backoffMs(
  failures: number,
  { firstMs, longestMs }: BackoffBounds,
  random: Random,
  error?: unknown,
): number {
  const doublings = Math.min(Math.max(0, failures - 1), MOST_DOUBLINGS);
  const fullMs = Math.min(longestMs, firstMs * 2 ** doublings);
  const askedMs = isMedicError(error) ? (error.retryAfterMs ?? 0) : 0;
  const chance = random.next();
  // A server tells all who ask at once the same.
  return Math.max(askedMs * (1 + AFTER_ASKED * chance), fullMs * (0.5 + 0.5 * chance));
}
