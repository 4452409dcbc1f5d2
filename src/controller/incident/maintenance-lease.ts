/**
 * The medik8s maintenance lease of a node: who holds it may take the node down, and nobody else.
 * It is read and written as medik8s' operators do it (medik8s/common, `pkg/lease/manager.go`), but for one thing: they
 * compare the times in a lease with their own clock, and here they are at most compared with the API server's.
 */
import type { Lease } from '../../api/kubernetes/objects.ts';
import { LEASES, NAMESPACES } from '../../api/resources.ts';
import { CONTROLLER_MANAGER, MAINTENANCE_HOLDER, MAINTENANCE_NAMESPACE } from '../../api/v1alpha1/words/names.ts';
import type { LeaseState } from '../../core/decision/other-actors.ts';
import { fromTime, toMicroTime } from '../../core/time/timestamp.ts';
import type { Manifest, Ref } from '../../ports/cluster.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { World } from '../world.ts';

/** Longer than an incident mostly takes, so that a controller that is replaced in the middle of one need not hurry. */
const DURATION_MS = 20 * 60_000;
const RENEW_AFTER_MS = 5 * 60_000;
/**
 * A lease that we see for the first time is held until its time has passed on our own clock: the times in it are of the
 * holder's. By more than this no clock in a cluster is wrong (certificates and tokens would not hold), and without this
 * rule each new leader would wait an hour for a holder that died a week ago.
 */
const LONG_PAST_MS = 60 * 60_000;
/** A right that is missing is asked for again so often. */
const DENIED_MS = 60_000;

export interface MaintenanceLeases {
  /** @throws MedicError if the API server cannot say. */
  read(node: string, incident: string): Promise<LeaseState>;
  /** Takes or renews it, unless somebody else has it or is faster. `read` tells whether it is ours now. */
  take(node: { readonly name: string; readonly uid: string }, incident: string): Promise<void>;
  /** Gives it back, if it is still ours. */
  release(node: string, incident: string): Promise<void>;
}

interface Observed {
  readonly resourceVersion: string;
  /** When we first saw it so, on the monotonic clock. */
  readonly at: number;
}

interface Denied {
  readonly at: number;
  readonly message: string;
}

