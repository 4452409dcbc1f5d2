import { afterEach, describe, expect, test } from '@jest/globals';
import { createWorkQueue, type QueueOptions, type WorkQueue } from '../../../src/runtime/work-queue.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { createFakeClock, type FakeClock } from '../../support/clock.ts';

let end = new AbortController();
let clock: FakeClock;
let worked: string[];
let errors: number;
afterEach(() => {
  end.abort(new Error('the test is over'));
});

function started(reconcile: QueueOptions['reconcile'], workers = 2): WorkQueue {
  end = new AbortController();
  clock = createFakeClock();
  worked = [];
  errors = 0;
  const queue = createWorkQueue({
    name: 'test',
    clock,
    random: { next: () => 0.5 },
    log: createRecordingLog(),
    workers,
    reconcile: async (key, signal) => {
      worked.push(key);
      return await reconcile(key, signal);
    },
    onError: () => {
      errors += 1;
    },
  });
  queue.run(end.signal).catch(() => undefined);
  return queue;
}

const nothing = (): Promise<undefined> => Promise.resolve(undefined);
const sleep = (ms: number) => async (_: string, signal: AbortSignal) => {
  await clock.sleep(ms, signal);
  return undefined;
};

describe('a work queue', () => {
  test('works on a key once, however often it was added before a worker was free', async () => {
    const queue = started(nothing);
    for (let count = 0; count < 5; count++) queue.add('a');
    queue.add('b');
    await clock.settle();
    expect(worked).toEqual(['a', 'b']);
  });

  test('works again on a key that was added while it was worked on, and never twice at once', async () => {
    const queue = started(sleep(1_000));
    queue.add('a');
    await clock.settle();
    queue.add('a');
    queue.add('a');
    await clock.advance(500);
    expect(worked).toEqual(['a']);
    await clock.advance(10_000);
    expect(worked).toEqual(['a', 'a']);
  });

  test('comes back to a key when its work says so, and not before', async () => {
    const queue = started((_, signal) => (signal.aborted ? nothing() : Promise.resolve(clock.now() + 60_000)));
    queue.add('a');
    await clock.advance(59_000);
    expect(worked).toEqual(['a']);
    await clock.advance(2_000);
    expect(worked).toEqual(['a', 'a']);
  });

  test('comes back sooner when something changes', async () => {
    const queue = started(() => Promise.resolve(clock.now() + 60_000));
    queue.add('a');
    await clock.advance(1_000);
    queue.add('a');
    await clock.settle();
    expect(worked).toEqual(['a', 'a']);
  });

  test('wakes a worker for each key, so that a slow one keeps nobody waiting', async () => {
    const queue = started(sleep(60_000), 4);
    await clock.advance(100);
    for (const key of ['a', 'b', 'c', 'd']) {
      queue.add(key);
      await clock.settle();
    }
    expect(worked).toEqual(['a', 'b', 'c', 'd']);
  });

  test('tries again after a failure, later each time, but not later than in a minute or so', async () => {
    const queue = started(() => Promise.reject(new Error('no')));
    const tries: number[] = [];
    queue.add('a');
    for (let count = 0; count < 14; count++) {
      await clock.advanceUntil(() => worked.length > count, 100_000, 100);
      tries.push(clock.monotonic());
    }
    const waits = tries.slice(1).map((time, index) => time - (tries[index] ?? 0));
    expect(waits[0]).toBeLessThanOrEqual(600);
    expect(waits[3]).toBeGreaterThan((waits[1] ?? 0) * 2);
    expect(Math.max(...waits)).toBeLessThanOrEqual(60_200);
    expect(errors).toBe(worked.length);
  });

  test('forgets the failures of a key that succeeds', async () => {
    let failing = true;
    const queue = started(() => (failing ? Promise.reject(new Error('no')) : nothing()));
    queue.add('a');
    await clock.advance(10_000);
    failing = false;
    await clock.advance(60_000);
    failing = true;
    const before = worked.length;
    queue.add('a');
    await clock.advance(600);
    expect(worked.length).toBe(before + 2);
  });

  test.each([0, 0.4])('does not spin on a key that is due again in %d ms, while the clock stands still', async (ms) => {
    const queue = started(() => Promise.resolve(clock.now() + ms));
    queue.add('a');
    await clock.settle();
    expect(worked).toEqual(['a']);
    await clock.advance(3);
    expect(worked).toEqual(['a', 'a', 'a', 'a']);
  });

  test('a key costs no look at all others: a fleet is worked on in no more time than its keys take', async () => {
    const later = 3_600_000;
    const queue = started(() => Promise.resolve(clock.now() + later), 8);
    const keys = Array.from({ length: 30_000 }, (_, index) => `node-${String(index)}`);
    const began = performance.now();
    for (const key of keys) queue.add(key);
    await clock.advanceUntil(() => worked.length >= keys.length, 10_000, 1);
    expect(new Set(worked).size).toBe(keys.length);
    // It takes 0.2 s; a look at all keys for each of them took 16 s.
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  test('goes on when the wall clock jumps back', async () => {
    const queue = started(nothing);
    await clock.advance(1_000);
    clock.jump(-3_600_000);
    queue.add('a');
    await clock.settle();
    expect(worked).toEqual(['a']);
  });
});
