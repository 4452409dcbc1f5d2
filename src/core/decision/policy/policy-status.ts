/** What a policy's status says: what it rules, what is open, and what it would do now. */
import type { Node } from '../../../api/kubernetes/node.ts';
import type { KubeletRecoveryPolicy, PolicyStatus } from '../../../api/v1alpha1/policy.ts';
import { maxUnhealthyNodes } from './budget.ts';
import type { BudgetView } from './budget-view.ts';
import { inFlight } from './places.ts';
import { isOpen } from '../node-state.ts';
import { matchPolicy } from './policy-match.ts';
import { withCondition } from '../record/conditions-and-steps.ts';

export interface PolicySnapshot {
  readonly now: number;
  readonly policy: KubeletRecoveryPolicy;
  readonly policies: readonly KubeletRecoveryPolicy[];
  readonly nodes: readonly Node[];
  readonly budget: BudgetView;
}

function overriddenNodes({ policy, policies, nodes }: PolicySnapshot): readonly { node: string; by: string }[] {
  return nodes.flatMap((node) => {
    const match = matchPolicy(node, policies);
    const loses = match.overridden.some((other) => other.metadata.name === policy.metadata.name);
    return loses ? [{ node: node.metadata.name, by: match.policy?.metadata.name ?? '' }] : [];
  });
}

function wouldDo({ policy }: PolicySnapshot, left: number): string {
  const { mode, strategy, paused, evidence, remediation } = policy.spec;
  if (mode === 'Observe') return 'Report stuck kubelets; save and touch nothing.';
  if (mode === 'Capture') return 'Save evidence of a stuck kubelet; touch nothing.';
  if (paused) return 'Save evidence; act on nothing, since it is paused.';
  const first =
    strategy === 'RestoreFirst'
      ? 'Save evidence, then restore at once'
      : `Save evidence, cordon, and hold the node for a person for up to ${remediation.holdTimeout}`;
  const gate = evidence.gate === 'Required' ? 'no action without evidence' : 'act even without evidence';
  return `${first} (${remediation.allowedActions.join(', ')}); ${gate}; ${left} more now.`;
}

export function decidePolicyStatus(snapshot: PolicySnapshot): PolicyStatus {
  const { policy, budget, now } = snapshot;
  const { name } = policy.metadata;
  const overridden = overriddenNodes(snapshot);
  const open = budget.incidents.filter((incident) => incident.spec.plan.policy === name && isOpen(incident)).length;
  const flying = inFlight(budget.incidents, name).length;
  const limit = maxUnhealthyNodes(policy.spec.budget.maxUnhealthy, budget.ruledNodes);
  const breaker = budget.unhealthyNodes > limit;
  const left = breaker || policy.spec.paused ? 0 : Math.max(0, policy.spec.budget.maxConcurrent - flying);
  const by = [...new Set(overridden.map((entry) => entry.by))].join(', ');
  const ready =
    overridden.length === 0
      ? ({ type: 'Ready', status: 'True', reason: 'InForce', message: `rules ${budget.ruledNodes} nodes` } as const)
      : ({
          type: 'Ready',
          status: budget.ruledNodes > 0 ? 'True' : 'False',
          reason: 'Overridden',
          message: `rules ${budget.ruledNodes} nodes; on ${overridden.length} more a policy of higher priority rules (${by})`,
        } as const);
  const available = {
    type: 'BudgetAvailable',
    status: left > 0 ? 'True' : 'False',
    reason: breaker ? 'TooManyUnhealthy' : policy.spec.paused ? 'Paused' : left > 0 ? 'Available' : 'InUse',
    message: breaker
      ? `${budget.unhealthyNodes} of ${budget.ruledNodes} nodes are unhealthy, more than ${limit}`
      : `${flying} of ${policy.spec.budget.maxConcurrent} recoveries in flight`,
  } as const;
  return {
    observedGeneration: policy.metadata.generation,
    conditions: withCondition(withCondition(policy.status.conditions, ready, now), available, now),
    matchedNodes: budget.ruledNodes,
    overriddenNodes: overridden.length,
    unhealthyNodes: budget.unhealthyNodes,
    openIncidents: open,
    budgetLeft: left,
    wouldDo: wouldDo(snapshot, left),
  };
}
