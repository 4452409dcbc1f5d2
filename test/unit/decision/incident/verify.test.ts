import { describe, expect, test } from '@jest/globals';
import type { KubeletHealth } from '../../../../src/api/v1alpha1/kinds/health.ts';
import type { ActionRecord, IncidentStatus, Step } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import type { ActStep } from '../../../../src/core/decision/actions.ts';
import type { IncidentSnapshot, StageResult } from '../../../../src/core/decision/incident/incident-snapshot.ts';
import { verify } from '../../../../src/core/decision/incident/recovery/verify.ts';
import { canonical } from '../../../../src/core/decision/canonical.ts';
import { findCondition, findStep } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { aHealth, anIncident, aNode, aPlan, at, T0 } from '../../../support/builders/objects.ts';
import { aContact, SILENT } from '../../../support/builders/views.ts';
import { aSnapshot, NAME, restarted, verifying } from '../incident-builders.ts';

const MINUTE = 60_000;
const plan = aPlan({ remediation: { verify: { timeout: '2m', stableFor: '30s' } } });
const kubelet: ActStep = { name: 'act-1', type: 'Act', state: 'Succeeded', action: 'RestartKubelet', startedAt: at(0) };
const runtime: ActStep = { ...kubelet, action: 'RestartRuntime' };
/** From the first look at T0; its time ends at T0 + 2m30s. */
const step: Step = {
  name: 'verify-1',
  type: 'Verify',
  state: 'Requested',
  startedAt: at(0),
  deadline: at(150_000),
  message: 'Ready=True for 30s, with no new PLEG line',
};
const stabilising = (since: number): IncidentStatus =>
  verifying({
    steps: [step],
    conditions: [
      { type: 'Recovered', status: 'Unknown', reason: 'Stabilising', message: '', lastTransitionTime: at(since) },
    ],
    timings: { readyAt: at(since) },
  });

const ill = aNode({ ready: 'False', message: 'container runtime is down', since: -60_000 });
const ready = aNode({ since: 5_000 });
const well = aHealth();

interface Look extends Partial<Omit<IncidentSnapshot, 'incident'>> {
  readonly status?: IncidentStatus;
  readonly act?: ActStep;
  readonly records?: ActionRecord[];
}

function look({ status = verifying(), act = kubelet, records = [restarted], ...rest }: Look): StageResult {
  const incident = anIncident({ name: NAME, plan, status: { ...status, actions: records } });
  return verify(aSnapshot({ now: T0, ...rest, incident }), status, act);
}

const stepOf = ({ status }: StageResult): Step | undefined => findStep(status, 'verify-1');
const recoveredOf = ({ status }: StageResult): object | undefined => findCondition(status.conditions, 'Recovered');

describe('the first look after an act', () => {
  test('gives the node the time to recover, and to stay well', () => {
    const result = look({ node: ill });
    expect(result).toMatchObject({ kind: 'wait', reason: 'NotReady', until: T0 + 5_000, commands: [] });
    expect(stepOf(result)).toEqual(step);
  });

  test.each<[string, Look, readonly [status: string, reason: string, message: string]]>([
    ['it is not Ready', { node: ill }, ['False', 'NotReady', 'container runtime is down']],
    [
      'it has no condition Ready',
      { node: { ...ill, status: { ...ill.status, conditions: [] } } },
      ['False', 'NotReady', 'no Ready condition'],
    ],
    [
      'its PLEG is unhealthy',
      { node: ready, health: aHealth({ state: 'Unhealthy' }) },
      ['False', 'PLEGNotHealthy', 'PLEG is Unhealthy'],
    ],
    [
      'its runtime is deaf, and nothing is told of PLEG',
      { node: ready, health: aHealth({ probe: 'Timeout', status: { pleg: undefined } }) },
      ['False', 'PLEGNotHealthy', 'the agent has not reported'],
    ],
    [
      'its agent is silent',
      { node: ready, contact: SILENT },
      ['False', 'NotKnown', 'Ready; how PLEG is only its agent can tell'],
    ],
    ['there is no node', { node: undefined }, ['False', 'NotKnown', 'Ready; how PLEG is only its agent can tell']],
    [
      'it is well',
      { node: ready, health: well },
      ['Unknown', 'Stabilising', 'it is well; waiting to see that it lasts'],
    ],
  ])('says of a node: %s', (_name, part, [status, reason, message]) => {
    const result = look(part);
    expect(recoveredOf(result)).toMatchObject({ status, reason, message });
    expect(result).toMatchObject({ kind: 'wait', reason });
  });

  test('asks an agent that has been quiet for long', () => {
    const quiet = aContact({ quietMs: 95_000 });
    expect(look({ node: ill, contact: quiet })).toMatchObject({ commands: [{ kind: 'AskAgent' }] });
  });
});

