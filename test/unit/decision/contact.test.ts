import { describe, expect, test } from '@jest/globals';
import {
  askForWord,
  askSteadily,
  isFresh,
  isInTouch,
  isSilent,
  isToBeAsked,
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

  test.each([
    ['writes, and was never asked', unasked, [true, false]],
    ['has answered a moment ago', aContact(), [false, false]],
    ['has been quiet for long', aContact({ quietMs: 95_000, answeredMs: 100_000 }), [true, true]],
    ['is asked already', aContact({ quietMs: 95_000, answeredMs: undefined, unansweredMs: 0 }), [false, false]],
    ['has never reported', aContact({ hasReported: false, quietMs: 95_000, answeredMs: undefined }), [false, false]],
  ])('that %s is to be asked where it is needed [now, lately]', (_, contact, want) => {
    expect([isToBeAsked(contact, 'now'), isToBeAsked(contact, 'lately')]).toEqual(want);
  });
});

test('one whose word is waited for is asked at once where this process has not heard it yet', () => {
  expect(askForWord(aContact({ isHeard: false, answeredMs: undefined }))).toEqual([{ kind: 'AskAgent' }]);
  expect(askForWord(aContact({ isHeard: false, answeredMs: undefined, unansweredMs: 1 }))).toEqual([]);
  expect(askForWord(aContact({ answeredMs: undefined }))).toEqual([]);
  expect(askForWord(aContact({ answeredMs: undefined, quietMs: 95_000 }))).toEqual([{ kind: 'AskAgent' }]);
});

test('one that is asked steadily is asked every 4 s, and not while it is asked', () => {
  const ask = [{ kind: 'AskAgent' }];
  expect(askSteadily(aContact({ answeredMs: undefined }))).toEqual(ask);
  expect(askSteadily(aContact({ answeredMs: 3_999 }))).toEqual([]);
  expect(askSteadily(aContact({ answeredMs: 4_000 }))).toEqual(ask);
  expect(askSteadily(aContact({ answeredMs: 4_000, unansweredMs: 1 }))).toEqual([]);
  expect(askSteadily(aContact({ hasReported: false, answeredMs: undefined }))).toEqual([]);
});
