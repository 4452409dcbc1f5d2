/** What a policy's status says: what it rules, what is open, and what it would do now. */
import type { Condition } from '../../../api/v1alpha1/parts/condition.ts';
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import type { KubeletRecoveryPolicy, PolicyStatus } from '../../../api/v1alpha1/kinds/policy.ts';
import type { OwnCauses } from '../../diagnosis/catalogue/own-causes.ts';
import { maxUnhealthyNodes } from './budget.ts';
import { allInFlight } from './places.ts';
import { type PolicyClaim, withCondition, withoutCondition } from '../record/conditions-and-steps.ts';

/** What a policy's status looks at beside the policy. */
export interface PolicyView {
  /** Its incidents that are not over. */
  readonly open: readonly KubeletIncident[];
  readonly ruledNodes: number;
  /** Ruled nodes that are not Ready or whose PLEG is unhealthy. */
  readonly unhealthyNodes: number;
  /** Nodes that it matches while another policy rules them: by node, the name of that policy. */
  readonly overridden: ReadonlyMap<string, string>;
}

export interface PolicySnapshot extends PolicyView {
  readonly now: number;
  readonly policy: KubeletRecoveryPolicy;
  readonly ownCauses: OwnCauses;
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

/** It is the same for every policy: there is no other object of the controller's that people look at. */
function ownCausesRead({ ownCauses: { causes, problem } }: PolicySnapshot): PolicyClaim {
  const type = 'OwnCausesRead';
  if (problem !== undefined)
    return { type, status: 'False', reason: 'Refused', message: `the catalogue alone is used: ${problem}` };
  if (causes.length === 0) return { type, status: 'True', reason: 'NoneGiven', message: 'no causes of your own' };
  return { type, status: 'True', reason: 'Read', message: causes.map(({ id }) => id).join(', ') };
}

/** A condition that is claimed again keeps the time since when. */
function withoutOld(
  conditions: readonly Condition[] | undefined,
  claimed: readonly PolicyClaim[],
): readonly Condition[] {
  return claimed.length > 0 ? (conditions ?? []) : withoutCondition(conditions, 'Stalled');
}

export function decidePolicyStatus(snapshot: PolicySnapshot): PolicyStatus {
  const { policy, open, ruledNodes, unhealthyNodes, overridden, now } = snapshot;
  const flying = allInFlight(open).length;
  const limit = maxUnhealthyNodes(policy.spec.budget.maxUnhealthy, ruledNodes);
  const breaker = unhealthyNodes > limit;
  const left = breaker || policy.spec.paused ? 0 : Math.max(0, policy.spec.budget.maxConcurrent - flying);
  const by = [...new Set(overridden.values())].join(', ');
  const ready =
    overridden.size === 0
      ? ({ type: 'Ready', status: 'True', reason: 'InForce', message: `rules ${ruledNodes} nodes` } as const)
      : ({
          type: 'Ready',
          status: ruledNodes > 0 ? 'True' : 'False',
          reason: 'Overridden',
          message: `rules ${ruledNodes} nodes; on ${overridden.size} more a policy of higher priority rules (${by})`,
        } as const);
  const available = {
    type: 'BudgetAvailable',
    status: left > 0 ? 'True' : 'False',
    reason: breaker ? 'TooManyUnhealthy' : policy.spec.paused ? 'Paused' : left > 0 ? 'Available' : 'InUse',
    message: breaker
      ? `${unhealthyNodes} of its ${ruledNodes} nodes are unhealthy, more than ${limit}`
      : `${flying} of ${policy.spec.budget.maxConcurrent} recoveries in flight`,
  } as const;
  const stalled: readonly PolicyClaim[] =
    ready.status === 'False' ? [{ ...ready, type: 'Stalled', status: 'True' } as const] : [];
  return {
    observedGeneration: policy.metadata.generation,
    conditions: [ready, ...stalled, available, ownCausesRead(snapshot)].reduce(
      (conditions, claim) => withCondition(conditions, claim, now),
      [...withoutOld(policy.status.conditions, stalled)],
    ),
    matchedNodes: ruledNodes,
    overriddenNodes: overridden.size,
    unhealthyNodes,
    openIncidents: open.length,
    budgetLeft: left,
    wouldDo: wouldDo(snapshot, left),
  };
}
