/** Which ends of an incident are not the last word on its trouble. */
import type { KubeletIncident } from '../../../api/v1alpha1/incident.ts';
import { findCondition } from './conditions-and-steps.ts';
import { isOutcome, OUTCOMES } from './outcomes.ts';

/** An agent may be back at any time, for example after a rollout that took long. Then its node is no longer a person's alone. */
const AGENT_BACK_MS = 15 * 60_000;

function wasAgentSilent({ conditions }: KubeletIncident['status']): boolean {
  const taken = findCondition(conditions, 'ActionTaken');
  return taken?.status === 'False' && taken.reason === 'AgentSilent';
}

/** How long after its end the same trouble is taken up again, in milliseconds; infinite: never, or it is open. */
export function retryAfterMs({ spec, status }: KubeletIncident): number {
  const outcome = findCondition(status.conditions, 'Complete')?.reason ?? '';
  if (outcome === 'HandedOver' && wasAgentSilent(status)) return AGENT_BACK_MS;
  const after = isOutcome(outcome) ? OUTCOMES[outcome].retryAfterMs : undefined;
  return after === undefined ? Number.POSITIVE_INFINITY : after(spec.plan);
}

/** Whether it is over, and what it left undone is for the next incident on its node. */
export function isRetried(incident: KubeletIncident): boolean {
  return Number.isFinite(retryAfterMs(incident));
}
