import { describe, expect, test } from '@jest/globals';
import { isGoodEnd, type Outcome, OUTCOMES } from '../../../src/core/decision/record/outcomes.ts';
import { isRetried, retryAfterMs } from '../../../src/core/decision/record/retry-after.ts';
import { anIncident, at } from '../../support/builders/objects.ts';

function endedAs(reason: string, notTakenFor?: string): ReturnType<typeof anIncident> {
  const common = { message: '', lastTransitionTime: at(0) } as const;
  const complete = { type: 'Complete', status: 'True', reason, ...common } as const;
  const notTaken = { type: 'ActionTaken', status: 'False', reason: notTakenFor ?? '', ...common } as const;
  return anIncident({ status: { conditions: notTakenFor === undefined ? [complete] : [complete, notTaken] } });
}

describe('an outcome', () => {
  test.each([
    ['EvidenceMissing', 15 * 60_000],
    ['ActionRefused', 15 * 60_000],
    ['BudgetExhausted', 60 * 60_000],
    ['NotConfirmed', 60 * 60_000],
    ['Outdated', 0],
  ] as const)('%s leaves the trouble for another incident after %i ms', (outcome, ms) => {
    expect(retryAfterMs(endedAs(outcome))).toBe(ms);
  });

  test.each([
    ['HandedOver', 'AgentSilent', 15 * 60_000],
    ['HandedOver', 'NotDiagnosed', Infinity],
    ['Rejected', 'AgentSilent', Infinity],
    ['Outdated', 'AgentSilent', 0],
  ] as const)('%s, nothing done for %s: is taken up again after %d ms', (outcome, reason, ms) => {
    expect(retryAfterMs(endedAs(outcome, reason))).toBe(ms);
  });

  test.each(Object.keys(OUTCOMES) as Outcome[])(
    '%s: what is well is good, and not tried again unless it was a false alarm',
    (outcome) => {
      const { isGood, isNodeWell } = OUTCOMES[outcome];
      expect(isNodeWell && !isGood).toBe(false);
      expect(isGoodEnd(outcome)).toBe(isGood);
      expect(isGood && isRetried(endedAs(outcome))).toBe(outcome === 'NotConfirmed');
    },
  );

  test.each(['Cancelled', 'toString', ''])('of another release (%j) is neither good nor tried again', (reason) => {
    expect(isGoodEnd(reason)).toBe(false);
    expect(isRetried(endedAs(reason))).toBe(false);
  });
});