describe('when the node was Ready again', () => {
  test.each<[string, Look, IncidentStatus['timings']]>([
    [
      'as the API server saw it',
      { node: ready, health: well, now: T0 + 8_000 },
      { readyAt: at(5_000), notReadyFor: '1m5s' },
    ],
    [
      'now, where Ready had not moved since before the act',
      { node: aNode({ since: -60_000 }), health: well, now: T0 + 8_000 },
      { readyAt: at(8_000), notReadyFor: '1m8s' },
    ],
    [
      'at the moment of the act, if Ready moved then',
      { node: aNode({ since: 600 }), health: well, now: T0 + 8_000 },
      { readyAt: at(600), notReadyFor: '1m1s' },
    ],
    [
      'as it was written down at the first look',
      { status: verifying({ timings: { readyAt: at(1_000) } }), node: ready, health: well, now: T0 + 8_000 },
      { readyAt: at(1_000) },
    ],
    [
      'not, if Ready is lost again',
      { status: verifying({ timings: { readyAt: at(1_000), notReadyFor: '1s' } }), node: ill, now: T0 + 8_000 },
      { readyAt: undefined, notReadyFor: undefined },
    ],
    [
      'not, if the node is gone',
      { status: verifying({ timings: { readyAt: at(1_000), notReadyFor: '1s' } }), node: undefined },
      { readyAt: undefined, notReadyFor: undefined },
    ],
    [
      'and for how long it was not is not said where that is not known',
      { status: verifying({ timings: { notReadySince: undefined } }), node: ready, health: well, now: T0 + 8_000 },
      { readyAt: at(5_000), notReadyFor: undefined },
    ],
  ])('%s', (_name, part, timings) => {
    expect(look(part).status.timings).toMatchObject({ actedAt: at(600), ...timings });
  });
});

describe('a node that is well', () => {
  test.each([
    ['soon', 10_000, 15_000],
    ['when it has lasted', 28_000, 30_000],
  ])('is looked at again %s', (_name, ms, until) => {
    const result = look({ status: stabilising(0), node: ready, health: well, now: T0 + ms });
    expect(result).toMatchObject({ kind: 'wait', reason: 'Stabilising', until: T0 + until });
  });

  test('has recovered when it has lasted, and not before', () => {
    const before = look({ status: stabilising(0), node: ready, health: well, now: T0 + 29_999 });
    expect(before.kind).toBe('wait');
    const result = look({ status: stabilising(0), node: ready, health: well, now: T0 + 30_000 });
    const message = 'Ready=True for 30s, with no new PLEG line';
    expect(result.kind).toBe('pass');
    expect(stepOf(result)).toEqual({ ...step, state: 'Succeeded', finishedAt: at(30_000), message });
    expect(recoveredOf(result)).toMatchObject({ status: 'True', reason: 'Recovered', message });
  });

  test('is counted from when it was well, not from when it was Ready', () => {
    const status = verifying({ steps: [step] });
    const notKnown = look({ status, node: ready, contact: SILENT, now: T0 + 10_000 });
    const later = look({ status: notKnown.status, node: ready, health: well, now: T0 + 60_000 });
    expect(later).toMatchObject({ kind: 'wait', reason: 'Stabilising' });
  });
});

test('a node that is Ready in turns is not written down at each turn, and recovers when it lasts', () => {
  let status = verifying({ steps: [step] });
  let writes = 0;
  const at10s = (turn: number, node: Look['node']): StageResult => {
    const result = look({ status, node, health: well, now: T0 + turn * 10_000 });
    if (canonical(result.status) !== canonical(status)) writes++;
    status = result.status;
    return result;
  };
  for (let turn = 1; turn <= 14; turn++) at10s(turn, turn % 2 === 0 ? ill : aNode({ since: turn * 10_000 }));
  expect(recoveredOf({ kind: 'pass', status })).toMatchObject({ status: 'False', reason: 'NotLasting' });
  expect(status.timings?.readyAt).toBeUndefined();
  const back = aNode({ since: 145_000 });
  const results = [15, 16, 17, 18, 19, 20].map((turn) => at10s(turn, back));
  expect(results.map(({ kind }) => kind).at(-1)).toBe('pass');
  expect(stepOf({ kind: 'pass', status })).toMatchObject({ state: 'Succeeded' });
  expect(status.timings?.readyAt).toBe(at(145_000));
  expect(writes).toBeLessThanOrEqual(10);
});

function answering(health: KubeletHealth, since: number): KubeletHealth {
  const condition = { type: 'RuntimeReachable', status: 'True', reason: 'Answered', message: '' } as const;
  const conditions = [{ ...condition, lastTransitionTime: at(since) }];
  return { ...health, status: { ...health.status, conditions } };
}

describe('a node that is not well', () => {
  const said = (reason: string): IncidentStatus =>
    verifying({
      steps: [step],
      conditions: [{ type: 'Recovered', status: 'False', reason, message: '', lastTransitionTime: at(0) }],
    });

  test.each(['NotReady', 'NotLasting'])('does not recover by being so for long: %s', (reason) => {
    expect(look({ status: said(reason), node: ill, now: T0 + 60_000 })).toMatchObject({ kind: 'wait', reason });
  });

  test.each([
    [29_999, 'NotLasting'],
    [30_000, 'Stabilising'],
  ])('after all is believed to be well after %i ms: %s', (ms, reason) => {
    const result = look({ status: said('NotLasting'), node: ready, health: well, now: T0 + ms });
    expect(result).toMatchObject({ kind: 'wait', reason });
  });
});

