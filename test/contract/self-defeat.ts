/** Policies that defeat themselves, with the field that the refusal names, and their neighbours that do not. */
import { expect, test } from '@jest/globals';
import { POLICIES } from '../../src/api/resources.ts';
import { failure, MANAGER, unique, type ClusterUnderTest } from './subject.ts';

const CONTROL_PLANE = 'node-role.kubernetes.io/control-plane';
const act = { mode: 'Remediate' } as const;

const SELF_DEFEATING: readonly (readonly [field: string, spec: object, words: string])[] = [
  ['detection.flapping.within', { detection: { flapping: { within: '1s' } } }, 'never fall closer'],
  ['detection.flapping.within', { detection: { flapping: { episodes: 11 } } }, '3m for each episode'],
  ['detection.runtimeHungAfter', { detection: { runtimeHungAfter: '3m' } }, 'shorter than 3m + sustainedFor'],
  ['evidence.deadline', { evidence: { deadline: '0s' } }, 'at least 5s'],
  ['evidence.deadline', { evidence: { deadline: '4999ms', dumps: 1 } }, 'at least 5s'],
  ['evidence.dumpInterval', { evidence: { dumps: 10, dumpInterval: '6.1s' } }, 'dumps x dumpInterval'],
  ['evidence.dumpInterval', { evidence: { dumps: 10, dumpInterval: '5s' } }, 'within three quarters of deadline'],
  ['evidence.logWindow', { evidence: { logWindow: '0s' } }, 'at least 1m'],
  ['evidence.retention.maxAge', { evidence: { retention: { maxAge: '0s' } } }, 'before anybody has read them'],
  ['remediation.verify.timeout', { remediation: { verify: { timeout: '0s' } } }, 'would count as failed'],
  ['remediation.verify.stableFor', { remediation: { verify: { stableFor: '0s' } } }, 'would count as recovered'],
  ['remediation.allowedActions', { ...act, remediation: { allowedActions: [] } }, 'needs an action'],
  ['remediation.holdTimeout', { strategy: 'DiagnoseFirst', remediation: { holdTimeout: '1s' } }, 'nobody could decide'],
  ['budget.maxUnhealthy', { budget: { maxUnhealthy: 0 } }, 'unhealthy itself'],
  ['budget.maxUnhealthy', { budget: { maxUnhealthy: '0%' } }, 'unhealthy itself'],
  ['budget.perNode.within', { budget: { perNode: { within: '1s' } } }, 'for each of the attempts'],
  ['budget.perNode.within', { budget: { perNode: { within: '10m', attempts: 11 } } }, 'for each of the attempts'],
  ['budget.controlPlane', { ...act, nodeSelector: { matchLabels: { [CONTROL_PLANE]: '' } } }, 'OneAtATime'],
  [
    'budget.controlPlane',
    { ...act, nodeSelector: { matchExpressions: [{ key: CONTROL_PLANE, operator: 'Exists' }] } },
    'OneAtATime',
  ],
];

/** At the bound, or of use in another mode. */
const SOUND: readonly object[] = [
  { detection: { flapping: { episodes: 11, within: '30m0.001s' }, runtimeHungAfter: '2m59s' } },
  { detection: { sustainedFor: '10m', runtimeHungAfter: '5m' } },
  { evidence: { deadline: '5s', dumps: 1, logWindow: '1m', retention: { maxAge: '600000ms' } } },
  { evidence: { dumps: 10, dumpInterval: '4.9s' } },
  { remediation: { allowedActions: [], holdTimeout: '0s', stopTimeout: '0s' } },
  { strategy: 'DiagnoseFirst', remediation: { holdTimeout: '1m', verify: { timeout: '30s', stableFor: '1s' } } },
  { budget: { maxUnhealthy: '1%', cooldown: '0s', perNode: { attempts: 20, within: '0.5h' } } },
  { ...act, nodeSelector: { matchLabels: { [CONTROL_PLANE]: '' } }, budget: { controlPlane: 'OneAtATime' } },
  { mode: 'Capture', nodeSelector: { matchLabels: { [CONTROL_PLANE]: '' } } },
  { ...act, nodeSelector: { matchExpressions: [{ key: CONTROL_PLANE, operator: 'DoesNotExist' }] } },
];

export function describeSelfDefeat(env: () => ClusterUnderTest): void {
  test.each(SELF_DEFEATING)('a policy that defeats itself by %s %j is refused', async (field, spec, words) => {
    const object = { metadata: { name: unique('policy') }, spec };
    const error = await failure(env().cluster('admin').create(POLICIES, object, MANAGER));
    expect(error.code).toBe('E_KUBE_INVALID');
    expect(error.message).toContain(`spec.${field}: Invalid value: `);
    expect(error.message).toContain(words);
  });

  test.each(SOUND)('a policy with %j is taken', async (spec) => {
    const object = { metadata: { name: unique('policy') }, spec };
    expect(await env().cluster('admin').create(POLICIES, object, MANAGER)).toMatchObject({ spec });
  });
}
