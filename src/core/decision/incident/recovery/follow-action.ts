/** One action: chosen from the diagnosis, requested of the agent, and followed to its record. */
import type { Approval, IncidentStatus, KubeletIncident, Step } from '../../../../api/v1alpha1/kinds/incident.ts';
import type { ProbeState } from '../../../../api/v1alpha1/kinds/health.ts';
import type { Action } from '../../../../api/v1alpha1/kinds/policy.ts';
import { durationMs } from '../../../time/duration.ts';
import { ACTIONS, type ActRecord, agentLimitsOf, type ActStep, isAct, isActStep } from '../../actions.ts';
import { chooseAction, type ActionChoice, type PastTry } from '../../choose-action.ts';
import { actionsAllowedNow } from '../../policy/policy-now.ts';
import { findStep, withCondition, withStep, withStepEnded } from '../../record/conditions-and-steps.ts';
import type { IncidentReasons, RefusalReason } from '../../record/reasons.ts';
import { actStepName, verifyStepName } from '../../record/step-names.ts';
import { fromTime, toPreciseTime } from '../../../time/timestamp.ts';
import { askCommands } from '../../contact.ts';
import { tellSilence } from '../../silence.ts';
import { probeState } from '../diagnosis-stage.ts';
import { selfHealed } from '../presence.ts';
import { wellness } from '../wellness.ts';
import type { IncidentSnapshot, StageResult } from '../incident-snapshot.ts';

function actSteps(status: IncidentStatus): readonly ActStep[] {
  return (status.steps ?? []).filter(isActStep);
}

/** The acts of an incident that an agent took up, in order. */
function actsOf({ steps, actions }: IncidentStatus): readonly Action[] {
  return (steps ?? [])
    .filter(isActStep)
    .filter(({ name }) => actions?.some((record) => record.name === name && record.state !== 'Refused'))
    .map(({ action }) => action);
}

/** The newest act of one that recovered helped; those before it did not. */
function triesOf({ status }: KubeletIncident): readonly PastTry[] {
  const acts = actsOf(status);
  return acts.map((action, index) => ({
    action,
    helped: status.outcome === 'Recovered' && index === acts.length - 1,
  }));
}

/** What an action is chosen from, beside the status of the incident. */
export interface Choosing extends Pick<IncidentSnapshot, 'incident' | 'policy' | 'now'> {
  /** The agent's newest CRI probe; `Unknown` if it is not in touch. */
  readonly probe: ProbeState;
  /** Those of the same node at least, open or past. */
  readonly incidents: readonly KubeletIncident[];
}

function triedBefore({ incident, incidents, now }: Choosing, status: IncidentStatus): readonly PastTry[] {
  const withinMs = durationMs(incident.spec.plan.budget.perNode.within);
  const fingerprint = status.diagnosis?.fingerprint;
  if (fingerprint === undefined) return [];
  return incidents
    .filter((other) => other.metadata.name !== incident.metadata.name && other.spec.nodeUID === incident.spec.nodeUID)
    .filter((other) => other.status.diagnosis?.fingerprint === fingerprint)
    .filter((other) => (fromTime(other.metadata.creationTimestamp) ?? 0) > now - withinMs)
    .sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp))
    .flatMap(triesOf);
}

/** A person chooses among what is allowed. */
function chosenBy({ by }: Approval, action: Action, allowed: readonly Action[]): ActionChoice {
  if (allowed.includes(action)) return { kind: 'Act', action, reason: 'ChosenByPerson', message: `chosen by ${by}` };
  const message = `${by} chose ${action}, and the policy does not allow it`;
  return { kind: 'HandOver', reason: 'ActionNotAllowed', message };
}

export function choose(snapshot: IncidentSnapshot, status: IncidentStatus): ActionChoice {
  const { incident, policy, now, budget } = snapshot;
  return chooseFrom({ incident, policy, now, probe: probeState(snapshot), incidents: budget.incidents }, status);
}

/** The same for who has no snapshot: a person who is about to approve. */
export function chooseFrom(choosing: Choosing, status: IncidentStatus): ActionChoice {
  const { plan, approval } = choosing.incident.spec;
  const tried = actSteps(status).map(({ action }) => action);
  const allowed = actionsAllowedNow(plan, choosing.policy);
  if (approval?.action !== undefined && tried.length === 0) return chosenBy(approval, approval.action, allowed);
  if (status.diagnosis === undefined)
    return { kind: 'HandOver', reason: 'NotDiagnosed', message: 'there is no diagnosis' };
  return chooseAction({
    diagnosis: status.diagnosis,
    probe: choosing.probe,
    allowed,
    tried,
    before: triedBefore(choosing, status),
  });
}

/** Writes the request that the agent acts on. */
export function requestAction(snapshot: IncidentSnapshot, status: IncidentStatus, choice: ActionChoice): StageResult {
  const { now } = snapshot;
  if (choice.kind === 'HandOver') {
    const claim = { type: 'ActionTaken', status: 'False', reason: choice.reason, message: choice.message } as const;
    const next =
      actSteps(status).length > 0 ? status : { ...status, conditions: withCondition(status.conditions, claim, now) };
    return { kind: 'complete', status: next, outcome: 'HandedOver', message: choice.message };
  }
  const deadline = now + ACTIONS[choice.action].limitMs;
  const name = actStepName(actSteps(status).length + 1);
  const next = withStep(status, {
    name,
    type: 'Act',
    state: 'Requested',
    action: choice.action,
    reason: choice.reason,
    message: choice.message.slice(0, 1024),
    startedAt: toPreciseTime(now),
    deadline: toPreciseTime(deadline),
  });
  const claim = {
    type: 'ActionTaken',
    status: 'Unknown',
    reason: 'Requested',
    message: `${choice.action}: ${choice.message}`,
  } as const;
  return {
    kind: 'wait',
    status: { ...next, conditions: withCondition(next.conditions, claim, now) },
    reason: 'ActionRequested',
    until: deadline,
  };
}

