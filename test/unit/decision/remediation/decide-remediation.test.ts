import { describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY, ANNOTATION_TIMED_OUT } from '../../../../src/api/v1alpha1/words/names.ts';
import { findCondition } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { decideRemediation } from '../../../../src/core/decision/remediation/decide-remediation.ts';
import type { NodeFacts, Target } from '../../../../src/core/decision/remediation/remediation-snapshot.ts';
import { aHealth, anIncident, aNode, aPlan, aPolicy, at, T0 } from '../../../support/builders/objects.ts';
import { aRemediation, type RemediationOptions } from '../../../support/builders/remediations.ts';
import { aContact, SILENT } from '../../../support/builders/views.ts';

const NOT_READY = aNode({ ready: 'Unknown', since: -10_000 });

function factsOf(part: Partial<NodeFacts> = {}): NodeFacts {
  const match = { policy: aPolicy(), overridden: [] };
  return { now: T0, node: NOT_READY, match, health: aHealth(), contact: aContact(), incidents: [], ...part };
}

function decide(part: Partial<NodeFacts> = {}, options: RemediationOptions = {}, now = 0) {
  const target: Target = { kind: 'node', name: 'node-a', facts: factsOf(part) };
  return decideRemediation({ now: T0 + now, remediation: aRemediation(options), target });
}

/** `PROCESSING SUCCEEDED REASON`. */
function answer(...question: Parameters<typeof decide>): string {
  const { conditions } = decide(...question)?.status ?? {};
  const [processing, succeeded] = [findCondition(conditions, 'Processing'), findCondition(conditions, 'Succeeded')];
  expect(processing?.reason).toBe(succeeded?.reason);
  return `${processing?.status} ${succeeded?.status} ${succeeded?.reason}`;
}

function complete(status: 'True' | 'False', reason: string) {
  return { type: 'Complete', status, reason, message: `because of ${reason}`, lastTransitionTime: at(0) } as const;
}

/** An open one that waits for this. */
function waiting(reason: string, status: Partial<KubeletIncident['status']> = {}): KubeletIncident {
  return anIncident({ status: { conditions: [complete('False', reason)], state: `Waiting: ${reason}`, ...status } });
}

function ended(outcome: string, completedAt: number): KubeletIncident {
  const timings = { completedAt: at(completedAt) };
  return anIncident({ status: { conditions: [complete('True', outcome)], outcome, state: outcome, timings } });
}

const requested = {
  name: 'act-1',
  type: 'Act',
  state: 'Requested',
  action: 'RestartKubelet',
  startedAt: at(0),
} as const;

const captureStep = { name: 'capture-host', type: 'CaptureHost', state: 'Requested', startedAt: at(0) } as const;
const reserved = { name: 'act-1', action: 'RestartKubelet', state: 'Reserved', reservedAt: at(0) } as const;
const refused = { ...reserved, state: 'Refused', reason: 'Paused' } as const;
const succeeded = { ...requested, state: 'Succeeded' } as const;
const verifying = { name: 'verify-1', type: 'Verify', state: 'Requested', startedAt: at(0) } as const;
const verified = { ...verifying, state: 'Failed' } as const;

