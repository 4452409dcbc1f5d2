/**
 * Places in the budget: which recoveries are in flight, and whether one more may be beside them. A place is reserved by a
 * write, and then confirmed by a list of all incidents that was read after that write: two controllers, or one whose write
 * took effect unseen, may have reserved at once.
 */
import type { IncidentStatus, KubeletIncident, Step } from '../../../api/v1alpha1/kinds/incident.ts';
import { isAct } from '../actions.ts';
import { isOpen } from '../node-state.ts';
import { findCondition, findStep } from '../record/conditions-and-steps.ts';
import type { BudgetWaitReason } from '../record/reasons.ts';
import { RESERVATION_STEP, RESERVED } from '../record/step-names.ts';
import type { BudgetView } from './budget-view.ts';

/** In a message. */
const MAX_NAMED = 5;

function reservationOf(status: IncidentStatus): Step | undefined {
  return findStep(status, RESERVATION_STEP);
}

export function hasReservation(status: IncidentStatus): boolean {
  return reservationOf(status) !== undefined;
}

/** Whether it is reserved, and no list has shown yet that there is a place for it. */
export function isToBeConfirmed(status: IncidentStatus): boolean {
  return reservationOf(status)?.reason === RESERVED;
}

export function holdsPlace(incident: KubeletIncident): boolean {
  // Few have one.
  return hasReservation(incident.status) && isOpen(incident);
}

/** Incidents that hold a place now, of all policies. */
export function allInFlight(incidents: readonly KubeletIncident[]): readonly KubeletIncident[] {
  return incidents.filter(holdsPlace);
}

/** Incidents of a policy that hold a place in its budget now. */
export function inFlight(incidents: readonly KubeletIncident[], policy: string): readonly KubeletIncident[] {
  return allInFlight(incidents).filter(({ spec }) => spec.plan.policy === policy);
}

/**
 * Whether it had a place and is over, and its agent did nothing with it: it did not take up the act, did not answer, or
 * reserved the act and never said what came of it.
 */
export function wastedItsPlace({ status, ...incident }: KubeletIncident): boolean {
  if (isOpen({ status, ...incident }) || !hasReservation(status)) return false;
  const acts = (status.actions ?? []).filter(isAct);
  if (acts.some(({ state }) => state !== 'Reserved' && state !== 'Refused')) return false;
  const taken = findCondition(status.conditions, 'ActionTaken');
  const isSilent = taken?.status === 'False' && taken.reason === 'AgentSilent';
  return isSilent || acts.some(({ state }) => state === 'Reserved');
}

function namesOf(incidents: readonly KubeletIncident[]): string {
  return incidents
    .slice(0, MAX_NAMED)
    .map(({ metadata }) => metadata.name)
    .join(', ');
}

/** What a list of all incidents shows. */
export type ListedPlaces = Pick<BudgetView, 'incidents' | 'controlPlaneNodes' | 'maxInCluster' | 'unreadable'>;

interface Objection {
  readonly reason: BudgetWaitReason;
  readonly message: string;
}

/** What an incident does that cannot be read is not known. */
export function objectionToUnreadable({ unreadable }: Pick<BudgetView, 'unreadable'>): Objection | undefined {
  if (unreadable.length === 0) return undefined;
  const names = unreadable.slice(0, MAX_NAMED).join(', ');
  const message = `budget: ${unreadable.length} incidents cannot be read, so what they do is not known (${names})`;
  return { reason: 'UnreadableIncidents', message };
}

/** Why an incident may not be in flight beside these, or undefined. One that is in flight on the same node is never beside it. */
export function objectionBeside(
  { metadata, spec }: KubeletIncident,
  flying: readonly KubeletIncident[],
  { controlPlaneNodes, maxInCluster }: Pick<BudgetView, 'controlPlaneNodes' | 'maxInCluster'>,
): Objection | undefined {
  const { budget, policy } = spec.plan;
  const others = flying.filter((other) => other.metadata.name !== metadata.name);
  const onNode = others.filter((other) => other.spec.nodeName === spec.nodeName);
  if (onNode.length > 0) {
    return { reason: 'NodeBusy', message: `another recovery of this node is in flight (${namesOf(onNode)})` };
  }
  const own = others.filter((other) => other.spec.plan.policy === policy);
  if (own.length >= budget.maxConcurrent) {
    const message = `budget: ${own.length} of ${budget.maxConcurrent} recoveries in flight (${namesOf(own)})`;
    return { reason: 'TooManyAtOnce', message };
  }
  if (others.length >= maxInCluster) {
    const message = `budget: ${others.length} of ${maxInCluster} recoveries in the cluster in flight (${namesOf(others)})`;
    return { reason: 'TooManyInCluster', message };
  }
  const busy = others.find((other) => controlPlaneNodes.has(other.spec.nodeName));
  if (busy !== undefined && controlPlaneNodes.has(spec.nodeName)) {
    const message = `budget: another control plane node is under recovery (${busy.metadata.name})`;
    return { reason: 'ControlPlaneBusy', message };
  }
  return undefined;
}

function orderOf({ metadata, status }: KubeletIncident): string {
  return `${reservationOf(status)?.startedAt ?? ''} ${metadata.uid}`;
}

/** Confirmed: there is a place. TakenBack: there is none. Undecided: the other has to take its own back, or confirm it. */
export type ReservationVerdict =
  { readonly kind: 'Confirmed' | 'Undecided' } | { readonly kind: 'TakenBack'; readonly objection: Objection };

/**
 * What a consistent list says of a reservation. One that is confirmed keeps its place. Of two that are not, the later one is
 * taken back, and the earlier one waits to see it: who wrote first is told by clocks, and the other, who listed before this
 * one wrote, may be about to confirm.
 */
export function judgeReservation(incident: KubeletIncident, view: ListedPlaces): ReservationVerdict {
  const all = allInFlight(view.incidents);
  const before = all.filter((other) => !isToBeConfirmed(other.status) || orderOf(other) < orderOf(incident));
  const objection = objectionToUnreadable(view) ?? objectionBeside(incident, before, view);
  if (objection !== undefined) return { kind: 'TakenBack', objection };
  return { kind: objectionBeside(incident, all, view) === undefined ? 'Confirmed' : 'Undecided' };
}
