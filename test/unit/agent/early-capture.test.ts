import { describe, expect, test } from '@jest/globals';
import { type EarlyQuestion, isEarlyCaptureDue } from '../../../src/agent/evidence/early-capture.ts';
import { isOfTrouble } from '../../../src/core/evidence/bundle.ts';
import { HealthSpec, type PlegInfo } from '../../../src/api/v1alpha1/kinds/health.ts';
import type { Trigger } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { at, T0 } from '../../support/builders/objects.ts';

const MINUTE = 60_000;

function pleg(state: PlegInfo['state'], since: number, elapsed?: string): PlegInfo {
  return {
    state,
    reason: 'X',
    message: 'x',
    since: at(since),
    episodes: [],
    ...(elapsed === undefined ? {} : { elapsed }),
  };
}

function question(change: Partial<EarlyQuestion>): EarlyQuestion {
  return {
    spec: HealthSpec.parse({ policy: 'default', mode: 'Remediate' }),
    pleg: pleg('Suspected', -10_000),
    earlyAt: undefined,
    sinceTryMs: undefined,
    now: T0,
    ...change,
  };
}

describe('evidence is saved early', () => {
  test.each<[string, Partial<EarlyQuestion>, boolean]>([
    ['on a new suspicion', {}, true],
    ['on a breach that nobody suspected', { pleg: pleg('Unhealthy', -1_000, '3m1s') }, true],
    ['not on a healthy node', { pleg: pleg('Healthy', -MINUTE) }, false],
    ['not on an unknown state', { pleg: pleg('Unknown', -MINUTE) }, false],
    ['not before anything is known', { pleg: undefined }, false],
    ['not where the policy observes', { spec: HealthSpec.parse({ mode: 'Observe' }) }, false],
    [
      'not where it is switched off',
      { spec: HealthSpec.parse({ mode: 'Capture', detection: { earlyCapture: false } }) },
      false,
    ],
    ['not twice for one suspicion', { pleg: pleg('Suspected', -5 * MINUTE), earlyAt: T0 - 4 * MINUTE }, false],
    [
      'again after ten minutes of one suspicion',
      { pleg: pleg('Suspected', -11 * MINUTE), earlyAt: T0 - 10 * MINUTE },
      true,
    ],
    [
      'not again at the breach that was suspected',
      { pleg: pleg('Unhealthy', -1_000, '3m3s'), earlyAt: T0 - 2 * MINUTE },
      false,
    ],
    [
      'not again while the breach lasts',
      { pleg: pleg('Unhealthy', -20 * MINUTE, '23m'), earlyAt: T0 - 19 * MINUTE },
      false,
    ],
    ['for a new trouble, whatever was saved for an old one', { earlyAt: T0 - MINUTE }, true],
    ['not within two minutes of the last try, whatever came of it', { sinceTryMs: MINUTE }, false],
    ['when the last try is two minutes ago', { sinceTryMs: 2 * MINUTE }, true],
  ])('%s', (_name, change, due) => {
    expect(isEarlyCaptureDue(question(change))).toBe(due);
  });
});

function trigger(change: Partial<Trigger> = {}): Trigger {
  return { type: 'PLEGUnhealthy', at: at(0), message: 'x', elapsed: '3m3s', ...change };
}

describe('an early capture belongs to an incident', () => {
  test.each<[string, number, Trigger, boolean]>([
    ['if it was taken after the stuck relist began', -160_000, trigger(), true],
    ['not if it was taken before', -190_000, trigger(), false],
    ['if it was taken at the breach', 500, trigger(), true],
    ['not if the trigger tells no elapsed time and it is older', -1_000, trigger({ elapsed: undefined }), false],
    [
      'not if it is older than 15 minutes, however long the trouble',
      -15 * MINUTE,
      trigger({ elapsed: '58h29m3s' }),
      false,
    ],
    ['if it is younger, however long the trouble', -14 * MINUTE, trigger({ elapsed: '58h29m3s' }), true],
    ['not if it was taken while the clock was six hours ahead', 360 * MINUTE, trigger(), false],
    ['not if a person asked for the incident', 500, trigger({ type: 'Manual' }), false],
  ])('%s', (_name, takenAt, given, expected) => {
    expect(isOfTrouble(T0 + takenAt, given, T0 + 1_000)).toBe(expected);
  });
});
