import { describe, expect, test } from '@jest/globals';
import type {
  ActionRecord,
  IncidentStatus,
  KubeletIncident,
  Step,
} from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { Action } from '../../../../src/api/v1alpha1/kinds/policy.ts';
import type { ActStep } from '../../../../src/core/decision/actions.ts';
import {
  afterRefusal,
  choose,
  followAction,
  newestAct,
  requestAction,
  verifyNameOf,
  wasRefused,
} from '../../../../src/core/decision/incident/recovery/follow-action.ts';
import type { IncidentSnapshot } from '../../../../src/core/decision/incident/incident-snapshot.ts';
import { findCondition, findStep } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { aHealth, anIncident, aNode, aPlan, at, T0 } from '../../../support/builders/objects.ts';
import { aBudgetView, aContact } from '../../../support/builders/views.ts';
import { aSnapshot, deadlock, diagnosed, NAME } from '../incident-builders.ts';

const asked: ActStep = {
  name: 'act-1',
  type: 'Act',
  state: 'Requested',
  action: 'RestartKubelet',
  startedAt: at(0),
  deadline: at(240_000),
};
const status = diagnosed({ steps: [asked] });
const record: ActionRecord = {
  name: 'act-1',
  action: 'RestartKubelet',
  state: 'Succeeded',
  reservedAt: at(500),
  issuedAt: at(600),
  message: 'pid 1 -> 2',
};
const actionTaken = (result: { readonly status: IncidentStatus }): unknown =>
  findCondition(result.status.conditions, 'ActionTaken');

function snapshotOf(records: ActionRecord[], part: Partial<IncidentSnapshot> = {}): IncidentSnapshot {
  const incident = anIncident({ name: NAME, status: { ...status, actions: records } });
  return aSnapshot({ ...part, incident });
}

describe('the choice', () => {
  const acted = { ...asked, state: 'Succeeded' } as const;

  function before(part: {
    readonly status?: IncidentStatus;
    readonly node?: string;
    readonly name?: string;
    readonly createdAt?: number;
  }): KubeletIncident {
    const { status: own, ...rest } = part;
    const lived = { steps: [acted], actions: [record], diagnosis: deadlock, ...own };
    return anIncident({ name: 'node-a-before', createdAt: -60_000, ...rest, status: lived });
  }

  test.each<[string, KubeletIncident, 'RestartKubelet' | 'RestartRuntime']>([
    ['of the same fault was tried lately: it is not tried again', before({}), 'RestartRuntime'],
    ['of another fault', before({ status: { diagnosis: { ...deadlock, fingerprint: 'beef' } } }), 'RestartKubelet'],
    ['of a fault that has no name', before({ status: { diagnosis: undefined } }), 'RestartKubelet'],
    ['of another node', before({ node: 'node-b' }), 'RestartKubelet'],
    ['of long ago', before({ createdAt: -3_600_000 + 1_000 }), 'RestartKubelet'],
    ['of nearly as long ago', before({ createdAt: -3_600_000 + 1_001 }), 'RestartRuntime'],
    [
      'that was refused was not tried',
      before({ status: { actions: [{ ...record, state: 'Refused' }] } }),
      'RestartKubelet',
    ],
    ['that was never taken up was not tried', before({ status: { actions: undefined } }), 'RestartKubelet'],
    [
      'of which only a capture was done was not tried',
      before({ status: { actions: [{ ...record, name: 'capture-host', action: 'CaptureHost' }] } }),
      'RestartKubelet',
    ],
    [
      'beside a refused record of another step',
      before({ status: { actions: [{ ...record, name: 'act-2', state: 'Refused' }, record] } }),
      'RestartRuntime',
    ],
    ['of no step at all', before({ status: { steps: undefined } }), 'RestartKubelet'],
    ['that is no act', before({ status: { steps: [{ ...acted, type: 'Verify' }] } }), 'RestartKubelet'],
    ['of the incident itself', before({ name: NAME }), 'RestartKubelet'],
  ])('knows what %s', (_name, other, action) => {
    const snapshot = aSnapshot({ status: diagnosed(), budget: aBudgetView({ incidents: [other] }) });
    expect(choose(snapshot, diagnosed())).toMatchObject({ kind: 'Act', action });
  });

  test('knows what was tried against a fault that has a name only', () => {
    const nameless = { ...diagnosed(), diagnosis: { ...deadlock, fingerprint: undefined } };
    const other = before({ status: { diagnosis: { ...deadlock, fingerprint: undefined } } });
    const snapshot = aSnapshot({ status: nameless, budget: aBudgetView({ incidents: [other] }) });
    expect(choose(snapshot, nameless)).toMatchObject({ action: 'RestartKubelet' });
  });

  test('is a person’s where the cause is not looked for', () => {
    const { diagnosis, ...rest } = diagnosed();
    expect(diagnosis).toBeDefined();
    expect(choose(aSnapshot({ status: rest }), rest)).toMatchObject({ kind: 'HandOver', reason: 'NotDiagnosed' });
  });

  test('of a person counts for the first act', () => {
    const approval = { decision: 'Approve', by: 'ann', action: 'RebootNode' } as const;
    const plan = aPlan({ remediation: { allowedActions: [...Action.options] } });
    const incident = anIncident({ name: NAME, approval, plan, status: diagnosed() });
    expect(choose(aSnapshot({ incident }), diagnosed())).toEqual({
      kind: 'Act',
      action: 'RebootNode',
      reason: 'ChosenByPerson',
      message: 'chosen by ann',
    });
    expect(choose(aSnapshot({ incident }), diagnosed({ steps: [acted] }))).toMatchObject({ action: 'RestartRuntime' });
  });
});

