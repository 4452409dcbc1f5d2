/** Incidents by what is asked of them, so that a look at one node is no look at the history of the cluster. */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { fromTime } from '../../core/time/timestamp.ts';

export interface IncidentIndex {
  /** What is known of an incident now; undefined: there is none of that name. */
  set(name: string, incident: KubeletIncident | undefined): void;
  get(name: string): KubeletIncident | undefined;
  open(): readonly KubeletIncident[];
  /** Those that name this node, whatever its UID. */
  ofNode(nodeName: string): readonly KubeletIncident[];
  /**
   * Those of all nodes that are open or ended at `since` or later, and of this node also those that ended before; times are of the
   * controllers that ended them, milliseconds since 1970. Each is there once.
   */
  thatCount(nodeName: string, since: number): readonly KubeletIncident[];
}

interface End {
  readonly at: number;
  readonly name: string;
}

interface Ended extends End {
  readonly incident: KubeletIncident;
}

function isBefore(a: End, b: End): boolean {
  return a.at < b.at || (a.at === b.at && a.name < b.name);
}

/** One whose end is not known counts as ended long ago, as budgets take it. */
function endOf({ metadata, status }: KubeletIncident): End {
  return { at: fromTime(status.timings?.completedAt) ?? 0, name: metadata.name };
}

export function createIncidentIndex(): IncidentIndex {
  const known = new Map<string, KubeletIncident>();
  const open = new Map<string, KubeletIncident>();
  const byNode = new Map<string, Map<string, KubeletIncident>>();
  /** Oldest first. */
  const ended: Ended[] = [];

  /** Where it is, or would be. */
  function placeOf(end: End): number {
    let [low, high] = [0, ended.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const other = ended[middle];
      if (other !== undefined && isBefore(other, end)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function remove(name: string): void {
    const old = known.get(name);
    if (old === undefined) return;
    known.delete(name);
    const ofNode = byNode.get(old.spec.nodeName);
    ofNode?.delete(name);
    if (ofNode?.size === 0) byNode.delete(old.spec.nodeName);
    if (!open.delete(name)) ended.splice(placeOf(endOf(old)), 1);
  }

  function add(name: string, incident: KubeletIncident): void {
    known.set(name, incident);
    const { nodeName } = incident.spec;
    const ofNode = byNode.get(nodeName) ?? new Map<string, KubeletIncident>();
    byNode.set(nodeName, ofNode.set(name, incident));
    if (isOpen(incident)) open.set(name, incident);
    else ended.splice(placeOf(endOf(incident)), 0, { ...endOf(incident), incident });
  }

  return {
    set(name, incident): void {
      remove(name);
      if (incident !== undefined) add(name, incident);
    },
    get: (name) => known.get(name),
    open: () => [...open.values()],
    ofNode: (nodeName) => [...(byNode.get(nodeName)?.values() ?? [])],
    thatCount: (nodeName, since) => {
      const late = ended.slice(placeOf({ at: since, name: '' })).map(({ incident }) => incident);
      const early = [...(byNode.get(nodeName)?.values() ?? [])].filter(
        (incident) => !isOpen(incident) && endOf(incident).at < since,
      );
      return [...open.values(), ...late, ...early];
    },
  };
}
