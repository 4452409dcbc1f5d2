/** What is said of a request, with its meaning for the reference: reasons of `Processing` and `Succeeded`. */
import type { RemediationConditionType } from '../../../api/v1alpha1/words/conditions.ts';
import type { Outcome } from '../record/outcomes.ts';
import { OUTCOMES } from '../record/outcomes.ts';
import type { SkipReason } from '../record/reasons.ts';

/** Answers that are no outcome of an incident, and no reason for which one waits. */
export const ANSWERS = {
  Looking: 'The node is not Ready, and what is known of it says not yet that its kubelet or runtime is stuck.',
  IncidentOpen: 'An incident of the node is open; the message says what it does or waits for.',
  TimedOut: 'Whoever asked has lost patience. What had begun is finished, and nothing more begins.',
  OutOfTime: '`spec.timeout` is over.',
  NodeNotFound: 'There is no such node, or the Machine has none.',
  MachineMismatch:
    'Node and Machine do not name each other: it is the Machine of another cluster, or not of this node.',
  NotManaged: 'No policy in mode Remediate rules the node.',
  NodeWell:
    'The node is Ready, and its agent finds nothing wrong: whatever is wrong with it, no restart of ours mends it.',
  NotStuck: 'The node is not Ready, and nothing says that its kubelet or runtime is stuck.',
} as const;

/** Why an incident waits, where that is nothing that ends soon and by what we do: the next remediator need not wait for it. */
export const GIVEN_BACK_WAITS = [
  'AgentSilent',
  'PolicyPaused',
  'ControlPlaneSkipped',
  'NodeDeleting',
  'NodeExcluded',
  'OtherActor',
  'MaintenanceLease',
  'LeaseUnreadable',
  'CordonedByOther',
  'UnreadableIncidents',
  'TooManyUnhealthy',
  'AttemptsUsedUp',
  'PlacesWasted',
  'Held',
  'Observing',
] as const satisfies readonly (SkipReason | 'Held' | 'Observing')[];

export type Answer = keyof typeof ANSWERS | Outcome | (typeof GIVEN_BACK_WAITS)[number];

/** Of an incident: the node was recovered while it was open. That nothing was found wrong is no recovery. */
export function isHealed(outcome: Outcome): boolean {
  return OUTCOMES[outcome].isNodeWell && (outcome === 'Recovered' || outcome === 'SelfHealed');
}

/** Reasons of the conditions of a KubeletRemediation. */
export interface RemediationReasons extends Readonly<Record<RemediationConditionType, string>> {
  readonly Processing: Answer;
  readonly Succeeded: Answer;
}
