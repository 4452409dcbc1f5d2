/** Which incidents leave the API server, so that all of them together take no more than they may. An open one never does. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { isOpen } from '../node-state.ts';
import { endedAt, stillCounts } from '../record/expired-incidents.ts';
import { isOutcome, OUTCOMES } from '../record/outcomes.ts';

interface SizedIncident {
  readonly incident: KubeletIncident;
  /** As the API server stores it. */
  readonly bytes: number;
}

export interface StoredIncidents {
  readonly stored: readonly SizedIncident[];
  readonly budgetBytes: number;
  /** By the API server's clock; milliseconds since 1970. */
  readonly now: number;
}

/** Three times what one usually is. A node that lies can make its own large, and would push out those of many others. */
const LARGE_BYTES = 64 * 1024;

/** An outcome of another release is not known to be good. */
function isFailure({ status: { outcome = '' } }: KubeletIncident): boolean {
  return !isOutcome(outcome) || !OUTCOMES[outcome].isNodeWell;
}

/** The newest failure of each node, by name. */
function lastFailures(newestFirst: readonly KubeletIncident[]): ReadonlySet<KubeletIncident> {
  const last = new Map<string, KubeletIncident>();
  for (const incident of newestFirst.filter(isFailure)) {
    if (!last.has(incident.spec.nodeName)) last.set(incident.spec.nodeName, incident);
  }
  return new Set(last.values());
}

/** The oldest first, and large ones before them; the last failure of each node only when nothing else is left. */
export function incidentsBeyond({ stored, budgetBytes, now }: StoredIncidents): readonly KubeletIncident[] {
  let left = stored.reduce((sum, { bytes }) => sum + bytes, 0);
  if (left <= budgetBytes) return [];
  const over = stored
    .filter(({ incident }) => !isOpen(incident) && !stillCounts(incident, now))
    .sort((a, b) => endedAt(b.incident) - endedAt(a.incident));
  const kept = lastFailures(over.map(({ incident }) => incident));
  const oldestFirst = [...over].reverse();
  const rank = ({ incident, bytes }: SizedIncident): number =>
    (kept.has(incident) ? 2 : 0) + (bytes > LARGE_BYTES ? 0 : 1);
  const order = oldestFirst.sort((a, b) => rank(a) - rank(b));
  const goes = order.filter(({ bytes }) => {
    const isBeyond = left > budgetBytes;
    if (isBeyond) left -= bytes;
    return isBeyond;
  });
  return goes.map(({ incident }) => incident);
}
