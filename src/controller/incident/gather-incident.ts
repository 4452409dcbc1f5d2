/** Reads all that a decision on one incident looks at: the objects that it may change fresh, the rest from the mirrors. */
import { HEALTHS, INCIDENTS, LEASES, NODES } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';
import type { IncidentSnapshot } from '../../core/decision/incident/incident-snapshot.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { LocalView } from '../local-view.ts';
import type { World } from '../world.ts';
import { gatherEvidence } from './gather-evidence.ts';

/** Where medik8s' operators keep their maintenance leases (medik8s/common, pkg/lease). */
const LEASE_NAMESPACE = 'medik8s-leases';

/** Asked as long as there may be a next act: a hold lasts, and so does a verification. No such namespace, or no right to read it: nobody here uses such leases. */
async function gatherLease(world: World, incident: KubeletIncident): Promise<string | undefined> {
  if (incident.status.diagnosis === undefined) return undefined;
  try {
    const lease = await world.cluster.get(LEASES, {
      name: `node-${incident.spec.nodeName}`,
      namespace: LEASE_NAMESPACE,
    });
    if (lease === undefined || lease.spec.holderIdentity === '') return undefined;
    const renewed = fromTime(lease.spec.renewTime) ?? fromTime(lease.spec.acquireTime) ?? 0;
    const expired = renewed + lease.spec.leaseDurationSeconds * 1000 < world.clock.now();
    return expired ? undefined : lease.spec.holderIdentity;
  } catch (err) {
    if (isMedicError(err, 'denied', 'absent')) return undefined;
    throw err;
  }
}

/** Everything but the budget, which is read under the mutex under which it may be reserved. */
export type Gathered = Omit<IncidentSnapshot, 'budget' | 'now'>;

/** undefined: there is no such incident any more. */
export async function gatherIncident(
  world: World,
  view: LocalView,
  name: string,
  signal: AbortSignal,
): Promise<Gathered | undefined> {
  const incident = await world.cluster.get(INCIDENTS, { name });
  if (incident === undefined) return undefined;
  const { nodeName, nodeUID, plan } = incident.spec;
  const [node, health, stacks, leaseHolder] = await Promise.all([
    world.cluster.get(NODES, { name: nodeName }),
    world.cluster.get(HEALTHS, { name: nodeName }),
    gatherEvidence(world, incident, signal),
    gatherLease(world, incident),
  ]);
  const policy = view.policies.get(plan.policy);
  view.noteWritten(incident);
  return {
    incident,
    node: node?.metadata.uid === nodeUID ? node : undefined,
    health,
    stacks,
    nodeProxy: world.nodeProxy,
    paused: plan.policy !== '' && (policy === undefined || policy.spec.paused),
    leaseHolder,
  };
}
