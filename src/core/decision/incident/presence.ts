/** Is there still a node, and does it still need us? */
import { isAct } from '../actions.ts';
import { TRIGGERS } from '../node/triggers.ts';
import { isTrue, withCondition } from '../record/conditions-and-steps.ts';
import type { IncidentSnapshot, StageResult } from './incident-snapshot.ts';
import type { IncidentStatus } from '../../../api/v1alpha1/kinds/incident.ts';
import { wellness } from './wellness.ts';

export function nodePresent({ node, incident }: IncidentSnapshot, status: IncidentStatus): StageResult {
  if (node !== undefined) return { kind: 'pass', status };
  const message = `node ${incident.spec.nodeName} (UID ${incident.spec.nodeUID}) no longer exists`;
  return { kind: 'complete', status, outcome: 'NodeGone', message };
}

/** Before any action: a node that recovered by itself is left alone, if the incident is about the moment. */
export function stillNeeded(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { isMomentary } = TRIGGERS[snapshot.incident.spec.trigger.type];
  const acted = (snapshot.incident.status.actions ?? []).some((record) => isAct(record) && record.state !== 'Refused');
  if (acted || isTrue(status.conditions, 'ActionTaken') || !isMomentary || wellness(snapshot) !== 'Well') {
    return { kind: 'pass', status };
  }
  return selfHealed(snapshot, status);
}

export function selfHealed({ now }: IncidentSnapshot, status: IncidentStatus): StageResult {
  const message = 'Ready, and its agent finds nothing wrong any more, before anything was restarted';
  const recovered = { type: 'Recovered', status: 'True', reason: 'SelfHealed', message } as const;
  const conditions = withCondition(status.conditions, recovered, now);
  return { kind: 'complete', status: { ...status, conditions }, outcome: 'SelfHealed', message };
}
