import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { inTurns } from '../../../src/runtime/turns.ts';
import { createWorkQueue } from '../../../src/runtime/work-queue.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { createFakeClock } from '../../support/clock.ts';

/** A machine on which each step takes a millisecond. */
function aBusyClock(): { readonly monotonic: () => number; readonly step: () => void } {
  let now = 0;
  return {
    monotonic: () => now,
    step: () => {
      now += 1;
    },
  };
}

/** The most steps that are taken while nobody else has a turn. */
function watchTurns(): { readonly step: () => void; readonly most: () => number; readonly end: () => void } {
  let [here, most, isOver] = [0, 0, false];
  const turn = async (): Promise<void> => {
    while (!isOver) {
      await nextTurn();
      here = 0;
    }
  };
  void turn();
  return {
    step: () => {
      here += 1;
      most = Math.max(most, here);
    },
    most: () => most,
    end: () => {
      isOver = true;
    },
  };
}

describe('long work', () => {
  test('is cut into pieces of some milliseconds', async () => {
    const clock = aBusyClock();
    const turns = watchTurns();
    function* steps(): Generator<void> {
      for (let count = 0; count < 1_000; count++) {
        clock.step();
        turns.step();
        yield;
      }
    }
    await inTurns(steps(), clock);
    turns.end();
    expect(turns.most()).toBeLessThanOrEqual(20);
  });

  test('ends with its signal', async () => {
    const stop = new AbortController();
    function* steps(): Generator<void> {
      yield;
      stop.abort(new Error('over'));
      yield;
    }
    await expect(inTurns(steps(), aBusyClock(), stop.signal)).rejects.toThrow('over');
  });
});

test('looks at thousands of keys that wait for nothing are not one turn', async () => {
  const clock = aBusyClock();
  const turns = watchTurns();
  const stop = new AbortController();
  let looks = 0;
  const queue = createWorkQueue({
    name: 'test',
    clock: { ...createFakeClock(), monotonic: clock.monotonic },
    random: { next: () => 0.5 },
    log: createRecordingLog(),
    workers: 4,
    reconcile: () => {
      clock.step();
      turns.step();
      looks += 1;
      if (looks === 1_000) stop.abort(new Error('over'));
      return Promise.resolve(undefined);
    },
    onError: () => undefined,
  });
  for (let key = 0; key < 1_000; key++) queue.add(String(key));
  await queue.run(stop.signal);
  turns.end();
  expect(looks).toBe(1_000);
  // Two pieces.
  expect(turns.most()).toBeLessThanOrEqual(40);
});