/** @param isOpen whether an incident is there and not over: the lease of one that is, is free. */
export function createMaintenanceLeases(world: World, isOpen: (incident: string) => boolean): MaintenanceLeases {
  const { cluster, clock, log } = world;
  const observed = new Map<string, Observed>();
  let denied: Denied | undefined;

  function firstSeenAt(node: string, { resourceVersion }: Lease['metadata']): number {
    const known = observed.get(node);
    if (known?.resourceVersion === resourceVersion) return known.at;
    const at = clock.monotonic();
    observed.set(node, { resourceVersion, at });
    return at;
  }

  function serverNow(): number | undefined {
    const aheadMs = cluster.clockAheadMs();
    return aheadMs === undefined ? undefined : clock.now() - aheadMs;
  }

  function isExpired(node: string, lease: Lease): boolean {
    const renewedAt = fromTime(lease.spec.renewTime);
    const durationMs = lease.spec.leaseDurationSeconds * 1000;
    if (renewedAt === undefined || durationMs <= 0) return true;
    if (clock.monotonic() - firstSeenAt(node, lease.metadata) >= durationMs) return true;
    const now = serverNow();
    return now !== undefined && now > renewedAt + durationMs + LONG_PAST_MS;
  }

  function stateOf(node: string, lease: Lease, incident: string): LeaseState {
    const { holderIdentity } = lease.spec;
    if (holderIdentity === identityOf(incident)) {
      const renewedAt = fromTime(lease.spec.renewTime) ?? 0;
      const agoMs = (serverNow() ?? clock.now()) - renewedAt;
      return { kind: 'ours', isToBeRenewed: agoMs >= RENEW_AFTER_MS || agoMs < 0 };
    }
    const ofIncident = incidentOf(holderIdentity);
    const isLeft = ofIncident !== undefined && !isOpen(ofIncident);
    if (holderIdentity === '' || isLeft || isExpired(node, lease)) return free();
    return { kind: 'held', by: holderIdentity };
  }

  /** It is not to be had while we may not write it. */
  function free(): LeaseState {
    const isDenied = denied !== undefined && clock.monotonic() - denied.at < DENIED_MS;
    return isDenied && denied !== undefined ? { kind: 'unreadable', message: denied.message } : { kind: 'free' };
  }

  function noteDenied(node: string, err: unknown): void {
    denied = { at: clock.monotonic(), message: grantMessage(err) };
    log.warn('The maintenance lease of a node may not be taken', { node, err });
  }

  /** Somebody else was first, or it is gone: the next look tells. */
  async function attempt(node: string, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (err) {
      if (isMedicError(err, 'denied')) noteDenied(node, err);
      else if (!isMedicError(err, 'conflict', 'absent')) throw err;
    }
  }

  function specOf(before: Lease['spec'] | undefined, holder: string): Lease['spec'] {
    const now = toMicroTime(serverNow() ?? clock.now());
    const isNew = before?.holderIdentity !== holder;
    return {
      holderIdentity: holder,
      // An empty holder does not free it for medik8s' operators; a time that is over does.
      leaseDurationSeconds: holder === '' ? 1 : DURATION_MS / 1000,
      acquireTime: isNew ? now : (before.acquireTime ?? now),
      renewTime: now,
      leaseTransitions: (before?.leaseTransitions ?? 0) + (isNew && before !== undefined && holder !== '' ? 1 : 0),
    };
  }

  /** What else is in the lease stays. */
  async function patch(node: string, lease: Lease, values: Readonly<Record<string, unknown>>): Promise<void> {
    const { resourceVersion } = lease.metadata;
    const changes = Object.entries(values).map(([path, value]) => ({ op: 'add', path, value }) as const);
    await cluster.jsonPatch(
      LEASES,
      refOf(node),
      [{ op: 'test', path: '/metadata/resourceVersion', value: resourceVersion }, ...changes],
      { manager: CONTROLLER_MANAGER },
    );
  }

  return {
    async read(node, incident) {
      if (!world.medik8sLeases) return { kind: 'unused' };
      try {
        // Asked first: the right to leases is granted in that namespace alone, and where it is not there nobody has it.
        const namespace = await cluster.get(NAMESPACES, { name: MAINTENANCE_NAMESPACE });
        const lease = namespace === undefined ? undefined : await cluster.get(LEASES, refOf(node));
        if (lease !== undefined) return stateOf(node, lease, incident);
        observed.delete(node);
        const isUsed = namespace !== undefined && namespace.metadata.deletionTimestamp === undefined;
        return isUsed ? free() : { kind: 'unused' };
      } catch (err) {
        if (isMedicError(err, 'denied')) return { kind: 'unreadable', message: grantMessage(err) };
        if (isMedicError(err, 'invalid')) return { kind: 'unreadable', message: err.message };
        throw err;
      }
    },
    async take(node, incident) {
      const holder = identityOf(incident);
      const ownerReferences = [{ apiVersion: 'v1', kind: 'Node', name: node.name, uid: node.uid }];
      await attempt(node.name, async () => {
        const lease = await cluster.get(LEASES, refOf(node.name));
        if (lease === undefined) {
          const manifest: Manifest = {
            metadata: { ...refOf(node.name), ownerReferences },
            spec: specOf(undefined, holder),
          };
          await cluster.create(LEASES, manifest, { manager: CONTROLLER_MANAGER });
          return;
        }
        if (stateOf(node.name, lease, incident).kind === 'held') return;
        await patch(node.name, lease, {
          '/spec': specOf(lease.spec, holder),
          '/metadata/ownerReferences': ownerReferences,
        });
      });
    },
    async release(node, incident) {
      observed.delete(node);
      await attempt(node, async () => {
        const lease = await cluster.get(LEASES, refOf(node));
        if (lease?.spec.holderIdentity !== identityOf(incident)) return;
        await patch(node, lease, { '/spec': specOf(lease.spec, '') });
      });
    },
  };
}

function grantMessage(err: unknown): string {
  const why = err instanceof Error ? err.message : String(err);
  return `${why}; grant get, create and patch of leases in the namespace ${MAINTENANCE_NAMESPACE} (helm upgrade does, where the namespace is there), or set medik8sLeases.enabled to false`;
}

function refOf(node: string): Ref & { readonly namespace: string } {
  return { name: `node-${node}`, namespace: MAINTENANCE_NAMESPACE };
}

function identityOf(incident: string): string {
  return `${MAINTENANCE_HOLDER}${incident}`;
}

function incidentOf(holder: string): string | undefined {
  return holder.startsWith(MAINTENANCE_HOLDER) ? holder.slice(MAINTENANCE_HOLDER.length) : undefined;
}
