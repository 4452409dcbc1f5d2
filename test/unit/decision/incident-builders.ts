/** Incidents at the points of their life that tests of decisions begin at. */
import type { Diagnosis } from '../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { EvidenceEntry } from '../../../src/api/v1alpha1/parts/evidence.ts';
import type { ActionRecord, IncidentStatus, Plan } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY, CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import type { KubeletRecoveryPolicy } from '../../../src/api/v1alpha1/kinds/policy.ts';
import type {
  IncidentDecision,
  IncidentSnapshot,
  Stacks,
} from '../../../src/core/decision/incident/incident-snapshot.ts';
import { readyLost } from '../../../src/core/decision/ready-lost.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { aBudgetView, aContact, CAPTURES } from '../../support/builders/views.ts';
import { aHealth, anIncident, aNode, aPolicy, at, T0 } from '../../support/builders/objects.ts';

export const NAME = 'node-a-x7k2q';
export const stuck = aNode({ ready: 'False', message: 'container runtime is down', since: -60_000 });
export const cordoned = aNode({
  ready: 'False',
  message: 'PLEG is not healthy: pleg was last seen active 3m3s ago; threshold is 3m0s',
  since: -60_000,
  unschedulable: true,
  annotations: { [ANNOTATION_CORDONED_BY]: NAME },
  cordonedBy: CONTROLLER_MANAGER,
});
export const entry = (kind: EvidenceEntry['kind'], by: EvidenceEntry['by'], name: string): EvidenceEntry => ({
  name,
  kind,
  by,
  state: 'Captured',
  at: at(0),
  source: 's',
});
export const dumps = [
  entry('GoroutineDump', 'Agent', 'goroutines-1.txt.gz'),
  entry('GoroutineDump', 'Agent', 'goroutines-2.txt.gz'),
];
export const NO_STACKS: Stacks = { entries: [], dumps: [], left: [], unreadable: new Map() };
export const log = entry('KubeletLog', 'Agent', 'kubelet.log.gz');
export const hostCaptured: ActionRecord = {
  name: 'capture-host',
  action: 'CaptureHost',
  state: 'Succeeded',
  reservedAt: at(0),
};
export const deadlock: Diagnosis = {
  cause: 'pleg-event-channel-deadlock',
  class: 'KubeletDeadlock',
  confidence: 'High',
  summary: 'relist is blocked',
  restartKubelet: 'Helps',
  restartRuntime: 'Unknown',
  recommendation: 'Upgrade.',
  references: [],
  evidence: [],
  fingerprint: 'f00d',
};

/** The policy that a plan is a copy of, as it still is. */
export function policyOf({ policy, mode, strategy, evidence, remediation, budget }: Plan): KubeletRecoveryPolicy {
  return aPolicy({ mode, strategy, evidence, remediation, budget }, policy);
}
export const PAUSED = aPolicy({ paused: true });

export function aSnapshot(
  part: Partial<IncidentSnapshot> & { readonly status?: IncidentStatus } = {},
): IncidentSnapshot {
  const { status, ...rest } = part;
  const incident = part.incident ?? anIncident({ name: NAME, ...(status === undefined ? {} : { status }) });
  const budget = aBudgetView({ incidents: [incident] });
  const node = 'node' in part ? part.node : stuck;
  return {
    now: T0 + 1_000,
    node,
    notReadySince: node === undefined ? undefined : readyLost(node, undefined)?.since,
    health: aHealth({ state: 'Unhealthy' }),
    stacks: NO_STACKS,
    nodeProxy: false,
    captures: CAPTURES,
    policy: policyOf(incident.spec.plan),
    lease: { kind: 'unused' },
    kubeletLease: undefined,
    clockAheadMs: 0,
    contact: aContact(),
    reserved: undefined,
    budget,
    ...rest,
    incident,
  };
}

/** An incident whose evidence is sealed and whose cause is known. */
export function diagnosed(more: IncidentStatus = {}): IncidentStatus {
  return {
    ...more,
    conditions: [
      { type: 'EvidenceCaptured', status: 'True', reason: 'Complete', message: '', lastTransitionTime: at(0) },
      ...(more.conditions ?? []),
    ],
    evidence: [...dumps, log],
    actions: [hostCaptured, ...(more.actions ?? [])],
    diagnosis: deadlock,
  };
}

export const cordonStep = { name: 'cordon', type: 'Cordon', state: 'Succeeded', startedAt: at(0) } as const;
export const cordonedCondition = {
  type: 'NodeCordoned',
  status: 'True',
  reason: 'Cordoned',
  message: '',
  lastTransitionTime: at(0),
} as const;
export const actStep = {
  name: 'act-1',
  type: 'Act',
  action: 'RestartKubelet',
  startedAt: at(0),
  deadline: at(240_000),
} as const;
export const restarted: ActionRecord = {
  name: 'act-1',
  action: 'RestartKubelet',
  state: 'Succeeded',
  reservedAt: at(500),
  issuedAt: at(600),
};

export function verifying(more: IncidentStatus = {}): IncidentStatus {
  return diagnosed({
    ...more,
    steps: [cordonStep, { ...actStep, state: 'Succeeded' }, ...(more.steps ?? [])],
    actions: [restarted],
    conditions: [cordonedCondition, ...(more.conditions ?? [])],
    timings: { actedAt: at(600), notReadySince: at(-60_000), ...more.timings },
  });
}

export function outcomeOf(decision: IncidentDecision): string | undefined {
  const complete = findCondition(decision.status.conditions, 'Complete');
  return complete?.status === 'True' ? complete.reason : undefined;
}
