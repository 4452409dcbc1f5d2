/**
 * From a diagnosis to an action: the ladder. What helped against the same fault before comes first; what was tried and did not
 * help, in this incident or in an earlier one with the same fingerprint, is not tried again; then the other unit, then a
 * person. A fault that comes back again and again is a person's too.
 */
import type { Diagnosis } from '../../api/v1alpha1/parts/diagnosis.ts';
import type { ProbeState } from '../../api/v1alpha1/kinds/health.ts';
import type { Action } from '../../api/v1alpha1/kinds/policy.ts';
import type { ActReason, HandOverReason } from './record/reasons.ts';
import { ACTIONS, isHarmful, isRuntimeDeaf, needsWhatIsMissing } from './actions.ts';

export interface PastTry {
  readonly action: Action;
  /** The node was well after it, and its incident ended so. */
  readonly helped: boolean;
}

/** Recoveries from one fault within the ladder's memory, after which the next time is a person's. */
const MAX_RECURRENCES = 3;

export interface ActionQuestion {
  readonly diagnosis: Diagnosis;
  /** The agent's newest CRI probe; `Unknown` if the agent is silent. */
  readonly probe: ProbeState;
  readonly allowed: readonly Action[];
  /** Actions of this incident, in order. */
  readonly tried: readonly Action[];
  /** What earlier incidents of this node with the same fingerprint did, within the ladder's memory, oldest first. */
  readonly before: readonly PastTry[];
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
    when: (question) => question.diagnosis.class === 'HeldByPerson',
    action: undefined,
    reason: 'HeldByPerson',
    message: 'somebody holds it as it is, and is not overruled',
  },
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
    // A runtime that crash-loops is deaf as well, and a kubelet that waits in the kernel cannot be restarted.
    when: (question) =>
      isSure(question) &&
      question.diagnosis.restartRuntime === 'DoesNotHelp' &&
      question.diagnosis.class === 'RuntimeDown',
    action: undefined,
    reason: 'RestartDoesNotHelp',
    message: 'restarting the runtime does not help',
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

/** The runtime is back since the diagnosis was made, and the kubelet has not followed: what was said of it then is not of now. */
function isLeftBehind({ tried, probe }: ActionQuestion): boolean {
  return tried.at(-1) === 'RestartRuntime' && probe === 'Answered';
}

/** Whether an action may be a next rung: not where it is impossible now, harms, or is known not to help. */
function isWorthTrying(question: ActionQuestion, rung: Action): boolean {
  const { diagnosis, probe } = question;
  if (needsWhatIsMissing(rung, probe) || isHarmful(rung, diagnosis)) return false;
  if (!isSure(question)) return true;
  if (rung === 'RestartKubelet') return diagnosis.restartKubelet !== 'DoesNotHelp' || isLeftBehind(question);
  return rung !== 'RestartRuntime' || diagnosis.restartRuntime !== 'DoesNotHelp';
}

/** What helped last, or the preferred action, or the next rung after one that did not help. */
function climb(question: ActionQuestion, preferred: Action): Action | undefined {
  const { tried, before } = question;
  const helped = before.findLast((one) => one.helped)?.action;
  const failed = before.filter((one) => !one.helped && one.action !== helped).map(({ action }) => action);
  const used = new Set([...tried, ...failed]);
  if (helped !== undefined && !used.has(helped) && isWorthTrying(question, helped)) return helped;
  if (!used.has(preferred)) return preferred;
  return ACTIONS[preferred].fallbacks.find((rung) => !used.has(rung) && isWorthTrying(question, rung));
}

/** Each action once, those of earlier incidents first. */
function triedText({ tried, before }: ActionQuestion): string {
  return [...new Set([...before.map(({ action }) => action), ...tried])].join(' and ');
}

function isRecurring({ before, tried }: ActionQuestion): boolean {
  return tried.length === 0 && before.filter(({ helped }) => helped).length >= MAX_RECURRENCES;
}

export function chooseAction(question: ActionQuestion): ActionChoice {
  const preference = prefer(question);
  if (preference.action === undefined) {
    const message = `${preference.message}. ${question.diagnosis.recommendation}`;
    return { kind: 'HandOver', reason: preference.reason, message };
  }
  if (isRecurring(question)) {
    const message = `the fault has come back ${MAX_RECURRENCES} times, each time after an action that helped. ${question.diagnosis.recommendation}`;
    return { kind: 'HandOver', reason: 'Recurring', message };
  }
  const action = climb(question, preference.action);
  if (action === undefined) {
    return {
      kind: 'HandOver',
      reason: 'LadderExhausted',
      message: `${triedText(question)} did not help or did not last, and nothing else is worth trying. ${question.diagnosis.recommendation}`,
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
  if (question.before.some((one) => one.helped && one.action === action)) {
    const message = `${action} helped against ${question.diagnosis.cause} before`;
    return { kind: 'Act', action, reason: 'HelpedBefore', message };
  }
  return {
    kind: 'Act',
    action,
    reason: 'NextRung',
    message: `${preference.action} was tried against ${question.diagnosis.cause} and did not help or did not last; next is ${action}`,
  };
}
