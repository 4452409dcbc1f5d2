import { describe, expect, test } from '@jest/globals';
import { type ActQuestion, refuse } from '../../../src/agent/act/refusal.ts';
import { ANNOTATION_CORDONED_BY } from '../../../src/api/v1alpha1/words/names.ts';
import { anIncident, aNode, aPlan, aPolicy, at, T0 } from '../../support/builders/objects.ts';
import { aUnit } from './units.ts';

function question(change: Partial<ActQuestion> = {}): ActQuestion {
  return {
    incident: anIncident(),
    step: { name: 'act-1', type: 'Act', state: 'Requested', action: 'RestartKubelet', startedAt: at(0) },
    node: aNode({ ready: 'False' }),
    policy: aPolicy(),
    isDebugged: false,
    isFallen: false,
    unit: { kind: 'known', value: aUnit() },
    probe: 'Answered',
    pleg: 'Unhealthy',
    now: T0 + 1_000,
    clockAheadMs: 0,
    ...change,
  };
}

function step(action: 'RestartKubelet' | 'RestartRuntime' | 'RebootNode'): ActQuestion['step'] {
  return { name: 'act-1', type: 'Act', state: 'Requested', action, startedAt: at(0) };
}

function started(ms: number): Pick<ActQuestion, 'unit'> {
  return { unit: { kind: 'known', value: aUnit({ startedAt: T0 + ms }) } };
}

function unitThat(facts: Parameters<typeof aUnit>[0]): Partial<ActQuestion> {
  return { unit: { kind: 'known', value: aUnit(facts) } };
}

function due(ms: number): ActQuestion['step'] {
  return { ...step('RestartKubelet'), deadline: at(ms) };
}

function ofNode(nodeUID: string): ActQuestion['incident'] {
  const incident = anIncident();
  return { ...incident, spec: { ...incident.spec, nodeUID } };
}

function excluded(value: string): ActQuestion['node'] {
  return aNode({ ready: 'False', annotations: { 'kubelet-medic.io/exclude': value } });
}

function cordonedFor(incident: string, manager = 'kubelet-medic-controller'): ActQuestion['node'] {
  const annotations = { [ANNOTATION_CORDONED_BY]: incident };
  return aNode({ ready: 'False', unschedulable: true, annotations, cordonedBy: manager });
}

function cordonedBy(manager: string): ActQuestion['node'] {
  return cordonedFor('node-a-x7k2q', manager);
}

function marked(annotation: string): ActQuestion['node'] {
  return aNode({ ready: 'False', annotations: { [annotation]: 'true' } });
}

const WELL: Partial<ActQuestion> = { node: aNode({ ready: 'True' }), pleg: 'Healthy', probe: 'Answered' };
const flapping = anIncident({ trigger: { type: 'PLEGFlapping' } });
const withoutPolicy = anIncident({ plan: { ...aPlan(), policy: '' } });
const mayReboot = aPolicy({ remediation: { allowedActions: ['RebootNode'] } });
const reboots = anIncident({ plan: aPlan({ remediation: { allowedActions: ['RebootNode'] } }) });
const chosen = anIncident({
  plan: aPlan({ remediation: { allowedActions: [] } }),
  approval: { decision: 'Approve', by: 'ann', action: 'RestartKubelet' },
});
const chosenOfAllowed = anIncident({ approval: { decision: 'Approve', by: 'ann', action: 'RestartKubelet' } });
const runtimeOnly = aPolicy({ remediation: { allowedActions: ['RestartRuntime'] } });
const rebooting = aPolicy({ remediation: { allowedActions: ['RebootNode'] } });
const approved = anIncident({
  plan: aPlan({ remediation: { allowedActions: [] } }),
  approval: { decision: 'Approve', by: 'ann' },
});
const rejected = anIncident({ approval: { decision: 'Reject', by: 'ann' } });

