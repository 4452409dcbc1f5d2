/** Reads all that a decision on one node looks at, from the mirrors; a Secret only while the node is in trouble. */
import type { Node } from '../../api/kubernetes/node.ts';
import type { EarlyStacks, NodeSnapshot } from '../../core/decision/node/node-snapshot.ts';
import { matchPolicy } from '../../core/decision/policy-match.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { earlySecretName } from '../incident/object-names.ts';
import type { LocalView } from '../local-view.ts';
import { readBundle } from '../stacks/secret-bundle.ts';
import type { World } from '../world.ts';

/** On an early Secret: `true` if a dump in it shows relist waiting for the runtime. */
export const ANNOTATION_WAITS = 'kubelet-medic.io/relist-waits-for-runtime';

async function gatherEarly(world: World, node: Node): Promise<EarlyStacks | undefined> {
  const stored = await readBundle(world, earlySecretName(node.metadata.uid));
  if (stored === undefined) return undefined;
  const at = Math.max(0, ...stored.bundle.entries.map((entry) => fromTime(entry.at) ?? 0));
  return { at, relistWaitsForRuntime: stored.secret.metadata.annotations[ANNOTATION_WAITS] === 'true' };
}

/**
 * undefined: there is no such node any more.
 * @param hadEarly whether this node may have early dumps left from a trouble that has passed.
 */
export async function gatherNode(
  world: World,
  view: LocalView,
  name: string,
  hadEarly: boolean,
): Promise<NodeSnapshot | undefined> {
  const node = view.nodes.get(name);
  if (node === undefined) return undefined;
  const health = view.healths.get(name);
  const state = health?.status.pleg?.state;
  const inTrouble = state === 'Suspected' || state === 'Unhealthy';
  const early = inTrouble || hadEarly ? await gatherEarly(world, node) : undefined;
  const incidents = view
    .allIncidents()
    .filter((incident) => incident.spec.nodeUID === node.metadata.uid)
    .sort((a, b) => b.metadata.creationTimestamp.localeCompare(a.metadata.creationTimestamp));
  return { now: world.clock.now(), node, match: matchPolicy(node, view.policies.list()), health, incidents, early };
}
