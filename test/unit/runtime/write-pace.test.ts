import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createWritePace, type Urgency, type WritePace } from '../../../src/runtime/write-pace.ts';
import { createFakeClock, type FakeClock } from '../../support/clock.ts';

let clock: FakeClock;
let stop: AbortController;
let pace: WritePace;
let gone: Urgency[];
beforeEach(() => {
  clock = createFakeClock();
  stop = new AbortController();
  pace = createWritePace(clock, { perSecond: 10, burst: 20 }, stop.signal);
  gone = [];
});
afterEach(() => {
  stop.abort(new Error('the test is over'));
});

function write(urgency: Urgency, count = 1): void {
  for (let each = 0; each < count; each++)
    pace(urgency).then(
      () => gone.push(urgency),
      () => undefined,
    );
}

const count = (urgency: Urgency): number => gone.filter((one) => one === urgency).length;

describe('a pace of writes', () => {
  test('lets some go at once, and then so many a second', async () => {
    write('record', 100);
    await clock.settle();
    expect(gone).toHaveLength(20);
    await clock.advance(3_000);
    expect(count('record')).toBeGreaterThanOrEqual(49);
    expect(count('record')).toBeLessThanOrEqual(50);
  });

  test('a step goes before what begins, and leaves it one of four turns', async () => {
    write('record', 120);
    await clock.settle();
    write('step', 30);
    await clock.advance(4_000);
    expect(count('step')).toBe(30);
    expect(count('record')).toBeGreaterThanOrEqual(29);
    expect(gone.slice(20, 28).filter((one) => one === 'step')).toHaveLength(6);
  });

  test('words leave half of what goes at once to records', async () => {
    write('words', 30);
    await clock.settle();
    write('record', 10);
    await clock.settle();
    expect([count('words'), count('record')]).toEqual([10, 10]);
  });

  test('words go after records, however many there are, and at last in their turn', async () => {
    write('record', 200);
    write('words', 5);
    await clock.advance(4_000);
    expect(count('words')).toBe(0);
    await clock.advance(2_000);
    expect(count('words')).toBeGreaterThanOrEqual(3);
    await clock.advance(20_000);
    expect([count('words'), count('record')]).toEqual([5, 200]);
  });

  test('words that wait for long leave most of the room to records, as many as they are', async () => {
    write('words', 300);
    await clock.advance(8_000);
    const told = count('words');
    write('record', 40);
    await clock.advance(5_000);
    expect(count('record')).toBe(40);
    expect(count('words')).toBeGreaterThan(told);
  });

  test('who waits is told when it ends', async () => {
    write('record', 20);
    const waits = pace('record');
    stop.abort(new Error('over'));
    await expect(waits).rejects.toThrow('over');
  });
});
