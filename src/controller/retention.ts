/** Deletes incidents that have been kept for long enough; their Secrets go with them as their dependents. */
import { INCIDENTS } from '../api/resources.ts';
import { expiredIncidents } from '../core/decision/retention.ts';
import type { LocalView } from './local-view.ts';
import type { World } from './world.ts';

const EVERY_MS = 10 * 60_000;

async function sweep(world: World, view: LocalView, signal: AbortSignal): Promise<void> {
  for (const { metadata, spec } of expiredIncidents(view.incidents.list(), world.clock.now())) {
    await world.cluster.delete(INCIDENTS, { name: metadata.name, uid: metadata.uid }, { signal });
    world.log.info('Incident deleted by retention', { incident: metadata.name, node: spec.nodeName });
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
