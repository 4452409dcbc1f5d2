/** Who asked, for which node, and whether he still waits: what a KubeletRemediation itself says. */
import type { KubeletRemediation } from '../../../api/v1alpha1/kinds/remediation.ts';
import { ANNOTATION_REMEDIATION_NODE, ANNOTATION_TIMED_OUT } from '../../../api/v1alpha1/words/names.ts';
import type { LeaseState } from '../other-actors.ts';
import { findCondition } from '../record/conditions-and-steps.ts';

type Owner = KubeletRemediation['metadata']['ownerReferences'][number];

export interface MachineRef {
  /** `cluster.x-k8s.io/v1beta1` or `/v1beta2`. */
  readonly apiVersion: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

function ownerOf({ metadata }: KubeletRemediation, kind: string, group: RegExp): Owner | undefined {
  return metadata.ownerReferences.find((owner) => owner.kind === kind && group.test(owner.apiVersion));
}

/** The Machine that a MachineHealthCheck of Cluster API found unhealthy: its owner, in its own namespace. */
export function machineOf(remediation: KubeletRemediation): MachineRef | undefined {
  const owner = ownerOf(remediation, 'Machine', /^cluster\.x-k8s\.io\/v1beta[12]$/);
  if (owner === undefined) return undefined;
  return { ...owner, namespace: remediation.metadata.namespace ?? '' };
}

/**
 * The node that it is about: by medik8s' annotation, since names may be generated, else by its own name.
 * undefined: the Machine that owns it has to be asked.
 */
export function nodeNameOf(remediation: KubeletRemediation): string | undefined {
  const { metadata, status } = remediation;
  if (status.nodeName !== undefined) return status.nodeName;
  if (machineOf(remediation) !== undefined) return undefined;
  return metadata.annotations[ANNOTATION_REMEDIATION_NODE] ?? metadata.name;
}

export function isAnswered({ status }: KubeletRemediation): boolean {
  const succeeded = findCondition(status.conditions, 'Succeeded')?.status;
  return succeeded === 'True' || succeeded === 'False';
}

export function isTimedOut({ metadata }: KubeletRemediation): boolean {
  return metadata.annotations[ANNOTATION_TIMED_OUT] !== undefined;
}

/** Somebody waits for an answer. */
function isPending(remediation: KubeletRemediation): boolean {
  const isGoing = remediation.metadata.deletionTimestamp !== undefined;
  return !isGoing && !isTimedOut(remediation) && !isAnswered(remediation);
}

/**
 * In whose name NodeHealthCheck holds the node's maintenance lease before it creates a request, and for as long as it waits
 * (medik8s/node-healthcheck-operator, internal/controller: `leaseHolderIdent`, `CreateRemediationCR`).
 */
export function healthCheckHolder(remediation: KubeletRemediation): string | undefined {
  const owner = ownerOf(remediation, 'NodeHealthCheck', /^remediation\.medik8s\.io\//);
  return owner === undefined ? undefined : `NodeHealthCheck-${owner.name}`;
}

/**
 * The node's lease as it is for its incident. NodeHealthCheck holds it for the remediator that it has asked: while that is us, it
 * is lent. A node whose Machine we gave back to be replaced is its owner's.
 * @param remediations of the node, as they are now.
 */
export function leaseFor(lease: LeaseState, remediations: readonly KubeletRemediation[]): LeaseState {
  const replaced = remediations.find(({ status }) => ['ToBeReplaced', 'Replaced'].includes(status.machine ?? ''));
  if (replaced !== undefined) {
    const { namespace = '', name } = replaced.metadata;
    return { kind: 'givenBack', message: `its Machine is to be replaced (KubeletRemediation ${namespace}/${name})` };
  }
  if (lease.kind !== 'held') return lease;
  const isLent = remediations.some((one) => isPending(one) && healthCheckHolder(one) === lease.by);
  return isLent ? { kind: 'lent', by: lease.by } : lease;
}
