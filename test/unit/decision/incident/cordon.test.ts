import { describe, expect, test } from '@jest/globals';
import type { Node } from '../../../../src/api/kubernetes/node.ts';
import type { IncidentStatus, Step } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY } from '../../../../src/api/v1alpha1/words/names.ts';
import { cordon, maintenanceLease, reserve, uncordon } from '../../../../src/core/decision/incident/recovery/cordon.ts';
import type { IncidentSnapshot } from '../../../../src/core/decision/incident/incident-snapshot.ts';
import { findCondition, findStep } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { anIncident, aNode, aPlan, at, T0 } from '../../../support/builders/objects.ts';
import { aBudgetView } from '../../../support/builders/views.ts';
import { aSnapshot, cordoned, cordonedCondition, cordonStep, diagnosed, NAME, stuck } from '../incident-builders.ts';

const reserved: Step = { ...cordonStep, state: 'Requested', reason: 'Reserved' };
const confirmed: Step = { ...reserved, reason: 'Confirmed' };
const foreign = aNode({
  unschedulable: true,
  annotations: { [ANNOTATION_CORDONED_BY]: NAME },
  cordonedBy: 'kubectl-cordon',
});

interface Look extends Partial<Omit<IncidentSnapshot, 'incident'>> {
  readonly status?: IncidentStatus;
  readonly plan?: Parameters<typeof aPlan>[0];
}

function snapshotOf({ status, plan, ...rest }: Look): IncidentSnapshot {
  const incident = anIncident({ name: NAME, plan: aPlan(plan), status: status ?? {} });
  return aSnapshot({ now: T0, ...rest, incident });
}

describe('a place in the budget', () => {
  const other = anIncident({ name: 'node-b-1', node: 'node-b', status: { steps: [cordonStep] } });
  const full = aBudgetView({ incidents: [other] });

  test('is reserved by a write of its own', () => {
    const result = reserve(aSnapshot({ now: T0 }), {});
    expect(result).toEqual({ kind: 'wait', status: { steps: [reserved] }, reason: 'BudgetReserved', until: T0 });
  });

  test('is confirmed by a list in which there is room', () => {
    const result = reserve(aSnapshot({ reserved: aBudgetView() }), { steps: [reserved] });
    expect(result).toEqual({ kind: 'pass', status: { steps: [confirmed] } });
  });

  test.each<[string, Step]>([
    ['confirmed', confirmed],
    ['used', { ...reserved, state: 'Succeeded' }],
  ])('stays as it is once it is %s', (_name, step) => {
    const status = { steps: [step] };
    expect(reserve(aSnapshot({ reserved: full }), status)).toEqual({ kind: 'pass', status });
  });

  test('is waited for where another reservation is about to be confirmed or taken back', () => {
    const later = { ...reserved, startedAt: at(1) };
    const rival = anIncident({ name: 'node-b-1', node: 'node-b', status: { steps: [later] } });
    const mine = anIncident({ name: NAME, status: { steps: [reserved] } });
    const { status } = mine;
    const listed = aBudgetView({ incidents: [mine, rival] });
    const result = reserve(aSnapshot({ now: T0, incident: mine, reserved: listed }), status);
    expect(result).toEqual({ kind: 'wait', status, reason: 'BudgetReserved', until: T0 + 2_000 });
  });

  test('is given back, and nothing else, where there is none; and asked for again later', () => {
    const capture = { ...cordonStep, name: 'capture-host', type: 'CaptureHost' } as const;
    const status = { steps: [capture, reserved], timings: { evidenceAt: at(0) } };
    const result = reserve(aSnapshot({ now: T0, reserved: full }), status);
    expect(result).toMatchObject({ kind: 'wait', reason: 'TooManyAtOnce', until: T0 + 30_000 });
    expect(result.status).toMatchObject({ steps: [capture], timings: status.timings });
    expect(findCondition(result.status.conditions, 'ActionTaken')).toMatchObject({
      status: 'False',
      reason: 'TooManyAtOnce',
      message: 'budget: 1 of 1 recoveries in flight (node-b-1)',
    });
  });
});

