/**
 * A queue of keys. A key is in it once, is worked on by one worker at a time, and comes back when its work says so:
 * the contract of client-go's workqueue with a delaying queue on top.
 */
import TinyQueue from 'tinyqueue';
import type { Clock, Random } from '../ports/clock.ts';
import type { Log } from '../ports/log.ts';
import { backoffMs } from './backoff.ts';
import { createTurns } from './turns.ts';
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
  /** Work on the key as soon as a worker is free, or so many milliseconds later: what comes until then is one look. */
  add(key: string, inMs?: number): void;
  /** Runs until the signal; resolves when the work in hand is finished. */
  run(signal: AbortSignal): Promise<void>;
}

const BACKOFF = { firstMs: 400, longestMs: 60_000 };
/** The longest that a worker sleeps before it looks at the clock again. */
const NAP_MS = 10_000;
/** The soonest that a key comes back, in milliseconds: work that asks for itself at once leaves turns to all else. */
const SOONEST_MS = 1;

interface Entry {
  readonly key: string;
  readonly at: number;
  /** Of two keys that are due at once, the one that was added first. */
  readonly entry: number;
}

function bySoonest(a: Entry, b: Entry): number {
  return a.at - b.at || a.entry - b.entry;
}

export function createWorkQueue(options: QueueOptions): WorkQueue {
  const { clock, random, log } = options;
  const endTurn = createTurns(clock);
  /** On the monotonic clock: a wall clock that is set back must not put off what is due. */
  const due = new Map<string, number>();
  /** Soonest first. An entry that `due` does not agree with is of the past. */
  const order = new TinyQueue<Entry>([], bySoonest);
  let entries = 0;
  const active = new Set<string>();
  const failures = new Map<string, number>();
  /** Of workers that have nothing to do. */
  const idle = new Set<WakeUp>();

  /** One is enough: who takes a key wakes the next one, so that somebody always sleeps until the soonest key is due. */
  function wakeOne(): void {
    for (const wakeUp of idle) {
      idle.delete(wakeUp);
      wakeUp.wake();
      return;
    }
  }

  function enqueue(key: string, at: number): void {
    order.push({ key, at, entry: entries++ });
    wakeOne();
  }

  function schedule(key: string, at: number): void {
    const known = due.get(key);
    if (known !== undefined && known <= at) return;
    due.set(key, at);
    if (!active.has(key)) enqueue(key, at);
  }

  /** The soonest key that nobody works on; a key that is worked on comes back with the end of that work. */
  function soonest(): Entry | undefined {
    for (let entry = order.peek(); entry !== undefined; entry = order.peek()) {
      if (due.get(entry.key) === entry.at && !active.has(entry.key)) return entry;
      order.pop();
    }
    return undefined;
  }

  function take(now: number): string | undefined {
    const entry = soonest();
    if (entry === undefined || entry.at > now) return undefined;
    order.pop();
    due.delete(entry.key);
    active.add(entry.key);
    wakeOne();
    return entry.key;
  }

  function finish(key: string): void {
    active.delete(key);
    const at = due.get(key);
    if (at !== undefined) enqueue(key, at);
  }

  function napMs(now: number): number {
    return Math.max(1, Math.min(NAP_MS, (soonest()?.at ?? Number.POSITIVE_INFINITY) - now));
  }

  function retryMs(key: string, error: unknown): number {
    const count = (failures.get(key) ?? 0) + 1;
    failures.set(key, count);
    return backoffMs(count, BACKOFF, random, error);
  }

  async function work(key: string, signal: AbortSignal): Promise<void> {
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
      finish(key);
    }
  }

  async function rest(wakeUp: WakeUp, signal: AbortSignal): Promise<void> {
    idle.add(wakeUp);
    // It rejects with the signal only, and then the worker is done.
    await wakeUp.wait(napMs(clock.monotonic()), signal).catch(() => undefined);
    idle.delete(wakeUp);
  }

  async function worker(signal: AbortSignal): Promise<void> {
    const wakeUp = createWakeUp(clock);
    while (!signal.aborted) {
      const key = take(clock.monotonic());
      if (key === undefined) await rest(wakeUp, signal);
      else await work(key, signal);
      // Thousands of looks that wait for nothing would otherwise be one turn.
      await endTurn();
    }
  }

  return {
    add: (key, inMs = 0) => {
      schedule(key, clock.monotonic() + inMs);
    },
    run: async (signal) => {
      await Promise.all(Array.from({ length: options.workers }, () => worker(signal)));
    },
  };
}
