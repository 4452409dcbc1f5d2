import { describe, expect, test } from '@jest/globals';
import { decidePolicyStatus, type PolicySnapshot } from '../../../src/core/decision/policy/policy-status.ts';
import { NO_OWN_CAUSES } from '../../../src/core/diagnosis/catalogue/own-causes.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { aPolicy, anIncident, at, T0 } from '../../support/builders/objects.ts';

function aSnapshot(part: Partial<PolicySnapshot> = {}): PolicySnapshot {
  return {
    now: T0,
    policy: aPolicy(),
    open: [],
    ruledNodes: 2,
    unhealthyNodes: 0,
    overridden: new Map(),
    ownCauses: NO_OWN_CAUSES,
    ...part,
  };
}

describe('the status of a policy', () => {
  test('says what it rules, what is left, and what it would do', () => {
    const status = decidePolicyStatus(aSnapshot());
    expect(status).toMatchObject({ observedGeneration: 3, matchedNodes: 2, budgetLeft: 1, openIncidents: 0 });
    expect(status.wouldDo).toBe(
      'Save evidence, then restore at once (RestartKubelet, RestartRuntime); no action without evidence; 1 more now.',
    );
  });

  test('names the policy that overrides it, and on how many nodes', () => {
    const overridden = new Map([
      ['node-a', 'high'],
      ['node-b', 'high'],
    ]);
    const ready = findCondition(decidePolicyStatus(aSnapshot({ ruledNodes: 0, overridden })).conditions, 'Ready');
    expect(ready).toMatchObject({ status: 'False', reason: 'Overridden' });
    expect(ready?.message).toContain('2 more a policy of higher priority rules (high)');
  });

  test('is the same at each look while another one overrides it, and stalled no longer than that', () => {
    const overridden = new Map([['node-a', 'high']]);
    const first = decidePolicyStatus(aSnapshot({ ruledNodes: 0, overridden }));
    const policy = { ...aPolicy(), status: first };
    const later = { now: T0 + 3_600_000, policy, ruledNodes: 0 };
    expect(decidePolicyStatus(aSnapshot({ ...later, overridden }))).toEqual(first);
    const free = decidePolicyStatus(aSnapshot({ ...later, ruledNodes: 2 }));
    expect(findCondition(free.conditions, 'Stalled')).toBeUndefined();
  });

  test.each([
    [
      'an incident in flight',
      {},
      {
        open: [
          anIncident({ status: { steps: [{ name: 'cordon', type: 'Cordon', state: 'Succeeded', startedAt: at(0) }] } }),
        ],
      },
      'InUse',
    ],
    ['too many unhealthy nodes', {}, { unhealthyNodes: 2 }, 'TooManyUnhealthy'],
    ['a pause', { paused: true }, {}, 'Paused'],
  ])('has no budget left under %s', (_, spec, view, reason) => {
    const status = decidePolicyStatus(aSnapshot({ policy: aPolicy(spec), ...view }));
    expect(status.budgetLeft).toBe(0);
    expect(findCondition(status.conditions, 'BudgetAvailable')).toMatchObject({ status: 'False', reason });
  });

  test.each([
    ['Observe', 'Report stuck kubelets; save and touch nothing.'],
    ['Capture', 'Save evidence of a stuck kubelet; touch nothing.'],
  ] as const)('in mode %s says so', (mode, want) => {
    expect(decidePolicyStatus(aSnapshot({ policy: aPolicy({ mode }) })).wouldDo).toBe(want);
  });

  test.each<[string, Parameters<typeof aPolicy>[0], string]>([
    ['a pause', { paused: true }, 'Save evidence; act on nothing, since it is paused.'],
    [
      'a hold',
      { strategy: 'DiagnoseFirst', remediation: { holdTimeout: '7m', allowedActions: ['RestartKubelet'] } },
      'Save evidence, cordon, and hold the node for a person for up to 7m (RestartKubelet); no action without evidence; 1 more now.',
    ],
    [
      'a gate that lets pass',
      { evidence: { gate: 'BestEffort' }, remediation: { allowedActions: ['RestartKubelet'] } },
      'Save evidence, then restore at once (RestartKubelet); act even without evidence; 1 more now.',
    ],
  ])('says what it would do under %s', (_name, spec, want) => {
    expect(decidePolicyStatus(aSnapshot({ policy: aPolicy(spec) })).wouldDo).toBe(want);
  });

  test('counts what is open of it, and no more unhealthy nodes than it bears', () => {
    const status = decidePolicyStatus(aSnapshot({ unhealthyNodes: 1, open: [anIncident()] }));
    expect(status).toMatchObject({ openIncidents: 1, budgetLeft: 1 });
  });

  test('is in force on all that it rules', () => {
    const status = decidePolicyStatus(aSnapshot());
    expect(findCondition(status.conditions, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'InForce',
      message: 'rules 2 nodes',
    });
    expect(status.overriddenNodes).toBe(0);
  });
});
