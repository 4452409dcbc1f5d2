/**
 * Did it help? Ready=True held for `stableFor`, with no new PLEG line. It did not help only where the node is known to be ill;
 * where that is not known it is waited for, and then it is a person's.
 */
import type { Condition } from '../../../../api/v1alpha1/parts/condition.ts';
import type { IncidentStatus, Step } from '../../../../api/v1alpha1/kinds/incident.ts';
import { durationMs, formatSeconds } from '../../../time/duration.ts';
import { ACTIONS, type ActStep } from '../../actions.ts';
import { isReady, lastedMs, readyCondition } from '../../node-state.ts';
import { findCondition, withCondition, withStep, withStepEnded } from '../../record/conditions-and-steps.ts';
import type { RecoveryReason } from '../../record/reasons.ts';
import { fromTime, toPreciseTime } from '../../../time/timestamp.ts';
import { verifyNameOf, verifyStepOf } from './follow-action.ts';
import { probeState } from '../diagnosis-stage.ts';
import { askCommands } from '../../contact.ts';
import { tellSilence } from '../../silence.ts';
import { wellness } from '../wellness.ts';
import type { IncidentSnapshot, StageResult } from '../incident-snapshot.ts';

const LOOK_AGAIN_MS = 5_000;

function verifyStep({ incident, now }: IncidentSnapshot, name: string): Step {
  const { timeout, stableFor } = incident.spec.plan.remediation.verify;
  return {
    name,
    type: 'Verify',
    state: 'Requested',
    startedAt: toPreciseTime(now),
    deadline: toPreciseTime(now + durationMs(timeout) + durationMs(stableFor)),
    message: `Ready=True for ${stableFor}, with no new PLEG line`,
  };
}

/** The server's time where Ready moved after the action, ours where it never left. */
function readySince({ node, now }: IncidentSnapshot, actedAt: number): number {
  const turned = node === undefined ? undefined : fromTime(readyCondition(node)?.lastTransitionTime);
  return turned === undefined || turned < actedAt ? now : turned;
}

/** Notes when the node was first seen Ready after the action, and forgets it if Ready is lost again. */
function withReadyAt(snapshot: IncidentSnapshot, status: IncidentStatus): IncidentStatus {
  const timings = status.timings ?? {};
  if (snapshot.node === undefined || !isReady(snapshot.node)) {
    return { ...status, timings: { ...timings, readyAt: undefined, notReadyFor: undefined } };
  }
  if (timings.readyAt !== undefined) return status;
  const readyAt = readySince(snapshot, fromTime(timings.actedAt) ?? snapshot.now);
  const since = fromTime(timings.notReadySince);
  const notReadyFor = since === undefined ? undefined : formatSeconds(Math.max(0, readyAt - since));
  return { ...status, timings: { ...timings, readyAt: toPreciseTime(readyAt), notReadyFor } };
}

interface RecoveryClaim {
  readonly status: 'False' | 'Unknown';
  readonly reason: RecoveryReason;
  readonly message: string;
}

function claimOf(snapshot: IncidentSnapshot): RecoveryClaim {
  const { node, health } = snapshot;
  switch (wellness(snapshot)) {
    case 'Well':
      return { status: 'Unknown', reason: 'Stabilising', message: 'it is well; waiting to see that it lasts' };
    case 'Unknown':
      return { status: 'False', reason: 'NotKnown', message: 'Ready; how PLEG is only its agent can tell' };
    case 'Ill':
      break;
  }
  if (node !== undefined && !isReady(node))
    return { status: 'False', reason: 'NotReady', message: readyCondition(node)?.message ?? 'no Ready condition' };
  return {
    status: 'False',
    reason: 'PLEGNotHealthy',
    message: health?.status.pleg?.message ?? 'the agent has not reported',
  };
}

/** For how long the runtime has answered; undefined: its agent does not say since when. */
function answeredForMs({ health }: IncidentSnapshot): number | undefined {
  const reachable = findCondition(health?.status.conditions, 'RuntimeReachable');
  return reachable?.status === 'True' ? lastedMs(health, reachable.lastTransitionTime) : undefined;
}

/** Within which time the kubelet should have followed a runtime that answers again, where that time is over. */
function leftBehindMs(snapshot: IncidentSnapshot, act: ActStep, step: Step): number | undefined {
  const followsMs = ACTIONS[act.action].kubeletFollowsMs;
  if (followsMs === undefined || probeState(snapshot) !== 'Answered') return undefined;
  const sinceActMs = snapshot.now - (fromTime(step.startedAt) ?? snapshot.now);
  return Math.min(sinceActMs, answeredForMs(snapshot) ?? sinceActMs) >= followsMs ? followsMs : undefined;
}

