/** Which ends of an incident are not the last word on its trouble. */
import type { KubeletIncident } from '../../../api/v1alpha1/incident.ts';
import { findCondition } from './conditions-and-steps.ts';
import { isOutcome, OUTCOMES } from './outcomes.ts';

/** How long after its end the same trouble is taken up again, in milliseconds; infinite: never, or it is open. */
export function retryAfterMs({ spec, status }: KubeletIncident): number {
  const outcome = findCondition(status.conditions, 'Complete')?.reason ?? '';
  const after = isOutcome(outcome) ? OUTCOMES[outcome].retryAfterMs : undefined;
  return after === undefined ? Number.POSITIVE_INFINITY : after(spec.plan);
}

/** Whether it is over, and what it left undone is for the next incident on its node. */
export function isRetried(incident: KubeletIncident): boolean {
  return Number.isFinite(retryAfterMs(incident));
}
