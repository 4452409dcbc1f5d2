/** What has to be so before anything is done to a node. */
import { describe, expect, test } from '@jest/globals';
import type { IncidentStatus, KubeletIncident, Step } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../../../../src/api/v1alpha1/words/names.ts';
import { clockTrusted, isDecisionOld } from '../../../../src/core/decision/incident/decision-age.ts';
import type { IncidentSnapshot } from '../../../../src/core/decision/incident/incident-snapshot.ts';
import { permission } from '../../../../src/core/decision/incident/recovery/permission.ts';
import { recover } from '../../../../src/core/decision/incident/recovery/recover.ts';
import { findCondition } from '../../../../src/core/decision/record/conditions-and-steps.ts';
import { aHealth, anIncident, aNode, aPlan, aPolicy, at, T0 } from '../../../support/builders/objects.ts';
import { aBudgetView, aContact } from '../../../support/builders/views.ts';
import {
  actStep,
  aSnapshot,
  cordoned,
  cordonedCondition,
  cordonStep,
  deadlock,
  diagnosed,
  NAME,
  restarted,
  stuck,
  PAUSED,
} from '../incident-builders.ts';

const MINUTE = 60_000;
const controlPlane = aNode({ ready: 'False', labels: { 'node-role.kubernetes.io/control-plane': '' } });

function withPlan(plan: Parameters<typeof aPlan>[0], status: IncidentStatus = diagnosed()): KubeletIncident {
  return anIncident({ name: NAME, plan: aPlan(plan), status });
}
const actionTaken = ({ conditions }: IncidentStatus): unknown => findCondition(conditions, 'ActionTaken');

