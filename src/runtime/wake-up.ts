/** Wakes a loop before its time. A call to `wake` while nobody waits is kept, once. */
import type { Clock } from '../ports/clock.ts';

export interface WakeUp {
  readonly wake: () => void;
  /** Returns after `ms` milliseconds or at `wake`, whichever is first; rejects with the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

/** Made once: loops are woken often. */
const WOKEN = new Error('woken');

export function createWakeUp(clock: Clock): WakeUp {
  let woken = false;
  let sleeper: AbortController | undefined;

  async function wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (woken) {
      woken = false;
      return;
    }
    const own = new AbortController();
    const stop = (): void => {
      own.abort(signal.reason);
    };
    sleeper = own;
    signal.addEventListener('abort', stop, { once: true });
    try {
      await clock.sleep(ms, own.signal);
    } catch (error) {
      signal.throwIfAborted();
      if (!own.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      sleeper = undefined;
      woken = false;
    }
  }

  return {
    wake(): void {
      woken = true;
      sleeper?.abort(WOKEN);
    },
    wait,
  };
}
