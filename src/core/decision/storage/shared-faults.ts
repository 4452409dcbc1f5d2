/** A fault that many nodes share is told by the dumps of a few of them. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { fromTime } from '../../time/timestamp.ts';

/** Nodes whose dumps are kept of one fault. */
export const FIRST_NODES = 5;
/** Incidents of one fault that opened so close to each other are one storm, in milliseconds. */
const STORM_MS = 60 * 60_000;

/** Dumps of an unknown cause may be of any fault: they are all that there is of it. */
function faultOf({ status: { diagnosis } }: KubeletIncident): string {
  return diagnosis === undefined || diagnosis.class === 'Unknown' ? '' : (diagnosis.fingerprint ?? '');
}

function openedAt({ metadata }: KubeletIncident): number {
  return fromTime(metadata.creationTimestamp) ?? 0;
}

/** The API server's clock has whole seconds: names decide between incidents of one. */
function byOpening(a: KubeletIncident, b: KubeletIncident): number {
  return openedAt(a) - openedAt(b) || (a.metadata.name < b.metadata.name ? -1 : 1);
}

export interface Surplus {
  /** So many nodes have the fault since before that their dumps are enough. */
  readonly shared: boolean;
  /** And within an hour. */
  readonly inStorm: boolean;
}

/** How often each node is in a row of incidents that grows at its end and shrinks at its beginning. */
function createWindow(withinMs: number) {
  const row: KubeletIncident[] = [];
  const counts = new Map<string, number>();
  return {
    /** Other nodes than this one's, with an incident that opened no longer before it than that. */
    othersBefore(incident: KubeletIncident): number {
      for (let [first] = row; first !== undefined && openedAt(incident) - openedAt(first) > withinMs; [first] = row) {
        row.shift();
        const left = (counts.get(first.spec.nodeName) ?? 1) - 1;
        if (left === 0) counts.delete(first.spec.nodeName);
        else counts.set(first.spec.nodeName, left);
      }
      return counts.size - (counts.has(incident.spec.nodeName) ? 1 : 0);
    },
    add(incident: KubeletIncident): void {
      row.push(incident);
      counts.set(incident.spec.nodeName, (counts.get(incident.spec.nodeName) ?? 0) + 1);
    },
  };
}

/** @param holders incidents that have evidence in the API server. @returns by UID, those that are surplus. */
export function findSurplus(holders: readonly KubeletIncident[]): ReadonlyMap<string, Surplus> {
  const faults = Map.groupBy(holders, faultOf);
  faults.delete('');
  const found = new Map<string, Surplus>();
  for (const incidents of faults.values()) {
    const [ever, lately] = [createWindow(Number.POSITIVE_INFINITY), createWindow(STORM_MS)];
    for (const incident of [...incidents].sort(byOpening)) {
      const shared = ever.othersBefore(incident) >= FIRST_NODES;
      const inStorm = lately.othersBefore(incident) >= FIRST_NODES;
      if (shared) found.set(incident.metadata.uid, { shared, inStorm });
      ever.add(incident);
      lately.add(incident);
    }
  }
  return found;
}
