/** Reads all that a decision on one incident looks at: the objects that it may change fresh, the rest from the mirrors. */
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../../api/resources.ts';
import type { IncidentSnapshot } from '../../core/decision/incident/incident-snapshot.ts';
import type { ActContext } from './carry-out.ts';
import { gatherDrill } from './gather-drill.ts';
import { gatherEvidence } from './gather-evidence.ts';
import { leaseNow } from '../remediation/lease-now.ts';

/** Everything but the budgets, which are read under the mutex under which they may be reserved. */
export type Gathered = Omit<IncidentSnapshot, 'budget' | 'captures' | 'reserved' | 'now'>;

/** undefined: there is no such incident any more. */
export async function gatherIncident(
  {
    world,
    view,
    contacts,
    leases,
    kubeletLeases,
    requests,
  }: Pick<ActContext, 'world' | 'view' | 'contacts' | 'leases' | 'kubeletLeases' | 'requests'>,
  name: string,
  signal: AbortSignal,
): Promise<Gathered | undefined> {
  const incident = await world.cluster.get(INCIDENTS, { name });
  if (incident === undefined) return undefined;
  const { nodeName, nodeUID, plan, trigger } = incident.spec;
  // The policy too: what it forbids holds from the moment at which it is written.
  const [node, health, stacks, lease, policy, kubeletLease] = await Promise.all([
    world.cluster.get(NODES, { name: nodeName }),
    world.cluster.get(HEALTHS, { name: nodeName }),
    gatherEvidence(world, incident, signal),
    plan.mode === 'Remediate' || trigger.type === 'Drill' ? leases.read(nodeName, name) : ({ kind: 'unused' } as const),
    plan.policy === '' ? undefined : world.cluster.get(POLICIES, { name: plan.policy }),
    trigger.type === 'KubeletSilent' && plan.mode === 'Remediate' ? kubeletLeases.look(nodeName) : undefined,
  ]);
  view.noteWritten(incident);
  const own = node?.metadata.uid === nodeUID ? node : undefined;
  return {
    incident,
    node: own,
    notReadySince: own === undefined ? undefined : view.notReadySince(own),
    health,
    contact: contacts.of(health),
    stacks,
    nodeProxy: world.nodeProxy,
    ...(world.ownCauses === undefined ? {} : { ownCauses: world.ownCauses.causes }),
    policy,
    lease: await leaseNow({ world, requests }, nodeName, lease),
    kubeletLease,
    ...(await gatherDrill({ world, view }, incident, own)),
    clockAheadMs: world.cluster.clockAheadMs(),
  };
}
