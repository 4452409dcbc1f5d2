/** Incidents that may wait for hours: for a place, a turn, or a person. Nobody needs the word of their agents meanwhile. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { findCondition } from './conditions-and-steps.ts';
import type { WaitReason } from './reasons.ts';

const LONG: Readonly<Partial<Record<WaitReason, true>>> = {
  CaptureRateLimited: true,
  EvidenceBudgetSpent: true,
  PolicyPaused: true,
  ControlPlaneSkipped: true,
  NodeDeleting: true,
  NodeExcluded: true,
  OtherActor: true,
  RequestsUnknown: true,
  MaintenanceLease: true,
  LeaseUnreadable: true,
  CordonedByOther: true,
  UnreadableIncidents: true,
  NodeBusy: true,
  TooManyUnhealthy: true,
  TooManyAtOnce: true,
  TooManyInCluster: true,
  ControlPlaneBusy: true,
  Cooldown: true,
  AttemptsUsedUp: true,
  PlacesWasted: true,
  Held: true,
};

/**
 * Whatever changes on its node is written at once all the same, and its agent is asked before anything is done. Of a kubelet that does
 * not report it has to be known that its agent was there all the time.
 */
export function waitsForLong({ spec, status }: KubeletIncident): boolean {
  const reason = findCondition(status.conditions, 'Complete')?.reason ?? '';
  return spec.trigger.type !== 'KubeletSilent' && Object.hasOwn(LONG, reason);
}
