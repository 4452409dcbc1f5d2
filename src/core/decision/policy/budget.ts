/** How much may be done at once. Small, pure, and the most heavily tested file of the project. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import type { Budget } from '../../../api/v1alpha1/kinds/policy.ts';
import { isActStep } from '../actions.ts';
import { durationMs, formatSeconds } from '../../time/duration.ts';
import { isOpen } from '../node-state.ts';
import {
  allInFlight,
  hasReservation,
  inFlight,
  objectionBeside,
  objectionToUnreadable,
  wastedItsPlace,
} from './places.ts';
import type { BudgetView } from './budget-view.ts';
import type { BudgetWaitReason } from '../record/reasons.ts';
import { fromTime, toTime } from '../../time/timestamp.ts';

export type BudgetVerdict =
  | { readonly kind: 'free'; readonly left: number }
  /** Try again at `until`, milliseconds since 1970. */
  | { readonly kind: 'wait'; readonly reason: BudgetWaitReason; readonly message: string; readonly until: number }
  | { readonly kind: 'exhausted'; readonly reason: 'AttemptsUsedUp' | 'PlacesWasted'; readonly message: string };

const LOOK_AGAIN_MS = 30_000;
/** A watch that says nothing for 90 s is opened anew; a view this old has a watch that cannot be opened. */
const STALE_MS = 180_000;
/** Controllers act while their clocks differ from the API server's by no more than half of it. */
const MAX_AHEAD_MS = 60_000;

/** `50%` of 3 nodes is 2: percentages are rounded up, as a PodDisruptionBudget's maxUnavailable is. */
export function maxUnhealthyNodes(limit: number | string, ruledNodes: number): number {
  if (typeof limit === 'number') return limit;
  const percent = Number(limit.replace('%', ''));
  return Number.isFinite(percent) ? Math.ceil((percent / 100) * ruledNodes) : 0;
}

/**
 * When each action on a node was asked for, over all its incidents: times of controllers, since a node's clock may be
 * anything. What was asked for counts, unless the agent refused it or never took it up.
 */
function actionTimes({ incidents, unreadActs }: BudgetView, nodeName: string): readonly number[] {
  const unread = unreadActs.filter((acts) => acts.nodeName === nodeName).flatMap(({ times }) => times);
  const read = incidents
    .filter((incident) => incident.spec.nodeName === nodeName)
    .flatMap(({ status }) =>
      (status.steps ?? []).filter(isActStep).filter((step) => {
        const record = status.actions?.find(({ name }) => name === step.name);
        return record === undefined ? step.state === 'Requested' : record.state !== 'Refused';
      }),
    )
    .map(({ startedAt }) => fromTime(startedAt) ?? Number.POSITIVE_INFINITY);
  return [...unread, ...read];
}

function perNodeVerdict(
  incident: KubeletIncident,
  budget: Budget,
  view: BudgetView,
  now: number,
): BudgetVerdict | undefined {
  const withinMs = durationMs(budget.perNode.within);
  const recent = actionTimes(view, incident.spec.nodeName).filter((time) => time > now - withinMs);
  if (recent.length < budget.perNode.attempts) return undefined;
  return {
    kind: 'exhausted',
    reason: 'AttemptsUsedUp',
    message: `budget: ${recent.length} of ${budget.perNode.attempts} actions on this node within ${budget.perNode.within}`,
  };
}

/** An agent that lies, and never acts, would hold the only place for ever; so would one that is broken. */
const MAX_WASTED = 3;
const WASTED_WITHIN_MS = 2 * 60 * 60_000;

function wastedVerdict({ spec }: KubeletIncident, { incidents }: BudgetView, now: number): BudgetVerdict | undefined {
  const wasted = incidents
    .filter((other) => other.spec.nodeName === spec.nodeName && wastedItsPlace(other))
    .filter(({ status }) => (fromTime(status.timings?.completedAt) ?? 0) > now - WASTED_WITHIN_MS);
  if (wasted.length < MAX_WASTED) return undefined;
  const message = `budget: this node was given ${wasted.length} places within ${formatSeconds(WASTED_WITHIN_MS)}, and its agent did nothing with them`;
  return { kind: 'exhausted', reason: 'PlacesWasted', message };
}

