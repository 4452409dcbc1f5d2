/**
 * What each alert must and must not be fired by. Series are in promtool's notation, a sample a minute; a case is looked at
 * after an hour and a half, unless it says otherwise. A series that a case names replaces that of the fleet that is well.
 */
import { LEFT_ILL } from '../../../src/core/decision/fleet/fleet-figures.ts';
import { TROUBLES } from '../../../src/core/decision/fleet/troubles.ts';
import { ALL_WAITS } from '../../../src/core/decision/fleet/waits.ts';

type Series = Readonly<Record<string, string>>;

export interface Case {
  readonly name: string;
  /** undefined: it is not there. */
  readonly change: Readonly<Record<string, string | undefined>>;
  /** In minutes. */
  readonly at?: number;
  /** Alerts that fire then, with the labels that they add, and no others. */
  readonly fires: readonly { readonly alert: string; readonly labels: Series; readonly summary?: string }[];
}

const P = 'kubelet_medic_';
const ALWAYS = (value: string): string => `${value}x120`;
/** What the notation cannot repeat. */
const EVERY = (value: string): string => Array.from({ length: 120 }, () => value).join(' ');
const trouble = (name: string): string => `${P}nodes_with_trouble{trouble="${name}"}`;
const unrecovered = (outcome: string): string => `${P}unrecovered_nodes{outcome="${outcome}"}`;
const waiting = (wait: string): string => `${P}waiting_incidents{waits_for="${wait}"}`;
const oldest = (wait: string): string => `${P}oldest_incident_age_seconds{waits_for="${wait}"}`;
const each = (names: readonly string[], series: (name: string) => string): Series =>
  Object.fromEntries(names.map((name) => [series(name), ALWAYS('0+0')]));

/** Of a cluster of 100 nodes in which nothing is wrong, with two controllers and one agent that is scraped. */
export const WELL: Series = {
  [`${P}leader{pod="one"}`]: ALWAYS('1+0'),
  [`${P}leader{pod="two"}`]: ALWAYS('0+0'),
  [`${P}last_look_timestamp_seconds{pod="one"}`]: ALWAYS('0+60'),
  [`${P}last_look_timestamp_seconds{pod="two"}`]: ALWAYS('0+0'),
  [`${P}view_age_seconds`]: ALWAYS('20+0'),
  [`${P}clock_ahead_seconds`]: ALWAYS('-1+0'),
  [`${P}policies`]: ALWAYS('1+0'),
  [`${P}breaker_open{policy="default"}`]: ALWAYS('0+0'),
  [`${P}nodes{pod="one"}`]: ALWAYS('100+0'),
  [`${P}nodes{pod="two"}`]: ALWAYS('0+0'),
  ...each(Object.keys(TROUBLES), trouble),
  ...each(LEFT_ILL, unrecovered),
  ...each(ALL_WAITS, waiting),
  ...each(ALL_WAITS, oldest),
  [`${P}captures_waiting`]: ALWAYS('0+0'),
  [`${P}evidence_bytes`]: ALWAYS('89+0'),
  [`${P}evidence_budget_bytes`]: ALWAYS('100+0'),
  [`${P}incident_bytes`]: ALWAYS('95+0'),
  [`${P}incident_budget_bytes`]: ALWAYS('100+0'),
  [`${P}notifications_refused`]: ALWAYS('0+0'),
  [`${P}bucket_refused`]: ALWAYS('0+0'),
  [`${P}own_causes_refused`]: ALWAYS('0+0'),
  [`${P}reconcile_errors_total{controller="node"}`]: ALWAYS('0+0.5'),
  [`${P}health_writes_total{pod="agent-1"}`]: ALWAYS('0+0.2'),
  [`${P}health_write_failures_total{pod="agent-1"}`]: ALWAYS('0+0.3'),
};

