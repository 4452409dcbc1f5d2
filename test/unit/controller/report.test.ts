import { describe, expect, test } from '@jest/globals';
import type { Condition } from '../../../src/api/v1alpha1/parts/condition.ts';
import type { IncidentStatus } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { eventsBetween, observationsBetween } from '../../../src/controller/incident/report-changes.ts';
import { OUTCOMES } from '../../../src/core/decision/record/outcomes.ts';
import { at } from '../../support/builders/objects.ts';

function withCondition(type: string, status: Condition['status'], reason: string, message = 'm'): IncidentStatus {
  return { conditions: [{ type, status, reason, message, lastTransitionTime: at(0) }] };
}

describe('events of an incident', () => {
  test.each([
    [withCondition('EvidenceCaptured', 'True', 'Complete'), 'Normal', 'EvidenceCaptured', 'm'],
    [withCondition('EvidenceCaptured', 'False', 'Missing'), 'Warning', 'EvidenceMissing', 'm'],
    [withCondition('Diagnosed', 'True', 'RuntimeHung'), 'Normal', 'Diagnosed', 'm'],
    [withCondition('Diagnosed', 'False', 'Unknown'), 'Warning', 'CauseUnknown', 'm'],
    [withCondition('NodeCordoned', 'True', 'Cordoned'), 'Normal', 'NodeCordoned', 'm'],
    [withCondition('ActionTaken', 'True', 'RestartRuntime'), 'Normal', 'ActionTaken', 'RestartRuntime: m'],
    [withCondition('NodeUncordoned', 'True', 'Uncordoned'), 'Normal', 'NodeUncordoned', 'm'],
    [withCondition('Complete', 'True', 'HandedOver'), 'Warning', 'HandedOver', 'm'],
    [withCondition('Complete', 'True', 'Recovered'), 'Normal', 'Recovered', 'm'],
  ])('%j is told once', (after, type, reason, message) => {
    expect(eventsBetween({}, after)).toEqual([{ type, reason, message }]);
    expect(eventsBetween(after, after)).toEqual([]);
  });

  test.each([
    withCondition('EvidenceCaptured', 'Unknown', 'Capturing'),
    withCondition('ActionTaken', 'Unknown', 'Requested'),
    withCondition('Complete', 'False', 'Held'),
    withCondition('Ready', 'False', 'Held'),
    withCondition('NodeUncordoned', 'False', 'LeftAlone'),
  ])('%j is what goes without saying', (after) => {
    expect(eventsBetween({}, after)).toEqual([]);
  });

  test.each(Object.keys(OUTCOMES))('the outcome %s has an event of its name', (outcome) => {
    expect(eventsBetween({}, withCondition('Complete', 'True', outcome))).toMatchObject([{ reason: outcome }]);
  });
});

describe('why nothing is done now', () => {
  const paused = withCondition('ActionTaken', 'False', 'PolicyPaused', 'policy default is paused');
  const busy = withCondition('ActionTaken', 'False', 'TooManyAtOnce', 'budget: 1 of 1 in flight (node-b-1)');
  const other = withCondition('ActionTaken', 'False', 'TooManyAtOnce', 'budget: 1 of 1 in flight (node-c-1)');

  test('is told when it is new, when it is another reason, and when it is another fact', () => {
    expect(eventsBetween({}, paused)).toEqual([
      {
        type: 'Warning',
        reason: 'RecoverySkipped',
        message: 'policy default is paused; it is looked at again within 30 s',
      },
    ]);
    expect(eventsBetween(paused, busy)).toMatchObject([{ reason: 'RecoverySkipped' }]);
    expect(eventsBetween(busy, other)).toMatchObject([{ reason: 'RecoverySkipped' }]);
    expect(eventsBetween(busy, busy)).toEqual([]);
  });

  test.each([
    ['True', 'policy default is paused; evidence is saved, it is looked at again within 30 s'],
    ['False', 'policy default is paused; evidence is missing, it is looked at again within 30 s'],
  ] as const)('says whether there is evidence: %s', (status, message) => {
    const sealed = withCondition('EvidenceCaptured', status, 'Partial').conditions ?? [];
    const after = { conditions: [...sealed, ...(paused.conditions ?? [])] };
    expect(eventsBetween({ conditions: sealed }, after)).toMatchObject([{ reason: 'RecoverySkipped', message }]);
  });

  test('is told after an action that was taken', () => {
    expect(eventsBetween(withCondition('ActionTaken', 'True', 'RestartKubelet'), paused)).toHaveLength(1);
  });

  test('is told by the outcome where that is the end', () => {
    const conditions = [busy, withCondition('Complete', 'True', 'HandedOver')].flatMap(
      (status) => status.conditions ?? [],
    );
    expect(eventsBetween({}, { conditions })).toMatchObject([{ reason: 'HandedOver' }]);
  });
});

describe('times worth a histogram', () => {
  const detected = { detectedAt: at(0) };
  const acted = { ...detected, actedAt: at(8_000) };
  const ready = { ...acted, readyAt: at(20_500) };

  test('the time to the first restart is observed when it is issued, and once', () => {
    expect(observationsBetween({ timings: detected }, { timings: acted })).toEqual([
      { name: 'breach_to_restart_seconds', seconds: 8 },
    ]);
    expect(observationsBetween({ timings: acted }, { timings: ready })).toEqual([]);
  });

  test('the time to evidence is observed once, when it is sealed', () => {
    const sealed = { ...detected, evidenceAt: at(5_500) };
    expect(observationsBetween({ timings: detected }, { timings: sealed })).toEqual([
      { name: 'breach_to_evidence_seconds', seconds: 5.5 },
    ]);
    expect(observationsBetween({ timings: sealed }, { timings: sealed })).toEqual([]);
  });

  test('the time to recovery is observed at the end, and only of a recovery', () => {
    const before = { timings: ready };
    expect(observationsBetween(before, { ...before, outcome: 'Recovered' })).toEqual([
      { name: 'recovery_seconds', seconds: 20.5 },
    ]);
    expect(observationsBetween(before, { ...before, outcome: 'HandedOver' })).toEqual([]);
  });

  test('clocks that disagree give no negative time, and a time that is not known gives none', () => {
    const early = { timings: { ...detected, actedAt: at(-3_000) } };
    expect(observationsBetween({ timings: detected }, early)).toMatchObject([{ seconds: 0 }]);
    expect(observationsBetween({}, { timings: { actedAt: at(0) } })).toEqual([]);
  });
});

test.each([
  ['Succeeded', 'Normal'],
  ['Failed', 'Warning'],
  // Nobody knows whether it was done.
  ['Ambiguous', 'Warning'],
  ['Reserved', 'Warning'],
] as const)('an action that has %s is told as %s', (state, type) => {
  const record = { name: 'act-1', action: 'RestartKubelet', state, reservedAt: at(0) } as const;
  const after = { ...withCondition('ActionTaken', 'True', 'RestartKubelet'), actions: [record] };
  expect(eventsBetween({}, after)).toMatchObject([{ type, reason: 'ActionTaken' }]);
});
