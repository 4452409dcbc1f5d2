/**
 * A queue of keys. A key is in it once, is worked on by one worker at a time, and comes back when its work says so:
 * the contract of client-go's workqueue with a delaying queue on top.
 */
import type { Clock, Random } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { backoffMs } from './backoff.ts';
import { createWakeUp, type WakeUp } from './wake-up.ts';

export interface QueueOptions {
  readonly name: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly workers: number;
  /** @returns when to look at the key again, milliseconds since 1970; undefined: only when something changes. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<number | undefined>;
  readonly onError: () => void;
}

export interface WorkQueue {
  /** Work on the key as soon as a worker is free. */
  add(key: string): void;
  /** Runs until the signal; resolves when the work in hand is finished. */
  run(signal: AbortSignal): Promise<void>;
}

const BACKOFF = { firstMs: 400, longestMs: 60_000 };
/** The longest that a worker sleeps before it looks at the clock again. */
const NAP_MS = 10_000;
/** The soonest that a key comes back, in milliseconds: work that asks for itself at once leaves turns to all else. */
const SOONEST_MS = 1;

export function createWorkQueue(options: QueueOptions): WorkQueue {
  const { clock, random, log } = options;
  /** On the monotonic clock: a wall clock that is set back must not put off what is due. */
  const due = new Map<string, number>();
  const active = new Set<string>();
  const failures = new Map<string, number>();
  const wakeUps = Array.from({ length: options.workers }, () => createWakeUp(clock));

  function wake(): void {
    for (const wakeUp of wakeUps) wakeUp.wake();
  }

  function schedule(key: string, at: number): void {
    const known = due.get(key);
    if (known === undefined || at < known) due.set(key, at);
    wake();
  }

  function next(now: number): string | undefined {
    let best: string | undefined;
    for (const [key, at] of due) {
      if (at <= now && !active.has(key) && (best === undefined || at < (due.get(best) ?? 0))) best = key;
    }
    return best;
  }

  function napMs(now: number): number {
    const waits = [...due].filter(([key]) => !active.has(key)).map(([, at]) => at - now);
    return Math.max(1, Math.min(NAP_MS, ...waits));
  }

  function retryMs(key: string, error: unknown): number {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    return backoffMs(count, BACKOFF, random, error);
  }

  async function work(key: string, signal: AbortSignal): Promise<void> {
    due.delete(key);
    active.add(key);
    try {
      const again = await options.reconcile(key, signal);
      failures.delete(key);
      if (again !== undefined) schedule(key, clock.monotonic() + Math.max(SOONEST_MS, again - clock.now()));
    } catch (err) {
      if (signal.aborted) return;
      const waitMs = retryMs(key, err);
      options.onError();
      log.warn('Reconcile failed; it is tried again', { queue: options.name, key, retryInMs: Math.round(waitMs), err });
      schedule(key, clock.monotonic() + waitMs);
    } finally {
      active.delete(key);
      wake();
    }
  }

  async function worker(wakeUp: WakeUp, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const key = next(clock.monotonic());
      // It rejects with the signal only, and then the worker is done.
      if (key === undefined) await wakeUp.wait(napMs(clock.monotonic()), signal).catch(() => undefined);
      else await work(key, signal);
    }
  }

  return {
    add: (key) => {
      schedule(key, clock.monotonic());
    },
    run: async (signal) => {
      await Promise.all(wakeUps.map((wakeUp) => worker(wakeUp, signal)));
    },
  };
}
