/** Gather, decide, act: one policy. */
import { POLICIES } from '../../api/resources.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../../api/v1alpha1/names.ts';
import { canonical } from '../../core/decision/canonical.ts';
import { decidePolicyStatus } from '../../core/decision/policy/policy-status.ts';
import type { LocalView } from '../view/local-view.ts';
import type { World } from '../world.ts';

const LOOK_AGAIN_MS = 30_000;

export async function reconcilePolicy(world: World, view: LocalView, name: string): Promise<number | undefined> {
  const policy = view.policies.get(name);
  if (policy === undefined) return undefined;
  const now = world.clock.now();
  const status = decidePolicyStatus({ now, policy, ...view.policyView(name) });
  world.metrics.gauge('budget_left', status.budgetLeft ?? 0, { policy: name });
  world.metrics.gauge('open_incidents', status.openIncidents ?? 0, { policy: name });
  if (canonical(status) !== canonical(policy.status)) {
    await world.cluster.apply(
      POLICIES,
      { apiVersion: API_VERSION, kind: POLICIES.kind, metadata: { name }, status },
      { manager: CONTROLLER_MANAGER, subresource: 'status', force: true },
    );
  }
  return now + LOOK_AGAIN_MS;
}
