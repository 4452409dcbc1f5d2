import { describe, expect, test } from '@jest/globals';
import {
  askCommands,
  askInMs,
  isFresh,
  isInTouch,
  isSilent,
  type Need,
  silentInMs,
} from '../../../src/core/decision/contact.ts';
import { aContact } from '../../support/builders/views.ts';

const unasked = aContact({ answeredMs: undefined });

describe('an agent', () => {
  test.each([
    ['has changed its status lately', unasked, true],
    ['has been quiet for 94.9 s', aContact({ quietMs: 94_999 }), true],
    ['has been quiet for 95 s', aContact({ quietMs: 95_000 }), false],
    ['has not been seen to change anything', aContact({ isHeard: false, quietMs: 0 }), false],
    ['was asked 9.9 s ago', aContact({ unansweredMs: 9_999 }), true],
    ['has not answered for 10 s, though it writes', aContact({ quietMs: 0, unansweredMs: 10_000 }), false],
  ])('that %s: in touch?', (_, contact, want) => {
    expect(isInTouch(contact)).toBe(want);
  });

  test.each([
    ['has been quiet for long, and was not asked', aContact({ quietMs: 1e9 }), false],
    ['has not answered for 10 s', aContact({ unansweredMs: 10_000 }), true],
    ['was asked just now', aContact({ quietMs: 1e9, unansweredMs: 9_999 }), false],
    ['has never reported', aContact({ hasReported: false }), true],
  ])('that %s: silent?', (_, contact, want) => {
    expect(isSilent(contact)).toBe(want);
  });

  test.each([
    ['has answered what was asked 9.9 s ago', aContact({ answeredMs: 9_999 }), true],
    ['has answered what was asked 10 s ago', aContact({ answeredMs: 10_000 }), false],
    ['writes, and was never asked', aContact({ quietMs: 0, answeredMs: undefined }), false],
    ['does not answer any more', aContact({ answeredMs: 9_000, unansweredMs: 10_000 }), false],
  ])('that %s: fresh?', (_, contact, want) => {
    expect(isFresh(contact)).toBe(want);
  });
});

describe('an agent is asked in so many milliseconds [now, steadily, lately, ever]', () => {
  const NEEDS: readonly Need[] = ['now', 'steadily', 'lately', 'ever'];
  test.each([
    ['that writes, and was never asked', unasked, [0, 0, 59_000, 389_000]],
    ['that has answered a moment ago', aContact(), [9_000, 3_000, 59_000, 389_000]],
    ['that answered 4 s ago', aContact({ answeredMs: 4_000, quietMs: 4_000 }), [6_000, 0, 56_000, 386_000]],
    ['that has been quiet for a minute', aContact({ quietMs: 60_000, answeredMs: 100_000 }), [0, 0, 0, 330_000]],
    ['of which no heartbeat came', aContact({ quietMs: 390_000, answeredMs: undefined }), [0, 0, 0, 0]],
    ['that was not heard since we lead', aContact({ isHeard: false, answeredMs: undefined }), [0, 0, 0, 389_000]],
    ['that is known by an answer alone', aContact({ isHeard: false }), [9_000, 3_000, 9_000, 389_000]],
  ])('%s', (_, contact, want) => {
    expect(NEEDS.map((need) => askInMs(contact, need))).toEqual(want);
    const ask = [{ kind: 'AskAgent' }];
    expect(NEEDS.map((need) => askCommands(contact, need))).toEqual(want.map((ms) => (ms === 0 ? ask : [])));
  });

  test.each([
    ['not while it is asked', aContact({ quietMs: 500_000, answeredMs: undefined, unansweredMs: 0 })],
    ['not where it has never reported', aContact({ hasReported: false, quietMs: 500_000, answeredMs: undefined })],
  ])('%s', (_, contact) => {
    expect(NEEDS.flatMap((need) => askCommands(contact, need))).toEqual([]);
    expect(askInMs(contact, 'now')).toBeUndefined();
  });

  test('so early, where something is open, that it stays in touch while its answer is on its way', () => {
    const due = aContact({ quietMs: 60_000, answeredMs: undefined });
    expect(askInMs(due, 'lately')).toBe(0);
    expect(isInTouch({ ...due, quietMs: 69_999, unansweredMs: 9_999 })).toBe(true);
  });
});

test.each([
  [undefined, undefined],
  [0, 10_000],
  [9_999, 1],
  [10_000, undefined],
])('an inquiry that has been open for %s ms is silence in %s ms', (unansweredMs, want) => {
  expect(silentInMs(aContact({ unansweredMs }))).toBe(want);
});
