/** Deletes incidents that have been kept for long enough, or take too much room; their evidence goes with them, as their dependent. */
import { INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { expiredIncidents } from '../../core/decision/record/expired-incidents.ts';
import { waitsForCapture } from '../../core/decision/storage/capture-turn.ts';
import { incidentsBeyond } from '../../core/decision/storage/incidents-to-delete.ts';
import { isMedicError } from '../../ports/errors.ts';
import { serverNow } from '../server-now.ts';
import type { LocalView } from '../view/local-view.ts';
import { incidentBytes, storedBytes } from '../view/mirrored.ts';
import type { World } from '../world.ts';

const EVERY_MS = 60_000;
/** Between two deletes: a history that is far beyond its room is no storm of writes. */
const REST_MS = 50;
/** While captures wait for their turn, and each of their nodes for its verdict. */
const STORM_REST_MS = 1_000;

type Reason = 'Retention' | 'Room';

export async function runRetention(world: World, view: LocalView, signal: AbortSignal): Promise<void> {
  const { cluster, clock, log, metrics } = world;
  const { incidentBytes: budgetBytes } = world.storage;
  /** UIDs of what is deleted, until the copy knows it: it must not count, or more would go. */
  const gone = new Set<string>();

  function present(): readonly KubeletIncident[] {
    const all = view.incidents.list();
    const uids = new Set(all.map(({ metadata }) => metadata.uid));
    for (const uid of gone) if (!uids.has(uid)) gone.delete(uid);
    return all.filter(({ metadata }) => !gone.has(metadata.uid));
  }

  async function remove({ metadata, spec }: KubeletIncident, reason: Reason): Promise<void> {
    const fields = { incident: metadata.name, node: spec.nodeName, reason };
    try {
      await cluster.delete(INCIDENTS, { name: metadata.name, uid: metadata.uid }, { signal });
      gone.add(metadata.uid);
      metrics.count('incidents_deleted_total', { reason });
      log.info('Incident deleted by retention', fields);
    } catch (err) {
      if (signal.aborted || !isMedicError(err)) throw err;
      log.warn('An incident could not be deleted; it is tried again', { ...fields, err });
    }
    await clock.sleep(view.openIncidents().some(waitsForCapture) ? STORM_REST_MS : REST_MS, signal);
  }

  async function sweep(): Promise<void> {
    const now = serverNow(world);
    const known = present();
    const expired = new Set(expiredIncidents(known, now));
    const stored = known
      .filter((incident) => !expired.has(incident))
      .map((incident) => ({ incident, bytes: incidentBytes(incident) }));
    const unread = view.incidents.malformed().reduce((sum, { raw }) => sum + storedBytes(raw), 0);
    metrics.gauge(
      'incident_bytes',
      stored.reduce((sum, { bytes }) => sum + bytes, unread),
    );
    metrics.gauge('incident_budget_bytes', budgetBytes);
    // What an older version cannot read takes room, and not all of it: nobody deletes that, and the rest would go for it.
    const room = budgetBytes - Math.min(unread, budgetBytes / 2);
    const beyond = incidentsBeyond({ stored, budgetBytes: room, now });
    for (const incident of expired) await remove(incident, 'Retention');
    for (const incident of beyond) await remove(incident, 'Room');
  }

  while (!signal.aborted) {
    try {
      await sweep();
    } catch (err) {
      log.warn('Retention failed; it is tried again', { err });
    }
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
