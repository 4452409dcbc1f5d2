/** What changed between two states of an incident, as Events and counters. Pure. */
import type { IncidentConditionType } from '../../api/v1alpha1/words/conditions.ts';
import type { EventReason } from '../../api/v1alpha1/words/event-reasons.ts';
import type { IncidentStatus } from '../../api/v1alpha1/kinds/incident.ts';
import { isAct } from '../../core/decision/actions.ts';
import { findCondition } from '../../core/decision/record/conditions-and-steps.ts';
import { isOutcome, OUTCOMES } from '../../core/decision/record/outcomes.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import type { EventClaim } from '../events.ts';

interface Telling {
  readonly condition: IncidentConditionType;
  readonly status: 'True' | 'False';
  readonly type: EventClaim['type'];
  readonly event: EventReason;
}

/** Conditions whose change is worth an Event. */
const TELLINGS: readonly Telling[] = [
  { condition: 'EvidenceCaptured', status: 'True', type: 'Normal', event: 'EvidenceCaptured' },
  { condition: 'EvidenceCaptured', status: 'False', type: 'Warning', event: 'EvidenceMissing' },
  { condition: 'Diagnosed', status: 'True', type: 'Normal', event: 'Diagnosed' },
  { condition: 'Diagnosed', status: 'False', type: 'Warning', event: 'CauseUnknown' },
  { condition: 'Confirmed', status: 'True', type: 'Normal', event: 'Confirmed' },
  { condition: 'NodeCordoned', status: 'True', type: 'Normal', event: 'NodeCordoned' },
  { condition: 'ActionTaken', status: 'True', type: 'Normal', event: 'ActionTaken' },
  { condition: 'FaultInjected', status: 'True', type: 'Warning', event: 'FaultInjected' },
  { condition: 'NodeUncordoned', status: 'True', type: 'Normal', event: 'NodeUncordoned' },
];

function evidenceText({ conditions }: IncidentStatus): string {
  const status = findCondition(conditions, 'EvidenceCaptured')?.status ?? 'Unknown';
  return status === 'Unknown' ? '' : `evidence is ${status === 'True' ? 'saved' : 'missing'}, `;
}

/** Why nothing is done now. It is reported when it is new, and not at each look. */
function skippedBetween(before: IncidentStatus, after: IncidentStatus): readonly EventClaim[] {
  const now = findCondition(after.conditions, 'ActionTaken');
  const was = findCondition(before.conditions, 'ActionTaken');
  if (
    now?.status !== 'False' ||
    (was?.status === 'False' && was.reason === now.reason && was.message === now.message)
  ) {
    return [];
  }
  const message = `${now.message}; ${evidenceText(after)}it is looked at again within 30 s`;
  return [{ type: 'Warning', reason: 'RecoverySkipped', message }];
}

/** The newest action did what it should. One of which nobody knows whether it did is no good news. */
function hasSucceeded({ actions }: IncidentStatus): boolean {
  const newest = actions?.filter(isAct).at(-1);
  return newest === undefined || newest.state === 'Succeeded';
}

export function eventsBetween(before: IncidentStatus, after: IncidentStatus): readonly EventClaim[] {
  const told = TELLINGS.flatMap(({ condition, status, type, event }) => {
    const now = findCondition(after.conditions, condition);
    if (now?.status !== status || findCondition(before.conditions, condition)?.status === status) return [];
    const isNamed = condition === 'ActionTaken' || condition === 'Confirmed';
    const prefix = isNamed ? `${now.reason}: ` : '';
    const isBad = condition === 'ActionTaken' && !hasSucceeded(after);
    return [{ type: isBad ? 'Warning' : type, reason: event, message: `${prefix}${now.message}` }];
  });
  const complete = findCondition(after.conditions, 'Complete');
  if (complete?.status !== 'True' || !isOutcome(complete.reason)) return [...told, ...skippedBetween(before, after)];
  if (findCondition(before.conditions, 'Complete')?.status === 'True') return told;
  const type = OUTCOMES[complete.reason].isGood ? 'Normal' : 'Warning';
  return [...told, { type, reason: complete.reason, message: complete.message }];
}

export interface Observation {
  readonly name: 'recovery_seconds' | 'breach_to_restart_seconds' | 'breach_to_evidence_seconds';
  readonly seconds: number;
}

const TIMES = [
  ['evidenceAt', 'breach_to_evidence_seconds'],
  ['actedAt', 'breach_to_restart_seconds'],
] as const;

/** Times worth a histogram, at the moment at which they become known. */
export function observationsBetween(before: IncidentStatus, after: IncidentStatus): readonly Observation[] {
  const detected = fromTime(after.timings?.detectedAt);
  if (detected === undefined) return [];
  const since = (time: number): number => Math.max(0, time - detected) / 1000;
  const observations: Observation[] = [];
  for (const [key, name] of TIMES) {
    const time = fromTime(after.timings?.[key]);
    if (time !== undefined && before.timings?.[key] === undefined) observations.push({ name, seconds: since(time) });
  }
  const ready = fromTime(after.timings?.readyAt);
  if (ready !== undefined && after.outcome === 'Recovered' && before.outcome === undefined) {
    observations.push({ name: 'recovery_seconds', seconds: since(ready) });
  }
  return observations;
}
