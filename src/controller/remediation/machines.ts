/** Machines of Cluster API: which node one has, and that its owner is to replace it. Nothing else of them is read or written. */
import type { Machine, MachineCondition } from '../../api/kubernetes/machine.ts';
import type { Node } from '../../api/kubernetes/node.ts';
import { MACHINES, NODES } from '../../api/resources.ts';
import type { RemediationStatus } from '../../api/v1alpha1/kinds/remediation.ts';
import { ANNOTATION_MACHINE, ANNOTATION_MACHINE_NAMESPACE, MACHINE_MANAGER } from '../../api/v1alpha1/words/names.ts';
import type { MachineRef } from '../../core/decision/remediation/requester.ts';
import type { Target } from '../../core/decision/remediation/remediation-snapshot.ts';
import { isReady, readyCondition } from '../../core/decision/node-state.ts';
import { fromTime, toTime } from '../../core/time/timestamp.ts';
import { serverNow } from '../server-now.ts';
import type { World } from '../world.ts';

export type NodeOfMachine = { readonly kind: 'named'; readonly name: string } | Extract<Target, { kind: 'nobody' }>;

/** Cluster API: types of conditions of a Machine (api/core/v1beta2). */
const HEALTHY = 'HealthCheckSucceeded';
const OWNER_REMEDIATED = 'OwnerRemediated';

function nobody(reason: 'NodeNotFound' | 'MachineMismatch', message: string): NodeOfMachine {
  return { kind: 'nobody', reason, message };
}

async function readMachine({ cluster }: Pick<World, 'cluster'>, ref: MachineRef): Promise<Machine | undefined> {
  const { apiVersion, name, namespace, uid } = ref;
  const machine = await cluster.get({ ...MACHINES, apiVersion }, { name, namespace });
  return machine?.metadata.uid === uid ? machine : undefined;
}

/** As it is now; the mirror does not keep the annotations that name its Machine. */
async function readNode({ cluster }: Pick<World, 'cluster'>, { status }: Machine): Promise<Node | undefined> {
  const name = status.nodeRef?.name ?? '';
  return name === '' ? undefined : await cluster.get(NODES, { name });
}

function isNodeOf({ metadata }: Node, { name, namespace }: MachineRef): boolean {
  const { [ANNOTATION_MACHINE]: itsName, [ANNOTATION_MACHINE_NAMESPACE]: itsNamespace } = metadata.annotations;
  return itsName === name && itsNamespace === namespace;
}

/**
 * Machine and Node name each other, or it is nobody's: a management cluster has the Machines of many clusters, whose nodes may have
 * the same names, and whoever makes a request says which Machine owns it.
 * @throws MedicError if one of them cannot be read.
 */
export async function nodeOfMachine(world: Pick<World, 'cluster'>, ref: MachineRef): Promise<NodeOfMachine> {
  const { namespace, name } = ref;
  const machine = await readMachine(world, ref);
  if (machine === undefined) return nobody('NodeNotFound', `there is no Machine ${namespace}/${name}`);
  const nodeName = machine.status.nodeRef?.name ?? '';
  if (nodeName === '') return nobody('NodeNotFound', `the Machine ${namespace}/${name} has no node`);
  const node = await readNode(world, machine);
  if (node === undefined) return nobody('NodeNotFound', `there is no node ${nodeName}`);
  if (isNodeOf(node, ref)) return { kind: 'named', name: nodeName };
  return nobody('MachineMismatch', `the node ${nodeName} is not annotated as of the Machine ${namespace}/${name}`);
}

/** Cluster API called the Machine unhealthy before its node became Ready: that word may be old. Both times are whole seconds. */
function isReadySince(node: Node, unhealthy: MachineCondition): boolean {
  const readyAt = fromTime(readyCondition(node)?.lastTransitionTime);
  const saidAt = fromTime(unhealthy.lastTransitionTime);
  return isReady(node) && (readyAt === undefined || saidAt === undefined || readyAt >= saidAt);
}

/** It is on its way out, or Cluster API has found it well since it was asked for. */
function isToBeKept({ metadata }: Machine, told: MachineCondition | undefined, askedAt: number): boolean {
  const isWell = told?.status === 'True' && (fromTime(told.lastTransitionTime) ?? 0) > askedAt;
  return isWell || metadata.deletionTimestamp !== undefined;
}

export interface Replacement {
  readonly machine: MachineRef;
  /** When the request for it was made, by the API server's clock, in milliseconds since 1970. */
  readonly askedAt: number;
  /** Why its node was not healed. */
  readonly message: string;
}

/**
 * Cluster API replaces a Machine that a MachineHealthCheck calls unhealthy and of which `OwnerRemediated` is False
 * (util/collections: IsUnhealthyAndOwnerRemediated). The first of the two is never ours to say. It makes a request first, and says it
 * after that (Cluster API 1.14, internal/controllers/machinehealthcheck: patchUnhealthyTargets).
 * @returns `ToBeReplaced`: it has not said so yet, or the node is Ready since; look again.
 * @throws MedicError if it cannot be read or written.
 */
export async function askToReplace(
  world: Pick<World, 'cluster' | 'clock'>,
  { machine: ref, askedAt, message }: Replacement,
): Promise<NonNullable<RemediationStatus['machine']>> {
  // The conditions of v1beta1 are another list.
  const machine = await readMachine(world, { ...ref, apiVersion: MACHINES.apiVersion });
  const told = machine?.status.conditions.find(({ type }) => type === HEALTHY);
  if (machine === undefined || isToBeKept(machine, told, askedAt)) return 'NotReplaced';
  if (told?.status !== 'False') return 'ToBeReplaced';
  const isAsked = machine.status.conditions.some(({ type, status }) => type === OWNER_REMEDIATED && status === 'False');
  if (isAsked) return 'Replaced';
  const node = await readNode(world, machine);
  if (node !== undefined && isNodeOf(node, ref) && isReadySince(node, told)) return 'ToBeReplaced';
  await mark(world, ref, message);
  return 'Replaced';
}

async function mark(world: Pick<World, 'cluster' | 'clock'>, ref: MachineRef, message: string): Promise<void> {
  const { name, namespace, uid } = ref;
  const lastTransitionTime = toTime(serverNow(world));
  const condition = { type: OWNER_REMEDIATED, status: 'False', reason: 'WaitingForRemediation' };
  const conditions = [{ ...condition, message: `kubelet-medic: ${message}`.slice(0, 1024), lastTransitionTime }];
  const { apiVersion, kind } = MACHINES;
  await world.cluster.apply(
    MACHINES,
    { apiVersion, kind, metadata: { name, namespace, uid }, status: { conditions } },
    { manager: MACHINE_MANAGER, subresource: 'status', force: true },
  );
}
