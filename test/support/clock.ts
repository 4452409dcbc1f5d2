/** Clocks and chance for tests: time stands still until a test moves it, and chance repeats itself. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock, Random } from '../../src/ports/clock.ts';

interface Sleeper {
  readonly dueAt: number;
  readonly wake: () => void;
}

export interface FakeClock extends Clock {
  /** Moves both clocks forward, waking sleepers in their order, and lets what they do come to rest each time. */
  advance(ms: number): Promise<void>;
  /** Moves in steps of `stepMs` until `condition` holds; throws after `limitMs`. @returns how long it took. */
  advanceUntil(condition: () => boolean, limitMs: number, stepMs?: number): Promise<number>;
  /** Sets the wall clock without time going by. */
  jump(ms: number): void;
  /** Lets everything that is ready run, without time going by. */
  settle(): Promise<void>;
}

/**
 * Turns of the event loop after which everything that waits for no clock and no network has run: each ends when no promise
 * is left to go on.
 */
const TURNS = 2;

export interface FakeClockOptions {
  /**
   * Sleepers that are due within so many milliseconds are woken together, at the last one's time and in a chance order: a
   * machine that is coarse, and cheap. 0: each at its own.
   */
  readonly grainMs?: number;
  readonly random?: Random;
}

/** @param startAt wall clock at the start, milliseconds since 1970; by default 2026-11-24T10:00:00Z. */
export function createFakeClock(
  startAt: number = Date.parse('2026-11-24T10:00:00Z'),
  { grainMs = 0, random }: FakeClockOptions = {},
): FakeClock {
  let monotonic = 1_000;
  let offset = startAt - monotonic;
  const sleepers = new Set<Sleeper>();

  function nextDue(limit: number): Sleeper | undefined {
    let next: Sleeper | undefined;
    for (const sleeper of sleepers) {
      if (sleeper.dueAt <= limit && (next === undefined || sleeper.dueAt < next.dueAt)) next = sleeper;
    }
    return next;
  }

  async function settle(): Promise<void> {
    for (let turn = 0; turn < TURNS; turn++) await nextTurn();
  }

  /** Those that are due next, in the order in which they are woken. */
  function nextBatch(limit: number): readonly Sleeper[] {
    const first = nextDue(limit);
    if (first === undefined || grainMs === 0) return first === undefined ? [] : [first];
    const until = Math.min(limit, first.dueAt + grainMs);
    const batch = [...sleepers].filter(({ dueAt }) => dueAt <= until);
    return random === undefined ? batch : shuffled(batch, random);
  }

  async function advance(ms: number): Promise<void> {
    await settle();
    const target = monotonic + ms;
    for (let batch = nextBatch(target); batch.length > 0; batch = nextBatch(target)) {
      monotonic = Math.max(monotonic, ...batch.map(({ dueAt }) => dueAt));
      // One that was ended by another of the batch is no longer there.
      for (const sleeper of batch) if (sleepers.has(sleeper)) sleeper.wake();
      await settle();
    }
    monotonic = target;
  }

  return {
    now: () => monotonic + offset,
    monotonic: () => monotonic,
    sleep: (ms, signal) =>
      new Promise<void>((resolve, reject) => {
        if (signal.aborted) {
          reject(toError(signal.reason));
          return;
        }
        function done(finish: () => void): void {
          sleepers.delete(sleeper);
          signal.removeEventListener('abort', stop);
          finish();
        }
        function stop(): void {
          done(() => {
            reject(toError(signal.reason));
          });
        }
        const sleeper: Sleeper = {
          // As timers do: whole milliseconds, and never too early.
          dueAt: Math.ceil(monotonic + Math.max(0, ms)),
          wake: () => {
            done(resolve);
          },
        };
        sleepers.add(sleeper);
        signal.addEventListener('abort', stop, { once: true });
      }),
    advance,
    async advanceUntil(condition, limitMs, stepMs = 1_000): Promise<number> {
      await settle();
      const startedAt = monotonic;
      while (!condition()) {
        if (monotonic - startedAt >= limitMs) throw new Error(`not so within ${String(limitMs)} ms`);
        await advance(stepMs);
      }
      return monotonic - startedAt;
    },
    jump(ms): void {
      offset += ms;
    },
    settle,
  };
}

/** A party's own wall clock over the one monotonic time that all of them share. */
export interface SkewedClock extends Clock {
  /** How far it is ahead of the clock below it, in milliseconds; negative: behind. */
  aheadMs(): number;
  /** Sets it on, or back, without time going by. */
  jump(ms: number): void;
}

export function skewedClock(base: Clock, aheadMs = 0): SkewedClock {
  let ahead = aheadMs;
  return {
    now: () => base.now() + ahead,
    monotonic: () => base.monotonic(),
    sleep: (ms, signal) => base.sleep(ms, signal),
    aheadMs: () => ahead,
    jump(ms): void {
      ahead += ms;
    },
  };
}

function shuffled<T>(items: readonly T[], random: Random): readonly T[] {
  return items
    .map((item) => ({ item, rank: random.next() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ item }) => item);
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error(String(reason));
}

/** Chance that repeats itself: the same seed gives the same numbers (mulberry32, public domain). */
export function createSeededRandom(seed = 1): Random {
  let state = seed >>> 0;
  return {
    next(): number {
      state = (state + 0x6d2b79f5) >>> 0;
      let mixed = Math.imul(state ^ (state >>> 15), state | 1);
      mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
    },
  };
}