test.each([
  ['free', 'wait'],
  ['unused', 'pass'],
] as const)('a maintenance lease that is %s: %s', (kind, expected) => {
  const commands =
    expected === 'wait' ? { commands: [{ kind: 'TakeLease' }], reason: 'LeaseTaken', until: T0 + 250 } : {};
  expect(maintenanceLease(aSnapshot({ now: T0, lease: { kind } }), {})).toEqual({
    kind: expected,
    status: {},
    ...commands,
  });
});

const KEEP =
  'It is undone when the node is well again. To keep it: kubectl annotate node node-a kubelet-medic.io/cordoned-by- kubelet-medic.io/cordon-reason-';

describe('a cordon', () => {
  const incidentName = `kubelet-medic incident ${NAME}: PLEGUnhealthy, cause`;

  test.each<[string, IncidentStatus, string]>([
    ['with the cause', diagnosed(), `${incidentName} pleg-event-channel-deadlock. ${KEEP}`],
    ['without one', {}, `${incidentName} unknown. ${KEEP}`],
  ])('is asked for and says why: %s', (_name, status, reason) => {
    const result = cordon(snapshotOf({ node: stuck }), { ...status, steps: [confirmed] });
    expect(result).toEqual({
      kind: 'wait',
      status: { ...status, steps: [confirmed] },
      reason: 'Cordoning',
      until: T0 + 2_000,
      commands: [{ kind: 'Cordon', reason }],
    });
  });

  test('is asked for where the node is gone, too: that is for others to find', () => {
    expect(cordon(snapshotOf({ node: undefined }), { steps: [confirmed] })).toMatchObject({ kind: 'wait' });
  });

  test('is seen on the node, and written down with its time', () => {
    const status = { steps: [confirmed], timings: { evidenceAt: at(-1) } };
    const result = cordon(snapshotOf({ node: cordoned }), status);
    expect(result.kind).toBe('pass');
    expect(findStep(result.status, 'cordon')).toEqual({ ...confirmed, state: 'Succeeded', finishedAt: at(0) });
    expect(result.status.timings).toEqual({ evidenceAt: at(-1), cordonedAt: at(0) });
    expect(findCondition(result.status.conditions, 'NodeCordoned')).toMatchObject({ status: 'True' });
  });

  test.each<Step['state']>(['Succeeded', 'Skipped'])('that has %s is not set again', (state) => {
    const status = { steps: [{ ...confirmed, state }] };
    expect(cordon(snapshotOf({ node: cordoned }), status)).toEqual({ kind: 'pass', status });
    expect(cordon(snapshotOf({ node: stuck }), status)).toEqual({ kind: 'pass', status });
  });

  test.each([
    ['that a person has undone before it was seen is not set again', { [ANNOTATION_CORDONED_BY]: NAME }, 'pass'],
    ['of an incident before is no reason not to', { [ANNOTATION_CORDONED_BY]: 'node-a-other' }, 'wait'],
  ])('%s', (_name, annotations, kind) => {
    const node = aNode({ ready: 'False', annotations });
    const result = cordon(snapshotOf({ node }), { steps: [confirmed] });
    expect(result.kind).toBe(kind);
    if (kind === 'pass')
      expect(findStep(result.status, 'cordon')).toMatchObject({
        state: 'Skipped',
        finishedAt: at(0),
        message: 'somebody uncordoned the node at once: it is left so',
      });
  });

  test('is left out where the policy says so, and the place is held by a write of its own', () => {
    const plan = { remediation: { cordon: false } };
    const result = cordon(snapshotOf({ node: stuck, plan }), { steps: [confirmed] });
    expect(result).toEqual({
      kind: 'wait',
      status: {
        steps: [
          {
            ...confirmed,
            state: 'Skipped',
            finishedAt: at(0),
            message: 'the policy does not cordon; this step only reserves the budget',
          },
        ],
      },
      reason: 'BudgetReserved',
      until: T0,
    });
  });

  test('is tried for half a minute, then once more, and then the node is handed over', () => {
    const atMs = (ms: number, step: Step) => cordon(snapshotOf({ node: stuck, now: T0 + ms }), { steps: [step] });
    expect(findStep(atMs(30_000, confirmed).status, 'cordon')).toEqual(confirmed);
    const second: Step = { ...confirmed, startedAt: at(30_001), reason: 'SecondTry' };
    expect(findStep(atMs(30_001, confirmed).status, 'cordon')).toEqual(second);
    expect(atMs(60_001, second).kind).toBe('wait');
    const over = atMs(60_002, second);
    expect(over).toMatchObject({ kind: 'complete', outcome: 'HandedOver', message: 'the node could not be cordoned' });
    expect(findStep(over.status, 'cordon')).toMatchObject({
      state: 'Failed',
      message: 'the node could not be cordoned',
    });
  });
});

