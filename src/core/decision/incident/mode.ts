/** Modes that stop short of the node. */
import type { IncidentStatus } from '../../../api/v1alpha1/kinds/incident.ts';
import { isTrue } from '../record/conditions-and-steps.ts';
import { wellness } from './wellness.ts';
import type { IncidentSnapshot, StageResult } from './incident-snapshot.ts';

const LOOK_AGAIN_MS = 30_000;

/** Observe: nothing is saved or done; the incident records when it began and when it was over. */
export function observeOnly(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { incident, now } = snapshot;
  if (incident.spec.plan.mode !== 'Observe') return { kind: 'pass', status };
  if (wellness(snapshot) === 'Well') {
    return {
      kind: 'complete',
      status,
      outcome: 'Observed',
      message: 'the policy only observes; the node is well again',
    };
  }
  return { kind: 'wait', status, reason: 'Observing', until: now + LOOK_AGAIN_MS };
}

/** Capture: the evidence is saved and read, and that is all. */
export function captureOnly({ incident }: IncidentSnapshot, status: IncidentStatus): StageResult {
  if (incident.spec.plan.mode !== 'Capture') return { kind: 'pass', status };
  const what = isTrue(status.conditions, 'EvidenceCaptured') ? 'evidence is saved' : 'evidence is missing';
  const message = `${what}; the policy asks for no more than to save it`;
  return { kind: 'complete', status, outcome: 'CaptureOnly', message };
}