describe('a try has failed', () => {
  const failed = { ...restarted, state: 'Failed', message: 'no unit' } as const;
  const late: Look = { status: verifying({ steps: [step] }), node: ill, now: T0 + 150_000 };
  const runtimeUp = aHealth({ state: 'Unhealthy', probe: 'Answered' });
  test.each<[string, Look, string | undefined]>([
    ['at its deadline', late, 'not recovered by the deadline'],
    ['not before it', { ...late, now: T0 + 149_999 }, undefined],
    ['not where it is not known how the node is', { ...late, contact: SILENT, node: ready }, undefined],
    ['at once, where the command failed', { node: ill, records: [failed] }, 'RestartKubelet failed: no unit'],
    ['also without a reason', { node: ill, records: [{ ...failed, message: undefined }] }, 'RestartKubelet failed: '],
    [
      'not for the failure of another act',
      { node: ill, records: [{ ...failed, name: 'act-0' }, restarted] },
      undefined,
    ],
    ['not for a failure after which the node is well', { node: ready, health: well, records: [failed] }, undefined],
    [
      'when the runtime is back, and the kubelet did not follow',
      { ...late, act: runtime, health: runtimeUp, now: T0 + 45_000 },
      'the runtime answers again, but the kubelet has not recovered in 45s',
    ],
    [
      'not while the runtime has answered for less, after it had been silent for long',
      {
        ...late,
        act: runtime,
        health: answering(aHealth({ state: 'Unhealthy', probe: 'Answered', reportedAt: 120_000 }), 75_001),
        now: T0 + 120_000,
      },
      undefined,
    ],
    [
      'when it has answered for as long as the kubelet needs',
      {
        ...late,
        act: runtime,
        health: answering(aHealth({ state: 'Unhealthy', probe: 'Answered', reportedAt: 120_000 }), 75_000),
        now: T0 + 120_000,
      },
      'the runtime answers again, but the kubelet has not recovered in 45s',
    ],
    ['not while the kubelet may follow', { ...late, act: runtime, health: runtimeUp, now: T0 + 44_999 }, undefined],
    [
      'not while the runtime is still silent',
      { ...late, act: runtime, health: aHealth({ state: 'Unhealthy', probe: 'Timeout' }), now: T0 + 60_000 },
      undefined,
    ],
    ['not so of a restart of the kubelet', { ...late, health: runtimeUp, now: T0 + 60_000 }, undefined],
  ])('%s', (_name, part, message) => {
    const result = look(part);
    if (message === undefined) expect([result.kind, stepOf(result)?.state]).toEqual(['wait', 'Requested']);
    else expect([result.kind, stepOf(result)]).toMatchObject(['pass', { state: 'Failed', message }]);
  });

  test('and is looked at anew once the node is not known to be ill any more', () => {
    const status = verifying({ steps: [{ ...step, state: 'Failed', finishedAt: at(150_000) }] });
    expect(look({ status, node: ill, now: T0 + 200_000 })).toEqual({ kind: 'pass', status });
    const again = look({ status, node: ready, health: well, now: T0 + 200_000 });
    expect(stepOf(again)).toEqual({ ...step, startedAt: at(200_000), deadline: at(350_000) });
  });

  test('or has succeeded: that stays', () => {
    const status = verifying({ steps: [{ ...step, state: 'Succeeded', finishedAt: at(50_000) }] });
    expect(look({ status, node: ready, health: well, now: T0 + 200_000 })).toEqual({ kind: 'pass', status });
  });
});

describe('a node of which nobody can tell', () => {
  const unknown: Look = { status: verifying({ steps: [step] }), node: ready, contact: SILENT };

  test('is waited for ten minutes more, and is then a person’s', () => {
    expect(look({ ...unknown, now: T0 + 150_000 + 10 * MINUTE - 1 }).kind).toBe('wait');
    expect(look({ ...unknown, now: T0 + 150_000 + 10 * MINUTE })).toMatchObject({
      kind: 'complete',
      outcome: 'HandedOver',
      message: expect.stringMatching(/^the node is Ready, and the agent on node-a does not tell how PLEG is: .*silent/),
    });
  });

  test('is not one that has got well late', () => {
    const now = T0 + 150_000 + 10 * MINUTE;
    expect(look({ ...unknown, contact: aContact(), health: well, now })).toMatchObject({
      kind: 'wait',
      reason: 'Stabilising',
    });
  });
});

test('words that grow with each look are no reason to write, and another reason is', () => {
  const first = look({ node: ill }).status;
  const node = aNode({ ready: 'False', message: 'still down' });
  expect(look({ status: first, node, now: T0 + 5_000 }).status).toEqual(first);
  const other = look({ status: first, node: ready, contact: SILENT, now: T0 + 5_000 });
  expect(recoveredOf(other)).toMatchObject({ status: 'False', reason: 'NotKnown' });
});
