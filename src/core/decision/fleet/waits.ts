/** For what open incidents wait, told apart by who has to do something about it. */
import type { IncidentStatus } from '../../../api/v1alpha1/kinds/incident.ts';
import { findCondition } from '../record/conditions-and-steps.ts';
import type { WaitReason } from '../record/reasons.ts';

interface WaitFacts {
  /** For the reference. */
  readonly meaning: string;
  /** Reasons of the condition `Complete` while an incident is open. */
  readonly reasons: readonly WaitReason[];
}

const FACTS = {
  Person: { meaning: 'A person who approves or rejects (`strategy: DiagnoseFirst`).', reasons: ['Held'] },
  Budget: {
    meaning: 'A place in the budget, or the end of a cooldown.',
    reasons: [
      'StaleView',
      'UnreadableIncidents',
      'NodeBusy',
      'TooManyUnhealthy',
      'TooManyAtOnce',
      'TooManyInCluster',
      'ControlPlaneBusy',
      'Cooldown',
      'AttemptsUsedUp',
      'PlacesWasted',
    ],
  },
  Capture: {
    meaning: 'Its turn to capture, or room for evidence.',
    reasons: ['CaptureRateLimited', 'EvidenceBudgetSpent'],
  },
  Others: {
    meaning: 'Others who have a hand on the node, or a policy that is paused or spares the node.',
    reasons: [
      'PolicyPaused',
      'ControlPlaneSkipped',
      'NodeDeleting',
      'NodeExcluded',
      'OtherActor',
      'RequestsUnknown',
      'MaintenanceLease',
      'LeaseUnreadable',
      'CordonedByOther',
    ],
  },
  Nothing: { meaning: 'None of these: it is at work.', reasons: [] },
} as const satisfies Readonly<Record<string, WaitFacts>>;

/** Value of the label `waits_for`. */
export type Wait = keyof typeof FACTS;

export const WAITS: Readonly<Record<Wait, WaitFacts>> = FACTS;
export const ALL_WAITS: readonly Wait[] = ['Person', 'Budget', 'Capture', 'Others', 'Nothing'];

export function waitOf({ conditions }: IncidentStatus): Wait {
  const reasons = [findCondition(conditions, 'Complete'), findCondition(conditions, 'EvidenceCaptured')].map(
    (one) => one?.reason,
  );
  return ALL_WAITS.find((wait) => WAITS[wait].reasons.some((reason) => reasons.includes(reason))) ?? 'Nothing';
}
