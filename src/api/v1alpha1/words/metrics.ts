import { BUCKET_METRICS } from './bucket-metrics.ts';

/** Every metric that the programs serve. Names are prefixed `kubelet_medic_`. A node's name is never a label. */
export interface MetricDefinition {
  readonly by: 'controller' | 'agent' | 'both';
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram';
  readonly labels: readonly string[];
  /** Upper bounds in seconds. */
  readonly buckets?: readonly number[];
}

const RECOVERY_BUCKETS = [1, 2, 5, 10, 20, 30, 60, 120, 300, 600, 1800];
const CALL_BUCKETS = [0.005, 0.02, 0.1, 0.5, 1, 2, 5, 10, 30];

const DEFINITIONS = {
  leader: { by: 'controller', type: 'gauge', labels: [], help: '1 while this process leads.' },
  last_look_timestamp_seconds: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: 'When the leader last looked at the whole fleet for these figures, by the clock of the API server; 0: never.',
  },
  view_age_seconds: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: 'Age of the oldest of the copies of Nodes, policies, healths and incidents. Beyond 180 s nothing is restarted.',
  },
  clock_ahead_seconds: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: 'By how much the clock of the controller is ahead of that of the API server; NaN: not known. Beyond 30 s nothing is decided.',
  },
  policies: { by: 'controller', type: 'gauge', labels: [], help: 'KubeletRecoveryPolicies.' },
  nodes: { by: 'controller', type: 'gauge', labels: [], help: 'Nodes of the cluster.' },
  nodes_with_trouble: {
    by: 'controller',
    type: 'gauge',
    labels: ['trouble'],
    help: 'Nodes by what is wrong with them or with what their agents can do; see below.',
  },
  unrecovered_nodes: {
    by: 'controller',
    type: 'gauge',
    labels: ['outcome'],
    help: 'Nodes that have not been well since their last incident ended, by its outcome.',
  },
  incidents: {
    by: 'controller',
    type: 'gauge',
    labels: ['cause', 'outcome'],
    help: 'KubeletIncidents that are stored, by cause (none: not diagnosed) and outcome (Open: not complete yet).',
  },
  waiting_incidents: {
    by: 'controller',
    type: 'gauge',
    labels: ['waits_for'],
    help: 'Open incidents by what they wait for; see below.',
  },
  oldest_incident_age_seconds: {
    by: 'controller',
    type: 'gauge',
    labels: ['waits_for'],
    help: 'Age of the oldest of them; 0: there is none.',
  },
  incidents_opened_total: { by: 'controller', type: 'counter', labels: ['trigger'], help: 'Incidents opened.' },
  incidents_completed_total: { by: 'controller', type: 'counter', labels: ['outcome'], help: 'Incidents completed.' },
  open_incidents: { by: 'controller', type: 'gauge', labels: ['policy'], help: 'Incidents not complete yet.' },
  budget_left: { by: 'controller', type: 'gauge', labels: ['policy'], help: 'Recoveries that may start now.' },
  breaker_open: {
    by: 'controller',
    type: 'gauge',
    labels: ['policy'],
    help: '1 while more nodes than `budget.maxUnhealthy` are unhealthy, so that nothing is restarted.',
  },
  breach_to_evidence_seconds: {
    by: 'controller',
    type: 'histogram',
    labels: [],
    help: 'From the breach line in the kubelet log to the evidence being sealed.',
    buckets: RECOVERY_BUCKETS,
  },
  breach_to_restart_seconds: {
    by: 'controller',
    type: 'histogram',
    labels: [],
    help: 'From the breach line in the kubelet log to the restart being issued.',
    buckets: RECOVERY_BUCKETS,
  },
  recovery_seconds: {
    by: 'controller',
    type: 'histogram',
    labels: [],
    help: 'From the breach line in the kubelet log to Ready=True.',
    buckets: RECOVERY_BUCKETS,
  },
  evidence_artifacts_total: {
    by: 'both',
    type: 'counter',
    labels: ['kind', 'state'],
    help: 'Artifacts captured or failed.',
  },
  evidence_bytes: { by: 'controller', type: 'gauge', labels: [], help: 'What evidence takes in the API server.' },
  evidence_budget_bytes: { by: 'controller', type: 'gauge', labels: [], help: 'What it may take.' },
  evidence_trimmed_total: {
    by: 'controller',
    type: 'counter',
    labels: ['reason'],
    help: 'Incidents whose dumps were taken out of the API server, uploads, and evidence that nobody owns.',
  },
  captures_waiting: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: 'Open incidents whose capture waits for its turn, or for room in the API server.',
  },
  incident_bytes: { by: 'controller', type: 'gauge', labels: [], help: 'What incidents take in the API server.' },
  incident_budget_bytes: { by: 'controller', type: 'gauge', labels: [], help: 'What they may take.' },
  incidents_deleted_total: {
    by: 'controller',
    type: 'counter',
    labels: ['reason'],
    help: "Incidents deleted: by the policy's retention, or to make room.",
  },
  ...BUCKET_METRICS,
  notifications_sent_total: {
    by: 'controller',
    type: 'counter',
    labels: ['receiver', 'type'],
    help: 'Messages that a receiver has taken.',
  },
  notifications_failed_total: {
    by: 'controller',
    type: 'counter',
    labels: ['receiver', 'type'],
    help: 'Tries of messages that failed; they are tried again.',
  },
  notifications_given_up_total: {
    by: 'controller',
    type: 'counter',
    labels: ['receiver', 'type'],
    help: 'Ends of incidents that a receiver was not told of within 24 hours.',
  },
  notifications_waiting: {
    by: 'controller',
    type: 'gauge',
    labels: ['receiver', 'type'],
    help: 'Things that a receiver has not been told yet.',
  },
  notification_last_success_timestamp_seconds: {
    by: 'controller',
    type: 'gauge',
    labels: ['receiver', 'type'],
    help: 'When a receiver last took a message, in seconds since 1970.',
  },
  reconcile_errors_total: {
    by: 'controller',
    type: 'counter',
    labels: ['controller'],
    help: 'Reconciles that failed and were tried again.',
  },
  notifications_refused: {
    by: 'controller',
    type: 'gauge',
    labels: [],
    help: '1: settings of notifications are given, something is wrong with them, and nobody is told.',
  },
  own_causes: { by: 'both', type: 'gauge', labels: [], help: 'Causes of your own that are in use.' },
  own_causes_refused: {
    by: 'both',
    type: 'gauge',
    labels: [],
    help: '1: causes of your own are given, something is wrong with them, and the catalogue alone is used.',
  },
  pleg_changes_total: { by: 'agent', type: 'counter', labels: ['state'], help: 'Changes of the PLEG state.' },
  cri_probes_total: { by: 'agent', type: 'counter', labels: ['state'], help: 'CRI probes by result.' },
  cri_probe_seconds: {
    by: 'agent',
    type: 'histogram',
    labels: [],
    help: 'How long CRI probes took.',
    buckets: CALL_BUCKETS,
  },
  log_source_failures_total: {
    by: 'agent',
    type: 'counter',
    labels: [],
    help: 'Times that the kubelet log could not be followed.',
  },
  cri_answered_timestamp_seconds: {
    by: 'agent',
    type: 'gauge',
    labels: [],
    help: "When the runtime last answered a probe, by the node's clock; 0: never.",
  },
  log_read_timestamp_seconds: {
    by: 'agent',
    type: 'gauge',
    labels: [],
    help: "When the kubelet log was last read to its end, by the node's clock; 0: never.",
  },
  health_written_timestamp_seconds: {
    by: 'agent',
    type: 'gauge',
    labels: [],
    help: "When KubeletHealth was last written, by the node's clock; 0: never.",
  },
  health_writes_total: { by: 'agent', type: 'counter', labels: [], help: 'Writes of KubeletHealth.' },
  health_write_failures_total: {
    by: 'agent',
    type: 'counter',
    labels: [],
    help: 'Writes of KubeletHealth that failed.',
  },
  actions_total: { by: 'agent', type: 'counter', labels: ['action', 'state'], help: 'Actions on the host by result.' },
  early_captures_total: { by: 'agent', type: 'counter', labels: ['reason'], help: 'Captures taken on suspicion.' },
  host_capture_seconds: {
    by: 'agent',
    type: 'histogram',
    labels: [],
    help: 'How long a capture of the host took.',
    buckets: CALL_BUCKETS,
  },
} as const satisfies Readonly<Record<string, MetricDefinition>>;

type Definitions = typeof DEFINITIONS;
export type MetricName = keyof Definitions;

export const METRICS: Readonly<Record<MetricName, MetricDefinition>> = DEFINITIONS;

/** Names of the metrics of one type. */
export type MetricOf<T extends MetricDefinition['type']> = {
  [N in MetricName]: Definitions[N]['type'] extends T ? N : never;
}[MetricName];

/** Names of the labels that a metric has; never: it has none. */
export type LabelOf<N extends MetricName> = Definitions[N]['labels'][number];
