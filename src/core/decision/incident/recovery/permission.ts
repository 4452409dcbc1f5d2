/** May it act now? Others' marks, the policy's pause, the control plane, the budget. A "no" always says why. */
import type { IncidentStatus } from '../../../../api/v1alpha1/kinds/incident.ts';
import type { Node } from '../../../../api/kubernetes/node.ts';
import { ANNOTATION_CORDONED_BY } from '../../../../api/v1alpha1/words/names.ts';
import { judgeBudget } from '../../policy/budget.ts';
import { objectionOfPolicy } from '../../policy/policy-now.ts';
import { hasReservation } from '../../policy/places.ts';
import { isControlPlane } from '../../node-state.ts';
import { objectionOf } from '../../other-actors.ts';
import { isRetried } from '../../record/retry-after.ts';
import type { SkipReason } from '../../record/reasons.ts';
import { findCondition, withCondition } from '../../record/conditions-and-steps.ts';
import { isDecisionOld, outdated } from '../decision-age.ts';
import type { IncidentSnapshot, StageResult } from '../incident-snapshot.ts';

const LOOK_AGAIN_MS = 30_000;

interface Refusal {
  readonly reason: SkipReason;
  readonly message: string;
}

/** One that waits for a place waits for one thing: which rule keeps it changes with each recovery of the others. */
const NO_PLACE = ['NodeBusy', 'TooManyAtOnce', 'TooManyInCluster', 'ControlPlaneBusy', 'Cooldown'] as const;

/** The first reason for which there is no place stays. */
function lastingReason({ conditions }: IncidentStatus, reason: SkipReason): SkipReason {
  const old = findCondition(conditions, 'ActionTaken');
  const known = old?.status === 'False' ? NO_PLACE.find((one) => one === old.reason) : undefined;
  return known !== undefined && NO_PLACE.some((one) => one === reason) ? known : reason;
}

/** Its words have counts and names that change with the fleet; a change of the reason is worth a write. */
function skipped(snapshot: IncidentSnapshot, status: IncidentStatus, refusal: Refusal): IncidentStatus {
  const { reason, message } = refusal;
  const old = findCondition(status.conditions, 'ActionTaken');
  if (old?.status === 'False' && old.reason === reason) return status;
  const claim = { type: 'ActionTaken', status: 'False', reason, message } as const;
  return { ...status, conditions: withCondition(status.conditions, claim, snapshot.now) };
}

/** A place in the budget that is held and not used is given back, with our cordon: another incident goes on from here. */
function waiting(snapshot: IncidentSnapshot, status: IncidentStatus, refusal: Refusal, until: number): StageResult {
  if (hasReservation(status) && isDecisionOld(snapshot, status)) return outdated(status);
  const reason = lastingReason(status, refusal.reason);
  return { kind: 'wait', status: skipped(snapshot, status, { ...refusal, reason }), reason, until };
}

/**
 * The incident whose cordon is no objection: this one, or one before it that ended for want of something, and that this
 * one takes up again. A node that was handed over is a person's.
 */
function cordonHolder(node: Node, { incident, budget }: IncidentSnapshot): string {
  const owner = node.metadata.annotations[ANNOTATION_CORDONED_BY];
  const before = budget.incidents.find(
    ({ metadata, spec }) => metadata.name === owner && spec.nodeUID === incident.spec.nodeUID,
  );
  return before !== undefined && isRetried(before) ? before.metadata.name : incident.metadata.name;
}

/** Passes when the incident may act now. It is asked before each action, not only before the first. */
export function permission(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { incident, node, now } = snapshot;
  if (node === undefined) return { kind: 'pass', status };
  const forbids = objectionOfPolicy(incident.spec.plan, snapshot.policy);
  if (forbids?.kind === 'Paused') {
    const refusal = { reason: 'PolicyPaused', message: forbids.message } as const;
    return waiting(snapshot, status, refusal, now + LOOK_AGAIN_MS);
  }
  // A node has one open incident: one that may never act must not be in the way of what the policies say now.
  if (forbids !== undefined) return outdated(status, forbids.message);
  if (isControlPlane(node) && incident.spec.plan.budget.controlPlane === 'Skip') {
    const message = 'the policy skips control plane nodes: nothing is restarted';
    const skip: Refusal = { reason: 'ControlPlaneSkipped', message };
    return { kind: 'complete', status: skipped(snapshot, status, skip), outcome: 'HandedOver', message };
  }
  const objection = objectionOf(node, cordonHolder(node, snapshot), snapshot.lease);
  if (objection !== undefined) return waiting(snapshot, status, objection, now + LOOK_AGAIN_MS);
  const verdict = judgeBudget(incident, snapshot.budget, now);
  switch (verdict.kind) {
    case 'free':
      return { kind: 'pass', status };
    case 'wait':
      return waiting(snapshot, status, verdict, Math.min(verdict.until, now + LOOK_AGAIN_MS));
    case 'exhausted': {
      const next = skipped(snapshot, status, verdict);
      return { kind: 'complete', status: next, outcome: 'BudgetExhausted', message: verdict.message };
    }
    default:
      return verdict satisfies never;
  }
}