const fires = (alert: string, severity: string, more: Series = {}, summary?: string): Case['fires'][number] => ({
  alert: `KubeletMedic${alert}`,
  labels: { severity, ...more },
  ...(summary === undefined ? {} : { summary }),
});
const everything = (pattern: RegExp): Case['change'] =>
  Object.fromEntries(
    Object.keys(WELL)
      .filter((series) => pattern.test(series))
      .map((series) => [series, undefined]),
  );

const missing = (metric: string): Case['fires'][number] =>
  fires('MetricsMissing', 'warning', { metric: `${P}${metric}` });

const MISSING: readonly Case[] = [
  'last_look_timestamp_seconds',
  'view_age_seconds',
  'clock_ahead_seconds',
  'nodes',
  'nodes_with_trouble',
  'unrecovered_nodes',
  'waiting_incidents',
  'oldest_incident_age_seconds',
  'captures_waiting',
  'evidence_bytes',
  'evidence_budget_bytes',
  'incident_bytes',
  'incident_budget_bytes',
  'notifications_refused',
  'bucket_refused',
  'own_causes_refused',
  'policies',
  'breaker_open',
].map((metric) => ({
  name: `${metric} is missing`,
  change: everything(new RegExp(`^${P}${metric}(\\{|$)`)),
  fires: [missing(metric)],
}));

