/** Reads are tried again, within a budget; writes never are: their caller decides anew from fresh state. */
import pRetry from 'p-retry';
import type { Clock, Random } from '../ports/clock.ts';
import { isMedicError, type MedicError } from '../ports/errors.ts';

/** Tries after the first one. */
const RETRIES = 3;
const FIRST_DELAY_MS = 200;

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
      await clock.sleep(delayOf(error, attemptNumber, random), signal);
    },
  });
}

/** The server's own Retry-After, or 200 ms doubled with each attempt; a fifth more or less by chance. */
function delayOf(error: MedicError, attempt: number, random: Random): number {
  const asked = error.retryAfterMs ?? FIRST_DELAY_MS * 2 ** (attempt - 1);
  return asked * (0.8 + 0.4 * random.next());
}