describe('a request', () => {
  const choice = {
    kind: 'Act',
    action: 'RestartKubelet',
    reason: 'DefaultAction',
    message: 'm'.repeat(2_000),
  } as const;

  test('is a step that the agent can take up in time', () => {
    const result = requestAction(aSnapshot({ now: T0 }), diagnosed(), choice);
    expect(result).toMatchObject({ kind: 'wait', reason: 'ActionRequested', until: T0 + 240_000 });
    expect(findStep(result.status, 'act-1')).toEqual({
      ...asked,
      reason: 'DefaultAction',
      message: 'm'.repeat(1_024),
    });
    expect(actionTaken(result)).toMatchObject({ status: 'Unknown', reason: 'Requested' });
  });

  test('has a number of its own', () => {
    const again = requestAction(aSnapshot(), diagnosed({ steps: [asked] }), choice);
    expect(newestAct(again.status)?.name).toBe('act-2');
    expect(verifyNameOf(again.status, asked)).toBe('verify-1');
    expect(verifyNameOf(again.status, newestAct(again.status)!)).toBe('verify-2');
  });

  test('that is not made hands the node over, and says so where nothing was done', () => {
    const handOver = { kind: 'HandOver', reason: 'NotDiagnosed', message: 'no cause' } as const;
    const first = requestAction(aSnapshot(), diagnosed(), handOver);
    expect(first).toMatchObject({ kind: 'complete', outcome: 'HandedOver', message: 'no cause' });
    expect(actionTaken(first)).toMatchObject({ status: 'False', reason: 'NotDiagnosed', message: 'no cause' });
    expect(requestAction(aSnapshot(), status, handOver).status).toBe(status);
  });
});

