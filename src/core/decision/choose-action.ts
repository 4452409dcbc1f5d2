/**
 * From a diagnosis to an action: the ladder. What was tried before, in this incident or in an earlier one with the same
 * fingerprint, is not tried again; then the other unit, then a person.
 */
import type { Diagnosis } from '../../api/v1alpha1/diagnosis.ts';
import type { ProbeState } from '../../api/v1alpha1/health.ts';
import type { Action } from '../../api/v1alpha1/policy.ts';
import type { ActReason, HandOverReason } from './record/reasons.ts';
import { ACTIONS, isHarmful, isRuntimeDeaf, needsWhatIsMissing } from './actions.ts';

export interface ActionQuestion {
  readonly diagnosis: Diagnosis;
  /** The agent's newest CRI probe; `Unknown` if the agent is silent. */
  readonly probe: ProbeState;
  readonly allowed: readonly Action[];
  /** Actions of this incident, in order. */
  readonly tried: readonly Action[];
  /** Actions that earlier incidents of this node with the same fingerprint took, within the ladder's memory. */
  readonly triedBefore: readonly Action[];
}

export type ActionChoice =
  | { readonly kind: 'Act'; readonly action: Action; readonly reason: ActReason; readonly message: string }
  | { readonly kind: 'HandOver'; readonly reason: HandOverReason; readonly message: string };

type Preference =
  | { readonly action: Action; readonly reason: ActReason; readonly message: string }
  /** Nothing that is done to the host helps. */
  | { readonly action: undefined; readonly reason: HandOverReason; readonly message: string };

function isSure({ diagnosis }: ActionQuestion): boolean {
  return diagnosis.confidence !== 'Low' && diagnosis.class !== 'Unknown';
}

type Rule = Preference & { readonly when: (question: ActionQuestion) => boolean };

/** What one would do first, were everything allowed and nothing tried yet. The first rule that holds wins. */
const RULES: readonly Rule[] = [
  {
    // With the probe answered, a stack that waits for the runtime speaks of the kubelet's own connection.
    when: (question) => isSure(question) && question.diagnosis.class === 'RuntimeHung' && question.probe === 'Answered',
    action: 'RestartKubelet',
    reason: 'RuntimeAnswers',
    message: "the runtime answers the agent's own calls, so it is the kubelet's connection that is dead",
  },
  {
    when: (question) =>
      isSure(question) &&
      question.diagnosis.restartRuntime === 'Helps' &&
      (isRuntimeDeaf(question.probe) || question.diagnosis.restartKubelet !== 'Helps'),
    action: 'RestartRuntime',
    reason: 'RestartRuntimeHelps',
    message: 'restarting the runtime helps',
  },
  {
    when: (question) => isRuntimeDeaf(question.probe),
    action: 'RestartRuntime',
    reason: 'RuntimeDoesNotAnswer',
    message: "the runtime does not answer the agent's own calls; a kubelet restart now would crash-loop",
  },
  {
    when: (question) => isSure(question) && question.diagnosis.restartKubelet === 'Helps',
    action: 'RestartKubelet',
    reason: 'RestartKubeletHelps',
    message: 'restarting the kubelet helps',
  },
  {
    when: (question) => isSure(question) && question.diagnosis.restartKubelet === 'Harms',
    action: undefined,
    reason: 'RestartHarms',
    message: 'restarting the kubelet makes it worse',
  },
  {
    when: (question) => isSure(question) && question.diagnosis.restartKubelet === 'DoesNotHelp',
    action: undefined,
    reason: 'RestartDoesNotHelp',
    message: 'restarting the kubelet does not help',
  },
];

const DEFAULT: Preference = {
  action: 'RestartKubelet',
  reason: 'DefaultAction',
  message: 'the cause is not certain; restarting the kubelet is the default',
};

function prefer(question: ActionQuestion): Preference {
  const { cause, confidence } = question.diagnosis;
  const preference = RULES.find(({ when }) => when(question)) ?? DEFAULT;
  return { ...preference, message: `${cause} (${confidence}): ${preference.message}` };
}

/** The preferred action, or the next rung after one that did not last. */
function climb({ tried, triedBefore, probe, diagnosis }: ActionQuestion, preferred: Action): Action | undefined {
  const used = new Set([...tried, ...triedBefore]);
  if (!used.has(preferred)) return preferred;
  return ACTIONS[preferred].fallbacks.find(
    (rung) => !used.has(rung) && !needsWhatIsMissing(rung, probe) && !isHarmful(rung, diagnosis),
  );
}

export function chooseAction(question: ActionQuestion): ActionChoice {
  const preference = prefer(question);
  if (preference.action === undefined) {
    const message = `${preference.message}. ${question.diagnosis.recommendation}`;
    return { kind: 'HandOver', reason: preference.reason, message };
  }
  const action = climb(question, preference.action);
  if (action === undefined) {
    return {
      kind: 'HandOver',
      reason: 'LadderExhausted',
      message: `every rung was tried and the fault came back. ${question.diagnosis.recommendation}`,
    };
  }
  if (!question.allowed.includes(action)) {
    return {
      kind: 'HandOver',
      reason: 'ActionNotAllowed',
      message: `${action} would be next, and the policy does not allow it. ${question.diagnosis.recommendation}`,
    };
  }
  if (question.diagnosis.confidence !== 'Low' && isHarmful(action, question.diagnosis)) {
    return {
      kind: 'HandOver',
      reason: 'RestartHarms',
      message: `${action} would make it worse. ${question.diagnosis.recommendation}`,
    };
  }
  if (action === preference.action)
    return { kind: 'Act', action, reason: preference.reason, message: preference.message };
  return {
    kind: 'Act',
    action,
    reason: 'NextRung',
    message: `${preference.action} was tried against ${question.diagnosis.cause} and did not last; next is ${action}`,
  };
}
