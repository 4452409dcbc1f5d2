/** DiagnoseFirst: the node is held as it is until a person decides, or the hold times out. */
import type { Approval, IncidentStatus, Step } from '../../../../api/v1alpha1/kinds/incident.ts';
import { durationMs } from '../../../time/duration.ts';
import { findStep, withStep, withStepEnded } from '../../record/conditions-and-steps.ts';
import { HOLD_STEP } from '../../record/step-names.ts';
import { fromTime, toPreciseTime } from '../../../time/timestamp.ts';
import type { IncidentSnapshot, StageResult } from '../incident-snapshot.ts';

export function hold(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { incident, now } = snapshot;
  const { plan, approval } = incident.spec;
  if (plan.strategy !== 'DiagnoseFirst') return { kind: 'pass', status };
  const step = findStep(status, HOLD_STEP) ?? holdStep(now, now + durationMs(plan.remediation.holdTimeout));
  if (step.state !== 'Requested') return { kind: 'pass', status };
  const held = withStep(status, step);
  if (approval !== undefined) return approved(snapshot, held, approval);
  const deadline = fromTime(step.deadline) ?? now;
  if (now < deadline) return { kind: 'wait', status: held, reason: 'Held', until: deadline };
  const message = `nobody decided within ${plan.remediation.holdTimeout}; the recovery goes on`;
  return { kind: 'pass', status: withStepEnded(held, HOLD_STEP, { state: 'Skipped', message, now }) };
}

function whyText({ reason }: Approval): string {
  return reason === undefined ? '' : `: ${reason}`;
}

function approved({ now }: IncidentSnapshot, held: IncidentStatus, approval: Approval): StageResult {
  const message = `approved by ${approval.by}${whyText(approval)}`;
  return { kind: 'pass', status: withStepEnded(held, HOLD_STEP, { state: 'Succeeded', message, now }) };
}

/**
 * A person's no ends the incident at any time before the first action. It is asked at each look, not only while the hold
 * is open: the end is not written before our cordon is undone, and until then every look must come to the same end.
 */
export function rejection({ incident, now }: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { approval } = incident.spec;
  if (approval?.decision !== 'Reject') return { kind: 'pass', status };
  const message = `rejected by ${approval.by}${whyText(approval)}`;
  const ended = withStepEnded(status, HOLD_STEP, { state: 'Failed', message, now });
  return { kind: 'complete', status: ended, outcome: 'Rejected', message };
}

function holdStep(now: number, deadline: number): Step {
  return {
    name: HOLD_STEP,
    type: 'Hold',
    state: 'Requested',
    startedAt: toPreciseTime(now),
    deadline: toPreciseTime(deadline),
    message: 'held as it is for a person to look: kubectl medic approve, or spec.approval',
  };
}
