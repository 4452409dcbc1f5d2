/** `status.state`: where an incident stands, for the table. An open one says what it does or waits for, one that is over its outcome. */
import type { IncidentStatus } from '../../../api/v1alpha1/kinds/incident.ts';
import { ACTIONS, isActStep } from '../actions.ts';
import type { RecoveryReason, WaitReason } from './reasons.ts';

/** It asks for a moment only: that is not written down. */
type Written = Exclude<WaitReason, 'AgentAsked'>;
type Acting = 'ActionRequested' | 'Acting';

/** Between two acts the next rung waits as the first one did, so that one word has one meaning throughout. */
export const WAIT_STATES: Readonly<Record<Exclude<Written, Acting | RecoveryReason>, string>> = {
  Observing: 'Observing',
  Capturing: 'Capturing',
  CaptureRateLimited: 'Waiting: turn to capture',
  EvidenceBudgetSpent: 'Waiting: room for evidence',
  ClockSkewed: 'Waiting: clock',
  NoWitnessYet: 'Waiting: second witness',
  AgentSilent: 'Waiting: agent',
  PolicyPaused: 'Waiting: policy is paused',
  ControlPlaneSkipped: 'Waiting: control plane node',
  NodeDeleting: 'Waiting: node is being deleted',
  NodeExcluded: 'Waiting: node is excluded',
  OtherActor: 'Waiting: another actor',
  RequestsUnknown: 'Waiting: requests',
  MaintenanceLease: 'Waiting: maintenance lease',
  LeaseUnreadable: 'Waiting: maintenance lease',
  CordonedByOther: "Waiting: another's cordon",
  StaleView: 'Waiting: API server',
  UnreadableIncidents: 'Waiting: unreadable incidents',
  NodeBusy: 'Waiting: budget',
  TooManyUnhealthy: 'Waiting: too many unhealthy',
  TooManyAtOnce: 'Waiting: budget',
  TooManyInCluster: 'Waiting: budget',
  ControlPlaneBusy: 'Waiting: budget',
  Cooldown: 'Waiting: budget',
  AttemptsUsedUp: 'Waiting: budget',
  PlacesWasted: 'Waiting: budget',
  BudgetReserved: 'Reserving',
  LeaseTaken: 'Reserving',
  Cordoning: 'Cordoning',
  Held: 'Held: approve or reject',
  Uncordoning: 'Uncordoning',
  FaultRequested: 'Making the fault',
  FaultInjected: 'Waiting: recovery',
  UndoRequested: 'Undoing the fault',
};

/** After an action, while it is seen whether it helped. */
export const VERIFYING = 'Verifying';

function isWait(reason: Written): reason is keyof typeof WAIT_STATES {
  return Object.hasOwn(WAIT_STATES, reason);
}

/** @param status with the step that is under way. */
export function stateOf({ steps }: IncidentStatus, reason: Written): string {
  if (isWait(reason)) return WAIT_STATES[reason];
  const act = reason === 'ActionRequested' || reason === 'Acting' ? steps?.findLast(isActStep) : undefined;
  return act === undefined ? VERIFYING : ACTIONS[act.action].doing;
}