describe('a request is worked on', () => {
  test.each<[string, ...Parameters<typeof decide>]>([
    ['while nothing is known yet of a node that is not Ready', {}, {}, 30_000],
    ['while what is known of it opens an incident', { health: aHealth({ state: 'Unhealthy' }) }, {}, 300_000],
  ])('%s', (_, ...question) => {
    expect(answer(...question)).toBe('True Unknown Looking');
  });

  test.each([
    'Capturing',
    'CaptureRateLimited',
    'NoWitnessYet',
    'TooManyAtOnce',
    'NodeBusy',
    'Cooldown',
    'BudgetReserved',
    'Stabilising',
  ])('while its incident waits for %s', (reason) => {
    expect(answer({ incidents: [waiting(reason)] })).toBe('True Unknown IncidentOpen');
    expect(decide({ incidents: [waiting(reason)] })?.status).toMatchObject({
      incident: 'node-a-x7k2q',
      nodeName: 'node-a',
    });
  });

  test('and is looked at again soon, or when its time is over', () => {
    expect(decide({})?.nextCheckAt).toBe(T0 + 15_000);
    expect(decide({}, {}, 55_000)?.nextCheckAt).toBe(T0 + 60_000);
  });

  test.each(['PolicyPaused', 'CordonedByOther', 'MaintenanceLease', 'AgentSilent'])(
    'to the end of an act that has begun, whatever its incident waits for then: %s',
    (reason) => {
      const incidents = [waiting(reason, { steps: [requested] })];
      expect(answer({ incidents })).toBe('True Unknown IncidentOpen');
      expect(answer({ incidents }, {}, 3_600_000)).toBe('True Unknown IncidentOpen');
    },
  );

  test('while the node is Ready, and its kubelet has just said that PLEG is unhealthy', () => {
    expect(answer({ node: aNode(), health: aHealth({ state: 'Unhealthy' }) })).toBe('True Unknown Looking');
  });

  test('on a control plane node, where its policy takes those one at a time', () => {
    const node = aNode({ ready: 'Unknown', since: -1_000, labels: { 'node-role.kubernetes.io/control-plane': '' } });
    const match = { policy: aPolicy({ budget: { controlPlane: 'OneAtATime' } }), overridden: [] };
    expect(answer({ node, match })).toBe('True Unknown Looking');
  });

  test.each<[string, Partial<KubeletIncident['status']>]>([
    ['its agent is at an act, whose step is over', { steps: [{ ...requested, state: 'Failed' }], actions: [reserved] }],
    [
      'it is seen whether an act helped',
      { steps: [succeeded, verifying], actions: [{ ...reserved, state: 'Succeeded' }] },
    ],
  ])('while %s', (_, status) => {
    const incidents = [waiting('AgentSilent', status)];
    expect(answer({ incidents }, {}, 3_600_000)).toBe('True Unknown IncidentOpen');
  });

  test('in words that say what is done', () => {
    const said = (incident: KubeletIncident): string | undefined =>
      findCondition(decide({ incidents: [incident] })?.status.conditions, 'Processing')?.message;
    expect(said(waiting('Capturing'))).toBe('incident node-a-x7k2q: Waiting: Capturing');
    expect(said(anIncident())).toBe('incident node-a-x7k2q: opened');
    expect(said(waiting('Held'))).toBe('incident node-a-x7k2q: because of Held');
    expect(said(ended('HandedOver', -1_000))).toBe('incident node-a-x7k2q ended as HandedOver: because of HandedOver');
  });

  test('while its incident has not seen yet that the lease of the node is lent', () => {
    const question = [{ incidents: [waiting('MaintenanceLease')] }, { owner: 'NodeHealthCheck' }] as const;
    expect(answer(...question, 59_000)).toBe('True Unknown IncidentOpen');
    expect(answer(...question, 60_000)).toBe('False False MaintenanceLease');
    expect(decide(...question, 50_000)?.nextCheckAt).toBe(T0 + 60_000);
    expect(answer({ incidents: [waiting('Held')] }, { owner: 'NodeHealthCheck' })).toBe('False False Held');
  });
});

