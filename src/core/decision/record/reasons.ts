/** Reasons that decisions give, in conditions and as why an incident waits. */
import type { IncidentConditionType } from '../../../api/v1alpha1/words/conditions.ts';
import type { CauseClass } from '../../../api/v1alpha1/parts/diagnosis.ts';
import type { Fault } from '../../../api/v1alpha1/parts/drill.ts';
import type { PlegState } from '../../../api/v1alpha1/kinds/health.ts';
import type { TriggerType, Witness } from '../../../api/v1alpha1/kinds/incident.ts';
import type { Action } from '../../../api/v1alpha1/kinds/policy.ts';
import type { Outcome } from './outcomes.ts';

/** Why an action is the one that is taken. */
export type ActReason =
  | 'ChosenByPerson'
  | 'RuntimeAnswers'
  | 'RestartRuntimeHelps'
  | 'RuntimeDoesNotAnswer'
  | 'RestartKubeletHelps'
  | 'DefaultAction'
  | 'HelpedBefore'
  | 'NextRung';

/** Why no action is left to take, so that a person has to look. */
export type HandOverReason =
  | 'NotDiagnosed'
  | 'HeldByPerson'
  | 'Recurring'
  | 'RestartHarms'
  | 'RestartDoesNotHelp'
  | 'LadderExhausted'
  | 'ActionNotAllowed';

/** Why others' marks on the node forbid to act. */
export type ObjectionReason =
  | 'NodeDeleting'
  | 'NodeExcluded'
  | 'OtherActor'
  | 'RequestsUnknown'
  | 'MaintenanceLease'
  | 'LeaseUnreadable'
  | 'CordonedByOther';

/** Why the budget has no place now. */
export type BudgetWaitReason =
  | 'StaleView'
  | 'UnreadableIncidents'
  | 'NodeBusy'
  | 'TooManyUnhealthy'
  | 'TooManyAtOnce'
  | 'TooManyInCluster'
  | 'ControlPlaneBusy'
  | 'Cooldown';

/** Why a drill is refused. */
export type DrillRefusal =
  | 'DrillTooLong'
  | 'DrillExpired'
  | 'DrillNotAllowed'
  | 'DrillInFlight'
  | 'DrillAborted'
  | 'NodeGone'
  | 'ControlPlane'
  | 'PolicyForbids'
  | 'PolicyMismatch'
  | 'StrategyHolds'
  | 'CureNotAllowed'
  | 'NodeNotWell'
  | 'NotRecoverable'
  | 'IncidentOpen'
  | 'PodsAtRisk'
  | 'PodsUnreadable'
  | 'AgentSilent'
  | 'NoSuchProcess'
  | 'OneProcess'
  | ObjectionReason
  | BudgetWaitReason
  | 'AttemptsUsedUp'
  | 'PlacesWasted';

export type SkipReason =
  | 'AgentSilent'
  | 'PolicyPaused'
  | 'ControlPlaneSkipped'
  | ObjectionReason
  | BudgetWaitReason
  | 'AttemptsUsedUp'
  | 'PlacesWasted';

/** How far the node is from being well again. */
export type RecoveryReason = 'NotReady' | 'PLEGNotHealthy' | 'NotKnown' | 'Stabilising' | 'NotLasting';

/** Why the capture of an incident has not begun. */
export type CaptureWait = 'CaptureRateLimited' | 'EvidenceBudgetSpent';

/** Why an incident waits: reason of `Complete` and `Ready` while it is open. */
export type WaitReason =
  | 'Observing'
  | 'Capturing'
  | CaptureWait
  | 'ClockSkewed'
  | 'NoWitnessYet'
  | SkipReason
  | 'BudgetReserved'
  | 'LeaseTaken'
  /** Not written down: it answers in a moment, or it is silent. */
  | 'AgentAsked'
  | 'Cordoning'
  | 'Held'
  | 'ActionRequested'
  | 'Acting'
  | 'FaultRequested'
  | 'FaultInjected'
  | 'UndoRequested'
  | RecoveryReason
  | 'Uncordoning';

/** Reasons of the conditions of a KubeletIncident. */
export interface IncidentReasons extends Readonly<Record<IncidentConditionType, string>> {
  readonly EvidenceCaptured: CaptureWait | 'Capturing' | 'Complete' | 'Partial' | 'Missing';
  readonly Diagnosed: CauseClass;
  readonly Confirmed: Witness | 'NoWitnessYet' | 'NotConfirmed';
  readonly NodeCordoned: 'Cordoned';
  readonly ActionTaken: 'Requested' | Action | 'Refused' | HandOverReason | SkipReason;
  readonly Recovered: RecoveryReason | 'Recovered' | 'SelfHealed';
  readonly NodeUncordoned: 'Uncordoned' | 'LeftAlone';
  readonly FaultInjected: Fault | DrillRefusal | 'RefusedByAgent' | 'Failed';
  readonly Complete: Outcome | WaitReason;
  readonly Ready: Outcome | WaitReason;
  readonly Reconciling: WaitReason;
  readonly Stalled: Outcome;
}

/** What is claimed of a node, whatever its clock is. */
export type NodeReason = TriggerType | `PLEG${PlegState}` | 'AgentSilent';

/** Reasons of the condition KubeletStuck of a Node. */
export type StuckReason = NodeReason | `${NodeReason}ClockSkewed` | 'Uninstalled';

/** Why an agent refuses an act. */
export type RefusalReason =
  | 'ModeForbids'
  | 'Rejected'
  | 'ActionNotAllowed'
  | 'UnitNotFound'
  | 'UnitUnreadable'
  | 'UnitBroken'
  | 'AlreadyRestarted'
  | 'RuntimeNotAnswering'
  | 'StepOver'
  | 'Expired'
  | 'NodeWell'
  | 'HeldByPerson'
  | 'Paused'
  | 'Excluded'
  | DrillRefusal
  | ObjectionReason;