describe('permission', () => {
  const ask = (part: Partial<IncidentSnapshot>, status: IncidentStatus = {}) =>
    permission(aSnapshot({ now: T0, ...part }), status);
  const acts = [0, 1, 2].map((index) => ({ ...actStep, name: `act-${index}`, state: 'Requested' }) as const);
  const usedUp = anIncident({ name: 'node-a-before', status: { steps: acts } });
  const flying = anIncident({ name: 'node-b-1', node: 'node-b', status: { steps: [cordonStep] } });
  const resting = anIncident({
    name: 'node-b-1',
    node: 'node-b',
    status: {
      steps: [cordonStep],
      conditions: [{ type: 'Complete', status: 'True', reason: 'Recovered', message: '', lastTransitionTime: at(0) }],
      timings: { completedAt: at(-20_000) },
    },
  });

  test.each<[string, Partial<IncidentSnapshot>]>([
    ['where nothing speaks against it', { node: stuck }],
    ['of a node that is gone, which is for others to find', { node: undefined, policy: PAUSED }],
    [
      'of a control plane node, where the policy does not skip them',
      { node: controlPlane, incident: withPlan({ budget: { controlPlane: 'OneAtATime' } }) },
    ],
    [
      'of a worker, where the policy skips the control plane',
      { node: stuck, incident: withPlan({ budget: { controlPlane: 'Skip' } }) },
    ],
  ])('is given %s', (_name, part) => {
    expect(ask(part)).toEqual({ kind: 'pass', status: {} });
  });

  test.each<[string, Partial<IncidentSnapshot>, string, number]>([
    ['by a pause', { policy: PAUSED }, 'PolicyPaused', 30_000],
    ['by others at work', { lease: { kind: 'held', by: 'x' } }, 'MaintenanceLease', 30_000],
    ['by the budget', { budget: aBudgetView({ incidents: [flying] }) }, 'TooManyAtOnce', 30_000],
    ['by a rest that is over sooner', { budget: aBudgetView({ incidents: [resting] }) }, 'Cooldown', 10_000],
  ])('is put off %s', (_name, part, reason, ms) => {
    const result = ask({ node: stuck, ...part });
    expect(result).toMatchObject({ kind: 'wait', reason, until: T0 + ms });
    expect(actionTaken(result.status)).toMatchObject({ status: 'False', reason });
  });

  test.each<[string, Partial<IncidentSnapshot>, string, string]>([
    [
      'a control plane node that is skipped',
      { node: controlPlane, incident: withPlan({ budget: { controlPlane: 'Skip' } }) },
      'HandedOver',
      'ControlPlaneSkipped',
    ],
    [
      'a node whose attempts are used up',
      { node: stuck, budget: aBudgetView({ incidents: [usedUp] }) },
      'BudgetExhausted',
      'AttemptsUsedUp',
    ],
  ])('is refused for good: %s', (_name, part, outcome, reason) => {
    const result = ask(part);
    expect(result).toMatchObject({ kind: 'complete', outcome });
    expect(actionTaken(result.status)).toMatchObject({ status: 'False', reason });
    expect(result).toHaveProperty('message', expect.stringMatching(/nothing is restarted|3 of 3 actions/));
  });

  test.each<[string, Partial<IncidentSnapshot>, RegExp]>([
    ['only captures by now', { policy: aPolicy({ mode: 'Capture' }) }, /mode of the policy default is Capture now/],
    ['only observes by now', { policy: aPolicy({ mode: 'Observe' }) }, /mode of the policy default is Observe now/],
    ['is gone', { policy: undefined }, /the policy default is gone/],
    [
      'was never named',
      { policy: undefined, incident: anIncident({ name: NAME, plan: { ...aPlan(), policy: '' } }) },
      /names no policy, so it may capture only/,
    ],
  ])(
    'is refused under a policy that %s, however wide the plan is: the node is looked at anew',
    (_name, part, words) => {
      const result = ask({ node: stuck, ...part });
      expect(result).toMatchObject({ kind: 'complete', outcome: 'Outdated' });
      expect(result).toHaveProperty('message', expect.stringMatching(words));
    },
  );

  test('is written down once for a reason, and anew for another', () => {
    const first = ask({ node: stuck, lease: { kind: 'held', by: 'x' } }).status;
    expect(ask({ node: stuck, lease: { kind: 'held', by: 'y' } }, first).status).toBe(first);
    expect(actionTaken(ask({ node: stuck, policy: PAUSED }, first).status)).toMatchObject({ reason: 'PolicyPaused' });
    const acted: IncidentStatus = {
      conditions: [
        { type: 'ActionTaken', status: 'True', reason: 'PolicyPaused', message: '', lastTransitionTime: at(0) },
      ],
    };
    expect(actionTaken(ask({ node: stuck, policy: PAUSED }, acted).status)).toMatchObject({ status: 'False' });
  });

  test('is put off for want of a place: for the first reason, whichever rule keeps it later', () => {
    const noPlace = ask({ node: stuck, budget: aBudgetView({ incidents: [flying] }) }).status;
    const later = ask({ node: stuck, budget: aBudgetView({ incidents: [resting] }) }, noPlace);
    expect(later).toMatchObject({ kind: 'wait', reason: 'TooManyAtOnce' });
    expect(later.status).toBe(noPlace);
    const pausedNow = ask({ node: stuck, policy: PAUSED }, noPlace);
    expect(pausedNow).toMatchObject({ kind: 'wait', reason: 'PolicyPaused' });
    const goesOn = ask({ node: stuck, budget: aBudgetView({ incidents: [resting] }) }, pausedNow.status);
    expect(goesOn).toMatchObject({ kind: 'wait', reason: 'Cooldown' });
    const requested = { type: 'ActionTaken', status: 'Unknown', reason: 'TooManyAtOnce' } as const;
    const unclear = { conditions: [{ ...requested, message: '', lastTransitionTime: at(0) }] };
    expect(ask({ node: stuck, budget: aBudgetView({ incidents: [resting] }) }, unclear)).toMatchObject({
      reason: 'Cooldown',
    });
  });

  const old: IncidentStatus = { timings: { evidenceAt: at(-10 * MINUTE - 1) } };
  test.each<[string, IncidentStatus, string]>([
    ['a place that is held for long without use is given back', { ...old, steps: [cordonStep] }, 'complete'],
    ['one that is held since lately is kept', { steps: [cordonStep], timings: { evidenceAt: at(0) } }, 'wait'],
    ['who holds none may wait', old, 'wait'],
  ])('put off: %s', (_name, status, kind) => {
    const result = ask({ node: stuck, policy: PAUSED }, status);
    expect(result.kind).toBe(kind);
    if (kind === 'complete') expect(result).toMatchObject({ outcome: 'Outdated', status });
  });

  describe('on a node that an incident before has left cordoned', () => {
    const left = (by: string) =>
      aNode({
        ready: 'False',
        unschedulable: true,
        annotations: { [ANNOTATION_CORDONED_BY]: by },
        cordonedBy: CONTROLLER_MANAGER,
      });
    const ended = (name: string, reason: string, node = 'node-a') =>
      anIncident({
        name,
        node,
        status: {
          conditions: [{ type: 'Complete', status: 'True', reason, message: '', lastTransitionTime: at(0) }],
        },
      });

    test.each<[string, readonly KubeletIncident[], string]>([
      ['that is taken up again', [ended('before', 'ActionRefused')], 'pass'],
      [
        'that is taken up again, after others',
        ['x', 'before', 'y'].map((name) => ended(name, 'ActionRefused')),
        'pass',
      ],
      ['that was handed over', [ended('before', 'HandedOver')], 'wait'],
      ['of another node', [ended('before', 'ActionRefused', 'node-b')], 'wait'],
      ['that is another one', [ended('other', 'ActionRefused')], 'wait'],
      ['that is gone', [], 'wait'],
    ])('%s', (_name, incidents, kind) => {
      expect(ask({ node: left('before'), budget: aBudgetView({ incidents }) }).kind).toBe(kind);
    });
  });
});

