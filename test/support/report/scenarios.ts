/** Incidents as a report is made of them: their evidence is of real kubelets (test/fixtures). */
import { readFileSync } from 'node:fs';
import type { EvidenceEntry } from '../../../src/api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident, IncidentStatus } from '../../../src/api/v1alpha1/kinds/incident.ts';
import type { Artifact, Artifacts, ReportInput } from '../../../src/cli/report/report-input.ts';
import { diagnose } from '../../../src/core/diagnosis/diagnose.ts';
import { parseDump } from '../../../src/core/dump/parser.ts';
import { sha256 } from '../../../src/core/evidence/manifest.ts';
import { gunzipSync } from 'node:zlib';
import { anIncident, aPlan, type IncidentOptions } from '../builders/objects.ts';

const FIXTURES = new URL('../../fixtures/', import.meta.url);
const NODE = 'node-2';
const NAME = 'node-2-4kq8z';
/** Ours: the example says by which version it was made. */
const VERSION = /"version": "(.+)"/.exec(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8'))?.[1];
/** The breach line of the fixture. */
const ZERO = Date.parse('2026-11-24T13:23:27.089Z');

export function fixture(path: string): Buffer {
  return readFileSync(new URL(path, FIXTURES));
}

function after(ms: number): string {
  return new Date(ZERO + ms).toISOString();
}

function read(name: string, path: string): Artifact {
  return { kind: 'read', name, content: fixture(path) };
}

const NONE: Artifacts = {
  kubeletStacks: { kind: 'none', why: 'Of the stacks nothing was saved.' },
  runtimeStacks: { kind: 'none', why: 'Of the runtime nothing was saved.' },
  kubeletLog: { kind: 'none', why: 'kubelet.log.gz is not shown: it is on node-2 at /var/lib/kubelet-medic/spool.' },
};

const FROZEN = 'kubelet/1.36.3-connection-frozen-215s';

function entry(name: string, kind: EvidenceEntry['kind'], ms: number, bytes: Buffer): EvidenceEntry {
  const isDump = kind === 'GoroutineDump';
  return {
    name,
    kind,
    by: 'Agent',
    state: 'Captured',
    at: after(ms),
    source: isDump ? 'memory of PID 80' : kind === 'KubeletLog' ? 'journal of kubelet.service' : 'the host',
    location: isDump ? `evidence://${NODE}-0123456789ab` : `spool://${NODE}/${NAME}/${name}`,
    bytes: bytes.length,
    sha256: sha256(bytes),
    ...(kind === 'KubeletLog' ? { redactions: 2 } : {}),
  };
}

const EVIDENCE: readonly EvidenceEntry[] = [
  entry('goroutines-1.txt.gz', 'GoroutineDump', 410, fixture(`${FROZEN}/goroutines-1.txt.gz`)),
  entry('goroutines-2.txt.gz', 'GoroutineDump', 2_430, fixture(`${FROZEN}/goroutines-2.txt.gz`)),
  entry('kubelet.log.gz', 'KubeletLog', 2_510, fixture(`${FROZEN}/kubelet.log.gz`)),
  ...(['runtime.log', 'kernel.log', 'processes.txt', 'units.txt', 'host.txt', 'kubelet-config.txt'] as const).map(
    (file, i) => entry(`${file}.gz`, 'HostFacts', 2_550 + i * 40, Buffer.from(file)),
  ),
  {
    name: 'runtime-goroutines-1.txt.gz',
    kind: 'RuntimeStacks',
    by: 'Agent',
    state: 'Failed',
    at: after(2_450),
    source: 'memory of PID 61',
    message: 'the memory of containerd could not be read: Operation not permitted',
  },
];

const PIDS = {
  before: { pid: 80, invocationID: '9b1d6cfe5a474f0b8e7a2d3c4b5a6978' },
  after: { pid: 7214, invocationID: 'c04f21a7be5d4f6f9a1b2c3d4e5f6071' },
} as const;

function condition(
  type: string,
  ms: number,
  reason: string,
  message: string,
): NonNullable<IncidentStatus['conditions']>[number] {
  return { type, status: 'True', reason, message, lastTransitionTime: after(ms) };
}

const diagnoses = new Map<string, NonNullable<IncidentStatus['diagnosis']>>();

/** Each is made once. */
function diagnosisOf(folder: string, probe: 'Answered' | 'Timeout'): NonNullable<IncidentStatus['diagnosis']> {
  const made = diagnoses.get(folder) ?? diagnosed(folder, probe);
  diagnoses.set(folder, made);
  return made;
}

function diagnosed(folder: string, probe: 'Answered' | 'Timeout'): NonNullable<IncidentStatus['diagnosis']> {
  const dumps = ['goroutines-1.txt.gz', 'goroutines-2.txt.gz'].map((name) => ({
    name,
    dump: parseDump(fixture(`${folder}/${name}`)),
  }));
  const logs = [{ name: 'kubelet.log.gz', text: gunzipSync(fixture(`${folder}/kubelet.log.gz`)).toString() }];
  return diagnose({
    dumps,
    logs,
    probe,
    host: undefined,
    kubeletVersion: 'v1.36.3',
    runtimeVersion: 'containerd 1.6.20',
  });
}

const TRIGGER = {
  type: 'PLEGUnhealthy',
  at: after(0),
  message: 'PLEG is not healthy: pleg was last seen active 3m2.742046688s ago; threshold is 3m0s',
  source: 'KubeletLog',
  elapsed: '3m2.742046688s',
  threshold: '3m0s',
} as const;

function incident(options: IncidentOptions): KubeletIncident {
  const made = anIncident({ name: NAME, node: NODE, trigger: TRIGGER, ...options });
  return { ...made, metadata: { ...made.metadata, creationTimestamp: after(300) } };
}

function input(made: KubeletIncident, artifacts: Artifacts, ms: number): ReportInput {
  return { incident: made, events: [], artifacts, now: ZERO + ms, version: VERSION ?? '' };
}

/** A kubelet whose connection to its runtime was dead: restarted in three seconds, well a minute later. */
export function recovered(): ReportInput {
  const status: IncidentStatus = {
    conditions: [
      condition('EvidenceCaptured', 2_900, 'Complete', '9 artifacts'),
      condition('Diagnosed', 3_050, 'Found', 'read'),
      condition('Confirmed', 3_080, 'NodeReady', 'the Node is NotReady, and says that PLEG is not healthy'),
      condition('NodeCordoned', 3_300, 'Cordoned', 'cordoned'),
      condition('ActionTaken', 3_900, 'RestartKubelet', 'restarted'),
      condition('Recovered', 71_000, 'Stable', 'Ready for 60 s'),
      condition('NodeUncordoned', 71_200, 'Uncordoned', 'uncordoned'),
      condition('Complete', 71_300, 'Recovered', 'the node is Ready, and was so for 60 s with no new PLEG line'),
    ],
    steps: [
      {
        name: 'capture-host',
        type: 'CaptureHost',
        state: 'Succeeded',
        startedAt: after(320),
        finishedAt: after(2_860),
        message: '9 artifacts, 1 missing',
      },
      { name: 'cordon', type: 'Cordon', state: 'Succeeded', startedAt: after(3_120), finishedAt: after(3_300) },
      {
        name: 'act-1',
        type: 'Act',
        state: 'Succeeded',
        action: 'RestartKubelet',
        reason: 'RestartKubeletHelps',
        startedAt: after(3_350),
        finishedAt: after(4_700),
      },
      {
        name: 'verify-1',
        type: 'Verify',
        state: 'Succeeded',
        startedAt: after(4_720),
        finishedAt: after(71_000),
        message: 'Ready for 60 s, no new PLEG line',
      },
      { name: 'uncordon', type: 'Uncordon', state: 'Succeeded', startedAt: after(71_050), finishedAt: after(71_200) },
    ],
    actions: [
      {
        name: 'act-1',
        action: 'RestartKubelet',
        state: 'Succeeded',
        unit: 'kubelet.service',
        command: 'systemctl restart kubelet.service',
        reservedAt: after(3_420),
        issuedAt: after(3_520),
        finishedAt: after(4_610),
        ...PIDS,
      },
    ],
    evidence: [...EVIDENCE],
    evidenceCount: 9,
    diagnosis: diagnosisOf(FROZEN, 'Answered'),
    timings: {
      detectedAt: after(0),
      evidenceAt: after(2_860),
      cordonedAt: after(3_300),
      actedAt: after(3_520),
      readyAt: after(10_900),
      completedAt: after(71_300),
      notReadySince: after(1_020),
      notReadyFor: '10s',
    },
    action: 'RestartKubelet',
    outcome: 'Recovered',
    state: 'Recovered',
  };
  const artifacts: Artifacts = {
    kubeletStacks: read('goroutines-2.txt.gz', `${FROZEN}/goroutines-2.txt.gz`),
    runtimeStacks: {
      kind: 'none',
      why: 'runtime-goroutines-1.txt.gz is not shown: it was never had: the memory of containerd could not be read: Operation not permitted.',
    },
    kubeletLog: read('kubelet.log.gz', `${FROZEN}/kubelet.log.gz`),
  };
  return input(incident({ plan: aPlan({ mode: 'Remediate' }), status }), artifacts, 600_000);
}

/** A test cluster: held for a person, who approved after a quarter of an hour. */
export function approved(): ReportInput {
  const made = incident({
    plan: aPlan({ mode: 'Remediate', strategy: 'DiagnoseFirst' }),
    approval: {
      decision: 'Approve',
      by: 'jane@example.com',
      reason: 'dump is in the ticket',
      action: 'RestartRuntime',
    },
    status: {
      conditions: [
        condition('Diagnosed', 3_050, 'Found', 'read'),
        condition('NodeCordoned', 3_300, 'Cordoned', 'cordoned'),
      ],
      steps: [
        {
          name: 'capture-host',
          type: 'CaptureHost',
          state: 'Succeeded',
          startedAt: after(320),
          finishedAt: after(2_860),
        },
        {
          name: 'hold',
          type: 'Hold',
          state: 'Succeeded',
          startedAt: after(3_400),
          finishedAt: after(912_000),
          message: 'approved by jane@example.com',
        },
        { name: 'act-1', type: 'Act', state: 'Requested', action: 'RestartRuntime', startedAt: after(912_400) },
      ],
      evidence: EVIDENCE.map((one) => ({ ...one })),
      diagnosis: {
        ...diagnosisOf('kubelet/1.36.3-runtime-hung', 'Timeout'),
        behind: 'containerd-status-store-lock: containerd waits for the lock of its store of statuses',
      },
      timings: {
        detectedAt: after(0),
        evidenceAt: after(2_860),
        cordonedAt: after(3_300),
        notReadySince: after(1_020),
      },
      state: 'Acting',
    },
  });
  const managedFields = [
    {
      manager: 'kubectl-medic',
      operation: 'Update',
      time: '2026-11-24T13:38:38Z',
      fieldsV1: { 'f:spec': { 'f:approval': { 'f:by': {} } } },
    },
  ];
  const artifacts: Artifacts = {
    kubeletStacks: read('goroutines-2.txt.gz', 'kubelet/1.36.3-runtime-hung/goroutines-2.txt.gz'),
    runtimeStacks: read('runtime-goroutines-2.txt.gz', 'programs-dumps/containerd-store/go1.26.8-debug2.txt.gz'),
    kubeletLog: read('kubelet.log.gz', 'kubelet/1.36.3-runtime-hung/kubelet.log.gz'),
  };
  return input({ ...made, metadata: { ...made.metadata, managedFields } }, artifacts, 915_000);
}

/** It has just opened: nothing is known yet. */
export function justOpened(): ReportInput {
  return input(incident({ plan: aPlan({ mode: 'Remediate' }) }), NONE, 900);
}

export function observed(): ReportInput {
  const status: IncidentStatus = {
    conditions: [condition('Complete', 1_000, 'Observed', 'the policy only observes')],
    outcome: 'Observed',
    state: 'Observed',
    timings: { detectedAt: after(0), completedAt: after(1_000) },
  };
  return input(incident({ status }), NONE, 5_000);
}

/** Its dumps had to make room in the API server. */
function trimmed(): ReportInput {
  const whole = recovered();
  const gone = {
    at: after(900_000),
    reason: 'SharedFault',
    message: '3 other nodes keep dumps of the same fault; these are in the spool of node-2',
  } as const;
  const status: IncidentStatus = { ...whole.incident.status, trimmed: gone };
  return { ...whole, incident: { ...whole.incident, status }, artifacts: NONE };
}

export function drilled(): ReportInput {
  const made = incident({
    trigger: {
      type: 'Drill',
      at: after(0),
      message: 'FrozenKubelet for 3m',
      by: 'jane@example.com',
      elapsed: undefined,
      threshold: undefined,
      source: 'Person',
    },
    plan: aPlan({ mode: 'Remediate' }),
    status: {
      conditions: [
        condition('FaultInjected', 900, 'FaultInjected', 'made'),
        condition('Complete', 91_000, 'DrillPassed', 'recovered in time'),
      ],
      steps: [
        { name: 'inject', type: 'InjectFault', state: 'Succeeded', startedAt: after(600), finishedAt: after(900) },
        { name: 'undo', type: 'UndoFault', state: 'Succeeded', startedAt: after(88_900), finishedAt: after(89_300) },
      ],
      actions: [
        {
          name: 'inject',
          action: 'InjectFault',
          state: 'Succeeded',
          reservedAt: after(700),
          issuedAt: after(800),
          finishedAt: after(900),
          before: PIDS.before,
          after: PIDS.before,
        },
        {
          name: 'undo',
          action: 'UndoFault',
          state: 'Succeeded',
          reservedAt: after(89_000),
          issuedAt: after(89_100),
          finishedAt: after(89_300),
        },
      ],
      drill: {
        incident: 'node-2-x0x0x',
        undoneBy: after(180_000),
        times: [
          { what: 'noticed', took: '41s', limit: '1m10s' },
          { what: 'Ready', took: '9s', limit: '5m' },
        ],
      },
      outcome: 'DrillPassed',
      timings: { detectedAt: after(0), completedAt: after(91_000) },
    },
  });
  return input({ ...made, spec: { ...made.spec, drill: { fault: 'FrozenKubelet', lastsFor: '3m' } } }, NONE, 100_000);
}

export const SCENARIOS: Readonly<Record<string, () => ReportInput>> = {
  recovered,
  approved,
  justOpened,
  observed,
  trimmed,
  drilled,
};
