/** The cluster at the pace at which the controller writes. */
import { CONFIG_MAPS, EVENTS, HEALTHS, LEASES, NODES } from '../api/resources.ts';
import { BUCKET_MANAGER } from '../api/v1alpha1/words/names.ts';
import type { Cluster, Resource, WriteOptions } from '../ports/cluster.ts';
import type { PaceBounds, Urgency, WritePace } from '../runtime/write-pace.ts';

/**
 * What an incident makes its agent write beside it comes to as much again and a half: together that is 50 a second. Fifty nodes
 * that breach at once are no storm: each takes an incident, its first status and the condition of the Node.
 */
export const CONTROLLER_PACE: PaceBounds = { perSecond: 20, burst: 200 };

type How = Pick<WriteOptions, 'manager' | 'subresource'>;

/** Its grants and records wait for all else. */
function isOfBucket({ manager }: How): boolean {
  return manager === BUCKET_MANAGER;
}

/** undefined: at once. An act, its lease, its cordon and a question to an agent, by which it is confirmed, wait for nothing. */
function urgencyOf({ plural }: Resource, how: How): Urgency | undefined {
  const { subresource } = how;
  if (isOfBucket(how) || plural === EVENTS.plural || plural === CONFIG_MAPS.plural) return 'words';
  const isNow =
    plural === LEASES.plural || plural === HEALTHS.plural || (plural === NODES.plural && subresource === undefined);
  if (isNow) return undefined;
  // In a storm the first verdict, and that the breaker is open, would otherwise wait until the last incident is.
  return plural !== NODES.plural && subresource !== undefined ? 'step' : 'record';
}

export function pacedCluster(cluster: Cluster, pace: WritePace): Cluster {
  async function turn(resource: Resource, how: How): Promise<void> {
    const urgency = urgencyOf(resource, how);
    if (urgency !== undefined) await pace(urgency);
  }

  return {
    ...cluster,
    async create(resource, object, how) {
      await turn(resource, how);
      return await cluster.create(resource, object, how);
    },
    async apply(resource, object, how) {
      await turn(resource, how);
      return await cluster.apply(resource, object, how);
    },
    async delete(resource, ref, call) {
      await pace('words');
      return await cluster.delete(resource, ref, call);
    },
  };
}
