/** What waits comes to an end, and to the right one: a stuck node is neither forgotten nor held. */
import { describe, expect, test } from '@jest/globals';
import type { IncidentStatus, Trigger } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { decideIncident } from '../../../src/core/decision/incident/decide-incident.ts';
import type { IncidentDecision, IncidentSnapshot } from '../../../src/core/decision/incident/incident-snapshot.ts';
import { findStep } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { aHealth, anIncident, aNode, aPlan, at, T0, aPolicy } from '../../support/builders/objects.ts';
import { aContact } from '../../support/builders/views.ts';
import { aSnapshot, cordoned, deadlock, diagnosed, NAME, outcomeOf, PAUSED } from './incident-builders.ts';

const MINUTE = 60_000;
const diagnosis = { ...deadlock, relist: 'Stuck' as const };
/** Its log cannot be read: the kubelet's own word is the first witness, the dump the second. */
const trigger: Partial<Trigger> = { source: 'NodeReady' };
const blind = aHealth({ state: 'Unknown', status: { log: { source: 'x', error: 'permission denied' } } });

/** Looks again and again with what the last look has written, and says how it ended. */
function live(
  snapshot: IncidentSnapshot,
  { until, everyMs = 30_000 }: { readonly until: number; readonly everyMs?: number },
): IncidentDecision {
  let decision = decideIncident(snapshot);
  let { status } = snapshot.incident;
  for (let now = snapshot.now; now <= T0 + until && decision.nextCheckAt !== undefined; now += everyMs) {
    const incident = { ...snapshot.incident, status };
    decision = decideIncident({ ...snapshot, incident, now });
    const { actions, evidence } = snapshot.incident.status;
    status = { ...decision.status, actions, evidence };
  }
  return decision;
}

const sealed = (more: IncidentStatus = {}): IncidentStatus => ({
  ...diagnosed({ timings: { evidenceAt: at(0) }, ...more }),
  diagnosis,
});
const confirmed: IncidentStatus = {
  conditions: [
    { type: 'Confirmed', status: 'True', reason: 'StackDump', message: '', lastTransitionTime: at(0) },
    { type: 'NodeCordoned', status: 'True', reason: 'Cordoned', message: '', lastTransitionTime: at(0) },
  ],
  steps: [
    { name: 'cordon', type: 'Cordon', state: 'Succeeded', startedAt: at(0), finishedAt: at(1_000) },
    { name: 'hold', type: 'Hold', state: 'Requested', startedAt: at(1_000), deadline: at(31 * MINUTE) },
  ],
};

describe('a stuck node of which only a dump speaks besides the kubelet', () => {
  test('is no false alarm because a place was waited for for long', () => {
    const paused = aSnapshot({
      incident: anIncident({ name: NAME, trigger, status: sealed() }),
      node: aNode({ ready: 'False', message: cordoned.status.conditions[0]?.message ?? '' }),
      health: blind,
      policy: PAUSED,
    });
    const waiting = live(paused, { until: 40 * MINUTE });
    expect(waiting.reason).toBe('PolicyPaused');
    const incident = { ...paused.incident, status: waiting.status };
    expect(outcomeOf(decideIncident({ ...paused, incident, policy: aPolicy(), now: T0 + 40 * MINUTE }))).toBe(
      'Outdated',
    );
  });

  test('is held for as long as the hold is, and then restored', () => {
    const plan = aPlan({ strategy: 'DiagnoseFirst' });
    const incident = anIncident({ name: NAME, trigger, plan, status: sealed(confirmed) });
    const held = aSnapshot({ incident, node: cordoned, health: blind });
    expect(live(held, { until: 30 * MINUTE }).reason).toBe('Held');
    expect(findStep(live(held, { until: 32 * MINUTE }).status, 'act-1')?.state).toBe('Requested');
  });
});

describe('a hold', () => {
  const plan = aPlan({ strategy: 'DiagnoseFirst' });
  const held = aSnapshot({
    incident: anIncident({ name: NAME, plan, status: sealed(confirmed) }),
    node: cordoned,
    now: T0 + 20 * MINUTE,
  });

  test('does not end because the policy is paused after ten minutes of it', () => {
    expect(decideIncident({ ...held, policy: PAUSED })).toMatchObject({ reason: 'PolicyPaused', commands: [] });
  });

  test('of a paused policy ends all the same', () => {
    expect(live({ ...held, policy: PAUSED }, { until: 45 * MINUTE }).commands).toEqual([{ kind: 'Uncordon' }]);
  });

  test('that is approved after 25 minutes acts', () => {
    const incident = {
      ...held.incident,
      spec: { ...held.incident.spec, approval: { decision: 'Approve', by: 'ann' } },
    };
    const approved = decideIncident({ ...held, incident: incident as typeof held.incident, now: T0 + 25 * MINUTE });
    expect(findStep(approved.status, 'act-1')?.state).toBe('Requested');
  });
});

describe('an incident whose policy is gone', () => {
  const gone = { policy: undefined } as const;

  test('does not stay open, in the way of one of the policy that rules the node now', () => {
    expect(outcomeOf(decideIncident(aSnapshot({ status: sealed(), ...gone })))).toBe('Outdated');
  });

  test('gives back its cordon, and does nothing to the node', () => {
    const status = sealed({ ...confirmed, steps: confirmed.steps?.slice(0, 1) ?? [] });
    const decision = decideIncident(aSnapshot({ status, node: cordoned, ...gone }));
    expect(decision.commands).toEqual([{ kind: 'Uncordon' }]);
    expect(findStep(decision.status, 'act-1')).toBeUndefined();
  });
});

describe('a place', () => {
  const status = sealed({ ...confirmed, steps: confirmed.steps?.slice(0, 1) ?? [] });

  test('is not held for ever for an agent that answers too late each time', () => {
    const contact = aContact({ answeredMs: 11_000 });
    const slow = aSnapshot({ status, node: cordoned, contact });
    expect(decideIncident(slow).commands).toEqual([{ kind: 'AskAgent' }]);
    expect(live(slow, { until: 15 * MINUTE }).commands).toEqual([{ kind: 'Uncordon' }]);
  });

  test('is not held for ever for a maintenance lease that cannot be taken', () => {
    const steps = [
      { name: 'cordon', type: 'Cordon', state: 'Requested', reason: 'Confirmed', startedAt: at(0) },
    ] as const;
    const denied = aSnapshot({ status: sealed({ steps: [...steps] }), lease: { kind: 'free' } });
    const first = decideIncident(denied);
    expect(first.commands).toEqual([{ kind: 'TakeLease' }]);
    expect(first.nextCheckAt).toBeGreaterThan(denied.now);
    expect(outcomeOf(live(denied, { until: 20 * MINUTE }))).toBe('Outdated');
  });
});
