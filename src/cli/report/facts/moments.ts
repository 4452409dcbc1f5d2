/** What happened when, from the first sign on. Pure. */
import type { Event } from '../../../api/kubernetes/objects.ts';
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { parseDuration } from '../../../core/time/duration.ts';
import { fromTime } from '../../../core/time/timestamp.ts';
import { timelineOf, type Moment } from '../../show/timeline.ts';

/** A first sign that is older says that the kubelet has no such time (a relist time of zero is 292 years ago). */
const MAX_ELAPSED_MS = 24 * 3_600_000;
/** What a timeline holds; the middle of a longer one is left out. */
const MAX_MOMENTS = 80;

export interface Timeline {
  /** Oldest first. */
  readonly moments: readonly Moment[];
  /** How many moments are left out after the first half of those. */
  readonly leftOut: number;
}

export function reportTimeline(incident: KubeletIncident, events: readonly Event[], now: number): Timeline {
  const all = [...firstSign(incident), ...timelineOf(incident, events, now)].sort((a, b) => a.at - b.at);
  const leftOut = Math.max(0, all.length - MAX_MOMENTS);
  if (leftOut === 0) return { moments: all, leftOut };
  return { moments: [...all.slice(0, MAX_MOMENTS / 2), ...all.slice(-MAX_MOMENTS / 2)], leftOut };
}

/** When PLEG was last seen active, by the line that told of it. Milliseconds since 1970; undefined: it does not say. */
export function firstSignAt({ spec }: KubeletIncident): number | undefined {
  const { at, elapsed } = spec.trigger;
  const seenAt = fromTime(at);
  const elapsedMs = elapsed === undefined ? undefined : parseDuration(elapsed);
  if (seenAt === undefined || elapsedMs === undefined) return undefined;
  return elapsedMs > 0 && elapsedMs <= MAX_ELAPSED_MS ? seenAt - elapsedMs : undefined;
}

function firstSign(incident: KubeletIncident): readonly Moment[] {
  const at = firstSignAt(incident);
  const { elapsed = '', threshold } = incident.spec.trigger;
  if (at === undefined) return [];
  const limit = threshold === undefined ? '' : ` (the kubelet's threshold is ${threshold})`;
  return [
    { at, tone: 'plain', title: 'last relist', text: `PLEG was last active, ${elapsed} before it was said${limit}` },
  ];
}
