/** What takes a cordon of ours off a Node, as one conditional write: nothing is written over what somebody else has written since. */
import type { Node } from '../../api/kubernetes/node.ts';
import { ANNOTATION_CORDON_REASON, ANNOTATION_CORDONED_BY } from '../../api/v1alpha1/words/names.ts';
import { isCordonedBy } from './node-state.ts';

/** RFC 6902. */
export type PatchOperation =
  | { readonly op: 'add' | 'test'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string };

/** The node as it was decided on, or a conflict. */
export function sameNode({ metadata }: Node): PatchOperation[] {
  return [
    { op: 'test', path: '/metadata/uid', value: metadata.uid },
    { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
  ];
}

export function annotationPath(annotation: string): string {
  return `/metadata/annotations/${annotation.replaceAll('~', '~0').replaceAll('/', '~1')}`;
}

function withoutMark({ metadata }: Node): PatchOperation[] {
  return [ANNOTATION_CORDONED_BY, ANNOTATION_CORDON_REASON]
    .filter((annotation) => annotation in metadata.annotations)
    .map((annotation) => ({ op: 'remove', path: annotationPath(annotation) }));
}

/** undefined: this incident's cordon is not the one in force. */
export function uncordonPatch(node: Node, incident: string): readonly PatchOperation[] | undefined {
  if (!isCordonedBy(node, incident)) return undefined;
  return [...sameNode(node), { op: 'remove', path: '/spec/unschedulable' }, ...withoutMark(node)];
}

/**
 * Takes away the marks of this incident where the cordon is not its own any more; undefined: there is nothing to take away.
 * @param incident undefined: marks that name none.
 */
export function unmarkPatch(node: Node, incident: string | undefined): readonly PatchOperation[] | undefined {
  if (node.metadata.annotations[ANNOTATION_CORDONED_BY] !== incident) return undefined;
  if (incident !== undefined && isCordonedBy(node, incident)) return undefined;
  const marks = withoutMark(node);
  return marks.length === 0 ? undefined : [...sameNode(node), ...marks];
}