export const CASES: readonly Case[] = [
  { name: 'all is well', change: {}, fires: [] },
  ...MISSING,
  {
    name: 'no controller leads',
    change: { [`${P}leader{pod="one"}`]: ALWAYS('0+0') },
    fires: [
      fires(
        'NoLeader',
        'critical',
        {},
        'No controller of kubelet-medic leads, or none is scraped: no node is recovered. Run: kubectl get pods -A -l app.kubernetes.io/part-of=kubelet-medic',
      ),
    ],
  },
  {
    name: 'two controllers wait, and neither has ever led',
    change: {
      [`${P}leader{pod="one"}`]: ALWAYS('0+0'),
      [`${P}last_look_timestamp_seconds{pod="one"}`]: ALWAYS('0+0'),
    },
    fires: [fires('NoLeader', 'critical')],
  },
  {
    name: 'a leader is there again within 4 minutes',
    change: { [`${P}leader{pod="one"}`]: '1x85 0x3 1x40' },
    at: 89,
    fires: [],
  },
  {
    name: 'nothing of the controller is scraped',
    change: everything(/^(?!kubelet_medic_health)/),
    fires: [
      fires('NoLeader', 'critical'),
      ...MISSING.filter(({ name }) => !name.startsWith('breaker_open')).flatMap((one) => one.fires),
    ],
  },
  {
    name: 'no policy is there',
    change: { [`${P}policies`]: ALWAYS('0+0'), [`${P}breaker_open{policy="default"}`]: undefined },
    fires: [],
  },
  {
    name: 'the controller has stopped looking',
    change: { [`${P}last_look_timestamp_seconds{pod="one"}`]: '0+60x60 3600x60' },
    fires: [
      fires(
        'ControllerStalled',
        'critical',
        {},
        'The controller of kubelet-medic has not looked at the fleet for 30m 0s. Run: kubectl logs -n medic-system deploy/kubelet-medic-controller --tail=100',
      ),
    ],
  },
  {
    name: 'the copies are old',
    change: { [`${P}view_age_seconds`]: ALWAYS('181+0') },
    fires: [fires('ControllerBlind', 'critical')],
  },
  { name: 'the copies are as old as they may be', change: { [`${P}view_age_seconds`]: ALWAYS('180+0') }, fires: [] },
  {
    name: 'the copies have never been right',
    change: { [`${P}view_age_seconds`]: EVERY('Inf') },
    fires: [fires('ControllerBlind', 'critical')],
  },
  {
    name: 'the clock is not known',
    change: { [`${P}clock_ahead_seconds`]: EVERY('NaN') },
    fires: [missing('clock_ahead_seconds')],
  },
  {
    name: 'agents are missing',
    change: { [trouble('AgentMissing')]: ALWAYS('20+0') },
    fires: [
      fires(
        'AgentsMissing',
        'warning',
        {},
        '20 nodes have no agent of kubelet-medic that answers: they are not recovered. Run: kubectl get kubelethealths',
      ),
    ],
  },
  {
    name: 'many agents are missing',
    change: { [trouble('AgentMissing')]: ALWAYS('21+0') },
    fires: [
      fires(
        'AgentsMissing',
        'warning',
        {},
        '21 nodes have no agent of kubelet-medic that answers: they are not recovered. Run: kubectl get kubelethealths',
      ),
      fires(
        'AgentsMissing',
        'critical',
        {},
        '21% of the nodes have no agent of kubelet-medic that answers. Run: kubectl get kubelethealths',
      ),
    ],
  },
  { name: 'agents are being rolled out', change: { [trouble('AgentMissing')]: '0x80 5x8 0x40' }, at: 88, fires: [] },
  {
    name: 'agents are missing in one of two clusters',
    change: {
      [`${P}nodes_with_trouble{cluster="east",trouble="AgentMissing"}`]: ALWAYS('1+0'),
      [`${P}nodes{cluster="east"}`]: ALWAYS('2+0'),
    },
    fires: [
      fires('AgentsMissing', 'warning', { cluster: 'east' }),
      fires('AgentsMissing', 'critical', { cluster: 'east' }),
    ],
  },
  {
    name: 'logs are unreadable',
    change: { [trouble('LogUnreadable')]: ALWAYS('1+0') },
    fires: [fires('LogUnreadable', 'warning')],
  },
  { name: 'logs lag', change: { [trouble('LogLagging')]: ALWAYS('1+0') }, fires: [fires('LogLagging', 'warning')] },
  { name: 'logs lag for a moment', change: { [trouble('LogLagging')]: '0x80 1x20' }, fires: [] },
  {
    name: 'evidence cannot be taken',
    change: { [trouble('SpoolUnwritable')]: ALWAYS('1+0'), [trouble('StacksUnreadable')]: ALWAYS('2+0') },
    fires: ['SpoolUnwritable', 'StacksUnreadable'].map((name) =>
      fires('EvidenceCannotBeTaken', 'warning', { trouble: name }),
    ),
  },
  {
    name: 'nodes are not recoverable',
    change: { [trouble('NotRecoverable')]: ALWAYS('3+0') },
    fires: [fires('NodesNotRecoverable', 'info')],
  },
  {
    name: 'nodes are not Ready, and that is all',
    change: { [trouble('NotReady')]: ALWAYS('3+0'), [trouble('PLEGUnhealthy')]: ALWAYS('3+0') },
    fires: [],
  },
  {
    name: 'an incident stays open',
    change: { [oldest('Nothing')]: '0+60x120' },
    fires: [fires('IncidentOpenTooLong', 'warning')],
  },
  { name: 'an incident is open for an hour', change: { [oldest('Nothing')]: '0x30 0+60x60' }, fires: [] },
  {
    name: 'a person is asked',
    change: { [waiting('Person')]: ALWAYS('1+0'), [oldest('Person')]: ALWAYS('86400+0') },
    fires: [fires('IncidentWaitsForPerson', 'warning')],
  },
  {
    name: 'a recovery waits for the budget',
    change: { [oldest('Budget')]: '0+60x120' },
    fires: [fires('RecoveryWaits', 'warning')],
  },
  {
    name: 'a recovery waits for others',
    change: { [oldest('Others')]: '0+60x120' },
    fires: [fires('RecoveryWaits', 'warning')],
  },
  { name: 'recoveries wait for half an hour', change: { [oldest('Budget')]: ALWAYS('1800+0') }, fires: [] },
  ...['HandedOver', 'ActionRefused', 'Rejected', 'Outdated'].map((outcome) => ({
    name: `a node is left ill: ${outcome}`,
    change: { [unrecovered(outcome)]: '0x80 1x40' },
    fires: [
      fires(
        'HandedOver',
        'critical',
        { outcome },
        `1 nodes are not well and have been left to a person (${outcome}). Run: kubectl medic history, and then kubectl medic show INCIDENT`,
      ),
    ],
  })),
  {
    name: 'a node that was handed over is well again',
    change: { [unrecovered('HandedOver')]: '1x85 0x40' },
    fires: [],
  },
  {
    name: 'evidence is missing',
    change: { [unrecovered('EvidenceMissing')]: ALWAYS('1+0') },
    fires: [fires('EvidenceMissing', 'critical')],
  },
  {
    name: 'attempts are used up',
    change: { [unrecovered('BudgetExhausted')]: ALWAYS('1+0') },
    fires: [fires('BudgetExhausted', 'critical')],
  },
  {
    name: 'the breaker is open',
    change: { [`${P}breaker_open{policy="default"}`]: ALWAYS('1+0') },
    fires: [fires('BreakerOpen', 'critical', { policy: 'default' })],
  },
  {
    name: 'the clock is off',
    change: { [`${P}clock_ahead_seconds`]: ALWAYS('11+0') },
    fires: [fires('ClockSkew', 'warning')],
  },
  {
    name: 'the clock is far behind',
    change: { [`${P}clock_ahead_seconds`]: ALWAYS('-31+0') },
    fires: [fires('ClockSkew', 'warning'), fires('ClockSkew', 'critical')],
  },
  {
    name: 'the room for evidence is taken',
    change: { [`${P}evidence_bytes`]: ALWAYS('91+0') },
    fires: [fires('EvidenceBudgetSpent', 'warning')],
  },
  {
    name: 'the room for incidents is taken',
    change: { [`${P}incident_bytes`]: ALWAYS('96+0') },
    fires: [fires('IncidentBudgetSpent', 'info')],
  },
  {
    name: 'captures wait',
    change: { [`${P}captures_waiting`]: ALWAYS('4+0') },
    fires: [fires('CapturesWaiting', 'warning')],
  },
  {
    name: 'a receiver has not been told',
    change: { [`${P}notifications_waiting{receiver="pager",type="PagerDuty"}`]: ALWAYS('2+0') },
    fires: [fires('NotificationsWaiting', 'warning', { receiver: 'pager' })],
  },
  {
    name: 'evidence does not come into the bucket',
    change: { [`${P}bucket_waiting_age_seconds`]: ALWAYS('4000+60') },
    fires: [fires('BucketWaiting', 'warning')],
  },
  {
    name: 'evidence is on its way into the bucket',
    change: { [`${P}bucket_waiting_age_seconds`]: ALWAYS('600+0') },
    fires: [],
  },
  {
    name: 'settings of the bucket cannot be used',
    change: { [`${P}bucket_refused`]: ALWAYS('1+0') },
    fires: [fires('SettingsRefused', 'warning')],
  },
  {
    name: 'settings of notifications cannot be used',
    change: { [`${P}notifications_refused`]: ALWAYS('1+0') },
    fires: [fires('SettingsRefused', 'warning')],
  },
  {
    name: 'causes of the user cannot be used',
    change: { [`${P}own_causes_refused`]: ALWAYS('1+0') },
    fires: [fires('SettingsRefused', 'warning')],
  },
  {
    name: 'reconciles fail once a minute',
    change: { [`${P}reconcile_errors_total{controller="node"}`]: ALWAYS('0+1') },
    fires: [fires('ReconcileErrors', 'warning', { controller: 'node' })],
  },
  {
    name: 'no agent is scraped',
    change: everything(/health_write/),
    fires: [fires('AgentsNotScraped', 'warning')],
  },
  {
    name: 'an agent cannot write',
    change: {
      [`${P}health_writes_total{pod="agent-1"}`]: ALWAYS('7+0'),
      [`${P}health_write_failures_total{pod="agent-1"}`]: ALWAYS('0+1'),
    },
    fires: [fires('AgentWriteFailures', 'warning')],
  },
];