describe('a request is given back', () => {
  test.each<[string, string, ...Parameters<typeof decide>]>([
    ['no policy rules the node', 'NotManaged', { match: { policy: undefined, overridden: [] } }],
    ['its policy only captures', 'NotManaged', { match: { policy: aPolicy({ mode: 'Capture' }), overridden: [] } }],
    ['its policy is paused', 'PolicyPaused', { match: { policy: aPolicy({ paused: true }), overridden: [] } }],
    [
      'its policy skips control plane nodes',
      'ControlPlaneSkipped',
      { node: aNode({ ready: 'False', labels: { 'node-role.kubernetes.io/control-plane': '' } }) },
    ],
    [
      'the node is excluded',
      'NodeExcluded',
      { node: aNode({ ready: 'False', annotations: { 'kubelet-medic.io/exclude': 'true' } }) },
    ],
    ['a person has cordoned it', 'CordonedByOther', { node: aNode({ ready: 'False', unschedulable: true }) }],
    ['it is being deleted', 'NodeDeleting', { node: aNode({ ready: 'False', deleting: true }) }],
    ['the node is well', 'NodeWell', { node: aNode() }],
    ['its agent does not answer', 'AgentSilent', { contact: SILENT }],
    ['it has no agent', 'AgentSilent', { health: undefined, contact: SILENT }],
    ['nothing is found in a minute', 'NotStuck', {}, {}, 60_000],
    ['whoever asked has lost patience', 'TimedOut', {}, { annotations: { [ANNOTATION_TIMED_OUT]: 'then' } }],
    ['its time is over', 'OutOfTime', { incidents: [waiting('TooManyAtOnce')] }, { spec: { timeout: '5m' } }, 300_000],
    ['it was given up a moment ago', 'HandedOver', { incidents: [ended('HandedOver', -5_000)] }],
    ['it was a false alarm a moment ago', 'NotConfirmed', { incidents: [ended('NotConfirmed', -5_000)] }],
    ['it is given up meanwhile', 'EvidenceMissing', { incidents: [ended('EvidenceMissing', 5_000)] }, {}, 6_000],
  ])('at once where %s', (_, reason, ...question) => {
    expect(answer(...question)).toBe(`False False ${reason}`);
    expect(decide(...question)?.nextCheckAt).toBeUndefined();
  });

  test.each(['PolicyPaused', 'TooManyUnhealthy', 'Held', 'MaintenanceLease', 'OtherActor', 'AgentSilent', 'Observing'])(
    'at once where its incident waits for what does not end by what we do: %s',
    (reason) => {
      expect(answer({ incidents: [waiting(reason)] })).toBe(`False False ${reason}`);
    },
  );

  test.each<[string, Partial<KubeletIncident['status']>]>([
    ['its capture is asked for', { steps: [captureStep] }],
    ['its act is over and was refused', { steps: [{ ...requested, state: 'Failed' }], actions: [refused] }],
    ['its act did not help', { steps: [succeeded, verified], actions: [{ ...reserved, state: 'Succeeded' }] }],
    ['nobody can know of its act', { steps: [succeeded, verified], actions: [{ ...reserved, state: 'Ambiguous' }] }],
  ])('where no act is under way: %s', (_, status) => {
    for (const reason of ['AgentSilent', 'PolicyPaused', 'TooManyUnhealthy', 'NodeExcluded', 'OtherActor'])
      expect(answer({ incidents: [waiting(reason, status)] })).toBe(`False False ${reason}`);
    expect(answer({ incidents: [waiting('Cooldown', status)] }, {}, 599_000)).toBe('True Unknown IncidentOpen');
    expect(answer({ incidents: [waiting('Cooldown', status)] }, {}, 600_000)).toBe('False False OutOfTime');
  });

  test('when its time is over, and says by which incident it was worked on', () => {
    const late = decide({ incidents: [waiting('Cooldown'), ended('HandedOver', -90_000)] }, {}, 600_000)?.status;
    expect([late?.incident, findCondition(late?.conditions, 'Succeeded')?.message]).toEqual([
      'node-a-x7k2q',
      'not recovered within 10m; incident node-a-x7k2q: Waiting: Cooldown',
    ]);
    const early = decide({ health: aHealth({ state: 'Unhealthy' }) }, {}, 600_000)?.status;
    expect(Object.keys(early ?? {})).not.toContain('incident');
  });

  test('where its incident ended in a way that this release does not know, once nothing else is found', () => {
    expect(answer({ incidents: [ended('OfTheFuture', -1_000)] }, {}, 60_000)).toBe('False False NotStuck');
  });

  test('where there is no such node', () => {
    const target = { kind: 'nobody', reason: 'NodeNotFound', message: 'there is none' } as const;
    const { conditions, nodeName } = decideRemediation({ now: T0, remediation: aRemediation(), target })?.status ?? {};
    expect([findCondition(conditions, 'Succeeded')?.message, nodeName]).toEqual(['there is none', undefined]);
  });

  test('and says nothing more', () => {
    const { status } = decide({ node: aNode() }) ?? {};
    expect(decide({ incidents: [waiting('Capturing')] }, { status: status ?? {} })).toBeUndefined();
    expect(decide({}, { deleting: true })).toBeUndefined();
  });
});

