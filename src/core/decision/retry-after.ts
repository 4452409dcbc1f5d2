/** Which ends of an incident are not the last word on its trouble. */
import { CONDITION_COMPLETE, type KubeletIncident, type Outcome } from '../../api/v1alpha1/incident.ts';
import { durationMs } from '../time/duration.ts';
import { findCondition } from './conditions-and-steps.ts';

/** An incident that ended for want of something that may come back is opened anew after this long. */
const RETRY_AFTER_MS = 15 * 60_000;

/**
 * Outcomes that leave a stuck node stuck for want of something that may come back, and after how long it is tried again.
 * After every other outcome the same trouble is not taken up again: it is over, or a person has it.
 */
const RETRY_AFTER: Partial<Record<Outcome, (incident: KubeletIncident) => number>> = {
  EvidenceMissing: () => RETRY_AFTER_MS,
  ActionRefused: () => RETRY_AFTER_MS,
  BudgetExhausted: (incident) => durationMs(incident.spec.plan.budget.perNode.within),
};

/** How long after its end the same trouble is taken up again, in milliseconds; infinite: never. */
export function retryAfterMs(incident: KubeletIncident): number {
  const reason = findCondition(incident.status.conditions, CONDITION_COMPLETE)?.reason ?? '';
  return (
    (reason in RETRY_AFTER ? RETRY_AFTER[reason as keyof typeof RETRY_AFTER]?.(incident) : undefined) ??
    Number.POSITIVE_INFINITY
  );
}

/** Whether it is over, and what it left undone is for the next incident on its node. */
export function isRetried(incident: KubeletIncident): boolean {
  return Number.isFinite(retryAfterMs(incident));
}
