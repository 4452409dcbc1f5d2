/** Reads all that a decision on one node looks at, from the mirrors. */
import type { NodeSnapshot } from '../../core/decision/node/node-snapshot.ts';
import { matchPolicy } from '../../core/decision/policy/policy-match.ts';
import type { ActContext } from '../incident/carry-out.ts';

export type Gathered = Omit<NodeSnapshot, 'told' | 'wellMs' | 'kubeletLease'>;

/** undefined: there is no such node any more. */
export function gatherNode(
  { world, view, contacts }: Pick<ActContext, 'world' | 'view' | 'contacts'>,
  name: string,
): Gathered | undefined {
  const node = view.nodes.get(name);
  if (node === undefined) return undefined;
  const health = view.healths.get(name);
  const incidents = view
    .incidentsOf(name)
    .filter((incident) => incident.spec.nodeUID === node.metadata.uid)
    .sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
  const match = matchPolicy(node, view.policies.list());
  return { now: world.clock.now(), node, match, health, contact: contacts.of(health), incidents };
}
