/** Conditions and steps as values: each function returns a new list and leaves the old one alone. */
import type { Condition } from '../../../api/v1alpha1/parts/condition.ts';
import type {
  HealthConditionType,
  HealthReasons,
  IncidentConditionType,
  PolicyConditionType,
  PolicyReasons,
  RemediationConditionType,
} from '../../../api/v1alpha1/words/conditions.ts';
import type { IncidentStatus, Step } from '../../../api/v1alpha1/kinds/incident.ts';
import type { RemediationReasons } from '../remediation/answers.ts';
import type { IncidentReasons } from './reasons.ts';
import { toPreciseTime, toTime } from '../../time/timestamp.ts';
import { cleanText } from '../../redaction/redact.ts';

type ConditionType = IncidentConditionType | HealthConditionType | PolicyConditionType | RemediationConditionType;

/** One claim for each type of condition, with the reasons that it may have. */
type ClaimsOf<Reasons> = {
  readonly [T in keyof Reasons]: Readonly<Pick<Condition, 'status' | 'message'>> & {
    readonly type: T;
    readonly reason: Reasons[T];
  };
}[keyof Reasons];

export type IncidentClaim = ClaimsOf<IncidentReasons>;
export type HealthClaim = ClaimsOf<HealthReasons>;
export type PolicyClaim = ClaimsOf<PolicyReasons>;
type RemediationClaim = ClaimsOf<RemediationReasons>;

/** Sets one condition; `lastTransitionTime` moves only when the status does, and messages are cut to their bound. */
export function withCondition(
  conditions: readonly Condition[] | undefined,
  claim: IncidentClaim | HealthClaim | PolicyClaim | RemediationClaim,
  now: number,
): Condition[] {
  const list = conditions ?? [];
  const old = list.find((condition) => condition.type === claim.type);
  const lastTransitionTime = old?.status === claim.status ? old.lastTransitionTime : toTime(now);
  const next = { ...claim, message: cleanText(claim.message, 4096), lastTransitionTime };
  return old === undefined
    ? [...list, next]
    : list.map((condition) => (condition.type === claim.type ? next : condition));
}

/** For conditions that are there only while they are True, as kstatus would have it. */
export function withoutCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): readonly Condition[] {
  return (conditions ?? []).filter((condition) => condition.type !== type);
}

export function findCondition(
  conditions: readonly Condition[] | undefined,
  type: ConditionType,
): Condition | undefined {
  return conditions?.find((condition) => condition.type === type);
}

export function isTrue(conditions: readonly Condition[] | undefined, type: ConditionType): boolean {
  return findCondition(conditions, type)?.status === 'True';
}

export function findStep(status: IncidentStatus, name: string): Step | undefined {
  return status.steps?.find((step) => step.name === name);
}

/** Adds a step, or replaces the one of that name in its place. */
export function withStep(status: IncidentStatus, step: Step): IncidentStatus {
  const steps = status.steps ?? [];
  const known = steps.some((old) => old.name === step.name);
  return { ...status, steps: known ? steps.map((old) => (old.name === step.name ? step : old)) : [...steps, step] };
}

/** Ends a step; one that is over already stays as it is. */
export function withStepEnded(
  status: IncidentStatus,
  name: string,
  end: { readonly state: 'Succeeded' | 'Failed' | 'Skipped'; readonly message?: string; readonly now: number },
): IncidentStatus {
  const step = findStep(status, name);
  if (step?.state !== 'Requested') return status;
  return withStep(status, {
    ...step,
    state: end.state,
    finishedAt: toPreciseTime(end.now),
    ...(end.message === undefined ? {} : { message: cleanText(end.message, 1024) }),
  });
}
