import { describe, expect, test } from '@jest/globals';
import { type ActQuestion, refuse } from '../../../src/agent/act/refusal.ts';
import { anIncident, aPlan, at, T0 } from '../../support/builders/objects.ts';
import { aUnit } from './units.ts';

function question(change: Partial<ActQuestion> = {}): ActQuestion {
  return {
    incident: anIncident(),
    step: { name: 'act-1', type: 'Act', state: 'Requested', action: 'RestartKubelet', startedAt: at(0) },
    nodeUID: 'uid-node-a',
    unit: { kind: 'known', value: aUnit() },
    probe: 'Answered',
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

const reboots = anIncident({ plan: aPlan({ remediation: { allowedActions: ['RebootNode'] } }) });
const chosen = anIncident({
  plan: aPlan({ remediation: { allowedActions: [] } }),
  approval: { decision: 'Approve', by: 'ann', action: 'RestartKubelet' },
});
const approved = anIncident({
  plan: aPlan({ remediation: { allowedActions: [] } }),
  approval: { decision: 'Approve', by: 'ann' },
});
const rejected = anIncident({ approval: { decision: 'Reject', by: 'ann' } });

describe('an act', () => {
  test.each<[string, Partial<ActQuestion>, string | undefined]>([
    ['on a stuck kubelet whose runtime answers', {}, undefined],
    ['on another Node of the same name', { nodeUID: 'uid-new' }, 'OtherNode'],
    ['while the UID of the Node is not known', { nodeUID: undefined }, undefined],
    ['in mode Capture', { incident: anIncident({ plan: aPlan({ mode: 'Capture' }) }) }, 'ModeForbids'],
    ['in mode Observe', { incident: anIncident({ plan: aPlan({ mode: 'Observe' }) }) }, 'ModeForbids'],
    ['that the plan does not list', { step: step('RebootNode') }, 'ActionNotAllowed'],
    ['that a person chose', { incident: chosen }, undefined],
    ['that a person approved without choosing it', { incident: approved }, 'ActionNotAllowed'],
    ['that a person rejected', { incident: rejected }, 'Rejected'],
    ['on a unit that is not there', { unit: { kind: 'absent' } }, 'UnitNotFound'],
    ['on a unit that cannot be read', { unit: { kind: 'unreadable', message: 'dbus' } }, 'UnitUnreadable'],
    [
      'that reboots needs no unit',
      { incident: reboots, step: step('RebootNode'), unit: { kind: 'absent' } },
      undefined,
    ],
    ['on a kubelet that was started after it was asked for', started(60_000), 'AlreadyRestarted'],
    ['on a kubelet that was started within the tolerance of clocks', started(1_500), undefined],
    ['on a kubelet whose clock is an hour ahead', { ...started(1_800_000), clockAheadMs: 3_600_000 }, undefined],
    [
      'on a kubelet whose clock is an hour behind',
      { ...started(-3_500_000), clockAheadMs: -3_600_000 },
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
