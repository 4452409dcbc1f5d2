/** The loop of the ladder: permission, cordon, hold, act, verify; and again with the next rung, or a person. */
import type { IncidentStatus } from '../../../api/v1alpha1/incident.ts';
import { choose, followAction, newestAct, requestAction, verifyStepOf } from './follow-action.ts';
import { cordon } from './cordon.ts';
import { hold, rejection } from './hold.ts';
import { permission } from './permission.ts';
import { runStages } from './stages.ts';
import type { IncidentSnapshot, Stage, StageResult } from './incident-snapshot.ts';
import { verify } from './verify.ts';

/** Whether an action would be taken at all: a node that is to be handed over is not cordoned first. */
function worthActing(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const choice = choose(snapshot, status);
  return choice.kind === 'HandOver' ? requestAction(snapshot, status, choice) : { kind: 'pass', status };
}

function act(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  return requestAction(snapshot, status, choose(snapshot, status));
}

const FIRST_ACT: readonly Stage[] = [rejection, worthActing, permission, cordon, hold, act];

/** Passes when an action has been verified to have helped. */
export function recover(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const newest = newestAct(status);
  if (newest === undefined) return runStages(FIRST_ACT, snapshot, status);
  if (newest.state === 'Requested') {
    const followed = followAction(snapshot, status, newest);
    return followed.kind === 'pass' ? recover(snapshot, followed.status) : followed;
  }
  const verified = verify(snapshot, status, newest);
  if (verified.kind !== 'pass') return verified;
  if (verifyStepOf(verified.status, newest)?.state === 'Succeeded') return verified;
  return runStages([permission, act], snapshot, verified.status);
}
