/** Reads all that a decision on one incident looks at: the objects that it may change fresh, the rest from the mirrors. */
import type { Node } from '../../api/kubernetes/node.ts';
import { HEALTHS, INCIDENTS, NODES, PODS, POLICIES } from '../../api/resources.ts';
import type { IncidentSnapshot } from '../../core/decision/incident/incident-snapshot.ts';
import type { DrillFacts } from '../../core/decision/drill/drill-facts.ts';
import { matchPolicy } from '../../core/decision/policy/policy-match.ts';
import { findStep } from '../../core/decision/record/conditions-and-steps.ts';
import { INJECT_STEP } from '../../core/decision/record/step-names.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { World } from '../world.ts';
import type { ActContext } from './carry-out.ts';
import { gatherEvidence } from './gather-evidence.ts';

/** Everything but the budget, which is read under the mutex under which it may be reserved. */
export type Gathered = Omit<IncidentSnapshot, 'budget' | 'reserved' | 'now'>;

/** Pods are listed for a drill alone, and once. */
async function podsOf({ cluster }: World, nodeName: string): Promise<DrillFacts['pods']> {
  try {
    const { items, malformed } = await cluster.list(PODS, { fieldSelector: `spec.nodeName=${nodeName}` });
    if (malformed.length === 0) return { kind: 'known', pods: items };
    return { kind: 'unreadable', message: `pods of the node cannot be read (${malformed[0]?.name ?? ''})` };
  } catch (error) {
    if (!isMedicError(error, 'denied')) throw error;
    const message =
      'the controller may not list pods, by which a drill is judged: the chart grants it with drills.enabled';
    return { kind: 'unreadable', message };
  }
}

async function gatherDrill({ world, view }: Pick<ActContext, 'world' | 'view'>, node: Node): Promise<DrillFacts> {
  const ruling = matchPolicy(node, view.policies.list()).policy;
  return { ruling, pods: await podsOf(world, node.metadata.name) };
}

/** undefined: there is no such incident any more. */
export async function gatherIncident(
  {
    world,
    view,
    contacts,
    leases,
    kubeletLeases,
  }: Pick<ActContext, 'world' | 'view' | 'contacts' | 'leases' | 'kubeletLeases'>,
  name: string,
  signal: AbortSignal,
): Promise<Gathered | undefined> {
  const incident = await world.cluster.get(INCIDENTS, { name });
  if (incident === undefined) return undefined;
  const { nodeName, nodeUID, plan, trigger } = incident.spec;
  const isDrill = trigger.type === 'Drill';
  // The policy too: what it forbids holds from the moment at which it is written.
  const [node, health, stacks, lease, policy, kubeletLease] = await Promise.all([
    world.cluster.get(NODES, { name: nodeName }),
    world.cluster.get(HEALTHS, { name: nodeName }),
    gatherEvidence(world, incident, signal),
    plan.mode === 'Remediate' || isDrill ? leases.read(nodeName, name) : ({ kind: 'unused' } as const),
    plan.policy === '' ? undefined : world.cluster.get(POLICIES, { name: plan.policy }),
    trigger.type === 'KubeletSilent' && plan.mode === 'Remediate' ? kubeletLeases.look(nodeName) : undefined,
  ]);
  view.noteWritten(incident);
  const own = node?.metadata.uid === nodeUID ? node : undefined;
  const isToBegin = isDrill && findStep(incident.status, INJECT_STEP) === undefined;
  const drill = isToBegin && node !== undefined ? await gatherDrill({ world, view }, node) : undefined;
  return {
    incident,
    node: own,
    notReadySince: own === undefined ? undefined : view.notReadySince(own),
    health,
    contact: contacts.of(health),
    stacks,
    nodeProxy: world.nodeProxy,
    policy,
    lease,
    kubeletLease,
    ...(drill === undefined ? {} : { drill }),
    clockAheadMs: world.cluster.clockAheadMs(),
  };
}
