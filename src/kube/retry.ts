/** Reads are tried again, within a budget; writes never are: their caller decides anew from fresh state. */
import pRetry from 'p-retry';
import type { Clock, Random } from '../ports/clock.ts';
import { isMedicError } from '../ports/errors.ts';
import { backoffMs } from '../runtime/backoff.ts';

/** Tries after the first one. */
const RETRIES = 3;
const BACKOFF = { firstMs: 200, longestMs: 20_000 };

/**
 * Tries `read` up to four times while it fails as `transient` or `throttled`. It ends with the signal, which carries
 * the call's deadline.
 */
export async function retryRead<T>(
  read: () => Promise<T>,
  { clock, random }: { readonly clock: Clock; readonly random: Random },
  signal: AbortSignal,
): Promise<T> {
  return await pRetry(read, {
    retries: RETRIES,
    // All waiting is done below, by the clock that we were given.
    minTimeout: 0,
    signal,
    shouldRetry: ({ error }) => isMedicError(error, 'transient', 'throttled'),
    onFailedAttempt: async ({ error, attemptNumber, retriesLeft }) => {
      if (retriesLeft === 0 || !isMedicError(error, 'transient', 'throttled')) return;
      await clock.sleep(backoffMs(attemptNumber, BACKOFF, random, error), signal);
    },
  });
}