describe('old evidence', () => {
  const step = { ...cordonStep, finishedAt: at(0) };
  const waiting: Step = { ...cordonStep, state: 'Requested', deadline: at(0) };
  const held = { name: 'hold', type: 'Hold', startedAt: at(-1), deadline: at(0) } as const;
  test.each<[string, IncidentStatus, boolean]>([
    ['sealed ten minutes ago', { timings: { evidenceAt: at(0) } }, false],
    ['sealed before', { timings: { evidenceAt: at(-1) } }, true],
    ['sealed before, and a step was over since', { timings: { evidenceAt: at(-1) }, steps: [step] }, false],
    [
      'sealed then, and a step was over before',
      { timings: { evidenceAt: at(0) }, steps: [{ ...step, finishedAt: at(-1) }] },
      false,
    ],
    ['nothing but a step, which was over before', { steps: [{ ...step, finishedAt: at(-1) }] }, true],
    ['a step that is not over', { timings: { evidenceAt: at(-1) }, steps: [waiting] }, true],
    ['a hold that is open, and ends since then', { steps: [{ ...held, state: 'Requested' }] }, false],
    [
      'a hold that was to end since then, and ended before',
      { steps: [{ ...held, state: 'Succeeded', finishedAt: at(-1) }] },
      true,
    ],
    ['none at all', {}, false],
  ])('is not decided on: %s', (_name, status, expected) => {
    expect(isDecisionOld(aSnapshot({ now: T0 + 10 * MINUTE }), status)).toBe(expected);
  });
});

test.each([
  [undefined, 'pass'],
  [30_000, 'pass'],
  [-30_000, 'pass'],
  [30_001, 'wait'],
  [-30_001, 'wait'],
])('a clock that is %p ms ahead of the API server: %s', (clockAheadMs, kind) => {
  const result = clockTrusted(aSnapshot({ now: T0, clockAheadMs }), {});
  const wait = { kind: 'wait', status: {}, reason: 'ClockSkewed', until: T0 + 10_000 };
  expect(result).toEqual(kind === 'pass' ? { kind, status: {} } : wait);
});

