/**
 * What others choose and judge incidents by, beside their status: labels, and of one that is over the generation of its spec, which
 * a request for an upload moves. Written at leisure, also on incidents of an older version.
 */
import { INCIDENTS } from '../../api/resources.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { API_VERSION, MARKS_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { incidentLabels } from '../../core/decision/record/labels.ts';
import { waitsForLong } from '../../core/decision/record/long-wait.ts';
import { waitsForCapture } from '../../core/decision/storage/capture-turn.ts';
import { isMedicError, type MedicError } from '../../ports/errors.ts';
import type { LocalView } from '../view/local-view.ts';
import type { World } from '../world.ts';

const EVERY_MS = 30_000;
/** Between two writes: the history of an older version is no storm. */
const REST_MS = 100;
/** In one look, so that what has been decided meanwhile is seen. */
const AT_ONCE = 50;

const MARKS = { manager: MARKS_MANAGER, force: true } as const;

/** One that is at work is left to its writers: each write of another is a conflict for them. */
function lacksLabels(incident: KubeletIncident): boolean {
  if (isOpen(incident) && !waitsForLong(incident)) return false;
  return Object.entries(incidentLabels(incident)).some(([key, value]) => incident.metadata.labels[key] !== value);
}

function isBehind(incident: KubeletIncident): boolean {
  return !isOpen(incident) && incident.status.observedGeneration !== incident.metadata.generation;
}

/** The UID keeps an apply from making one anew that has gone meanwhile. */
async function mark({ cluster }: World, incident: KubeletIncident, signal: AbortSignal): Promise<void> {
  const { name, uid, generation } = incident.metadata;
  const head = { apiVersion: API_VERSION, kind: INCIDENTS.kind };
  if (lacksLabels(incident)) {
    const metadata = { name, uid, labels: incidentLabels(incident) };
    await cluster.apply(INCIDENTS, { ...head, metadata }, { ...MARKS, signal });
  }
  if (isBehind(incident)) {
    const object = { ...head, metadata: { name, uid }, status: { observedGeneration: generation } };
    await cluster.apply(INCIDENTS, object, { ...MARKS, subresource: 'status', signal });
  }
}

/** Runs until the signal. */
export async function runRecordMarks(world: World, view: LocalView, signal: AbortSignal): Promise<void> {
  const { clock, log } = world;
  /** UIDs. They come last: there may be more of them than are looked at at once. */
  let refused = new Set<string>();

  function dueOnes(): readonly KubeletIncident[] {
    const due = view.incidents.list().filter((incident) => lacksLabels(incident) || isBehind(incident));
    refused = new Set(due.map(({ metadata }) => metadata.uid).filter((uid) => refused.has(uid)));
    return due.toSorted((a, b) => Number(refused.has(a.metadata.uid)) - Number(refused.has(b.metadata.uid)));
  }

  async function sweep(): Promise<void> {
    if (view.openIncidents().some(waitsForCapture)) return;
    const errors: MedicError[] = [];
    for (const incident of dueOnes().slice(0, AT_ONCE)) {
      try {
        await mark(world, incident, signal);
      } catch (err) {
        if (signal.aborted || !isMedicError(err) || isMedicError(err, 'transient', 'throttled')) throw err;
        // CRDs or rights of an older version, or a policy of the cluster that one incident does not meet.
        if (isMedicError(err, 'denied', 'invalid')) errors.push(err);
        refused.add(incident.metadata.uid);
      }
      await clock.sleep(REST_MS, signal);
    }
    if (errors.length > 0)
      log.warn('Incidents could not be labelled; it is tried again', { failures: errors.length, err: errors[0] });
  }

  while (!signal.aborted) {
    try {
      await sweep();
    } catch (err) {
      log.warn('Incidents could not be labelled; it is tried again', { err });
    }
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
