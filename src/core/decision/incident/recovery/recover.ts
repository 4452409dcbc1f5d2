/** The loop of the ladder: permission, cordon, hold, act, verify; and again with the next rung, or a person. */
import type { IncidentStatus } from '../../../../api/v1alpha1/kinds/incident.ts';
import { isNotReadYet } from '../../../detection/pleg-state.ts';
import { type AgentContact, askCommands, isFresh, isSilent } from '../../contact.ts';
import { silenceOf, tellSilence } from '../../silence.ts';
import { findStep, withCondition } from '../../record/conditions-and-steps.ts';
import { RESERVATION_STEP, UNCORDON_STEP } from '../../record/step-names.ts';
import { hasReservation } from '../../policy/places.ts';
import {
  afterRefusal,
  choose,
  followAction,
  isUnreported,
  newestAct,
  requestAction,
  verifyStepOf,
  wasRefused,
} from './follow-action.ts';
import { cordon, maintenanceLease, reserve } from './cordon.ts';
import { isDecisionOld, outdated } from '../decision-age.ts';
import { hold, rejection } from './hold.ts';
import { permission } from './permission.ts';
import { runStages } from '../stages.ts';
import type { IncidentSnapshot, Stage, StageResult } from '../incident-snapshot.ts';
import { wellness } from '../wellness.ts';
import { verify } from './verify.ts';
import { confirmed } from './witness.ts';

/** Whether an action would be taken at all: a node that is to be handed over is not cordoned first. */
function worthActing(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const choice = choose(snapshot, status);
  return choice.kind === 'HandOver' ? requestAction(snapshot, status, choice) : { kind: 'pass', status };
}

function act(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  return requestAction(snapshot, status, choose(snapshot, status));
}

/** A look before has ended it, and has begun to undo its cordon: what is seen now is for another incident. */
function notEnding(_: IncidentSnapshot, status: IncidentStatus): StageResult {
  if (findStep(status, UNCORDON_STEP) === undefined) return { kind: 'pass', status };
  return outdated(status, 'it had ended, and the node changed while its cordon was undone');
}

const FIRST_ACT: readonly Stage[] = [
  rejection,
  notEnding,
  confirmed, //         a second source says that the node is stuck
  worthActing,
  permission,
  ofLately, //         what was decided long ago is decided anew
  agentThereFirst, //  a node is not cordoned for an agent that is not there
  reserve,
  maintenanceLease,
  cordon,
  hold,
  agentThere,
  act,
];
/** A lease that was lent to us may have been given back by now. */
const NEXT_ACT: readonly Stage[] = [notEnding, reported, permission, ofLately, maintenanceLease, agentThere, act];

/** A place that was waited for in vain for long is not used on old evidence. A hold has its own limit, and ends with a decision. */
function ofLately(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const isHeld = hasReservation(status) && newestAct(status) === undefined;
  return isHeld || !isDecisionOld(snapshot, status) ? { kind: 'pass', status } : outdated(status);
}

/** How long an agent that does not answer is waited for, in milliseconds. Then nothing can be done to its node. */
const AGENT_WAIT_MS = 5 * 60_000;

/** One that has just started has not reported yet, and may have saved evidence already. */
function absentMs({ hasReported, quietMs, unansweredMs = 0 }: AgentContact): number {
  return hasReported ? unansweredMs : quietMs;
}

const LOOK_AGAIN_MS = 10_000;

/**
 * Once there is a place, and while the node is held, nobody asks: the answer is needed again at the act. A node that is Ready
 * again is not cordoned before its agent has said how it is: a controller that has just started has heard of none.
 */
function agentThereFirst(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const place = findStep(status, RESERVATION_STEP);
  const isSettled = place !== undefined && (place.state !== 'Requested' || wellness(snapshot) !== 'Unknown');
  if (isSettled) return { kind: 'pass', status };
  const there = agentThere(snapshot, status);
  return there.kind === 'pass' ? agentKnows(snapshot, status) : there;
}

/** An agent that has just started answers at once, and knows how a node that is Ready is when it has read its log. */
function agentKnows(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { health, now } = snapshot;
  if (wellness(snapshot) !== 'Unknown' || !isNotReadYet(health?.status.pleg)) return { kind: 'pass', status };
  if (isDecisionOld(snapshot, status)) return outdated(status);
  return { kind: 'wait', status, reason: 'AgentAsked', until: now + LOOK_AGAIN_MS };
}

function agentThere(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { contact, incident, now } = snapshot;
  if (isFresh(contact)) return { kind: 'pass', status };
  const { nodeName } = incident.spec;
  const message = silenceOf(snapshot, nodeName) ?? `the agent on ${nodeName} does not answer`;
  const claim = { type: 'ActionTaken', status: 'False', reason: 'AgentSilent', message } as const;
  const isFirst = newestAct(status) === undefined;
  const silent = isFirst ? { ...status, conditions: withCondition(status.conditions, claim, now) } : status;
  // One that answers each time, and each time too late, holds no place for ever.
  if (isDecisionOld(snapshot, status)) return outdated(silent);
  if (absentMs(contact) >= AGENT_WAIT_MS) return { kind: 'complete', status: silent, outcome: 'HandedOver', message };
  const reason = isSilent(contact) ? 'AgentSilent' : 'AgentAsked';
  return { kind: 'wait', status, reason, until: now + LOOK_AGAIN_MS, commands: askCommands(contact, 'now') };
}

/** Who reserved an act, and never said what came of it, is asked for no other. An agent that comes back reports it. */
function reported(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const newest = newestAct(status);
  if (newest === undefined || !isUnreported(snapshot, newest)) return { kind: 'pass', status };
  const { nodeName } = snapshot.incident.spec;
  const message = `the agent on ${nodeName} never reported what became of ${newest.name}`;
  return { kind: 'complete', status, outcome: 'HandedOver', message: tellSilence(snapshot, nodeName, message) };
}

/** Passes when an action has been verified to have helped. */
export function recover(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const newest = newestAct(status);
  if (newest === undefined) return runStages(FIRST_ACT, snapshot, status);
  if (newest.state === 'Requested') {
    const followed = followAction(snapshot, status, newest);
    return followed.kind === 'pass' ? recover(snapshot, followed.status) : followed;
  }
  if (wasRefused(snapshot, newest)) return afterRefusal(snapshot, status, newest);
  const verified = verify(snapshot, status, newest);
  if (verified.kind !== 'pass') return verified;
  if (verifyStepOf(verified.status, newest)?.state === 'Succeeded') return verified;
  return runStages(NEXT_ACT, snapshot, verified.status);
}
