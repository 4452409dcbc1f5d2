/** Reasons not to act, judged on facts read just before the write that reserves the act. Pure. */
import type { Node } from '../../api/kubernetes/node.ts';
import type { PlegState, ProbeState } from '../../api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY, ANNOTATION_EXCLUDE } from '../../api/v1alpha1/words/names.ts';
import type { KubeletRecoveryPolicy } from '../../api/v1alpha1/kinds/policy.ts';
import { ACTIONS, type ActStep, needsWhatIsMissing } from '../../core/decision/actions.ts';
import { isExcluded, isReady } from '../../core/decision/node-state.ts';
import { objectionOf } from '../../core/decision/other-actors.ts';
import { TRIGGERS } from '../../core/decision/node/triggers.ts';
import { actionsAllowedNow, objectionOfPolicy } from '../../core/decision/policy/policy-now.ts';
import type { RefusalReason } from '../../core/decision/record/reasons.ts';
import { brokenText, isBroken, wasStoppedBadly } from '../../core/detection/program-state.ts';
import { fromTime, toTime } from '../../core/time/timestamp.ts';
import type { UnitFacts } from '../../ports/host.ts';
import type { Reading } from '../health/observation.ts';

/** What is known without asking anybody. */
export interface Asked {
  readonly incident: KubeletIncident;
  readonly step: ActStep;
  /** This node's clock, milliseconds since 1970. */
  readonly now: number;
  /** How far this node's clock is ahead of the API server's, in milliseconds. */
  readonly clockAheadMs: number;
}

export interface ActQuestion extends Asked {
  /** undefined: there is no Node of that name. */
  readonly node: Node | undefined;
  /** The policy that the plan names; undefined: there is none any more, or the plan names none. */
  readonly policy: KubeletRecoveryPolicy | undefined;
  readonly unit: Reading<UnitFacts>;
  readonly probe: ProbeState;
  readonly pleg: PlegState;
  /** A debugger holds the program that is to be restarted. */
  readonly isDebugged: boolean;
  /** systemd has stopped the unit with the runtime, which ended by itself. */
  readonly isFallen: boolean;
}

export interface Refusal {
  readonly reason: RefusalReason;
  readonly message: string;
}

/** Times of the API are in seconds, and clocks are compared over a network. */
const CLOCK_TOLERANCE_MS = 2_000;

/** Asked first, and alone where the rest cannot be read: what nobody waits for any more is not done. */
export function refuseLate({ step, now, clockAheadMs }: Asked): Refusal | undefined {
  const limit = (fromTime(step.startedAt) ?? 0) + ACTIONS[step.action].limitMs;
  const deadline = fromTime(step.deadline) ?? limit;
  const apiNow = now - clockAheadMs;
  if (apiNow <= deadline) return undefined;
  const message = `it was to be done by ${toTime(deadline)}, and it is ${toTime(apiNow)} now`;
  return { reason: 'Expired', message };
}

type Rule = (question: ActQuestion) => Refusal | undefined;

function nodeGone({ incident, node }: ActQuestion): Refusal | undefined {
  const { nodeName, nodeUID } = incident.spec;
  const refusal = (message: string): Refusal => ({ reason: 'NodeDeleting', message });
  if (node === undefined) return refusal(`there is no Node ${nodeName} any more`);
  const { uid } = node.metadata;
  if (uid === nodeUID) return undefined;
  return refusal(`the incident is about a Node with UID ${nodeUID}; this one has ${uid}`);
}

/** The controller may be an impostor that has its token: what an incident says is cut to what the policy says. */
function policyForbids({ incident, policy }: ActQuestion): Refusal | undefined {
  const objection = objectionOfPolicy(incident.spec.plan, policy);
  if (objection === undefined) return undefined;
  const isForAWhile = objection.kind === 'Paused' || objection.kind === 'Gone';
  return { reason: isForAWhile ? 'Paused' : 'ModeForbids', message: objection.message };
}

function notAllowed({ incident, step, policy }: ActQuestion): Refusal | undefined {
  const { plan, approval } = incident.spec;
  if (approval?.decision === 'Reject') return { reason: 'Rejected', message: `rejected by ${approval.by}` };
  if (actionsAllowedNow(plan, policy).includes(step.action)) return undefined;
  const whose = plan.remediation.allowedActions.includes(step.action) ? `policy ${plan.policy}` : 'plan';
  return { reason: 'ActionNotAllowed', message: `the ${whose} does not allow ${step.action}` };
}

