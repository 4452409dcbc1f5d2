/** Questions that decisions ask of a Node and of its KubeletHealth. */
import type { Node, NodeCondition } from '../../api/kubernetes/node.ts';
import type { KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { NODE_CONDITION_STUCK } from '../../api/v1alpha1/words/conditions.ts';
import {
  AGENT_MANAGER,
  ANNOTATION_CORDONED_BY,
  ANNOTATION_EXCLUDE,
  CONTROLLER_MANAGER,
} from '../../api/v1alpha1/words/names.ts';
import { isTrue } from './record/conditions-and-steps.ts';
import { fromTime } from '../time/timestamp.ts';

export function readyCondition(node: Node): NodeCondition | undefined {
  return node.status.conditions.find((condition) => condition.type === 'Ready');
}

export function isReady(node: Node): boolean {
  return readyCondition(node)?.status === 'True';
}

export function isControlPlane(node: Node): boolean {
  const { labels } = node.metadata;
  return 'node-role.kubernetes.io/control-plane' in labels || 'node-role.kubernetes.io/master' in labels;
}

/**
 * When the agent last wrote, by the API server's clock (managedFields), so that a node whose own clock has jumped does
 * not look silent; by the agent's clock where the server keeps no managed fields. undefined: never.
 */
export function agentSeenAt(health: KubeletHealth | undefined): number | undefined {
  const entry = health?.metadata.managedFields.find(
    (field) => field.manager === AGENT_MANAGER && field.subresource === 'status',
  );
  return fromTime(entry?.time) ?? fromTime(health?.status.agent?.reportedAt);
}

/** The agent is there, and cannot read the kubelet log: what it says of PLEG is that it does not know. */
export function isLogUnreadable(health: KubeletHealth | undefined): boolean {
  return health?.status.pleg?.state === 'Unknown' && health.status.log?.error !== undefined;
}

/** Difference of the node's clock from the API server's, in milliseconds: positive when the node is ahead. */
export function clockSkewMs(health: KubeletHealth): number {
  const reported = fromTime(health.status.agent?.reportedAt);
  const seen = agentSeenAt(health);
  return reported === undefined || seen === undefined ? 0 : reported - seen;
}

/** How long something had lasted when the agent last reported, in milliseconds: both times are of the node's own clock. */
export function lastedMs(health: KubeletHealth | undefined, since: string | undefined): number | undefined {
  const [reportedAt, began] = [fromTime(health?.status.agent?.reportedAt), fromTime(since)];
  return reportedAt === undefined || began === undefined ? undefined : reportedAt - began;
}

export function isOpen(incident: KubeletIncident): boolean {
  return !isTrue(incident.status.conditions, 'Complete');
}

export function isExcluded(node: Node): boolean {
  return node.metadata.annotations[ANNOTATION_EXCLUDE] === 'true';
}

/** Whether a manager of a Node's fields wrote its `spec.unschedulable`. */
export function ownsCordon({ fieldsV1 }: Node['metadata']['managedFields'][number]): boolean {
  return 'f:unschedulable' in asRecord(fieldsV1?.['f:spec']);
}

/**
 * Whether this incident's cordon is still the one in force: our annotation is on the node, and `spec.unschedulable` is
 * still a field that our controller wrote. `kubectl uncordon` and `kubectl cordon` by a person change the field's owner.
 */
export function isCordonedBy(node: Node, incidentName: string): boolean {
  if (!node.spec.unschedulable || node.metadata.annotations[ANNOTATION_CORDONED_BY] !== incidentName) return false;
  const owners = node.metadata.managedFields.filter(ownsCordon).map((field) => field.manager);
  return owners.length === 0 || owners.includes(CONTROLLER_MANAGER);
}

/** Our mark without our cordon: both are set by one write, and `kubectl uncordon` leaves the mark. */
export function isUncordonedByHand({ spec, metadata }: Node, incidentName: string): boolean {
  return !spec.unschedulable && metadata.annotations[ANNOTATION_CORDONED_BY] === incidentName;
}

/** Whether our controller wrote the condition KubeletStuck. Another one may have written it since. */
export function isStuckWrittenByUs({ metadata }: Node): boolean {
  const key = `k:{"type":"${NODE_CONDITION_STUCK}"}`;
  return metadata.managedFields.some(
    ({ manager, fieldsV1 }) =>
      manager === CONTROLLER_MANAGER && key in asRecord(asRecord(fieldsV1?.['f:status'])['f:conditions']),
  );
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}
