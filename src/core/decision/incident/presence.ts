/** Is there still a node, and does it still need us? */
import { isAct } from '../actions.ts';
import { isAgentFresh, isLogUnreadable, isReady } from '../node-state.ts';
import { TRIGGERS } from '../node/triggers.ts';
import { isTrue, withCondition } from '../record/conditions-and-steps.ts';
import type { IncidentSnapshot, StageResult } from './incident-snapshot.ts';
import type { IncidentStatus } from '../../../api/v1alpha1/incident.ts';

export function nodePresent({ node, incident }: IncidentSnapshot, status: IncidentStatus): StageResult {
  if (node !== undefined) return { kind: 'pass', status };
  const message = `node ${incident.spec.nodeName} (UID ${incident.spec.nodeUID}) no longer exists`;
  return { kind: 'complete', status, outcome: 'NodeGone', message };
}

/**
 * The node is Ready, and its agent, heard from lately, says that PLEG is healthy. A suspicion that only a line of the past
 * keeps alive does not count against it while the runtime answers; nor does a log that cannot be read, since a kubelet whose
 * PLEG is not healthy does not say Ready=True.
 */
export function isWell({ node, health, now }: IncidentSnapshot): boolean {
  if (node === undefined || !isReady(node) || !isAgentFresh(health, now)) return false;
  const state = health?.status.pleg?.state;
  const answered = health?.status.runtime?.probe.state === 'Answered';
  return state === 'Healthy' || (answered && (state === 'Suspected' || isLogUnreadable(health)));
}

/** Before any action: a node that recovered by itself is left alone, if the incident is about the moment. */
export function stillNeeded(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { isMomentary } = TRIGGERS[snapshot.incident.spec.trigger.type];
  const acted = (snapshot.incident.status.actions ?? []).some(isAct);
  if (acted || isTrue(status.conditions, 'ActionTaken') || !isMomentary || !isWell(snapshot)) {
    return { kind: 'pass', status };
  }
  const message = 'Ready again, and PLEG is healthy, before anything was done';
  const recovered = { type: 'Recovered', status: 'True', reason: 'SelfHealed', message } as const;
  const conditions = withCondition(status.conditions, recovered, snapshot.now);
  return { kind: 'complete', status: { ...status, conditions }, outcome: 'SelfHealed', message };
}
