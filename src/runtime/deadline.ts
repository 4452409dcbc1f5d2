/** A limit in time for work that may not keep to its signal: a host whose disk hangs answers nothing. */
import { formatSeconds } from '../core/time/duration.ts';
import type { Clock } from '../ports/clock.ts';
import { MedicError } from '../ports/errors.ts';

export interface Limit {
  readonly ms: number;
  /** For the message: `the kubelet unit`. */
  readonly what: string;
}

/** @throws `E_AGENT_DEADLINE` (transient) at the limit; the work's signal is aborted, and its late result is dropped. */
export async function withDeadline<T>(
  clock: Clock,
  limit: Limit,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const inner = new AbortController();
  const stop = (): void => {
    inner.abort(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work(inner.signal), expiry(clock, limit, inner)]);
  } finally {
    signal.removeEventListener('abort', stop);
    inner.abort(new Error('over'));
  }
}

async function expiry(clock: Clock, { ms, what }: Limit, inner: AbortController): Promise<never> {
  await clock.sleep(ms, inner.signal);
  const error = new MedicError('E_AGENT_DEADLINE', 'transient', `${what}: no answer within ${formatSeconds(ms)}`);
  inner.abort(error);
  throw error;
}
