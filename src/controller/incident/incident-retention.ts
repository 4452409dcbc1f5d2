/** Deletes incidents that have been kept for long enough; their Secrets go with them as their dependents. */
import { INCIDENTS } from '../../api/resources.ts';
import { expiredIncidents } from '../../core/decision/record/expired-incidents.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { LocalView } from '../view/local-view.ts';
import { serverNow } from '../server-now.ts';
import type { World } from '../world.ts';

const EVERY_MS = 10 * 60_000;

async function sweep(world: World, view: LocalView, signal: AbortSignal): Promise<void> {
  for (const { metadata, spec } of expiredIncidents(view.incidents.list(), serverNow(world))) {
    const fields = { incident: metadata.name, node: spec.nodeName };
    try {
      await world.cluster.delete(INCIDENTS, { name: metadata.name, uid: metadata.uid }, { signal });
      world.log.info('Incident deleted by retention', fields);
    } catch (err) {
      if (signal.aborted || !isMedicError(err)) throw err;
      world.log.warn('An incident could not be deleted; it is tried again', { ...fields, err });
    }
  }
}

export async function runRetention(world: World, view: LocalView, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await sweep(world, view, signal);
    } catch (err) {
      world.log.warn('Retention failed; it is tried again', { err });
    }
    await world.clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