describe('recovery', () => {
  const look = (status: IncidentStatus, part: Partial<IncidentSnapshot> = {}) => {
    const incident = part.incident ?? anIncident({ name: NAME, status });
    return recover(aSnapshot({ now: T0, reserved: aBudgetView(), ...part, incident }), status);
  };
  const asked = diagnosed({
    steps: [{ ...cordonStep, state: 'Requested', reason: 'Reserved' }],
    timings: { evidenceAt: at(0) },
  });
  const absent = aContact({ answeredMs: undefined, unansweredMs: undefined });

  const unreserved = diagnosed({ timings: { evidenceAt: at(0) } });

  test('waits for an agent that has not answered of late, and asks it', () => {
    expect(look(unreserved, { contact: absent })).toMatchObject({
      kind: 'wait',
      reason: 'AgentAsked',
      until: T0 + 10_000,
      commands: [{ kind: 'AskAgent' }],
    });
    const waiting = look(unreserved, { contact: { ...absent, unansweredMs: 299_999 } });
    expect(waiting).toMatchObject({ kind: 'wait', commands: [] });
  });

  test('asks the agent of a node that is Ready again before it is cordoned, also once a place is held', () => {
    const status = { ...asked, diagnosis: { ...deadlock, relist: 'Stuck' } } as const;
    const unheard = { ...absent, isHeard: false };
    const ready = look(status, { node: aNode({ ready: 'True' }), contact: unheard });
    expect(ready).toMatchObject({ kind: 'wait', reason: 'AgentAsked', commands: [{ kind: 'AskAgent' }] });
    expect(look(status, { node: stuck, contact: unheard })).toMatchObject({ kind: 'wait', reason: 'Cordoning' });
  });

  test.each([
    ['has not answered for five minutes', { ...absent, unansweredMs: 300_000 }],
    ['has not reported within five minutes', { ...absent, hasReported: false, quietMs: 300_000 }],
  ])('hands over a node whose agent %s', (_name, contact) => {
    const result = look(unreserved, { contact });
    const message: unknown = expect.stringContaining('the agent on node-a is silent: it last reported at');
    expect(result).toMatchObject({ kind: 'complete', outcome: 'HandedOver', message });
    expect(actionTaken(result.status)).toMatchObject({ status: 'False', reason: 'AgentSilent', message });
    expect(result.status.diagnosis).toBeDefined();
  });

  test('waits for an agent that has just started: it may save evidence before it reports for the first time', () => {
    const started = { ...absent, hasReported: false, quietMs: 299_999 };
    expect(look(unreserved, { contact: started })).toMatchObject({
      kind: 'wait',
      reason: 'AgentSilent',
      until: T0 + 10_000,
    });
  });

  const failedOnce = diagnosed({
    steps: [
      cordonStep,
      { ...actStep, state: 'Succeeded' },
      { name: 'verify-1', type: 'Verify', state: 'Failed', startedAt: at(0), finishedAt: at(0) },
    ],
    actions: [restarted],
    conditions: [cordonedCondition],
    timings: { evidenceAt: at(0), actedAt: at(0) },
  });

  test('has nothing more done by a policy that only captures by now, however wide the plan is', () => {
    expect(look(failedOnce, { node: cordoned, policy: aPolicy({ mode: 'Capture' }) })).toMatchObject({
      kind: 'complete',
      outcome: 'Outdated',
      status: failedOnce,
    });
  });

  test('hands over what would be next, where the policy does not allow it any more', () => {
    const policy = aPolicy({ remediation: { allowedActions: ['RestartKubelet'] } });
    expect(look(failedOnce, { node: cordoned, policy })).toMatchObject({
      kind: 'complete',
      outcome: 'HandedOver',
      message: expect.stringContaining('RestartRuntime would be next, and the policy does not allow it'),
    });
  });

  test('asks no agent for another act that never reported what became of the last one', () => {
    const silent = { ...failedOnce, actions: [{ ...restarted, state: 'Reserved' as const }] };
    const result = recover(
      aSnapshot({ now: T0, node: cordoned, incident: anIncident({ name: NAME, status: silent }) }),
      silent,
    );
    expect(result).toMatchObject({
      kind: 'complete',
      outcome: 'HandedOver',
      message: 'the agent on node-a never reported what became of act-1',
    });
  });

  test('keeps what is written of an earlier act', () => {
    const result = look(failedOnce, { node: cordoned, contact: { ...absent, unansweredMs: 300_000 } });
    expect(result).toMatchObject({ kind: 'complete', outcome: 'HandedOver', status: failedOnce });
  });

  test.each<[string, IncidentStatus, Partial<IncidentSnapshot>, string]>([
    ['before a place is reserved', { ...asked, steps: [] }, { node: stuck }, 'Outdated'],
    ['before another act', failedOnce, { node: cordoned }, 'Outdated'],
    ['not while a place is held for the first', asked, { node: stuck }, 'wait'],
  ])('begins anew where its evidence is old: %s', (_name, status, part, expected) => {
    // It is by now Ready=False that the kubelet itself says.
    const message = 'PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s';
    const node = { ...part.node!, status: aNode({ ready: 'False', message }).status };
    const result = look(status, { node, now: T0 + 10 * MINUTE + 1 });
    expect(result.kind === 'complete' ? result.outcome : result.kind).toBe(expected);
  });

  test.each([
    ['the first', asked],
    ['another', failedOnce],
  ])('asks for no act, %s, where a look before has begun to undo the cordon', (_name, before) => {
    const undoing = { name: 'uncordon', type: 'Uncordon', state: 'Requested', startedAt: at(0) } as const;
    const status = { ...before, steps: [...(before.steps ?? []), undoing] };
    expect(look(status, { node: stuck })).toMatchObject({ kind: 'complete', outcome: 'Outdated' });
  });

  test('waits for an agent that has just started to have read the log of a node that is Ready', () => {
    const pleg = { state: 'Unknown', message: 'the kubelet log is being read', since: at(0) } as const;
    const answering = (reason: string): Partial<IncidentSnapshot> => ({
      node: aNode(),
      health: aHealth({ status: { pleg: { ...pleg, reason, episodes: [] } } }),
    });
    const stuckByDump = { ...asked, diagnosis: { ...asked.diagnosis!, relist: 'Stuck' as const } };
    for (const status of [stuckByDump, { ...stuckByDump, steps: [] }]) {
      expect(look(status, answering('LogNotReadYet'))).toMatchObject({ kind: 'wait', reason: 'AgentAsked' });
      expect(look(status, answering('KubeletFrozen'))).not.toMatchObject({ reason: 'AgentAsked' });
    }
  });

  test('does not cordon a node that is to be handed over', () => {
    const { restartKubelet, ...rest } = asked.diagnosis!;
    expect(restartKubelet).toBe('Helps');
    const status = { ...asked, steps: [], diagnosis: { ...rest, restartKubelet: 'DoesNotHelp' as const } };
    const incident = anIncident({ name: NAME, status, trigger: {} });
    const message = 'PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s';
    expect(look(status, { incident, node: aNode({ ready: 'False', message }) })).toMatchObject({
      kind: 'complete',
      outcome: 'HandedOver',
    });
  });
});