/** Reads and writes of one object may still work where lists and watches do not: then nobody knows how the others are. */
function staleVerdict({ ageMs }: BudgetView, now: number): BudgetVerdict | undefined {
  if (ageMs <= STALE_MS) return undefined;
  return {
    kind: 'wait',
    reason: 'StaleView',
    message: `budget: the state of the other nodes could not be read for more than ${formatSeconds(STALE_MS)}`,
    until: now + LOOK_AGAIN_MS,
  };
}

function breakerVerdict(budget: Budget, view: BudgetView, now: number): BudgetVerdict | undefined {
  const limit = maxUnhealthyNodes(budget.maxUnhealthy, view.ruledNodes);
  if (view.unhealthyNodes <= limit) return undefined;
  return {
    kind: 'wait',
    reason: 'TooManyUnhealthy',
    message: `budget: ${view.unhealthyNodes} of the ${view.ruledNodes} nodes of the policy are unhealthy, more than maxUnhealthy ${budget.maxUnhealthy} (${limit}): the fault is not one node's`,
    until: now + LOOK_AGAIN_MS,
  };
}

function unreadableVerdict(view: BudgetView, now: number): BudgetVerdict | undefined {
  const objection = objectionToUnreadable(view);
  return objection === undefined ? undefined : { kind: 'wait', ...objection, until: now + LOOK_AGAIN_MS };
}

interface Question {
  readonly incident: KubeletIncident;
  /** What holds a place now. */
  readonly flying: readonly KubeletIncident[];
  readonly view: BudgetView;
}

function concurrencyVerdict({ incident, flying, view }: Question, now: number): BudgetVerdict | undefined {
  const objection = objectionBeside(incident, flying, view);
  return objection === undefined ? undefined : { kind: 'wait', ...objection, until: now + LOOK_AGAIN_MS };
}

function cooldownVerdict(
  incident: KubeletIncident,
  budget: Budget,
  view: BudgetView,
  now: number,
): BudgetVerdict | undefined {
  const ends = view.incidents
    .filter(
      (other) => other.spec.plan.policy === incident.spec.plan.policy && hasReservation(other.status) && !isOpen(other),
    )
    .map((other) => fromTime(other.status.timings?.completedAt) ?? 0)
    // Of a controller whose clock was ahead: it is known to have ended before now, and not when.
    .filter((at) => at <= now + MAX_AHEAD_MS);
  const until = Math.max(0, ...ends) + durationMs(budget.cooldown);
  if (until <= now) return undefined;
  return {
    kind: 'wait',
    reason: 'Cooldown',
    // A moment, not what is left: the message is in a condition, and a change of it is a write.
    message: `budget: the last recovery ended less than ${budget.cooldown} ago; the next may begin at ${toTime(until)}`,
    until,
  };
}

/**
 * Whether an incident may begin to act. Order: the node's own attempts, places that it was given for nothing, the age of the
 * view, what cannot be read in it, the breaker, concurrency, cooldown; the first objection counts. An incident that holds a reservation keeps it; only its node's attempts are counted again.
 */
export function judgeBudget(incident: KubeletIncident, view: BudgetView, now: number): BudgetVerdict {
  const { budget } = incident.spec.plan;
  const own = perNodeVerdict(incident, budget, view, now);
  if (own !== undefined) return own;
  const flying = allInFlight(view.incidents);
  const left = Math.max(0, budget.maxConcurrent - inFlight(flying, incident.spec.plan.policy).length);
  if (hasReservation(incident.status)) return { kind: 'free', left };
  return (
    wastedVerdict(incident, view, now) ??
    staleVerdict(view, now) ??
    unreadableVerdict(view, now) ??
    breakerVerdict(budget, view, now) ??
    concurrencyVerdict({ incident, flying, view }, now) ??
    cooldownVerdict(incident, budget, view, now) ?? { kind: 'free', left }
  );
}
