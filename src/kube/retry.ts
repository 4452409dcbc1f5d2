/**
 * Reads are tried again, within a budget. Writes are only where the API server was too busy to look at them (429); otherwise their
 * caller decides anew from fresh state.
 */
import pRetry from 'p-retry';
import type { Clock, Random } from '../ports/clock.ts';
import { type ErrorClass, isMedicError } from '../ports/errors.ts';
import { backoffMs } from '../runtime/backoff.ts';

/** Tries after the first one. */
const RETRIES = 3;
const BACKOFF = { firstMs: 200, longestMs: 20_000 };

export interface Retry {
  readonly clock: Clock;
  readonly random: Random;
  /** What is tried again. */
  readonly classes: readonly ErrorClass[];
  /** Of the call, in milliseconds from now: what is to be waited for longer is not waited for. */
  readonly deadlineMs: number;
}

export const OF_READS: readonly ErrorClass[] = ['transient', 'throttled'];
export const OF_WRITES: readonly ErrorClass[] = ['throttled'];

/** Tries up to four times. It ends with the signal, which carries the call's deadline. */
export async function retry<T>(
  call: () => Promise<T>,
  { clock, random, classes, deadlineMs }: Retry,
  signal: AbortSignal,
): Promise<T> {
  const until = clock.monotonic() + deadlineMs;

  return await pRetry(call, {
    retries: RETRIES,
    // All waiting is done below, by the clock that we were given.
    minTimeout: 0,
    signal,
    shouldRetry: ({ error }) => isMedicError(error, ...classes),
    // Called before `shouldRetry`.
    onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
      if (retriesLeft === 0 || !isMedicError(error, ...classes)) return;
      if (clock.monotonic() + (error.retryAfterMs ?? 0) >= until) throw error;
      await clock.sleep(backoffMs(attemptNumber, BACKOFF, random, error), signal);
    },
  });
}