/** Why this try counts as failed now, or undefined. Only a node that is known to be ill has not been helped. */
function failure(snapshot: IncidentSnapshot, act: ActStep, step: Step): string | undefined {
  if (wellness(snapshot) !== 'Ill') return undefined;
  const record = snapshot.incident.status.actions?.find((action) => action.name === act.name);
  if (record?.state === 'Failed') return `${record.action} failed: ${record.message ?? ''}`;
  const followsMs = leftBehindMs(snapshot, act, step);
  if (followsMs !== undefined) {
    return `the runtime answers again, but the kubelet has not recovered in ${formatSeconds(followsMs)}`;
  }
  return snapshot.now >= deadlineOf(snapshot, step) ? 'not recovered by the deadline' : undefined;
}

function deadlineOf({ now }: IncidentSnapshot, step: Step): number {
  return fromTime(step.deadline) ?? now;
}

/** Beyond the step's deadline, in milliseconds: an agent that is away may be back in this time. */
const NOT_KNOWN_MS = 10 * 60_000;

/** Nobody can tell how the node is: that climbs no ladder, and is not waited for for ever. */
function handedOver(snapshot: IncidentSnapshot, status: IncidentStatus, step: Step): StageResult | undefined {
  const { now, incident } = snapshot;
  if (wellness(snapshot) !== 'Unknown' || now < deadlineOf(snapshot, step) + NOT_KNOWN_MS) return undefined;
  const { nodeName } = incident.spec;
  const message = `the node is Ready, and the agent on ${nodeName} does not tell how PLEG is: look at it`;
  return { kind: 'complete', status, outcome: 'HandedOver', message: tellSilence(snapshot, nodeName, message) };
}

function stableSince(status: IncidentStatus): number | undefined {
  const condition = findCondition(status.conditions, 'Recovered');
  return condition?.reason === 'Stabilising' ? fromTime(condition.lastTransitionTime) : undefined;
}

/**
 * A try that has failed is looked at again when the node is well after all: the next rung may have had to wait for
 * permission, and a node that recovered meanwhile is not acted on again.
 */
function stepInForce(snapshot: IncidentSnapshot, status: IncidentStatus, act: ActStep): Step {
  const step = verifyStepOf(status, act);
  const isOutdated = step?.state === 'Failed' && wellness(snapshot) !== 'Ill';
  return step === undefined || isOutdated ? verifyStep(snapshot, verifyNameOf(status, act)) : step;
}

/** A node that was well and is not any more is not believed again before this time: each turn is a write. */
const LOST_MS = 30_000;

/** What is said of the node now: what it looks like, or that its being well did not last. */
function reasonInForce(old: Condition | undefined, claim: RecoveryClaim, now: number): RecoveryReason {
  const isLate = now - (fromTime(old?.lastTransitionTime) ?? 0) >= LOST_MS;
  if (old?.reason === 'NotLasting') return claim.reason === 'Stabilising' && isLate ? 'Stabilising' : 'NotLasting';
  return old?.reason === 'Stabilising' && claim.status === 'False' ? 'NotLasting' : claim.reason;
}

/** kubelet's own words have a growing time in them: those of the first look stay, so that a look is not a write. */
function withClaim(snapshot: IncidentSnapshot, status: IncidentStatus, reason: RecoveryReason): IncidentStatus {
  if (findCondition(status.conditions, 'Recovered')?.reason === reason) return status;
  const claim = { type: 'Recovered', ...claimOf(snapshot), reason } as const;
  return withReadyAt(snapshot, { ...status, conditions: withCondition(status.conditions, claim, snapshot.now) });
}

/** Passes in two ways: the step has succeeded, or it has failed; the caller looks which. */
export function verify(snapshot: IncidentSnapshot, status: IncidentStatus, act: ActStep): StageResult {
  const { now } = snapshot;
  const step = stepInForce(snapshot, status, act);
  if (step.state !== 'Requested') return { kind: 'pass', status };
  const reason = reasonInForce(findCondition(status.conditions, 'Recovered'), claimOf(snapshot), now);
  const next = withClaim(snapshot, withStep(status, step), reason);
  const stableMs = durationMs(snapshot.incident.spec.plan.remediation.verify.stableFor);
  const since = stableSince(next);
  if (since !== undefined && now - since >= stableMs) return recovered(snapshot, next, step, since);
  const failed = failure(snapshot, act, step);
  if (failed !== undefined) {
    return { kind: 'pass', status: withStepEnded(next, step.name, { state: 'Failed', message: failed, now }) };
  }
  const over = handedOver(snapshot, next, step);
  if (over !== undefined) return over;
  const until = since === undefined ? now + LOOK_AGAIN_MS : Math.min(since + stableMs, now + LOOK_AGAIN_MS);
  const commands = askCommands(snapshot.contact, 'lately');
  return { kind: 'wait', status: next, reason, until, commands };
}

function recovered({ now }: IncidentSnapshot, status: IncidentStatus, step: Step, since: number): StageResult {
  const message = `Ready=True for ${formatSeconds(now - since)}, with no new PLEG line`;
  const claim = { type: 'Recovered', status: 'True', reason: 'Recovered', message } as const;
  const ended = withStepEnded(status, step.name, { state: 'Succeeded', message, now });
  return { kind: 'pass', status: { ...ended, conditions: withCondition(ended.conditions, claim, now) } };
}
