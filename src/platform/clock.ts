/** The machine's own clock. */
import type { Clock } from '../ports/clock.ts';

/** Node's timers fire at once when asked for more than this (Node: `setTimeout`); 24.8 days. */
const LONGEST_MS = 2_147_483_647;

function reasonOf(signal: AbortSignal): Error {
  const reason: unknown = signal.reason;
  return reason instanceof Error ? reason : new Error('aborted', { cause: reason });
}

export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal.aborted) {
          reject(reasonOf(signal));
          return;
        }
        const stop = (): void => {
          clearTimeout(timer);
          reject(reasonOf(signal));
        };
        const wake = (): void => {
          signal.removeEventListener('abort', stop);
          resolve();
        };
        const timer = setTimeout(wake, Math.min(Math.max(0, ms), LONGEST_MS));
        signal.addEventListener('abort', stop, { once: true });
      }),
  };
}
