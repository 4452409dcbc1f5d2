/** The condition KubeletStuck of a Node. */
import type { Node } from '../../api/kubernetes/node.ts';
import { NODES } from '../../api/resources.ts';
import { NODE_CONDITION_STUCK } from '../../api/v1alpha1/words/conditions.ts';
import { CONTROLLER_MANAGER } from '../../api/v1alpha1/words/names.ts';
import type { StuckClaim } from '../../core/decision/node/node-snapshot.ts';
import { toTime } from '../../core/time/timestamp.ts';
import type { World } from '../world.ts';

/**
 * Server-side apply, so that the kubelet's own conditions are not touched. The time moves with the status alone.
 * @param force also over what another one has written. @throws `conflict` without it.
 */
export async function setStuck(
  { cluster, clock }: Pick<World, 'cluster' | 'clock'>,
  node: Node,
  { status, reason, message }: StuckClaim,
  force = true,
): Promise<void> {
  const now = toTime(clock.now());
  const old = node.status.conditions.find(({ type }) => type === NODE_CONDITION_STUCK);
  const isTransition = old?.status !== status || old.lastTransitionTime === '';
  const lastTransitionTime = isTransition ? now : old.lastTransitionTime;
  const condition = { type: NODE_CONDITION_STUCK, status, reason, message, lastTransitionTime, lastHeartbeatTime: now };
  await cluster.apply(
    NODES,
    { apiVersion: 'v1', kind: 'Node', metadata: { name: node.metadata.name }, status: { conditions: [condition] } },
    { manager: CONTROLLER_MANAGER, subresource: 'status', force },
  );
}