describe('an act', () => {
  test.each<[string, Partial<ActQuestion>, string | undefined]>([
    ['on a stuck kubelet whose runtime answers', {}, undefined],
    ['on another Node of the same name', { incident: ofNode('uid-old') }, 'NodeDeleting'],
    ['on a Node that is gone', { node: undefined }, 'NodeDeleting'],
    ['on a Node that is being deleted', { node: aNode({ ready: 'False', deleting: true }) }, 'NodeDeleting'],
    ['on a Node that is excluded', { node: excluded('true') }, 'Excluded'],
    ['on a Node whose annotation says otherwise', { node: excluded('false') }, undefined],
    ['on a Node that this operator has cordoned', { node: cordonedBy('kubelet-medic-controller') }, undefined],
    ['on a Node that an incident before has left cordoned', { node: cordonedFor('node-a-before') }, undefined],
    ['on a Node that a person has cordoned since', { node: cordonedBy('kubectl-cordon') }, 'CordonedByOther'],
    ['on a Node that kured reboots', { node: marked('weave.works/kured-reboot-in-progress') }, 'OtherActor'],
    ['under a policy that is paused', { policy: aPolicy({ paused: true }) }, 'Paused'],
    ['under a policy that is gone', { policy: undefined }, 'Paused'],
    ['by a plan that names no policy', { incident: withoutPolicy, policy: undefined }, 'ModeForbids'],
    ['under a policy that only captures by now', { policy: aPolicy({ mode: 'Capture' }) }, 'ModeForbids'],
    ['under a policy that only observes by now', { policy: aPolicy({ mode: 'Observe' }) }, 'ModeForbids'],
    ['that the policy does not allow any more', { policy: runtimeOnly }, 'ActionNotAllowed'],
    [
      'that a wider plan allows and the policy does not',
      { incident: reboots, step: step('RebootNode') },
      'ActionNotAllowed',
    ],
    ['at its deadline', { step: due(60_000), now: T0 + 60_000 }, undefined],
    ['after its deadline', { step: due(60_000), now: T0 + 60_001 }, 'Expired'],
    ['without a deadline, within the limit of the action', { now: T0 + 240_000 }, undefined],
    ['without a deadline, hours later', { now: T0 + 4 * 3_600_000 }, 'Expired'],
    [
      'in time, where the clock is six hours ahead',
      { step: due(60_000), now: T0 + 21_600_000, clockAheadMs: 21_600_000 },
      undefined,
    ],
    [
      'after its deadline, where the clock is two hours slow',
      { step: due(60_000), now: T0 - 7_100_000, clockAheadMs: -7_200_000 },
      'Expired',
    ],
    ['on a well node', WELL, 'NodeWell'],
    ['on a well node, chosen by a person', { ...WELL, incident: chosenOfAllowed }, 'NodeWell'],
    ['on a well node that was flapping', { ...WELL, incident: flapping }, undefined],
    ['on a Node that is not Ready', { ...WELL, node: aNode({ ready: 'False' }) }, undefined],
    ['on a Node of which nobody knows', { ...WELL, node: aNode({ ready: 'Unknown' }) }, undefined],
    ['while PLEG is suspected', { ...WELL, pleg: 'Suspected' }, undefined],
    ['while PLEG is unknown', { ...WELL, pleg: 'Unknown' }, undefined],
    ['while the runtime was not asked', { ...WELL, probe: 'Unknown' }, undefined],
    ['in mode Capture', { incident: anIncident({ plan: aPlan({ mode: 'Capture' }) }) }, 'ModeForbids'],
    ['in mode Observe', { incident: anIncident({ plan: aPlan({ mode: 'Observe' }) }) }, 'ModeForbids'],
    ['that the plan does not list', { step: step('RebootNode') }, 'ActionNotAllowed'],
    ['that a person chose of what is allowed', { incident: chosenOfAllowed }, undefined],
    ['that a person chose beside what is allowed', { incident: chosen }, 'ActionNotAllowed'],
    ['that a person approved without choosing it', { incident: approved }, 'ActionNotAllowed'],
    ['that a person rejected', { incident: rejected }, 'Rejected'],
    ['on a unit that is not there', { unit: { kind: 'absent' } }, 'UnitNotFound'],
    ['on a unit that cannot be read', { unit: { kind: 'unreadable', message: 'dbus' } }, 'UnitUnreadable'],
    [
      'that reboots needs no unit',
      { incident: reboots, policy: rebooting, step: step('RebootNode'), unit: { kind: 'absent' } },
      undefined,
    ],
    ['on a kubelet that was started after it was asked for', started(60_000), 'AlreadyRestarted'],
    ['on a unit that somebody has masked', unitThat({ loadState: 'masked' }), 'HeldByPerson'],
    ['on a unit that systemd cannot load', unitThat({ loadState: 'bad-setting' }), 'UnitBroken'],
    ['on a unit that somebody has stopped', unitThat({ activeState: 'inactive', mainPID: 0 }), 'HeldByPerson'],
    [
      'on a kubelet that systemd has stopped with a runtime that crashed',
      { ...unitThat({ activeState: 'inactive', mainPID: 0 }), isFallen: true },
      undefined,
    ],
    [
      'on a unit that has failed',
      unitThat({ activeState: 'failed', result: 'exit-code', mainPID: 0, restarts: 5 }),
      undefined,
    ],
    [
      'on a unit that ended badly when it was stopped',
      unitThat({ activeState: 'failed', result: 'timeout', mainPID: 0 }),
      'HeldByPerson',
    ],
    ['on a program that somebody debugs', { isDebugged: true }, 'HeldByPerson'],
    [
      'on a unit in the midst of a restart by somebody',
      unitThat({ activeState: 'inactive', mainPID: 0, hasJob: true }),
      undefined,
    ],
    [
      'that reboots, where somebody has stopped the kubelet',
      {
        ...unitThat({ activeState: 'inactive', mainPID: 0 }),
        incident: reboots,
        policy: rebooting,
        step: step('RebootNode'),
      },
      'HeldByPerson',
    ],
    [
      'that reboots, where somebody debugs',
      { isDebugged: true, incident: reboots, policy: rebooting, step: step('RebootNode') },
      'HeldByPerson',
    ],
    ['on a kubelet that was started within the tolerance of clocks', started(2_000), undefined],
    ['on a kubelet that was started after the tolerance of clocks', started(2_001), 'AlreadyRestarted'],
    [
      'that reboots, where the kubelet was started since',
      { ...started(60_000), incident: reboots, policy: mayReboot, step: step('RebootNode') },
      undefined,
    ],
    [
      'on a kubelet whose clock is an hour ahead',
      { ...started(1_800_000), clockAheadMs: 3_600_000, now: T0 + 3_601_000 },
      undefined,
    ],
    [
      'on a kubelet whose clock is an hour behind',
      { ...started(-3_500_000), clockAheadMs: -3_600_000, now: T0 - 3_490_000 },
      'AlreadyRestarted',
    ],
    [
      'on a kubelet whose start is not known',
      { unit: { kind: 'known', value: aUnit({ startedAt: undefined }) } },
      undefined,
    ],
    ['on the kubelet while the CRI times out', { probe: 'Timeout' }, 'RuntimeNotAnswering'],
    ['on the kubelet while nobody listens at the CRI', { probe: 'Unavailable' }, 'RuntimeNotAnswering'],
    ['on the kubelet while the CRI answers with errors', { probe: 'Error' }, undefined],
    ['on a kubelet without a CRI endpoint (dockershim)', { probe: 'Unknown' }, undefined],
    ['on the runtime while it is silent', { step: step('RestartRuntime'), probe: 'Timeout' }, undefined],
  ])('%s', (_name, change, reason) => {
    expect(refuse(question(change))?.reason).toBe(reason);
  });
});
