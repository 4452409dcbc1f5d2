/** Every metric that the programs serve. Names are prefixed `kubelet_medic_`. A node's name is never a label. */
export interface MetricDefinition {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds in seconds. */
  readonly buckets?: readonly number[];
}

const RECOVERY_BUCKETS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800];
const CALL_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30];

export const CONTROLLER_METRICS: readonly MetricDefinition[] = [
  { name: 'leader', help: '1 while this process leads.', type: 'gauge', labels: [] },
  { name: 'incidents_opened_total', help: 'Incidents opened.', type: 'counter', labels: ['trigger'] },
  { name: 'incidents_completed_total', help: 'Incidents completed.', type: 'counter', labels: ['outcome'] },
  { name: 'open_incidents', help: 'Incidents not complete yet.', type: 'gauge', labels: ['policy'] },
  { name: 'budget_left', help: 'Recoveries that may start now.', type: 'gauge', labels: ['policy'] },
  {
    name: 'breach_to_restart_seconds',
    help: 'From the breach line in the kubelet log to the restart being issued.',
    type: 'histogram',
    labels: [],
    buckets: RECOVERY_BUCKETS,
  },
  {
    name: 'recovery_seconds',
    help: 'From the breach line in the kubelet log to Ready=True.',
    type: 'histogram',
    labels: [],
    buckets: RECOVERY_BUCKETS,
  },
  {
    name: 'evidence_artifacts_total',
    help: 'Artifacts captured or failed.',
    type: 'counter',
    labels: ['kind', 'state'],
  },
  {
    name: 'reconcile_errors_total',
    help: 'Reconciles that failed and were tried again.',
    type: 'counter',
    labels: ['controller'],
  },
];

export const AGENT_METRICS: readonly MetricDefinition[] = [
  { name: 'pleg_changes_total', help: 'Changes of the PLEG state.', type: 'counter', labels: ['state'] },
  { name: 'cri_probes_total', help: 'CRI probes by result.', type: 'counter', labels: ['state'] },
  {
    name: 'cri_probe_seconds',
    help: 'How long CRI probes took.',
    type: 'histogram',
    labels: [],
    buckets: CALL_BUCKETS,
  },
  {
    name: 'log_source_failures_total',
    help: 'Times that the kubelet log could not be followed.',
    type: 'counter',
    labels: [],
  },
  { name: 'health_writes_total', help: 'Writes of KubeletHealth.', type: 'counter', labels: [] },
  { name: 'health_write_failures_total', help: 'Writes of KubeletHealth that failed.', type: 'counter', labels: [] },
  { name: 'actions_total', help: 'Actions on the host by result.', type: 'counter', labels: ['action', 'state'] },
  { name: 'early_captures_total', help: 'Captures taken on suspicion.', type: 'counter', labels: ['reason'] },
  {
    name: 'evidence_artifacts_total',
    help: 'Artifacts captured or failed.',
    type: 'counter',
    labels: ['kind', 'state'],
  },
  {
    name: 'host_capture_seconds',
    help: 'How long a capture of the host took.',
    type: 'histogram',
    labels: [],
    buckets: CALL_BUCKETS,
  },
];
