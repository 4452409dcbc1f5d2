/** A limit in time for work that may not keep to its signal: a host whose disk hangs answers nothing. */
import type { ErrorCode } from '../api/v1alpha1/words/error-codes.ts';
import { formatDuration } from '../core/time/duration.ts';
import type { Clock } from '../ports/clock.ts';
import { MedicError } from '../ports/errors.ts';

export interface Limit {
  readonly ms: number;
  /** Of the error, for example `E_KUBE_DEADLINE`. */
  readonly code: ErrorCode;
  /** What is waited for, for the message: `the kubelet unit`. */
  readonly what: string;
}

/** Made once, since each call ends with it. */
const ENDED = new Error('the work has ended');

/**
 * Runs `work` with a signal that aborts at the limit or with the caller's, whichever is first. Work that does not end
 * then is abandoned: its late result is dropped, and so is its late failure. The signal stays as it is after a success,
 * so a stream that `work` returns lives on.
 * @throws `limit.code` (transient) at the limit; the reason of the caller's signal; what the work throws.
 */
export async function withDeadline<T>(
  clock: Clock,
  limit: Limit,
  signal: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const inner = new AbortController();
  const over = new AbortController();
  const stop = (): void => {
    inner.abort(signal?.reason);
  };
  const expire = (): void => {
    const within = formatDuration(Math.round(limit.ms));
    inner.abort(new MedicError(limit.code, 'transient', `${limit.what}: no answer within ${within}`));
  };
  signal?.addEventListener('abort', stop, { once: true });
  clock.sleep(limit.ms, over.signal).then(expire, () => undefined);
  try {
    return await untilAborted(inner.signal, work(inner.signal));
  } catch (error) {
    // What the work has left running ends with it.
    inner.abort(error);
    throw error;
  } finally {
    over.abort(ENDED);
    signal?.removeEventListener('abort', stop);
  }
}

/**
 * Waits for work that cannot be ended, such as a read that hangs in the kernel, no longer than the signal.
 * @throws the signal's reason, also where the work ends in the same moment; what the work throws.
 */
export async function untilAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  if (signal === undefined) return await work;
  let onAbort = (): void => undefined;
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = (): void => {
      reject(new Error('aborted'));
    };
  });
  if (signal.aborted) onAbort();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Before whatever the work has made of the abort.
    signal.throwIfAborted();
  }
}
