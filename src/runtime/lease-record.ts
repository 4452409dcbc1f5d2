/** The lease that electors share, and how each of them watches it. */
import { LEASES } from '../api/resources.ts';
import type { Lease } from '../api/kubernetes/objects.ts';
import type { Clock } from '../ports/clock.ts';
import type { Cluster, Manifest, Ref } from '../ports/cluster.ts';
import { isMedicError } from '../ports/errors.ts';
import { toMicroTime } from '../core/time/timestamp.ts';

export interface LeaseRecordOptions {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly lease: Ref & { readonly namespace: string };
  readonly identity: string;
  readonly manager: string;
  readonly leaseDurationMs: number;
}

/** `taken`: ours now. `held`: somebody else's. `conflict`: somebody else wrote first. */
export type Attempt = 'taken' | 'held' | 'conflict';

export interface LeaseRecord {
  /** Takes or renews the lease if it is ours, free or expired. @throws MedicError if the API server cannot say. */
  attempt(deadlineMs: number): Promise<Attempt>;
  /** Frees the lease if it is still ours. */
  release(deadlineMs: number): Promise<void>;
  holder(): string;
}

interface Observed {
  readonly lease: Lease;
  /** When we first saw it so, on our monotonic clock: other machines' clocks are never compared with ours. */
  readonly at: number;
}

export function createLeaseRecord(options: LeaseRecordOptions): LeaseRecord {
  const { cluster, clock, identity, lease: ref } = options;
  let observed: Observed | undefined;

  /** The time is taken after the answer, so that a slow answer makes us wait longer, not shorter. */
  function observe(lease: Lease): Observed {
    if (observed?.lease.metadata.resourceVersion !== lease.metadata.resourceVersion) {
      observed = { lease, at: clock.monotonic() };
    }
    return observed;
  }

  function isFree({ lease, at }: Observed): boolean {
    const { holderIdentity, leaseDurationSeconds } = lease.spec;
    if (holderIdentity === '' || holderIdentity === identity) return true;
    const durationMs = leaseDurationSeconds > 0 ? leaseDurationSeconds * 1000 : options.leaseDurationMs;
    return clock.monotonic() - at >= durationMs;
  }

  async function take(current: Observed, deadlineMs: number): Promise<Attempt> {
    const manifest = manifestOf(options, current.lease, identity);
    observe(await cluster.replace(LEASES, manifest, { manager: options.manager, deadlineMs }));
    return 'taken';
  }

  async function create(deadlineMs: number): Promise<Attempt> {
    const manifest = manifestOf(options, undefined, identity);
    observe(await cluster.create(LEASES, manifest, { manager: options.manager, deadlineMs }));
    return 'taken';
  }

  async function readAndTake(deadlineMs: number): Promise<Attempt> {
    const lease = await cluster.get(LEASES, ref, { deadlineMs });
    if (lease === undefined) return await create(deadlineMs);
    const current = observe(lease);
    return isFree(current) ? await take(current, deadlineMs) : 'held';
  }

  return {
    async attempt(deadlineMs): Promise<Attempt> {
      try {
        // While it is ours nobody else writes, so it need not be read first.
        const isOurs = observed?.lease.spec.holderIdentity === identity;
        return observed !== undefined && isOurs ? await take(observed, deadlineMs) : await readAndTake(deadlineMs);
      } catch (error) {
        if (!isMedicError(error, 'conflict', 'absent')) throw error;
        observed = undefined;
        return 'conflict';
      }
    },
    async release(deadlineMs): Promise<void> {
      if (observed?.lease.spec.holderIdentity !== identity) return;
      const manifest = manifestOf(options, observed.lease, '');
      await cluster.replace(LEASES, manifest, { manager: options.manager, deadlineMs });
    },
    holder: () => observed?.lease.spec.holderIdentity ?? '',
  };
}

/** An empty holder frees it; a duration of 1 s, as client-go writes it, frees it for older readers too. */
function manifestOf(options: LeaseRecordOptions, before: Lease | undefined, holder: string): Manifest {
  const { lease: ref, clock } = options;
  const now = toMicroTime(clock.now());
  const isNew = before?.spec.holderIdentity !== holder;
  const transitions = before?.spec.leaseTransitions ?? 0;
  return {
    metadata: {
      ...ref,
      ...(before === undefined ? {} : { resourceVersion: before.metadata.resourceVersion }),
    },
    spec: {
      holderIdentity: holder,
      leaseDurationSeconds: holder === '' ? 1 : Math.ceil(options.leaseDurationMs / 1000),
      acquireTime: isNew ? now : (before.spec.acquireTime ?? now),
      renewTime: now,
      leaseTransitions: transitions + (isNew && holder !== '' && before !== undefined ? 1 : 0),
    },
  };
}
