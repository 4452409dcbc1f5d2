/** Every condition that kubelet-medic writes, by the object that carries it, with what True means. */
import type { ProbeState } from '../kinds/health.ts';

export const INCIDENT_CONDITIONS = {
  EvidenceCaptured: 'Evidence was saved. False: it could not be saved; the reason says why.',
  Diagnosed: 'The evidence was read, and `status.diagnosis` says what it shows.',
  Confirmed: 'A second source, independent of the first, says that the node is stuck; the reason names it.',
  NodeCordoned: 'This incident cordoned the node.',
  ActionTaken: 'Something was restarted. It is never True before EvidenceCaptured is True or False.',
  Recovered: 'The node is Ready and has stayed so, with no new PLEG line.',
  NodeUncordoned: 'The node was uncordoned, or the reason says why it was left cordoned.',
  FaultInjected: 'Drill: the fault was made on the node. False: it was not, and the reason says why.',
  Complete: 'It is over; the reason is the outcome. From then on the status is frozen.',
  Ready: 'For `kubectl wait` and kstatus: it is over, and went as it should.',
  Reconciling: 'For kstatus: it is open; the reason says what it does or waits for. Absent: it is over.',
  Stalled: 'For kstatus: it is over, and did not go as it should; the reason is the outcome. Absent otherwise.',
} as const;
export type IncidentConditionType = keyof typeof INCIDENT_CONDITIONS;

export const HEALTH_CONDITIONS = {
  LogReadable: 'The agent can read the kubelet log.',
  RuntimeReachable: 'The CRI answers the agent.',
  SpoolWritable: "Evidence can be stored on the node's disk.",
  StacksReadable: "The kubelet's goroutines can be read from its memory; else see `controller.nodeProxy`.",
  Recoverable: 'What a recovery needs is there; the message says what is not.',
} as const;
export type HealthConditionType = keyof typeof HEALTH_CONDITIONS;

/** Reasons of the conditions of a KubeletHealth. */
export interface HealthReasons {
  readonly LogReadable: 'Following' | 'Reading' | 'LogUnreadable';
  readonly RuntimeReachable: Exclude<ProbeState, 'Unknown'> | 'NotProbed';
  readonly SpoolWritable: 'Writable' | 'WriteFailed';
  readonly StacksReadable: 'Readable' | 'MemoryUnreadable' | 'NotCheckedYet';
  readonly Recoverable:
    | 'Recoverable'
    | 'NotLookedYet'
    | `${'Kubelet' | 'Runtime'}${'UnitUnknown' | 'UnitUnreadable' | 'UnitBroken' | 'Masked' | 'Stopped' | 'Debugged'}`
    | 'NoRestartPolicy'
    | 'NoRuntimeRestartPolicy';
}

export const POLICY_CONDITIONS = {
  Ready: 'The policy is in force.',
  Stalled: 'For kstatus: on none of its nodes is it in force, since others of higher priority are. Absent otherwise.',
  BudgetAvailable: 'It may act now.',
  OwnCausesRead: 'What `ownCauses` of the chart says is used. False: it is not, and the message says what is wrong.',
} as const;
export type PolicyConditionType = keyof typeof POLICY_CONDITIONS;

/** Reasons of the conditions of a KubeletRecoveryPolicy. */
export interface PolicyReasons {
  readonly Ready: 'InForce' | 'Overridden';
  readonly Stalled: 'Overridden';
  readonly BudgetAvailable: 'Available' | 'InUse' | 'Paused' | 'TooManyUnhealthy';
  readonly OwnCausesRead: 'Read' | 'NoneGiven' | 'Refused';
}

export const NODE_CONDITIONS = {
  KubeletStuck: 'The PLEG of the node is unhealthy, or an incident on it is open that no person asked for.',
} as const;
export const NODE_CONDITION_STUCK: keyof typeof NODE_CONDITIONS = 'KubeletStuck';

export const REMEDIATION_CONDITIONS = {
  Processing: 'The node is being looked at, or recovered.',
  Succeeded: 'The node was recovered. False: it is given back, and whoever asked may go on at once. Unknown: not yet.',
} as const;
export type RemediationConditionType = keyof typeof REMEDIATION_CONDITIONS;
