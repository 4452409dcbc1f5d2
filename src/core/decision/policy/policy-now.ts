/**
 * What the policy as it is now leaves of a plan. A plan is the copy of an earlier policy, or it is forged: the narrower of
 * both holds, for the controller at each step and for the agent in the write that reserves an act.
 */
import type { Plan } from '../../../api/v1alpha1/kinds/incident.ts';
import type { Action, KubeletRecoveryPolicy } from '../../../api/v1alpha1/kinds/policy.ts';

/**
 * - `NoPolicy`: the plan names none, so it may capture only.
 * - `Gone`: there is none of that name any more.
 * - `Mode`: the plan or the policy does not recover nodes, or does so no more.
 * - `Paused`: it may act again when the pause is over.
 */
interface PolicyObjection {
  readonly kind: 'NoPolicy' | 'Gone' | 'Mode' | 'Paused';
  readonly message: string;
}

/** Why nothing may be done to a host by this plan now, or undefined. @param policy the one that the plan names. */
export function objectionOfPolicy(
  plan: Pick<Plan, 'policy' | 'mode'>,
  policy: KubeletRecoveryPolicy | undefined,
): PolicyObjection | undefined {
  const { policy: name, mode } = plan;
  if (mode !== 'Remediate') return { kind: 'Mode', message: `the plan's mode is ${mode}; only Remediate acts` };
  if (name === '') return { kind: 'NoPolicy', message: 'the plan names no policy, so it may capture only' };
  if (policy === undefined) return { kind: 'Gone', message: `the policy ${name} is gone` };
  if (policy.spec.mode !== 'Remediate') {
    return { kind: 'Mode', message: `the mode of the policy ${name} is ${policy.spec.mode} now; only Remediate acts` };
  }
  return policy.spec.paused ? { kind: 'Paused', message: `the policy ${name} is paused` } : undefined;
}

/** What plan and policy both allow. Of a policy that is not there `objectionOfPolicy` speaks. */
export function actionsAllowedNow(
  { remediation }: Pick<Plan, 'remediation'>,
  policy: KubeletRecoveryPolicy | undefined,
): readonly Action[] {
  const { allowedActions } = remediation;
  if (policy === undefined) return allowedActions;
  return allowedActions.filter((action) => policy.spec.remediation.allowedActions.includes(action));
}
