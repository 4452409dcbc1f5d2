/** Cordons and uncordons a node as one conditional write: nothing is written over what somebody else has written since. */
import type { Node } from '../api/kubernetes/node.ts';
import { NODES } from '../api/resources.ts';
import { ANNOTATION_CORDON_REASON, ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../api/v1alpha1/words/names.ts';
import {
  annotationPath,
  sameNode,
  uncordonPatch,
  unmarkPatch,
  type PatchOperation,
} from '../core/decision/cordon-patch.ts';
import type { World } from './world.ts';

async function write(world: World, node: Node, patch: readonly PatchOperation[] | undefined): Promise<void> {
  if (patch === undefined) return;
  await world.cluster.jsonPatch(NODES, { name: node.metadata.name }, patch, { manager: CONTROLLER_MANAGER });
}

/** @throws `MedicError` `conflict` if the node has changed since it was read. */
export async function cordonNode(world: World, node: Node, incident: string, reason: string): Promise<void> {
  const annotated = Object.keys(node.metadata.annotations).length > 0;
  await write(world, node, [
    ...sameNode(node),
    ...(annotated ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} } as const]),
    { op: 'add', path: annotationPath(ANNOTATION_CORDONED_BY), value: incident },
    { op: 'add', path: annotationPath(ANNOTATION_CORDON_REASON), value: reason },
    { op: 'add', path: '/spec/unschedulable', value: true },
  ]);
}

/**
 * Takes away the annotations of this incident where the cordon is not its own any more.
 * @throws `MedicError` `conflict` if the node has changed since it was read.
 */
export async function unmarkNode(world: World, node: Node, incident: string): Promise<void> {
  await write(world, node, unmarkPatch(node, incident));
}

/** Only what this incident has cordoned. @throws `MedicError` `conflict` if the node has changed since it was read. */
export async function uncordonNode(world: World, node: Node, incident: string): Promise<void> {
  await write(world, node, uncordonPatch(node, incident));
}
