/** A place in the budget, then the cordon before the action, and the uncordon after recovery: only ever our own cordon. */
import type { IncidentStatus, Step } from '../../../../api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDON_REASON, ANNOTATION_CORDONED_BY } from '../../../../api/v1alpha1/words/names.ts';
import { isCordonedBy, isUncordonedByHand } from '../../node-state.ts';
import { judgeReservation } from '../../policy/places.ts';
import { findStep, isTrue, withCondition, withStep, withStepEnded } from '../../record/conditions-and-steps.ts';
import { RESERVATION_STEP, RESERVED, UNCORDON_STEP } from '../../record/step-names.ts';
import { toPreciseTime } from '../../../time/timestamp.ts';
import { isDecisionOld, outdated } from '../decision-age.ts';
import type { IncidentSnapshot, StageResult } from '../incident-snapshot.ts';

/** A cordon is one write; this long without success means that the API server will not have it. */
const WRITE_LIMIT_MS = 30_000;
const UNCORDON_LIMIT_MS = 10 * 60_000;
const RETRY_MS = 2_000;
/** A lease is one write, and most often it is there at the next look. */
const LEASE_TAKEN_MS = 250;
/** Whoever has the place needs some time with it. */
const TAKEN_BACK_MS = 30_000;
/** On a step whose first time ran out: it may have done so while no controller was there to try. */
const SECOND_TRY = 'SecondTry';

function reasonText({ incident }: IncidentSnapshot, { diagnosis }: IncidentStatus): string {
  const cause = diagnosis?.cause ?? 'unknown';
  const { nodeName, trigger } = incident.spec;
  const why = `kubelet-medic incident ${incident.metadata.name}: ${trigger.type}, cause ${cause}.`;
  // `kubectl cordon` and `kubectl drain` write nothing to a node that is cordoned already: nobody can tell that they were there.
  const keep = `kubectl annotate node ${nodeName} ${ANNOTATION_CORDONED_BY}- ${ANNOTATION_CORDON_REASON}-`;
  return `${why} It is undone when the node is well again. To keep it: ${keep}`;
}

function stepOf({ now }: IncidentSnapshot, status: IncidentStatus): Step {
  const startedAt = toPreciseTime(now);
  const known = findStep(status, RESERVATION_STEP);
  return known ?? { name: RESERVATION_STEP, type: 'Cordon', state: 'Requested', reason: RESERVED, startedAt };
}

/**
 * A place in the budget, before anything happens: the first look writes the reservation, the next one confirms it by a list
 * that was read after that write, or takes it back.
 */
export function reserve(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { now, incident, reserved } = snapshot;
  const step = stepOf(snapshot, status);
  const held = withStep(status, step);
  if (step.reason !== RESERVED || step.state !== 'Requested') return { kind: 'pass', status };
  if (reserved === undefined) return { kind: 'wait', status: held, reason: 'BudgetReserved', until: now };
  const verdict = judgeReservation(incident, reserved);
  if (verdict.kind === 'Confirmed') return { kind: 'pass', status: withStep(status, { ...step, reason: 'Confirmed' }) };
  if (verdict.kind !== 'TakenBack') return { kind: 'wait', status, reason: 'BudgetReserved', until: now + RETRY_MS };
  const { objection } = verdict;
  const claim = { type: 'ActionTaken', status: 'False', ...objection } as const;
  return {
    kind: 'wait',
    status: {
      ...status,
      steps: (status.steps ?? []).filter(({ name }) => name !== RESERVATION_STEP),
      conditions: withCondition(status.conditions, claim, now),
    },
    reason: objection.reason,
    until: now + TAKEN_BACK_MS,
  };
}

/** Nobody power-cycles a node while we work on it. The lease is renewed until the incident is over. */
export function maintenanceLease(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  if (snapshot.lease.kind !== 'free') return { kind: 'pass', status };
  if (isDecisionOld(snapshot, status)) return outdated(status);
  const until = snapshot.now + LEASE_TAKEN_MS;
  return { kind: 'wait', status, reason: 'LeaseTaken', until, commands: [{ kind: 'TakeLease' }] };
}

/** The step as it is to be tried now: begun anew when its time ran out once; undefined: it has run out twice. */
function tried(step: Step, limitMs: number, now: number): Step | undefined {
  if (now <= Date.parse(step.startedAt) + limitMs) return step;
  return step.reason === SECOND_TRY ? undefined : { ...step, startedAt: toPreciseTime(now), reason: SECOND_TRY };
}

function withoutCordon({ now }: IncidentSnapshot, status: IncidentStatus, step: Step, message: string): IncidentStatus {
  return withStep(status, { ...step, state: 'Skipped', finishedAt: toPreciseTime(now), message });
}