describe('an act is followed', () => {
  const taken: readonly [string, Partial<ActionRecord>, Step['state'], readonly [step: string, claim: string]][] = [
    ['done', {}, 'Succeeded', ['RestartKubelet succeeded: pid 1 -> 2', 'Succeeded: pid 1 -> 2']],
    ['done without a word', { message: undefined }, 'Succeeded', ['RestartKubelet succeeded', 'Succeeded']],
    [
      'failed',
      { state: 'Failed', message: 'no unit' },
      'Failed',
      ['RestartKubelet failed: no unit', 'Failed: no unit'],
    ],
    ['unclear', { state: 'Ambiguous' }, 'Succeeded', ['RestartKubelet ambiguous: pid 1 -> 2', 'Ambiguous: pid 1 -> 2']],
  ];
  test.each(taken)('to its record: %s', (_name, change, state, [message, claim]) => {
    const result = followAction(snapshotOf([{ ...record, ...change }]), status, asked);
    expect(result).toMatchObject({ kind: 'pass', status: { action: 'RestartKubelet', timings: { actedAt: at(600) } } });
    expect(findStep(result.status, 'act-1')).toEqual({ ...asked, state, message, finishedAt: at(1_000) });
    expect(actionTaken(result)).toMatchObject({ status: 'True', reason: 'RestartKubelet', message: claim });
  });

  test('with the time of the first act, or of its reservation', () => {
    const timed = { ...status, timings: { actedAt: at(1), detectedAt: at(0) } };
    expect(followAction(snapshotOf([record]), timed, asked).status.timings).toEqual(timed.timings);
    const { issuedAt, ...reserved } = record;
    expect(issuedAt).toBe(at(600));
    expect(followAction(snapshotOf([reserved]), timed, asked).status.timings).toEqual(timed.timings);
    expect(followAction(snapshotOf([reserved]), status, asked).status.timings).toEqual({ actedAt: at(500) });
  });

  test.each<[string, ActionRecord[], number, string]>([
    ['until it is taken up', [], 239_999, 'ActionRequested'],
    ['past the record of another', [{ ...record, name: 'act-0' }], 239_999, 'ActionRequested'],
    ['past a capture of that name', [{ ...record, action: 'CaptureHost' }], 239_999, 'ActionRequested'],
    ['until it is reported', [{ ...record, state: 'Reserved' }], 449_999, 'Acting'],
  ])('%s', (_name, records, ms, reason) => {
    const until = T0 + ms + 1;
    expect(followAction(snapshotOf(records, { now: T0 + ms }), status, asked)).toEqual({
      kind: 'wait',
      status,
      reason,
      until,
    });
    expect(followAction(snapshotOf(records, { now: until }), status, asked).kind).not.toBe('wait');
  });

  test('to the end of its time: not taken up is handed over', () => {
    const result = followAction(snapshotOf([], { now: T0 + 240_000 }), status, asked);
    const message = 'the agent on node-a did not take up the request';
    expect(result).toMatchObject({ kind: 'complete', outcome: 'HandedOver', message });
    expect(findStep(result.status, 'act-1')).toMatchObject({ state: 'Failed', message });
    expect(actionTaken(result)).toMatchObject({ status: 'False', reason: 'AgentSilent', message });
  });

  test('to the end of its time: reserved is judged by how the node is', () => {
    const result = followAction(snapshotOf([{ ...record, state: 'Reserved' }], { now: T0 + 450_000 }), status, asked);
    expect(result.kind).toBe('pass');
    expect(findStep(result.status, 'act-1')).toMatchObject({ state: 'Succeeded' });
    expect(findStep(result.status, 'act-1')?.message).toContain('ambiguous: reserved by the agent and never reported');
  });

  test.each([
    ['in its words', 'no unit', 'the agent refused: no unit'],
    ['without a word', undefined, 'the agent refused: no reason given'],
  ])('to a refusal, %s', (_name, words, message) => {
    const snapshot = snapshotOf([{ ...record, state: 'Refused', message: words }]);
    const result = followAction(snapshot, status, asked);
    expect(wasRefused(snapshot, asked)).toBe(true);
    expect(wasRefused(snapshotOf([record]), asked)).toBe(false);
    expect(result.kind).toBe('pass');
    expect(findStep(result.status, 'act-1')).toMatchObject({ state: 'Failed', message });
    expect(actionTaken(result)).toMatchObject({ status: 'False', reason: 'Refused', message });
  });
});

describe('after a refusal', () => {
  const plan = aPlan({ remediation: { verify: { timeout: '2m' } } });
  const over: ActStep = { ...asked, state: 'Failed', finishedAt: at(1_000), message: 'the agent refused: x' };
  const refusedFor = (reason: string): ActionRecord => ({ ...record, state: 'Refused', reason });
  const first = diagnosed({ steps: [over] });

  function after(reason: string, part: Partial<IncidentSnapshot> = {}, own: IncidentStatus = first) {
    const incident = anIncident({ name: NAME, plan, status: { ...own, actions: [refusedFor(reason)] } });
    return afterRefusal(aSnapshot({ ...part, incident }), own, over);
  }
  const well = { node: aNode(), health: aHealth() };

  test('a node that is well needed nothing', () => {
    expect(after('UnitNotFound', well)).toMatchObject({ kind: 'complete', outcome: 'SelfHealed' });
  });

  test('a node that is well after an earlier act has recovered', () => {
    const second = diagnosed({ steps: [{ ...over, name: 'act-0' }, over] });
    expect(after('UnitNotFound', well, second)).toMatchObject({ kind: 'complete', outcome: 'Recovered' });
  });

  test('a node that is ill is left as it is, in the words of the agent', () => {
    const message = 'the agent refused: x';
    expect(after('UnitNotFound')).toEqual({ kind: 'complete', status: first, outcome: 'ActionRefused', message });
  });

  test.each(['NodeWell', 'AlreadyRestarted'])('for %s it may be well in a moment', (reason) => {
    const part = { now: T0 + 10_000 };
    expect(after(reason, part)).toEqual({
      kind: 'wait',
      status: first,
      reason: 'NotKnown',
      until: T0 + 15_000,
      commands: [],
    });
    expect(after(reason, { now: T0 + 119_000 })).toMatchObject({ kind: 'wait', until: T0 + 121_000 });
    expect(after(reason, { now: T0 + 120_999 }).kind).toBe('wait');
    expect(after(reason, { now: T0 + 121_000 })).toMatchObject({ kind: 'complete', outcome: 'ActionRefused' });
    const quiet = aContact({ quietMs: 95_000 });
    expect(after(reason, { ...part, contact: quiet })).toMatchObject({ commands: [{ kind: 'AskAgent' }] });
  });
});