describe('a request succeeds', () => {
  test.each(['Recovered', 'SelfHealed'])('where its incident ends as %s', (outcome) => {
    expect(answer({ incidents: [ended(outcome, 5_000)] }, {}, 6_000)).toBe(`False True ${outcome}`);
  });

  test('by the incident that it was told of, though the clock of the controller is behind', () => {
    const status = { incident: 'node-a-x7k2q' };
    expect(answer({ incidents: [ended('Recovered', -20_000)] }, { status }, 6_000)).toBe('False True Recovered');
  });

  test('not by what was before it', () => {
    expect(answer({ incidents: [ended('Recovered', -120_000)] })).toBe('True Unknown Looking');
  });
});

describe('an incident that is over', () => {
  test('says nothing of what happened to the node since', () => {
    const node = aNode({ ready: 'False', since: -1_000 });
    expect(answer({ node, incidents: [ended('HandedOver', -60_000)] })).toBe('True Unknown Looking');
  });

  test('and is taken up again by another one is waited for', () => {
    expect(answer({ incidents: [ended('Outdated', -1_000)] })).toBe('True Unknown Looking');
  });

  test('or was asked for by a person is of no matter', () => {
    const capture = anIncident({ trigger: { type: 'Manual' }, plan: aPlan({ mode: 'Capture' }) });
    expect(answer({ incidents: [capture] })).toBe('True Unknown Looking');
  });

  test('and whose cordon is still on the node is what counts, not the cordon', () => {
    const node = aNode({
      ready: 'Unknown',
      since: -10_000,
      unschedulable: true,
      cordonedBy: 'kubelet-medic-controller',
      annotations: { [ANNOTATION_CORDONED_BY]: 'node-a-x7k2q' },
    });
    expect(answer({ node, incidents: [ended('Outdated', -1_000)] })).toBe('True Unknown Looking');
  });
});

describe('a Machine is to be replaced', () => {
  const spec = { whenNotHealed: 'ReplaceMachine' };
  const silent = { contact: SILENT };

  test.each<[string, string | undefined, ...Parameters<typeof decide>]>([
    ['where its node is given back and the request says so', 'ToBeReplaced', silent, { spec, owner: 'Machine' }],
    ['not where the request does not say so', undefined, silent, { owner: 'Machine' }],
    ['not where there is none', undefined, silent, { spec }],
    ['not while it is worked on', undefined, {}, { spec, owner: 'Machine' }],
    [
      'not where the node was healed',
      undefined,
      { incidents: [ended('Recovered', 5_000)] },
      { spec, owner: 'Machine' },
    ],
  ])('%s', (_, machine, ...question) => {
    expect(decide(...question)?.status.machine).toBe(machine);
  });

  test('not while its node is only just well again', () => {
    const question = [{ node: aNode() }, { spec, owner: 'Machine' }] as const;
    expect(answer(...question, 59_000)).toBe('True Unknown NodeWell');
    expect(answer(...question, 60_000)).toBe('False False NodeWell');
  });

  test('not while its node is only just well again, however long ago it was asked for', () => {
    const question = [{ node: aNode({ since: 90_000 }) }, { spec, owner: 'Machine' }] as const;
    expect(answer(...question, 90_100)).toBe('True Unknown NodeWell');
    expect(decide(...question, 149_000)?.nextCheckAt).toBe(T0 + 150_000);
    expect(answer(...question, 150_000)).toBe('False False NodeWell');
  });
});
