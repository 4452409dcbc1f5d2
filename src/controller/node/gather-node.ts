/** Reads all that a decision on one node looks at, from the mirrors. */
import type { NodeSnapshot } from '../../core/decision/node/node-snapshot.ts';
import { matchPolicy } from '../../core/decision/policy/policy-match.ts';
import type { LocalView } from '../local-view.ts';
import type { World } from '../world.ts';

/** undefined: there is no such node any more. */
export function gatherNode(world: World, view: LocalView, name: string): Omit<NodeSnapshot, 'told'> | undefined {
  const node = view.nodes.get(name);
  if (node === undefined) return undefined;
  const health = view.healths.get(name);
  const incidents = view
    .allIncidents()
    .filter((incident) => incident.spec.nodeUID === node.metadata.uid)
    .sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
  return { now: world.clock.now(), node, match: matchPolicy(node, view.policies.list()), health, incidents };
}
