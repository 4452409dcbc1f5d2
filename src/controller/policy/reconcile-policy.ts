/** Gather, decide, act: one policy. */
import { POLICIES } from '../../api/resources.ts';
import type { PolicyStatus } from '../../api/v1alpha1/kinds/policy.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { canonical } from '../../core/decision/canonical.ts';
import { decidePolicyStatus } from '../../core/decision/policy/policy-status.ts';
import { NO_OWN_CAUSES } from '../../core/diagnosis/catalogue/own-causes.ts';
import { findCondition } from '../../core/decision/record/conditions-and-steps.ts';
import type { LocalView } from '../view/local-view.ts';
import type { World } from '../world.ts';

const LOOK_AGAIN_MS = 30_000;
/** Counts change with every node of a storm; who reads them reads at leisure. */
const SPACING_MS = 10_000;
/** Whether the breaker is open is told sooner. */
const NEWS_SPACING_MS = 1_000;

export function isBreakerOpen({ conditions }: PolicyStatus): boolean {
  return findCondition(conditions, 'BudgetAvailable')?.reason === 'TooManyUnhealthy';
}

function spacingMs(before: PolicyStatus, after: PolicyStatus): number {
  return isBreakerOpen(before) === isBreakerOpen(after) ? SPACING_MS : NEWS_SPACING_MS;
}

/** @returns when to look again, milliseconds since 1970; undefined: there is no such policy any more. */
export type PolicyReconciler = (name: string) => Promise<number | undefined>;

/** Remembers when it wrote, so that a status is written at most once in ten seconds, or in one where the breaker opens or closes. */
export function createPolicyReconciler(world: World, view: LocalView): PolicyReconciler {
  const { clock, cluster, ownCauses = NO_OWN_CAUSES } = world;
  /** On the monotonic clock. */
  const writtenAt = new Map<string, number>();

  return async (name) => {
    const policy = view.policies.get(name);
    if (policy === undefined) {
      writtenAt.delete(name);
      return undefined;
    }
    const now = clock.now();
    const status = decidePolicyStatus({ now, policy, ownCauses, ...view.policyView(name) });
    if (canonical(status) === canonical(policy.status)) return now + LOOK_AGAIN_MS;
    const waitMs =
      (writtenAt.get(name) ?? Number.NEGATIVE_INFINITY) + spacingMs(policy.status, status) - clock.monotonic();
    if (waitMs > 0) return now + waitMs;
    writtenAt.set(name, clock.monotonic());
    await cluster.apply(
      POLICIES,
      { apiVersion: API_VERSION, kind: POLICIES.kind, metadata: { name }, status },
      { manager: CONTROLLER_MANAGER, subresource: 'status', force: true },
    );
    return now + LOOK_AGAIN_MS;
  };
}
