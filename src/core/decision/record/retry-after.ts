/** Which ends of an incident are not the last word on its trouble. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { findCondition } from './conditions-and-steps.ts';
import { fromTime } from '../../time/timestamp.ts';
import { isOutcome, OUTCOMES } from './outcomes.ts';

/** So many in a row that the time does not grow any more. */
const MANY = 32;

/** An agent may be back at any time, for example after a rollout that took long. Then its node is no longer a person's alone. */
const AGENT_BACK_MS = 15 * 60_000;

function wasAgentSilent({ conditions }: KubeletIncident['status']): boolean {
  const taken = findCondition(conditions, 'ActionTaken');
  return taken?.status === 'False' && taken.reason === 'AgentSilent';
}

/**
 * How long after its end the same trouble is taken up again, in milliseconds; infinite: never, or it is open.
 * @param inARow how many have ended so on the node, with this one, since it was last otherwise.
 */
export function retryAfterMs({ spec, status }: KubeletIncident, inARow = 1): number {
  const outcome = findCondition(status.conditions, 'Complete')?.reason ?? '';
  if (outcome === 'HandedOver' && wasAgentSilent(status)) return AGENT_BACK_MS;
  if (!isOutcome(outcome)) return Number.POSITIVE_INFINITY;
  const { retryAfterMs: after, retryAtMostMs } = OUTCOMES[outcome];
  if (after === undefined) return Number.POSITIVE_INFINITY;
  const firstMs = after(spec.plan);
  return retryAtMostMs === undefined
    ? firstMs
    : Math.min(firstMs * 2 ** (inARow - 1), Math.max(firstMs, retryAtMostMs));
}

/** How it ended, of what trigger. */
function kindOf({ spec, status }: KubeletIncident): string {
  return `${spec.trigger.type} ${findCondition(status.conditions, 'Complete')?.reason ?? ''}`;
}

function endedAt({ status }: KubeletIncident): number {
  return fromTime(status.timings?.completedAt) ?? 0;
}

/**
 * How many incidents of a node have ended as the first of them did, of the same trigger, and without another one between them.
 * One that was long over when the next one opened is of another trouble.
 * @param newestFirst the one that is asked about is the first.
 */
export function inARow(newestFirst: readonly KubeletIncident[]): number {
  let count = 0;
  let nextOpenedAt = Number.POSITIVE_INFINITY;
  for (const incident of newestFirst) {
    const isLongOver = nextOpenedAt - endedAt(incident) > 2 * retryAfterMs(incident, MANY);
    if (newestFirst[0] === undefined || kindOf(incident) !== kindOf(newestFirst[0])) break;
    if (count > 0 && isLongOver) break;
    count += 1;
    nextOpenedAt = fromTime(incident.metadata.creationTimestamp) ?? 0;
  }
  return count;
}

/** Whether it is over, and what it left undone is for the next incident on its node. */
export function isRetried(incident: KubeletIncident): boolean {
  return Number.isFinite(retryAfterMs(incident));
}
