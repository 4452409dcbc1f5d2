/** A call that ends at its deadline or with its caller's signal, whichever comes first. */
import type { Clock } from '../ports/clock.ts';
import type { Call } from '../ports/cluster.ts';
import { MedicError } from '../ports/errors.ts';

const DEFAULT_DEADLINE_MS = 10_000;

/**
 * Runs `work` with a signal that aborts at the deadline.
 * @throws `E_KUBE_DEADLINE` at the deadline, and the reason of the caller's signal if that came first.
 */
export async function withDeadline<T>(
  call: Call & { readonly what: string },
  clock: Clock,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal: outer, deadlineMs = DEFAULT_DEADLINE_MS, what } = call;
  outer?.throwIfAborted();
  const controller = new AbortController();
  const timer = new AbortController();
  const onAbort = (): void => {
    controller.abort(outer?.reason);
  };
  outer?.addEventListener('abort', onAbort, { once: true });
  clock.sleep(deadlineMs, timer.signal).then(
    () => {
      controller.abort(
        new MedicError(
          'E_KUBE_DEADLINE',
          'transient',
          `${what}: no answer within ${deadlineMs} ms from the API server`,
        ),
      );
    },
    () => undefined,
  );
  try {
    return await work(controller.signal);
  } finally {
    timer.abort();
    outer?.removeEventListener('abort', onAbort);
  }
}
