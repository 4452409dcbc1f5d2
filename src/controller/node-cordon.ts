/** Cordons and uncordons a node as one conditional write: nothing is written over what somebody else has written since. */
import type { Node } from '../api/kubernetes/node.ts';
import { NODES } from '../api/resources.ts';
import { ANNOTATION_CORDON_REASON, ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../api/v1alpha1/words/names.ts';
import { isCordonedBy } from '../core/decision/node-state.ts';
import type { JsonPatchOperation } from '../ports/cluster.ts';
import type { World } from './world.ts';

/** The node as it was decided on, or a conflict. */
function preconditions({ metadata }: Node): JsonPatchOperation[] {
  return [
    { op: 'test', path: '/metadata/uid', value: metadata.uid },
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
  ];
}

function pointer(annotation: string): string {
  return `/metadata/annotations/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

/** @throws `MedicError` `conflict` if the node has changed since it was read. */
export async function cordonNode(world: World, node: Node, incident: string, reason: string): Promise<void> {
  const annotated = Object.keys(node.metadata.annotations).length > 0;
  const patch: JsonPatchOperation[] = [
    ...preconditions(node),
    ...(annotated ? [] : [{ op: 'add', path: '/metadata/annotations', value: {} } as const]),
    { op: 'add', path: pointer(ANNOTATION_CORDONED_BY), value: incident },
    { op: 'add', path: pointer(ANNOTATION_CORDON_REASON), value: reason },
    { op: 'add', path: '/spec/unschedulable', value: true },
  ];
  await world.cluster.jsonPatch(NODES, { name: node.metadata.name }, patch, { manager: CONTROLLER_MANAGER });
}

function withoutMark({ metadata }: Node): JsonPatchOperation[] {
  return [ANNOTATION_CORDONED_BY, ANNOTATION_CORDON_REASON]
    .filter((annotation) => annotation in metadata.annotations)
    .map((annotation) => ({ op: 'remove', path: pointer(annotation) }));
}

/**
 * Takes away the annotations of this incident where the cordon is not its own any more.
 * @throws `MedicError` `conflict` if the node has changed since it was read.
 */
export async function unmarkNode(world: World, node: Node, incident: string): Promise<void> {
  if (node.metadata.annotations[ANNOTATION_CORDONED_BY] !== incident || isCordonedBy(node, incident)) return;
  const patch = [...preconditions(node), ...withoutMark(node)];
  await world.cluster.jsonPatch(NODES, { name: node.metadata.name }, patch, { manager: CONTROLLER_MANAGER });
}

/** Only what this incident has cordoned. @throws `MedicError` `conflict` if the node has changed since it was read. */
export async function uncordonNode(world: World, node: Node, incident: string): Promise<void> {
  if (!isCordonedBy(node, incident)) return;
  const patch: JsonPatchOperation[] = [
    ...preconditions(node),
    { op: 'remove', path: '/spec/unschedulable' },
    ...withoutMark(node),
  ];
  await world.cluster.jsonPatch(NODES, { name: node.metadata.name }, patch, { manager: CONTROLLER_MANAGER });
}