describe('an uncordon', () => {
  const asked: Step = { name: 'uncordon', type: 'Uncordon', state: 'Requested', startedAt: at(0) };
  const marked: IncidentStatus = { steps: [cordonStep], conditions: [cordonedCondition] };
  const asking: IncidentStatus = { ...marked, steps: [cordonStep, asked] };
  const look = (part: Look, status: IncidentStatus) => uncordon(snapshotOf(part), status);
  const uncordonedOf = ({ status }: { readonly status: IncidentStatus }): unknown =>
    findCondition(status.conditions, 'NodeUncordoned');

  test.each<[string, Node, IncidentStatus]>([
    ['as the condition says', cordoned, marked],
    ['though the condition does not say so yet', cordoned, { steps: [cordonStep] }],
    ['and is under way', cordoned, asking],
  ])('is asked for where the node is cordoned by us, %s', (_name, node, status) => {
    expect(look({ node }, status)).toEqual({
      kind: 'wait',
      status: { ...status, steps: [cordonStep, asked] },
      reason: 'Uncordoning',
      until: T0 + 2_000,
      commands: [{ kind: 'Uncordon' }],
    });
  });

  test.each<[string, Look, IncidentStatus]>([
    ['a node that we never cordoned', { node: stuck }, {}],
    ["a person's cordon", { node: foreign }, {}],
    ['no node', { node: undefined }, {}],
    [
      'a node on which it is done',
      { node: cordoned },
      { ...marked, steps: [cordonStep, { ...asked, state: 'Succeeded' }] },
    ],
    [
      'a node that was left alone',
      { node: cordoned },
      { ...marked, steps: [cordonStep, { ...asked, state: 'Skipped' }] },
    ],
  ])('leaves alone %s', (_name, part, status) => {
    expect(look(part, status)).toEqual({ kind: 'pass', status });
  });

  test('is seen on the node, and written down', () => {
    const result = look({ node: stuck }, asking);
    expect(result.kind).toBe('pass');
    expect(findStep(result.status, 'uncordon')).toEqual({ ...asked, state: 'Succeeded', finishedAt: at(0) });
    expect(uncordonedOf(result)).toMatchObject({ status: 'True', reason: 'Uncordoned' });
  });

  const somebody = 'somebody else has changed the cordon since: not ours to undo';
  test.each<[string, Look, IncidentStatus, string]>([
    ['the node is gone', { node: undefined }, marked, 'the node is gone'],
    ['a person has replaced it', { node: foreign }, marked, somebody],
    ['a person has replaced it meanwhile', { node: foreign }, asking, somebody],
    ['a person has undone it before us', { node: stuck }, marked, somebody],
    [
      'the policy says so',
      { node: cordoned, plan: { remediation: { uncordon: false } } },
      marked,
      'the policy leaves the node cordoned',
    ],
  ])('is left where %s', (_name, part, status, message) => {
    const result = look(part, status);
    expect(result.kind).toBe('pass');
    expect(findStep(result.status, 'uncordon')).toEqual({
      ...asked,
      state: 'Skipped',
      finishedAt: at(0),
      message,
    });
    expect(uncordonedOf(result)).toMatchObject({ status: 'False', reason: 'LeftAlone', message });
  });

  test('is tried for ten minutes, then once more, and then left', () => {
    const atMs = (ms: number, step: Step) => look({ node: cordoned, now: T0 + ms }, { ...marked, steps: [step] });
    expect(findStep(atMs(600_000, asked).status, 'uncordon')).toEqual(asked);
    const second: Step = { ...asked, startedAt: at(600_001), reason: 'SecondTry' };
    expect(findStep(atMs(600_001, asked).status, 'uncordon')).toEqual(second);
    expect(atMs(1_200_001, second).kind).toBe('wait');
    const over = atMs(1_200_002, second);
    expect(over.kind).toBe('pass');
    expect(findStep(over.status, 'uncordon')).toMatchObject({
      state: 'Skipped',
      message: 'the node could not be uncordoned',
    });
  });
});
