/**
 * The Lease that each kubelet renews, four times within its duration, in the namespace kube-node-lease (k8s.io/component-helpers
 * apimachinery/lease, kubelet's nodeLeaseDurationSeconds). It is read for an incident that is about a kubelet's silence alone.
 */
import { LEASES } from '../../api/resources.ts';
import type { LeaseSilence } from '../../core/decision/incident/incident-snapshot.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { World } from '../world.ts';

const NAMESPACE = 'kube-node-lease';

export interface KubeletLeases {
  /** By our own clock, from the first of the looks that found it unchanged. undefined: there is none, or it cannot be read. */
  look(node: string): Promise<LeaseSilence | undefined>;
}

interface Seen {
  /** Of the object as it was written. */
  readonly version: string;
  /** On the monotonic clock. */
  readonly since: number;
  readonly lookedAt: number;
}

/**
 * One who waits for it looks every 5 s, and one who waits for a place every 30 s. Where no look was possible for longer, as while
 * the API server is away, the kubelet could not renew it either: what was counted says nothing of its connection.
 */
const GAP_MS = 45_000;

export function createKubeletLeases({ cluster, clock, log }: World): KubeletLeases {
  const seen = new Map<string, Seen>();
  return {
    async look(name) {
      try {
        const lease = await cluster.get(LEASES, { name, namespace: NAMESPACE });
        if (lease !== undefined) {
          const version = `${lease.metadata.uid}/${lease.metadata.resourceVersion}`;
          const known = seen.get(name);
          const now = clock.monotonic();
          const goesOn = known?.version === version && now - known.lookedAt <= GAP_MS;
          const since = goesOn ? known.since : now;
          seen.set(name, { version, since, lookedAt: now });
          return { unrenewedMs: now - since, durationMs: lease.spec.leaseDurationSeconds * 1000 };
        }
      } catch (err) {
        if (!isMedicError(err, 'denied', 'invalid')) throw err;
        log.warn("The Lease of a node's kubelet cannot be read", { node: name, err });
      }
      seen.delete(name);
      return undefined;
    },
  };
}
