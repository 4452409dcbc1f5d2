/** What is left in the cluster when the operator is uninstalled, and would be taken for the present state: told so, or taken away. */
import { NODE_CONDITION_STUCK } from '../api/v1alpha1/words/conditions.ts';
import { HEALTHS, NODES } from '../api/resources.ts';
import type { StuckClaim } from '../core/decision/node/node-snapshot.ts';
import { isMedicError } from '../ports/errors.ts';
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

/**
 * Conditions say that nobody keeps them, and healths are deleted. Incidents are history, and stay. What fails is logged, and the
 * rest is done all the same.
 * @returns how many writes have failed. @throws `MedicError` where nodes or healths cannot be listed, and with the signal.
 */
export async function cleanUp(
  { cluster, clock, log }: Pick<World, 'cluster' | 'clock' | 'log'>,
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

  const nodes = (await cluster.list(NODES, {}, { signal })).items;
  const kept = nodes.filter(({ status }) =>
    status.conditions.some(({ type, reason }) => type === NODE_CONDITION_STUCK && reason !== UNINSTALLED.reason),
  );
  await each(kept, (node) => setStuck({ cluster, clock }, node, UNINSTALLED));
  const healths = await cluster.list(HEALTHS, {}, { signal });
  const names = [...healths.items.map(({ metadata }) => metadata.name), ...healths.malformed.map(({ name }) => name)];
  await each(names, (name) => cluster.delete(HEALTHS, { name }, { signal }));
  log.info('Cleaned up', { nodes: kept.length, healths: names.length, failures });
  log.info('`kubectl medic uninstall` lists what is left, and removes it', { detail: LEFT });
  return failures;
}
