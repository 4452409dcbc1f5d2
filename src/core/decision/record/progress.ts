/**
 * Whether an incident is open or over, for everybody who asks by conditions: people and our own programs (`Complete`), `kubectl
 * wait` (`Ready`), and kstatus (`Reconciling`, `Stalled`; both are there only while they are True). Source: sigs.k8s.io/cli-utils,
 * pkg/kstatus/README.md.
 */
import type { Condition } from '../../../api/v1alpha1/parts/condition.ts';
import type { IncidentStatus } from '../../../api/v1alpha1/kinds/incident.ts';
import { toPreciseTime } from '../../time/timestamp.ts';
import { type IncidentClaim, withCondition, withoutCondition } from './conditions-and-steps.ts';
import { type Outcome, OUTCOMES } from './outcomes.ts';
import type { WaitReason } from './reasons.ts';

function withAll(
  conditions: readonly Condition[] | undefined,
  claims: readonly IncidentClaim[],
  now: number,
): Condition[] {
  return [...claims.reduce<readonly Condition[]>((list, claim) => withCondition(list, claim, now), conditions ?? [])];
}

interface End {
  readonly outcome: Outcome;
  readonly message: string;
}

/** It is over: from now on the status is frozen. */
export function withEnd(status: IncidentStatus, { outcome, message }: End, now: number): IncidentStatus {
  const claim = { status: 'True', reason: outcome, message } as const;
  const { isGood } = OUTCOMES[outcome];
  const claims: readonly IncidentClaim[] = [
    { ...claim, type: 'Complete' },
    { ...claim, type: 'Ready', status: isGood ? 'True' : 'False' },
    ...(isGood ? [] : ([{ ...claim, type: 'Stalled' }] as const)),
  ];
  const conditions = withAll(withoutCondition(status.conditions, 'Reconciling'), claims, now);
  const timings = { ...status.timings, completedAt: toPreciseTime(now) };
  return { ...status, conditions, outcome, state: outcome, timings };
}

/** It is open, and at work or waits. */
export function withWait(
  status: IncidentStatus,
  why: { readonly reason: WaitReason; readonly message: string },
  now: number,
): IncidentStatus {
  const claims: readonly IncidentClaim[] = [
    { ...why, type: 'Complete', status: 'False' },
    { ...why, type: 'Ready', status: 'False' },
    { ...why, type: 'Reconciling', status: 'True' },
  ];
  return { ...status, conditions: withAll(status.conditions, claims, now) };
}
