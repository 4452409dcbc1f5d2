/** Time, where a decision depends on it: old evidence is not acted on, nor is anything by a clock that is wrong. */
import type { IncidentStatus, Step } from '../../../api/v1alpha1/kinds/incident.ts';
import { fromTime } from '../../time/timestamp.ts';
import type { IncidentSnapshot, StageResult } from './incident-snapshot.ts';

const OLD_MS = 10 * 60_000;

/** A hold that is open is a decision in force: it ends by its own deadline. */
function endOf({ type, state, finishedAt, deadline }: Step): number {
  return fromTime(type === 'Hold' && state === 'Requested' ? deadline : finishedAt) ?? 0;
}

/** Since the evidence was sealed, or the newest step was over. Both are times of controllers. */
function decidedAt(status: IncidentStatus): number | undefined {
  const ends = (status.steps ?? []).map(endOf);
  const at = Math.max(fromTime(status.timings?.evidenceAt) ?? 0, ...ends);
  return at === 0 ? undefined : at;
}

export function isDecisionOld({ now }: IncidentSnapshot, status: IncidentStatus): boolean {
  const at = decidedAt(status);
  return at !== undefined && now - at > OLD_MS;
}

/** @param why in words for a person. */
export function outdated(
  status: IncidentStatus,
  why = 'it could not act within 10 minutes of its evidence',
): StageResult {
  const message = `${why}; what the node is like now is looked at anew`;
  return { kind: 'complete', status, outcome: 'Outdated', message };
}

/** Far above what clocks that are kept by NTP differ by, and below what any limit of an incident is. */
const MAX_SKEW_MS = 30_000;
const LOOK_AGAIN_MS = 10_000;

/** Passes while the clock agrees with the API server's: deadlines, budgets and the record are by it. */
export function clockTrusted({ clockAheadMs, now }: IncidentSnapshot, status: IncidentStatus): StageResult {
  if (Math.abs(clockAheadMs ?? 0) <= MAX_SKEW_MS) return { kind: 'pass', status };
  return { kind: 'wait', status, reason: 'ClockSkewed', until: now + LOOK_AGAIN_MS };
}
