/** The medik8s maintenance lease of a node. */
import { LEASES } from '../../api/resources.ts';
import type { LeaseState } from '../../core/decision/other-actors.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { World } from '../world.ts';

/** Where medik8s' operators keep their maintenance leases (medik8s/common, pkg/lease). */
const LEASE_NAMESPACE = 'medik8s-leases';

export async function readLease(world: World, nodeName: string, _incident: string): Promise<LeaseState> {
  try {
    const lease = await world.cluster.get(LEASES, { name: `node-${nodeName}`, namespace: LEASE_NAMESPACE });
    if (lease === undefined || lease.spec.holderIdentity === '') return { kind: 'unused' };
    const renewed = fromTime(lease.spec.renewTime) ?? fromTime(lease.spec.acquireTime) ?? 0;
    const expired = renewed + lease.spec.leaseDurationSeconds * 1000 < world.clock.now();
    return expired ? { kind: 'unused' } : { kind: 'held', by: lease.spec.holderIdentity };
  } catch (err) {
    if (isMedicError(err, 'absent')) return { kind: 'unused' };
    if (isMedicError(err, 'denied')) return { kind: 'unreadable', message: err.message };
    throw err;
  }
}

export async function takeLease(_world: World, _node: string, _incident: string): Promise<void> {}
export async function releaseLease(_world: World, _node: string, _incident: string): Promise<void> {}
