/** What is left in the cluster when the operator is uninstalled, and would be taken for the present state: told so, or taken away. */
import { NODE_CONDITION_STUCK } from '../api/v1alpha1/words/conditions.ts';
import { HEALTHS, LEASES, NODES } from '../api/resources.ts';
import type { Lease } from '../api/kubernetes/objects.ts';
import { LEADER_LEASE } from '../api/v1alpha1/words/names.ts';
import type { StuckClaim } from '../core/decision/node/node-snapshot.ts';
import { isStuckWrittenByUs } from '../core/decision/node-state.ts';
import { isMedicError, MedicError } from '../ports/errors.ts';
import { setStuck } from './node/node-condition.ts';
import type { World } from './world.ts';

const UNINSTALLED: StuckClaim = {
  status: 'Unknown',
  reason: 'Uninstalled',
  message: 'kubelet-medic is uninstalled: nobody keeps this condition any more',
};

const LEFT =
  'CRDs with policies, incidents and evidence; cordons of incidents that were open; the condition KubeletStuck; files on nodes';

/** At once. A cluster of 5,000 nodes takes some seconds. */
const AT_ONCE = 20;

type CleanUpWorld = Pick<World, 'cluster' | 'clock' | 'log'>;

/** A controller that was deleted has 30 seconds to end. */
const LED_WITHIN_MS = 40_000;
const LOOK_MS = 2_000;
/** Within which another controller takes a lease: one that was given back, and one of a controller that has crashed. */
const GIVEN_BACK_MS = 5_000;
const CRASHED_MS = 33_000;

/** By our own clock; the time in a lease is of the leader's. */
function quietMs({ spec }: Lease): number {
  return spec.holderIdentity === '' ? GIVEN_BACK_MS : CRASHED_MS;
}

/** `helm template` renders the Job beside the controller, and what a leader keeps is not taken from it. */
async function untilNobodyLeads(
  { cluster, clock, log }: CleanUpWorld,
  namespace: string,
  signal: AbortSignal,
): Promise<void> {
  const look = (): Promise<Lease | undefined> => cluster.get(LEASES, { name: LEADER_LEASE, namespace }, { signal });
  const start = clock.monotonic();
  let since = start;
  let lease = await look();
  if (lease !== undefined) log.info('Waiting until nobody leads', { holder: lease.spec.holderIdentity });
  while (lease !== undefined && clock.monotonic() - since < quietMs(lease)) {
    await clock.sleep(LOOK_MS, signal);
    const next = await look();
    if (next?.metadata.resourceVersion !== lease.metadata.resourceVersion) since = clock.monotonic();
    lease = next;
    if (lease !== undefined && lease.spec.holderIdentity !== '' && since - start > LED_WITHIN_MS) {
      const who = `${lease.spec.holderIdentity} in ${namespace}`;
      const message = `nothing is cleaned up: a controller leads (${who}). The Job is for \`helm uninstall\`; who applies what helm renders takes \`helm template --no-hooks\``;
      throw new MedicError('E_CLEAN_UP_LED', 'conflict', message);
    }
  }
}

/**
 * Conditions say that nobody keeps them, and healths are deleted. Incidents are history, and stay. What fails is logged, and the
 * rest is done all the same.
 * @param namespace where the election lease is. @returns how many writes have failed.
 * @throws `E_CLEAN_UP_LED` while a controller leads; `MedicError` where the lease cannot be read, or nodes or healths not be listed;
 * and with the signal.
 */
export async function cleanUp(
  { cluster, clock, log }: CleanUpWorld,
  namespace: string,
  signal: AbortSignal,
): Promise<number> {
  let failures = 0;

  async function each<T>(items: readonly T[], write: (item: T) => Promise<unknown>): Promise<void> {
    for (let start = 0; start < items.length; start += AT_ONCE) {
      signal.throwIfAborted();
      await Promise.all(items.slice(start, start + AT_ONCE).map((item) => attempt(() => write(item))));
    }
  }

  async function attempt(write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (err) {
      if (isMedicError(err, 'absent')) return;
      if (!isMedicError(err) || signal.aborted) throw err;
      failures++;
      log.warn('What is left could not be cleaned up', { err });
    }
  }

  await untilNobodyLeads({ cluster, clock, log }, namespace, signal);
  const nodes = (await cluster.list(NODES, {}, { signal })).items;
  const kept = nodes.filter(
    (node) =>
      isStuckWrittenByUs(node) &&
      node.status.conditions.some(({ type, reason }) => type === NODE_CONDITION_STUCK && reason !== UNINSTALLED.reason),
  );
  await each(kept, async (node) => {
    try {
      await setStuck({ cluster, clock }, node, UNINSTALLED, false);
    } catch (err) {
      if (!isMedicError(err, 'conflict')) throw err;
      log.info('The condition is left to who has written it since', { node: node.metadata.name, err });
    }
  });
  const healths = await cluster.list(HEALTHS, {}, { signal });
  const names = [...healths.items.map(({ metadata }) => metadata.name), ...healths.malformed.map(({ name }) => name)];
  await each(names, (name) => cluster.delete(HEALTHS, { name }, { signal }));
  log.info('Cleaned up', { nodes: kept.length, healths: names.length, failures });
  log.info('`kubectl medic uninstall` lists what is left, and removes it', { detail: LEFT });
  return failures;
}
