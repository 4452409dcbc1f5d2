/** Runs stages in order until one of them has something to wait for. */
import type { IncidentStatus } from '../../../api/v1alpha1/kinds/incident.ts';
import type { IncidentSnapshot, Stage, StageResult } from './incident-snapshot.ts';

export function runStages(stages: readonly Stage[], snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  let current = status;
  for (const stage of stages) {
    const result = stage(snapshot, current);
    if (result.kind !== 'pass') return result;
    current = result.status;
  }
  return { kind: 'pass', status: current };
}
