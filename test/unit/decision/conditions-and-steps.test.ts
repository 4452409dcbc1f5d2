import { describe, expect, test } from '@jest/globals';
import { withCondition, withStepEnded } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { toPreciseTime, toTime } from '../../../src/core/time/timestamp.ts';
import { at, T0 } from '../../support/builders/objects.ts';

const claim = { type: 'Confirmed', status: 'True', reason: 'NodeReady', message: 'm' } as const;

describe('a condition', () => {
  test('keeps its time while its status stays, and gets a new one when that changes', () => {
    const first = withCondition(undefined, claim, T0);
    expect(first).toEqual([{ ...claim, lastTransitionTime: toTime(T0) }]);
    const second = withCondition(first, { ...claim, message: 'n' }, T0 + 5_000);
    expect(second).toEqual([{ ...claim, message: 'n', lastTransitionTime: toTime(T0) }]);
    const third = withCondition(second, { ...claim, status: 'False' }, T0 + 9_000);
    expect(third[0]?.lastTransitionTime).toBe(toTime(T0 + 9_000));
  });

  test('has a message that the API server takes', () => {
    expect(withCondition([], { ...claim, message: 'm'.repeat(5_000) }, T0)[0]?.message).toHaveLength(4_096);
  });
});

describe('a step', () => {
  const step = { name: 'hold', type: 'Hold', state: 'Requested', startedAt: at(0) } as const;

  test('is ended once, with a message that the API server takes', () => {
    const status = { steps: [step, { ...step, name: 'other' }] };
    const ended = withStepEnded(status, 'hold', { state: 'Failed', message: 'm'.repeat(2_000), now: T0 + 1 });
    expect(ended.steps?.[0]).toEqual({
      ...step,
      state: 'Failed',
      finishedAt: toPreciseTime(T0 + 1),
      message: 'm'.repeat(1_024),
    });
    expect(ended.steps?.[1]).toEqual(status.steps[1]);
    expect(withStepEnded(ended, 'hold', { state: 'Succeeded', now: T0 + 2 })).toBe(ended);
    expect(withStepEnded(status, 'none', { state: 'Succeeded', now: T0 + 2 })).toBe(status);
  });
});