function taken(snapshot: IncidentSnapshot, status: IncidentStatus, step: Step, record: ActRecord): StageResult {
  const { now } = snapshot;
  const message = record.message ?? '';
  const state = record.state === 'Succeeded' || record.state === 'Ambiguous' ? 'Succeeded' : 'Failed';
  const ended = withStepEnded(status, step.name, {
    state,
    now,
    message: `${record.action} ${record.state.toLowerCase()}${message === '' ? '' : `: ${message}`}`,
  });
  const claim = {
    type: 'ActionTaken',
    status: 'True',
    reason: record.action,
    message: `${record.state}${message === '' ? '' : `: ${message}`}`,
  } as const;
  const actedAt = status.timings?.actedAt ?? record.issuedAt ?? record.reservedAt;
  return {
    kind: 'pass',
    status: {
      ...ended,
      action: record.action,
      timings: { ...status.timings, actedAt },
      conditions: withCondition(ended.conditions, claim, now),
    },
  };
}

function notTaken(
  status: IncidentStatus,
  step: Step,
  why: { readonly reason: IncidentReasons['ActionTaken']; readonly message: string },
  now: number,
): IncidentStatus {
  const ended = withStepEnded(status, step.name, { state: 'Failed', message: why.message, now });
  const claim = { type: 'ActionTaken', status: 'False', ...why } as const;
  return { ...ended, conditions: withCondition(ended.conditions, claim, now) };
}

/** The agent's record of an act; undefined: it has not taken it up. */
function recordOf({ incident }: IncidentSnapshot, step: Step): ActRecord | undefined {
  return incident.status.actions?.filter(isAct).find(({ name }) => name === step.name);
}

export function wasRefused(snapshot: IncidentSnapshot, step: Step): boolean {
  return recordOf(snapshot, step)?.state === 'Refused';
}

export function isUnreported(snapshot: IncidentSnapshot, step: Step): boolean {
  return recordOf(snapshot, step)?.state === 'Reserved';
}

/** For how long an agent that has reserved an act may be at it after the step's deadline, in milliseconds. */
function graceMs(action: Action): number {
  const { commandMs, proofMs } = agentLimitsOf(action);
  return commandMs + proofMs;
}

/** Follows the newest request to the agent's record of it. */
export function followAction(snapshot: IncidentSnapshot, status: IncidentStatus, step: ActStep): StageResult {
  const { incident, now } = snapshot;
  const record = recordOf(snapshot, step);
  if (record?.state === 'Refused') {
    const message = `the agent refused: ${record.message ?? 'no reason given'}`;
    return { kind: 'pass', status: notTaken(status, step, { reason: 'Refused', message }, now) };
  }
  if (record !== undefined && record.state !== 'Reserved') return taken(snapshot, status, step, record);
  const deadline = (fromTime(step.deadline) ?? now) + (record === undefined ? 0 : graceMs(step.action));
  if (now < deadline)
    return { kind: 'wait', status, reason: record === undefined ? 'ActionRequested' : 'Acting', until: deadline };
  if (record !== undefined) {
    return taken(snapshot, status, step, {
      ...record,
      state: 'Ambiguous',
      message: 'reserved by the agent and never reported; judged by how the node is',
    });
  }
  const { nodeName } = incident.spec;
  const message = tellSilence(snapshot, nodeName, `the agent on ${nodeName} did not take up the request`);
  return {
    kind: 'complete',
    status: notTaken(status, step, { reason: 'AgentSilent', message }, now),
    outcome: 'HandedOver',
    message,
  };
}

/** Refused since the node is well, or is being restarted by somebody else: it may be well in a moment. */
const MAY_BE_WELL: ReadonlySet<string> = new Set<RefusalReason>(['NodeWell', 'AlreadyRestarted']);
const LOOK_AGAIN_MS = 5_000;

/** A node that is well after all needed nothing; else the refusal stands. */
export function afterRefusal(snapshot: IncidentSnapshot, status: IncidentStatus, step: ActStep): StageResult {
  const { now, incident } = snapshot;
  if (wellness(snapshot) === 'Well') {
    if (actSteps(status).length === 1) return selfHealed(snapshot, status);
    return { kind: 'complete', status, outcome: 'Recovered', message: 'Ready again before the next action was taken' };
  }
  const endsAt = (fromTime(step.finishedAt) ?? now) + durationMs(incident.spec.plan.remediation.verify.timeout);
  if (MAY_BE_WELL.has(recordOf(snapshot, step)?.reason ?? '') && now < endsAt) {
    const commands = askCommands(snapshot.contact, 'lately');
    return { kind: 'wait', status, reason: 'NotKnown', until: Math.min(endsAt, now + LOOK_AGAIN_MS), commands };
  }
  return { kind: 'complete', status, outcome: 'ActionRefused', message: step.message ?? 'the agent refused' };
}

export function newestAct(status: IncidentStatus): ActStep | undefined {
  return actSteps(status).at(-1);
}

/** Name of the step that verifies an act of this incident. */
export function verifyNameOf(status: IncidentStatus, act: Step): string {
  return verifyStepName(actSteps(status).findIndex(({ name }) => name === act.name) + 1);
}

export function verifyStepOf(status: IncidentStatus, act: Step): Step | undefined {
  return findStep(status, verifyNameOf(status, act));
}
