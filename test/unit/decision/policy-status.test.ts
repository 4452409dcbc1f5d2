import { describe, expect, test } from '@jest/globals';
import { decidePolicyStatus, type PolicySnapshot } from '../../../src/core/decision/policy/policy-status.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { aNode, aPolicy, anIncident, at, T0 } from '../../support/builders/objects.ts';
import { aBudgetView } from '../../support/builders/views.ts';

function aSnapshot(part: Partial<PolicySnapshot> = {}): PolicySnapshot {
  const policy = part.policy ?? aPolicy();
  const budget = aBudgetView({ ruledNodes: 2, unhealthyNodes: 0 });
  return { now: T0, policy, policies: [policy], nodes: [aNode(), aNode({ name: 'node-b' })], budget, ...part };
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
    const low = aPolicy({ priority: 1 }, 'low');
    const high = aPolicy({ priority: 9 }, 'high');
    const budget = aBudgetView({ ruledNodes: 0, unhealthyNodes: 0 });
    const ready = findCondition(
      decidePolicyStatus(aSnapshot({ policy: low, policies: [low, high], budget })).conditions,
      'Ready',
    );
    expect(ready).toMatchObject({ status: 'False', reason: 'Overridden' });
    expect(ready?.message).toContain('2 more a policy of higher priority rules (high)');
  });

  test.each([
    [
      'an incident in flight',
      {},
      {
        incidents: [
          anIncident({ status: { steps: [{ name: 'cordon', type: 'Cordon', state: 'Succeeded', startedAt: at(0) }] } }),
        ],
      },
      'InUse',
    ],
    ['too many unhealthy nodes', {}, { unhealthyNodes: 2 }, 'TooManyUnhealthy'],
    ['a pause', { paused: true }, {}, 'Paused'],
  ])('has no budget left under %s', (_, spec, view, reason) => {
    const base = aSnapshot({ policy: aPolicy(spec) });
    const status = decidePolicyStatus({ ...base, budget: { ...base.budget, ...view } });
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
    const complete = { type: 'Complete', status: 'True', reason: 'x', message: '', lastTransitionTime: at(0) } as const;
    const mine = anIncident();
    const incidents = [
      mine,
      anIncident({ name: 'over', status: { conditions: [complete] } }),
      { ...mine, spec: { ...mine.spec, plan: { ...mine.spec.plan, policy: 'another' } } },
    ];
    const budget = aBudgetView({ ruledNodes: 2, unhealthyNodes: 1, incidents });
    expect(decidePolicyStatus(aSnapshot({ budget }))).toMatchObject({ openIncidents: 1, budgetLeft: 1 });
  });

  test('is in force on all that it rules', () => {
    const another = aPolicy({}, 'another');
    const policy = aPolicy({ priority: 1 });
    const status = decidePolicyStatus(aSnapshot({ policy, policies: [policy, another] }));
    expect(findCondition(status.conditions, 'Ready')).toMatchObject({
      status: 'True',
      reason: 'InForce',
      message: 'rules 2 nodes',
    });
    expect(status.overriddenNodes).toBe(0);
  });
});
