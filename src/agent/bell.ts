/** Wakes a loop before its time. A ring while nobody waits is kept, once. */
import type { Clock } from '../ports/clock.ts';

export interface Bell {
  readonly ring: () => void;
  /** Returns after `ms` milliseconds or at a ring, whichever is first; rejects with the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export function createBell(clock: Clock): Bell {
  let rung = false;
  let sleeper: AbortController | undefined;

  async function wait(ms: number, signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (rung) {
      rung = false;
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
      rung = false;
    }
  }

  return {
    ring(): void {
      rung = true;
      sleeper?.abort(new Error('rung'));
    },
    wait,
  };
}
