/** Gather, decide, act: one request of another operator. */
import { REMEDIATIONS } from '../../api/resources.ts';
import type { KubeletRemediation, RemediationStatus } from '../../api/v1alpha1/kinds/remediation.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { canonical } from '../../core/decision/canonical.ts';
import { findCondition } from '../../core/decision/record/conditions-and-steps.ts';
import { decideRemediation } from '../../core/decision/remediation/decide-remediation.ts';
import type { Target } from '../../core/decision/remediation/remediation-snapshot.ts';
import { isAnswered, machineOf, nodeNameOf } from '../../core/decision/remediation/requester.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { ActContext } from '../incident/carry-out.ts';
import { gatherNode } from '../node/gather-node.ts';
import { serverNow } from '../server-now.ts';
import { askToReplace, type NodeOfMachine, nodeOfMachine } from './machines.ts';
import { keyOf } from './remediation-view.ts';

/** An answered request that nobody owns is deleted after so long, in milliseconds; its owner deletes any other. */
const KEPT_MS = 60 * 60_000;
/** The watch brings what is written soon. */
const CONFLICT_MS = 500;
/** A Machine of which Cluster API has not said yet how it is, is looked at so often, in milliseconds. */
const MACHINE_MS = 15_000;

type Context = Pick<ActContext, 'world' | 'view' | 'contacts' | 'requests'>;

async function machinesNode({ world }: Context, remediation: KubeletRemediation): Promise<NodeOfMachine | undefined> {
  const ref = machineOf(remediation);
  if (ref === undefined) return undefined;
  const nobody = (message: string): NodeOfMachine => ({ kind: 'nobody', reason: 'NodeNotFound', message });
  if (world.remediations?.machines === 'none') return nobody('otherOperators.machineHealthCheck of the chart is off');
  try {
    return await nodeOfMachine(world, ref);
  } catch (err) {
    if (isMedicError(err, 'denied')) return nobody(`the Machine of the node cannot be read: ${err.message}`);
    throw err;
  }
}

async function gatherTarget(context: Context, remediation: KubeletRemediation): Promise<Target> {
  const known = remediation.status.nodeName;
  const found = known === undefined ? await machinesNode(context, remediation) : undefined;
  if (found?.kind === 'nobody') return found;
  const name = found?.name ?? nodeNameOf(remediation) ?? '';
  const facts = gatherNode(context, name);
  if (facts === undefined) return { kind: 'nobody', reason: 'NodeNotFound', message: `there is no node ${name}` };
  return { kind: 'node', name, facts };
}

/** Fails with `conflict` where the request has moved on since it was judged. */
async function writeStatus({ world }: Context, { metadata }: KubeletRemediation, status: object): Promise<void> {
  const { name, namespace = '', uid, resourceVersion } = metadata;
  await world.cluster.apply(
    REMEDIATIONS,
    {
      apiVersion: API_VERSION,
      kind: REMEDIATIONS.kind,
      metadata: { name, namespace, uid, resourceVersion },
      status,
    },
    { manager: CONTROLLER_MANAGER, subresource: 'status', force: true },
  );
}

function answerOf({ conditions }: RemediationStatus): { readonly reason?: string; readonly detail?: string } {
  const succeeded = findCondition(conditions, 'Succeeded');
  return succeeded === undefined ? {} : { reason: succeeded.reason, detail: succeeded.message };
}

/**
 * A Machine that is to be replaced, as the status says already: who dies in between asks again.
 * @returns when to look again, milliseconds since 1970.
 */
async function replaceMachine(context: Context, remediation: KubeletRemediation): Promise<number | undefined> {
  const { world } = context;
  const ref = machineOf(remediation);
  const detail = answerOf(remediation.status).detail ?? '';
  const askedAt = fromTime(remediation.metadata.creationTimestamp) ?? 0;
  const machine =
    ref !== undefined && world.remediations?.machines === 'replace'
      ? await askToReplace(world, { machine: ref, askedAt, message: detail })
      : 'NotReplaced';
  if (machine === 'ToBeReplaced') return world.clock.now() + MACHINE_MS;
  world.log.info('Machine of a node that was not healed', { request: keyOf(remediation), machine, detail });
  await writeStatus(context, remediation, { ...remediation.status, machine });
  return undefined;
}

/** @returns when to look again, milliseconds since 1970. */
async function afterAnswer(context: Context, remediation: KubeletRemediation): Promise<number | undefined> {
  const { world } = context;
  const { metadata, status } = remediation;
  if (status.machine === 'ToBeReplaced') return await replaceMachine(context, remediation);
  if (metadata.ownerReferences.length > 0 || metadata.deletionTimestamp !== undefined) return undefined;
  const answeredAt = fromTime(findCondition(status.conditions, 'Succeeded')?.lastTransitionTime) ?? 0;
  const leftMs = answeredAt + KEPT_MS - serverNow(world);
  if (leftMs > 0) return world.clock.now() + leftMs;
  const { name, namespace = '', uid } = metadata;
  await world.cluster.delete(REMEDIATIONS, { name, namespace, uid });
  return undefined;
}

async function reconcile(context: Context, remediation: KubeletRemediation): Promise<number | undefined> {
  const { world } = context;
  const now = serverNow(world);
  const target = await gatherTarget(context, remediation);
  const decision = decideRemediation({ now, remediation, target });
  if (decision === undefined) return undefined;
  const { status, nextCheckAt } = decision;
  if (canonical(status) !== canonical(remediation.status)) {
    await writeStatus(context, remediation, status);
    const node = target.name === undefined ? {} : { node: target.name };
    world.log.info('Request of another operator', { request: keyOf(remediation), ...node, ...answerOf(status) });
  }
  return nextCheckAt === undefined ? undefined : world.clock.now() + Math.max(0, nextCheckAt - now);
}

/** @returns when to look again, milliseconds since 1970; undefined: only when something changes. */
export type RemediationReconciler = (key: string) => Promise<number | undefined>;

export function createRemediationReconciler(context: Context): RemediationReconciler {
  return async (key) => {
    const [namespace = '', name = ''] = key.split('/');
    const remediation = context.requests.mirror?.get(name, namespace);
    if (remediation === undefined) return undefined;
    try {
      return isAnswered(remediation) ? await afterAnswer(context, remediation) : await reconcile(context, remediation);
    } catch (err) {
      // Somebody else wrote it, or it is gone: the watch brings that.
      if (isMedicError(err, 'absent')) return undefined;
      if (isMedicError(err, 'conflict')) return context.world.clock.now() + CONFLICT_MS;
      throw err;
    }
  };
}