function excluded({ node }: ActQuestion): Refusal | undefined {
  if (node === undefined || !isExcluded(node)) return undefined;
  return { reason: 'Excluded', message: `the Node has the annotation ${ANNOTATION_EXCLUDE}=true` };
}

/** Others may have begun with the node since this was asked for. Whose cordon of ours it is the controller has judged. */
function othersAtWork({ incident, node }: ActQuestion): Refusal | undefined {
  if (node === undefined) return undefined;
  const owner = node.metadata.annotations[ANNOTATION_CORDONED_BY] ?? incident.metadata.name;
  return objectionOf(node, owner, { kind: 'unused' });
}

/** Unknown is not well. A person's approval does not make a node ill. */
function nodeWell({ incident, node, pleg, probe }: ActQuestion): Refusal | undefined {
  if (!TRIGGERS[incident.spec.trigger.type].isMomentary || node === undefined) return undefined;
  if (!isReady(node) || pleg !== 'Healthy' || probe !== 'Answered') return undefined;
  return { reason: 'NodeWell', message: 'the Node is Ready, its PLEG is healthy, and its runtime has just answered' };
}

function unitMissing({ step, unit }: ActQuestion): Refusal | undefined {
  const { effect } = ACTIONS[step.action];
  if (effect.command !== 'RestartUnit') return undefined;
  const role = effect.unit;
  switch (unit.kind) {
    case 'known':
      return undefined;
    case 'absent':
      return { reason: 'UnitNotFound', message: `no systemd unit of the ${role} was found` };
    case 'unreadable':
      return { reason: 'UnitUnreadable', message: `the ${role} unit cannot be read: ${unit.message}` };
    default:
      return unit satisfies never;
  }
}

/** A unit that somebody stopped or masked, or whose process he debugs. A reboot would start it, or end what he does. */
function heldByPerson({ unit, isDebugged, isFallen }: ActQuestion): Refusal | undefined {
  if (unit.kind !== 'known') return undefined;
  const { unit: name, loadState, activeState, result, hasJob } = unit.value;
  const refusal = (what: string): Refusal => ({
    reason: 'HeldByPerson',
    message: `${name} ${what}: it is left as it is`,
  });
  if (loadState === 'masked') return refusal('is masked');
  const isStopped = activeState === 'inactive' && (result === 'success' || result === '');
  if (!hasJob && !isFallen && (isStopped || wasStoppedBadly(unit.value))) return refusal('was stopped by somebody');
  return isDebugged ? refusal('is being debugged') : undefined;
}

function unitBroken({ step, unit }: ActQuestion): Refusal | undefined {
  if (ACTIONS[step.action].effect.command !== 'RestartUnit' || unit.kind !== 'known') return undefined;
  if (!isBroken(unit.value)) return undefined;
  return { reason: 'UnitBroken', message: `${brokenText(unit.value)}: mend its file, then systemctl daemon-reload` };
}

function alreadyRestarted({ step, unit, clockAheadMs }: ActQuestion): Refusal | undefined {
  if (ACTIONS[step.action].effect.command !== 'RestartUnit' || unit.kind !== 'known') return undefined;
  const asked = fromTime(step.startedAt);
  const started = unit.value.startedAt;
  if (asked === undefined || started === undefined) return undefined;
  if (started - clockAheadMs <= asked + CLOCK_TOLERANCE_MS) return undefined;
  const message = `${unit.value.unit} was started at ${new Date(started).toISOString()}, after this was asked for`;
  return { reason: 'AlreadyRestarted', message };
}

function runtimeSilent({ step, probe }: ActQuestion): Refusal | undefined {
  if (!needsWhatIsMissing(step.action, probe)) return undefined;
  const message = `the runtime does not answer (${probe}): the kubelet validates the CRI when it starts, and would crash-loop`;
  return { reason: 'RuntimeNotAnswering', message };
}

const RULES: readonly Rule[] = [
  refuseLate,
  nodeGone,
  policyForbids,
  notAllowed,
  excluded,
  othersAtWork,
  nodeWell,
  unitMissing,
  heldByPerson,
  unitBroken,
  alreadyRestarted,
  runtimeSilent,
];

/** The first rule that objects; undefined: none does. */
export function refuse(question: ActQuestion): Refusal | undefined {
  for (const rule of RULES) {
    const refusal = rule(question);
    if (refusal !== undefined) return refusal;
  }
  return undefined;
}
