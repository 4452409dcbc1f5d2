/** The machine's own clock. */
import type { Clock } from '../ports/clock.ts';

export function createSystemClock(): Clock {
  return {
    now: () => Date.now(),
    monotonic: () => performance.now(),
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        const abort = (): void => {
          clearTimeout(timer);
          reject(signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason }));
        };
        if (signal.aborted) {
          reject(signal.reason instanceof Error ? signal.reason : new Error('aborted', { cause: signal.reason }));
          return;
        }
        const timer = setTimeout(
          () => {
            signal.removeEventListener('abort', abort);
            resolve();
          },
          Math.max(0, ms),
        );
        signal.addEventListener('abort', abort, { once: true });
      }),
  };
}