/** The reservation alone, where the policy does not cordon: a write of its own, before anything happens. */
function reservedOnly(snapshot: IncidentSnapshot, status: IncidentStatus, step: Step): StageResult {
  const message = 'the policy does not cordon; this step only reserves the budget';
  const skipped = withoutCordon(snapshot, status, step, message);
  return { kind: 'wait', status: skipped, reason: 'BudgetReserved', until: snapshot.now };
}

/** The step is written before the node is touched: it is the reservation in the budget too. */
export function cordon(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { now, node, incident } = snapshot;
  const step = stepOf(snapshot, status);
  if (step.state === 'Succeeded' || step.state === 'Skipped') return { kind: 'pass', status };
  if (!incident.spec.plan.remediation.cordon) return reservedOnly(snapshot, status, step);
  const requested = withStep(status, step);
  if (node !== undefined && isCordonedBy(node, incident.metadata.name)) return cordoned(snapshot, requested);
  if (node !== undefined && isUncordonedByHand(node, incident.metadata.name)) {
    const message = 'somebody uncordoned the node at once: it is left so';
    return { kind: 'pass', status: withoutCordon(snapshot, status, step, message) };
  }
  const attempt = tried(step, WRITE_LIMIT_MS, now);
  if (attempt === undefined) {
    const message = 'the node could not be cordoned';
    const failed = withStepEnded(requested, RESERVATION_STEP, { state: 'Failed', message, now });
    return { kind: 'complete', status: failed, outcome: 'HandedOver', message };
  }
  return {
    kind: 'wait',
    status: withStep(status, attempt),
    reason: 'Cordoning',
    until: now + RETRY_MS,
    commands: [{ kind: 'Cordon', reason: reasonText(snapshot, status) }],
  };
}

function cordoned({ now }: IncidentSnapshot, requested: IncidentStatus): StageResult {
  const ended = withStepEnded(requested, RESERVATION_STEP, { state: 'Succeeded', now });
  const message = 'cordoned by this incident';
  const claim = { type: 'NodeCordoned', status: 'True', reason: 'Cordoned', message } as const;
  const timings = { ...ended.timings, cordonedAt: toPreciseTime(now) };
  return { kind: 'pass', status: { ...ended, timings, conditions: withCondition(ended.conditions, claim, now) } };
}

/** Why there is nothing of ours to undo, or undefined. */
function notOurs({ node, incident }: IncidentSnapshot, step: Step | undefined): string | undefined {
  if (!incident.spec.plan.remediation.uncordon) return 'the policy leaves the node cordoned';
  if (node === undefined) return 'the node is gone';
  if (isCordonedBy(node, incident.metadata.name) || (step !== undefined && !node.spec.unschedulable)) return undefined;
  return 'somebody else has changed the cordon since: not ours to undo';
}

/** Undoes our cordon, if it is still ours. Passes when there is nothing of ours left on the node. */
export function uncordon(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { now, node } = snapshot;
  const step = findStep(status, UNCORDON_STEP);
  const over = step !== undefined && step.state !== 'Requested';
  // The node may carry our cordon before the condition says so: the incident can end right after the write.
  const isOurs = node !== undefined && isCordonedBy(node, snapshot.incident.metadata.name);
  if (over || !(isOurs || isTrue(status.conditions, 'NodeCordoned'))) return { kind: 'pass', status };
  const why = notOurs(snapshot, step);
  if (why !== undefined) return left(snapshot, status, why);
  if (node?.spec.unschedulable === false) return uncordoned(snapshot, status);
  const requested: Step = step ?? {
    name: UNCORDON_STEP,
    type: 'Uncordon',
    state: 'Requested',
    startedAt: toPreciseTime(now),
  };
  const attempt = tried(requested, UNCORDON_LIMIT_MS, now);
  if (attempt === undefined) return left(snapshot, status, 'the node could not be uncordoned');
  return {
    kind: 'wait',
    status: withStep(status, attempt),
    reason: 'Uncordoning',
    until: now + RETRY_MS,
    commands: [{ kind: 'Uncordon' }],
  };
}

function uncordoned({ now }: IncidentSnapshot, status: IncidentStatus): StageResult {
  const ended = withStepEnded(status, UNCORDON_STEP, { state: 'Succeeded', now });
  const claim = {
    type: 'NodeUncordoned',
    status: 'True',
    reason: 'Uncordoned',
    message: 'our cordon is undone',
  } as const;
  return { kind: 'pass', status: { ...ended, conditions: withCondition(status.conditions, claim, now) } };
}

function left({ now }: IncidentSnapshot, status: IncidentStatus, message: string): StageResult {
  const time = toPreciseTime(now);
  const step = {
    name: UNCORDON_STEP,
    type: 'Uncordon',
    state: 'Skipped',
    startedAt: time,
    finishedAt: time,
    message,
  } as const;
  const claim = { type: 'NodeUncordoned', status: 'False', reason: 'LeftAlone', message } as const;
  return {
    kind: 'pass',
    status: { ...withStep(status, step), conditions: withCondition(status.conditions, claim, now) },
  };
}
