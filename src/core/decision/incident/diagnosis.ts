/** From the evidence to a cause. */
import { CONDITION_DIAGNOSED, type IncidentStatus } from '../../../api/v1alpha1/incident.ts';
import type { ProbeState } from '../../../api/v1alpha1/health.ts';
import { diagnose } from '../../diagnosis/diagnose.ts';
import type { DiagnosisInput } from '../../diagnosis/input.ts';
import { isAgentFresh } from '../node-state.ts';
import { withCondition } from '../status.ts';
import type { IncidentSnapshot, StageResult } from './snapshot.ts';

/** The agent's newest probe; `Unknown` if it has not been heard from. */
export function probeState({ health, now }: IncidentSnapshot): ProbeState {
  return isAgentFresh(health, now) ? (health?.status.runtime?.probe.state ?? 'Unknown') : 'Unknown';
}

/** How many open or past incidents on other nodes carry the same fingerprint, said as a person would. */
function fleetPattern({ budget, incident }: IncidentSnapshot, fingerprint: string | undefined): string {
  if (fingerprint === undefined) return '';
  const nodes = new Set(
    budget.incidents
      .filter((other) => other.status.diagnosis?.fingerprint === fingerprint)
      .map((other) => other.spec.nodeName)
      .filter((name) => name !== incident.spec.nodeName),
  );
  if (nodes.size === 0) return '';
  return ` Seen on ${nodes.size + 1} nodes with the same stack: ${[incident.spec.nodeName, ...nodes].slice(0, 6).join(', ')}.`;
}

function inputOf(snapshot: IncidentSnapshot): DiagnosisInput {
  const { node, health, incident, stacks } = snapshot;
  const runtime = health?.status.runtime;
  return {
    dumps: stacks.dumps,
    logs: [
      { name: 'trigger', text: incident.spec.trigger.message },
      { name: 'host-clues', text: (incident.status.host?.logClues ?? []).join('\n') },
    ],
    probe: probeState(snapshot),
    host: incident.status.host,
    kubeletVersion: node?.status.nodeInfo?.kubeletVersion,
    runtimeVersion: runtime?.name === undefined ? undefined : `${runtime.name} ${runtime.version ?? ''}`.trim(),
  };
}

export function diagnosis(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  if (status.diagnosis !== undefined) return { kind: 'pass', status };
  const verdict = diagnose(inputOf(snapshot));
  const claim = {
    type: CONDITION_DIAGNOSED,
    status: verdict.class === 'Unknown' ? 'False' : 'True',
    reason: verdict.class,
    message: `${verdict.cause}, ${verdict.confidence}: ${verdict.summary}${fleetPattern(snapshot, verdict.fingerprint)}`,
  } as const;
  const conditions = withCondition(status.conditions, claim, snapshot.now);
  return { kind: 'pass', status: { ...status, diagnosis: verdict, conditions } };
}
