/** Which completed incidents have been kept for long enough. An open one is never deleted. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { isAct } from '../actions.ts';
import { durationMs } from '../../time/duration.ts';
import { isOpen } from '../node-state.ts';
import { fromTime } from '../../time/timestamp.ts';

/** Milliseconds since 1970. */
export function endedAt(incident: KubeletIncident): number {
  return fromTime(incident.status.timings?.completedAt) ?? fromTime(incident.metadata.creationTimestamp) ?? 0;
}

/** Whether a budget still counts its actions: then it stays, or the node could be acted on more often than is allowed. */
export function stillCounts(incident: KubeletIncident, now: number): boolean {
  const acted = (incident.status.actions ?? []).some(isAct);
  return acted && now - endedAt(incident) <= durationMs(incident.spec.plan.budget.perNode.within);
}

/** Each incident goes by its own plan: too old, or one too many on its node. The newest are kept. */
export function expiredIncidents(incidents: readonly KubeletIncident[], now: number): readonly KubeletIncident[] {
  const newestFirst = incidents.filter((incident) => !isOpen(incident)).sort((a, b) => endedAt(b) - endedAt(a));
  const kept = new Map<string, number>();
  return newestFirst.filter((incident) => {
    const { incidents: keep, maxAge } = incident.spec.plan.evidence.retention;
    const count = (kept.get(incident.spec.nodeName) ?? 0) + 1;
    kept.set(incident.spec.nodeName, count);
    if (stillCounts(incident, now)) return false;
    return count > keep || now - endedAt(incident) > durationMs(maxAge);
  });
}
