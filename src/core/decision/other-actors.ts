/** Who else is working on a node: their marks are respected, and named. */
import type { Node } from '../../api/kubernetes/node.ts';
import { ANNOTATION_CORDONED_BY } from '../../api/v1alpha1/words/names.ts';
import { isCordonedBy, isExcluded } from './node-state.ts';
import type { ObjectionReason } from './record/reasons.ts';

/** Taints that say that a node is on its way out. */
const LEAVING_TAINTS: Readonly<Record<string, string>> = {
  ToBeDeletedByClusterAutoscaler: 'cluster-autoscaler is removing the node',
  'karpenter.sh/disrupted': 'Karpenter is disrupting the node',
  'karpenter.sh/disruption': 'Karpenter is disrupting the node',
  'node.cloudprovider.kubernetes.io/shutdown': 'the cloud provider has shut the node down',
  'node.kubernetes.io/out-of-service': 'the node is marked out of service',
};
/** Annotations of others at work. */
const BUSY_ANNOTATIONS: Readonly<Record<string, string>> = {
  'weave.works/kured-reboot-in-progress': 'kured is rebooting the node',
  'kured.dev/reboot-in-progress': 'kured is rebooting the node',
  'machine.openshift.io/exclude-node-draining': 'the node is under machine maintenance',
};

/** Whether an annotation of a Node says that somebody else is at work. */
export function isOthersMark(annotation: string): boolean {
  return annotation in BUSY_ANNOTATIONS;
}

export interface Objection {
  readonly reason: ObjectionReason;
  readonly message: string;
}

/**
 * The medik8s maintenance lease of a node:
 * - `unused`: nobody here uses such leases;
 * - `free`, `held`: it can be taken, or somebody else has it;
 * - `ours`: this incident has it;
 * - `lent`: another operator holds it, and has asked us to recover the node (docs/other-operators.md);
 * - `givenBack`: whatever the lease says, another operator replaces the node, since we could not recover it;
 * - `requestsUnknown`: whatever the lease says, it is not known yet who has asked for the node, which stops every act;
 * - `unreadable`: it is not known, which stops every act.
 */
export type LeaseState =
  | { readonly kind: 'unused' | 'free' }
  | { readonly kind: 'ours'; readonly isToBeRenewed: boolean }
  | { readonly kind: 'held' | 'lent'; readonly by: string }
  | { readonly kind: 'givenBack' | 'requestsUnknown' | 'unreadable'; readonly message: string };

/** Why kubelet-medic must keep its hands off this node now, or undefined. */
export function objectionOf(node: Node, incidentName: string, lease: LeaseState): Objection | undefined {
  if (node.metadata.deletionTimestamp !== undefined) {
    return { reason: 'NodeDeleting', message: 'the Node object is being deleted' };
  }
  if (isExcluded(node))
    return { reason: 'NodeExcluded', message: 'the node is annotated kubelet-medic.io/exclude=true' };
  const taint = node.spec.taints.find(({ key }) => key in LEAVING_TAINTS);
  if (taint !== undefined) return { reason: 'OtherActor', message: LEAVING_TAINTS[taint.key] ?? taint.key };
  const annotation = Object.keys(node.metadata.annotations).find(isOthersMark);
  if (annotation !== undefined) return { reason: 'OtherActor', message: BUSY_ANNOTATIONS[annotation] ?? annotation };
  return leaseObjection(lease) ?? cordonObjection(node, incidentName);
}

function leaseObjection(lease: LeaseState): Objection | undefined {
  switch (lease.kind) {
    case 'givenBack':
      return { reason: 'OtherActor', message: lease.message };
    case 'requestsUnknown': {
      const message = `it is not known whether another operator has asked for the node, or replaces it: ${lease.message}`;
      return { reason: 'RequestsUnknown', message };
    }
    case 'held':
      return { reason: 'MaintenanceLease', message: `${lease.by} holds the node's maintenance lease` };
    case 'unreadable':
      return { reason: 'LeaseUnreadable', message: `the node's maintenance lease cannot be read: ${lease.message}` };
    case 'unused':
    case 'free':
    case 'ours':
    case 'lent':
      return undefined;
    default:
      return lease satisfies never;
  }
}

function cordonObjection(node: Node, incidentName: string): Objection | undefined {
  if (!node.spec.unschedulable || isCordonedBy(node, incidentName)) return undefined;
  const owner = node.metadata.annotations[ANNOTATION_CORDONED_BY];
  const whose = owner === undefined ? 'no kubelet-medic annotation' : `annotation names incident ${owner}`;
  return { reason: 'CordonedByOther', message: `node is cordoned by someone else (${whose})` };
}
