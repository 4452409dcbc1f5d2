/**
 * A cordon of ours does not outlive its reason: where the incident that set it is gone, or is over and the node has been well
 * for a while, it is undone. A person's cordon is never touched: ownership is by annotation and by the field's manager. Where a
 * person has undone or replaced ours, what is left of it is the annotation, which names an incident that has no cordon.
 */
import { ANNOTATION_CORDONED_BY } from '../../../api/v1alpha1/words/names.ts';
import { isCordonedBy, isOpen } from '../node-state.ts';
import type { NodeCommand, NodeSnapshot } from './node-snapshot.ts';

/** How long a node that was left to a person has to be well, in milliseconds, so that it does not take pods only to fail again. */
const WELL_MS = 5 * 60_000;

export function sweepCommand({ node, incidents, wellMs }: NodeSnapshot): readonly NodeCommand[] {
  const owner = node.metadata.annotations[ANNOTATION_CORDONED_BY];
  if (owner === undefined) return [];
  const incident = incidents.find(({ metadata }) => metadata.name === owner);
  if (!isCordonedBy(node, owner)) {
    return incident !== undefined && isOpen(incident) ? [] : [{ kind: 'SweepMark', incident: owner }];
  }
  if (incident === undefined) return [{ kind: 'SweepCordon', incident: owner, why: 'its incident is gone' }];
  const { cordon, uncordon } = incident.spec.plan.remediation;
  if (isOpen(incident) || !cordon || !uncordon || (wellMs ?? 0) < WELL_MS) return [];
  return [{ kind: 'SweepCordon', incident: owner, why: 'its incident is over and the node is well again' }];
}
