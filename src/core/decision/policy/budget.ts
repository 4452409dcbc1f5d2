/** How much may be done at once. Small, pure, and the most heavily tested file of the project. */
import type { KubeletIncident } from '../../../api/v1alpha1/incident.ts';
import type { Budget } from '../../../api/v1alpha1/policy.ts';
import { isAct } from '../actions.ts';
import { durationMs, formatSeconds } from '../../time/duration.ts';
import { isOpen } from '../node-state.ts';
import type { BudgetWaitReason } from '../record/reasons.ts';
import { RESERVATION_STEP } from '../record/step-names.ts';
import { fromTime, toTime } from '../../time/timestamp.ts';

export interface BudgetView {
  /** Every incident there is, of all policies. */
  readonly incidents: readonly KubeletIncident[];
  /** Nodes that the policy rules. */
  readonly ruledNodes: number;
  /** Ruled nodes that are not Ready or whose PLEG is unhealthy. */
  readonly unhealthyNodes: number;
  /** Names of control plane nodes. */
  readonly controlPlaneNodes: ReadonlySet<string>;
  /** For how long some of this may have been out of date, in milliseconds. */
  readonly ageMs: number;
}

export type BudgetVerdict =
  | { readonly kind: 'free'; readonly left: number }
  /** Try again at `until`, milliseconds since 1970. */
  | { readonly kind: 'wait'; readonly reason: BudgetWaitReason; readonly message: string; readonly until: number }
  | { readonly kind: 'exhausted'; readonly reason: 'AttemptsUsedUp'; readonly message: string };

const LOOK_AGAIN_MS = 30_000;
/** A watch that says nothing for 90 s is opened anew; a view this old has a watch that cannot be opened. */
const STALE_MS = 180_000;

/** `50%` of 3 nodes is 2: percentages are rounded up, as a PodDisruptionBudget's maxUnavailable is. */
export function maxUnhealthyNodes(limit: number | string, ruledNodes: number): number {
  if (typeof limit === 'number') return limit;
  const percent = Number(limit.replace('%', ''));
  return Number.isFinite(percent) ? Math.ceil((percent / 100) * ruledNodes) : 0;
}

function hasReservation(incident: KubeletIncident): boolean {
  return incident.status.steps?.some((step) => step.name === RESERVATION_STEP) ?? false;
}

/** Incidents of a policy that hold a place in its budget now. */
export function inFlight(incidents: readonly KubeletIncident[], policy: string): readonly KubeletIncident[] {
  return incidents.filter(
    (incident) => incident.spec.plan.policy === policy && isOpen(incident) && hasReservation(incident),
  );
}

/** When each action on a node was reserved, over all its incidents. A reservation counts, whatever came of it. */
function actionTimes(incidents: readonly KubeletIncident[], nodeName: string): readonly number[] {
  return incidents
    .filter((incident) => incident.spec.nodeName === nodeName)
    .flatMap((incident) => incident.status.actions ?? [])
    .filter((action) => isAct(action) && action.state !== 'Refused')
    .map((action) => fromTime(action.reservedAt) ?? Number.POSITIVE_INFINITY)
    .sort((a, b) => a - b);
}

function perNodeVerdict(
  incident: KubeletIncident,
  budget: Budget,
  view: BudgetView,
  now: number,
): BudgetVerdict | undefined {
  const withinMs = durationMs(budget.perNode.within);
  const recent = actionTimes(view.incidents, incident.spec.nodeName).filter((time) => time > now - withinMs);
  if (recent.length < budget.perNode.attempts) return undefined;
  return {
    kind: 'exhausted',
    reason: 'AttemptsUsedUp',
    message: `budget: ${recent.length} of ${budget.perNode.attempts} actions on this node within ${budget.perNode.within}`,
  };
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
    message: `budget: ${view.unhealthyNodes} of ${view.ruledNodes} nodes are unhealthy, more than maxUnhealthy ${budget.maxUnhealthy} (${limit}): the fault is not one node's`,
    until: now + LOOK_AGAIN_MS,
  };
}

function concurrencyVerdict(
  incident: KubeletIncident,
  budget: Budget,
  view: BudgetView,
  now: number,
): BudgetVerdict | undefined {
  const others = inFlight(view.incidents, incident.spec.plan.policy).filter(
    (other) => other.metadata.name !== incident.metadata.name,
  );
  const names = others.map((other) => other.metadata.name).join(', ');
  if (others.length >= budget.maxConcurrent) {
    return {
      kind: 'wait',
      reason: 'TooManyAtOnce',
      message: `budget: ${others.length} of ${budget.maxConcurrent} recoveries in flight (${names})`,
      until: now + LOOK_AGAIN_MS,
    };
  }
  const busy = others.find((other) => view.controlPlaneNodes.has(other.spec.nodeName));
  if (busy !== undefined && view.controlPlaneNodes.has(incident.spec.nodeName)) {
    return {
      kind: 'wait',
      reason: 'ControlPlaneBusy',
      message: `budget: another control plane node is under recovery (${busy.metadata.name})`,
      until: now + LOOK_AGAIN_MS,
    };
  }
  return undefined;
}

function cooldownVerdict(
  incident: KubeletIncident,
  budget: Budget,
  view: BudgetView,
  now: number,
): BudgetVerdict | undefined {
  const ends = view.incidents
    .filter((other) => other.spec.plan.policy === incident.spec.plan.policy && !isOpen(other) && hasReservation(other))
    .map((other) => fromTime(other.status.timings?.completedAt) ?? 0);
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
 * Whether an incident may begin to act. Order: the node's own attempts, the age of the view, the breaker, concurrency, cooldown; the first
 * objection counts. An incident that holds a reservation keeps it; only its node's attempts are counted again.
 */
export function judgeBudget(incident: KubeletIncident, view: BudgetView, now: number): BudgetVerdict {
  const { budget } = incident.spec.plan;
  const own = perNodeVerdict(incident, budget, view, now);
  if (own !== undefined) return own;
  const left = Math.max(0, budget.maxConcurrent - inFlight(view.incidents, incident.spec.plan.policy).length);
  if (hasReservation(incident)) return { kind: 'free', left };
  return (
    staleVerdict(view, now) ??
    breakerVerdict(budget, view, now) ??
    concurrencyVerdict(incident, budget, view, now) ??
    cooldownVerdict(incident, budget, view, now) ?? { kind: 'free', left }
  );
}
