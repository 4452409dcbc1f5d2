/** Leases in memory for electors: with latency, failures, lost answers and writes that land late. */
import type { Clock, Random } from '../../../src/ports/clock.ts';
import type { Call, Cluster, Manifest } from '../../../src/ports/cluster.ts';
import { MedicError } from '../../../src/ports/errors.ts';

export interface LeaseStore {
  /** What an elector calls; all else of the port is not there. */
  clusterFor(clock: Clock, random: Random, faults: Faults): Cluster;
  /** The stored lease as sent. */
  raw(): Manifest | undefined;
  readonly writes: number;
}

/** Chances from 0 to 1. */
export interface Faults {
  readonly slow: number;
  readonly fail: number;
}

const never = new AbortController().signal;

export function createLeaseStore(clock: Clock): LeaseStore {
  let stored: Manifest | undefined;
  let writes = 0;

  function put(object: Manifest, isNew: boolean): Manifest {
    const version = stored?.metadata.resourceVersion;
    if (isNew ? stored !== undefined : version !== object.metadata.resourceVersion) {
      throw new MedicError('E_KUBE_CONFLICT', 'conflict', 'somebody else wrote first');
    }
    writes += 1;
    stored = { ...object, metadata: { ...object.metadata, resourceVersion: String(writes) } };
    return stored;
  }

  /** Half of the latency is on the way there; a call may be given up while its write is still on its way. */
  async function call<T>(work: () => T, local: Clock, random: Random, faults: Faults & Call): Promise<T> {
    const fails = random.next() < faults.fail;
    const latencyMs = random.next() < faults.slow ? 20_000 * random.next() : 50 * random.next();
    const deadlineMs = faults.deadlineMs ?? 10_000;
    const answer = clock.sleep(latencyMs / 2, never).then(async () => {
      const done = work();
      await clock.sleep(latencyMs / 2, never);
      return done;
    });
    answer.catch(() => undefined);
    if (latencyMs < deadlineMs && !fails) {
      try {
        return await answer;
      } finally {
        await local.sleep(0, never);
      }
    }
    await local.sleep(Math.min(latencyMs, deadlineMs), never);
    throw new MedicError('E_KUBE_DEADLINE', 'transient', 'no answer');
  }

  return {
    raw: () => stored,
    get writes() {
      return writes;
    },
    clusterFor(local, random, faults): Cluster {
      const run = <T>(work: () => T, options: Call): Promise<T> => call(work, local, random, { ...faults, ...options });
      const missing = (): never => {
        throw new Error('an elector does not call this');
      };
      return {
        get: async (resource, _ref, options = {}) => {
          const raw = await run(() => stored, options);
          return raw === undefined ? undefined : resource.parse(raw);
        },
        create: async (resource, object, options) => resource.parse(await run(() => put(object, true), options)),
        replace: async (resource, object, options) => resource.parse(await run(() => put(object, false), options)),
        list: missing,
        apply: missing,
        jsonPatch: missing,
        delete: missing,
        proxyNode: missing,
        mirror: missing,
        clockAheadMs: missing,
      };
    },
  };
}
