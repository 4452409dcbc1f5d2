import { beforeEach, describe, expect, test } from '@jest/globals';
import { type AskPace, createAskPace } from '../../../src/controller/node/ask-pace.ts';

let now: number;
let pace: AskPace;

beforeEach(() => {
  now = 1_000_000;
  pace = createAskPace({ monotonic: () => now }, 100);
});

/** Asks for turns at once. @returns the longest wait. */
function rush(nodes: number, from = 0): number {
  const waits = Array.from({ length: nodes }, (_, i) => pace.turnMs(`node-${String(from + i)}`));
  return Math.max(...waits);
}

/** Each comes back when its turn has come, as a queue brings it. @returns how many were asked in each second. */
function live(nodes: number, seconds: number): readonly number[] {
  const due = new Map(Array.from({ length: nodes }, (_, i) => [`node-${String(i)}`, now]));
  return Array.from({ length: seconds }, () => {
    let asked = 0;
    for (let tick = 0; tick < 100; tick++, now += 10) {
      for (const [node, at] of due) {
        if (at > now) continue;
        const ms = pace.turnMs(node);
        if (ms === 0) asked += Number(due.delete(node));
        else due.set(node, now + ms);
      }
    }
    return asked;
  });
}

describe('the pace of questions', () => {
  test('keeps nobody waiting where few are asked', () => {
    for (let i = 0; i < 50; i++, now += 200) expect(pace.turnMs(`node-${String(i)}`)).toBe(0);
    expect(rush(10, 50)).toBe(0);
  });

  test('asks a thousand nodes one after the other, each once', () => {
    const asked = live(1_000, 120);
    expect(Math.max(...asked)).toBeLessThanOrEqual(20);
    expect(asked.slice(1, 90).every((count) => count >= 9 && count <= 11)).toBe(true);
    expect(asked.reduce((sum, count) => sum + count, 0)).toBe(1_000);
  });

  test('keeps a turn for the node that waits for it', () => {
    rush(20);
    const ms = pace.turnMs('node-19');
    expect(ms).toBeGreaterThan(0);
    now += ms;
    expect(pace.turnMs('node-19')).toBe(0);
  });

  test('asks nobody while the server wants to be left alone, and then not all at once', () => {
    rush(40);
    pace.hold(30_000);
    const asked = live(40, 40);
    expect(asked.slice(0, 30)).toEqual(Array.from({ length: 30 }, () => 0));
    expect(Math.max(...asked)).toBeLessThanOrEqual(11);
    expect(asked.reduce((sum, count) => sum + count, 0)).toBe(40);
  });

  test('forgets a node that is gone', () => {
    rush(20);
    pace.forget('node-19');
    now += 60_000;
    expect(pace.turnMs('node-19')).toBe(0);
  });
});

test('turns that nobody took in one outage are no storm in the next one', () => {
  let now = 0;
  const pace = createAskPace({ monotonic: () => now }, 50);
  for (let at = 0; at < 2_000; at++) pace.turnMs(`node-${String(at)}`);
  // All of them are back by themselves before their turn.
  now = 3_600_000;
  const waits = Array.from({ length: 2_000 }, (_, at) => pace.turnMs(`node-${String(at)}`));
  expect(waits.filter((ms) => ms === 0).length).toBeLessThanOrEqual(10);
});
