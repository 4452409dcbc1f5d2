/**
 * How an incident ends. An outcome is one entry here: what it means, and all that follows from it. The stage that ends an
 * incident names it, and everybody else reads its facts.
 */
import type { Plan } from '../../../api/v1alpha1/kinds/incident.ts';
import { durationMs } from '../../time/duration.ts';

interface OutcomeFacts {
  /** One sentence, for the reference. */
  readonly meaning: string;
  /** It went as it should: its event is Normal and not a Warning, and people see it marked as good. */
  readonly isGood: boolean;
  /** The node is well: `Ready` of the incident is True. */
  readonly isNodeWell: boolean;
  /** Our cordon is undone before the incident ends; else the node stays as it is for a person. */
  readonly undoesCordon: boolean;
  /**
   * After which time the same trouble is taken up again, in milliseconds: the node was left stuck for want of something
   * that may come back. undefined: never, since it is over or a person has it.
   */
  readonly retryAfterMs?: (plan: Plan) => number;
  /** Each further one in a row on a node doubles that time, up to this many milliseconds: it would cost a capture each. */
  readonly retryAtMostMs?: number;
  /** The node is left as it is or worse, and nobody has it yet: a person is told. */
  readonly isForAPerson?: true;
  /** Its dumps tell nobody of a fault: where room is needed they go before all others. */
  readonly evidenceGoesFirst?: true;
}

const HOUR_MS = 60 * 60_000;

/** A false alarm is not looked into again and again. A node that is not Ready is, at once. */
function retryLaterMs(): number {
  return HOUR_MS;
}

/** The trouble is taken up again as it is now, with fresh evidence. */
function retryNowMs(): number {
  return 0;
}

/** For what may come back at any time: a node proxy, an agent. */
function retrySoonMs(): number {
  return 15 * 60_000;
}

const FACTS = {
  Recovered: {
    meaning: 'The node is Ready again after an action.',
    isGood: true,
    isNodeWell: true,
    undoesCordon: true,
  },
  SelfHealed: {
    meaning: 'The node was Ready again before any action.',
    isGood: true,
    isNodeWell: true,
    undoesCordon: true,
  },
  NotConfirmed: {
    meaning:
      'No second source said that the node is stuck, or its stacks say that it works; nothing was done to the node.',
    isGood: true,
    isNodeWell: true,
    undoesCordon: true,
    retryAfterMs: retryLaterMs,
    retryAtMostMs: 8 * HOUR_MS,
    evidenceGoesFirst: true,
  },
  Outdated: {
    meaning:
      'It could not act for so long that its evidence is old, or its policy is gone; if the node is still stuck, another incident goes on.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: true,
    retryAfterMs: retryNowMs,
  },
  Observed: {
    meaning: 'The policy only observes; nothing was saved or done.',
    isGood: true,
    isNodeWell: true,
    undoesCordon: false,
    isForAPerson: true,
  },
  CaptureOnly: {
    meaning: 'The policy asks for evidence only; nothing was done to the node.',
    isGood: true,
    isNodeWell: false,
    undoesCordon: true,
    isForAPerson: true,
  },
  HandedOver: {
    meaning: 'An action would not help or did not help; a person has to look.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: false,
    isForAPerson: true,
  },
  EvidenceMissing: {
    meaning: 'The gate is Required and evidence is missing; nothing was done to the node.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: false,
    retryAfterMs: retrySoonMs,
    retryAtMostMs: 4 * HOUR_MS,
    evidenceGoesFirst: true,
    isForAPerson: true,
  },
  BudgetExhausted: {
    meaning: 'The node has used up its attempts, or was given places in the budget that its agent did nothing with.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: false,
    retryAfterMs: ({ budget }) => durationMs(budget.perNode.within),
    isForAPerson: true,
  },
  ActionRefused: {
    meaning: 'The agent refused to act, and says why.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: false,
    retryAfterMs: retrySoonMs,
    isForAPerson: true,
  },
  Rejected: {
    meaning: 'A person rejected the recovery.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: true,
  },
  DrillPassed: {
    meaning:
      'The drill: its fault was noticed and the node recovered, each part within the time that the policy promises.',
    isGood: true,
    isNodeWell: true,
    undoesCordon: false,
  },
  DrillFailed: {
    meaning: 'The drill: the node was not recovered as the policy promises, or somebody ended it. The fault is undone.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: false,
    isForAPerson: true,
  },
  DrillPossible: {
    meaning: 'The drill was a dry run, and nothing objects to it; nothing was done to the node.',
    isGood: true,
    isNodeWell: true,
    undoesCordon: false,
  },
  DrillRefused: {
    meaning: 'The drill was refused; nothing was done to the node.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: false,
  },
  NodeGone: {
    meaning: 'The node was deleted.',
    isGood: false,
    isNodeWell: false,
    undoesCordon: false,
  },
} as const satisfies Readonly<Record<string, OutcomeFacts>>;

/** Reason of `Complete`, and `status.outcome`. */
export type Outcome = keyof typeof FACTS;

export const OUTCOMES: Readonly<Record<Outcome, OutcomeFacts>> = FACTS;

export function isOutcome(text: string): text is Outcome {
  return Object.hasOwn(OUTCOMES, text);
}

/** Whether people see it marked as good. An outcome of another release is not known to be. */
export function isGoodEnd(outcome: string): boolean {
  return isOutcome(outcome) && OUTCOMES[outcome].isGood;
}

/** Whether the end leaves work to a person. So does an outcome of another release, until somebody has read it. */
export function isForAPerson(outcome = ''): boolean {
  return !isOutcome(outcome) || OUTCOMES[outcome].isForAPerson === true;
}
