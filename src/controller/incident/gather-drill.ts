/** What a decision on a drill looks at beside the snapshot of every incident. */
import type { Node } from '../../api/kubernetes/node.ts';
import { INCIDENTS, PODS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import type { DrillFacts } from '../../core/decision/drill/drill-facts.ts';
import type { IncidentSnapshot } from '../../core/decision/incident/incident-snapshot.ts';
import { matchPolicy } from '../../core/decision/policy/policy-match.ts';
import { findStep } from '../../core/decision/record/conditions-and-steps.ts';
import { INJECT_STEP } from '../../core/decision/record/step-names.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { World } from '../world.ts';
import type { ActContext } from './carry-out.ts';

/** Pods are listed for a drill alone, before its fault. */
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

/** Nothing for any other incident. */
export async function gatherDrill(
  { world, view }: Pick<ActContext, 'world' | 'view'>,
  { spec, status }: KubeletIncident,
  node: Node | undefined,
): Promise<Pick<IncidentSnapshot, 'drill' | 'recovery'>> {
  if (spec.trigger.type !== 'Drill' || node === undefined) return {};
  if (findStep(status, INJECT_STEP) === undefined) {
    const ruling = matchPolicy(node, view.policies.list()).policy;
    return { drill: { ruling, pods: await podsOf(world, node.metadata.name) } };
  }
  // The mirror keeps little of one that is over.
  const name = status.drill?.incident;
  const recovery = name === undefined ? undefined : await world.cluster.get(INCIDENTS, { name });
  return recovery?.spec.nodeUID === spec.nodeUID ? { recovery } : {};
}
