/** What the dashboard shows, row by row. */

interface Query {
  readonly expr: string;
  readonly legend: string;
}

export type Kind = 'stat' | 'timeseries' | 'bargauge';

export interface Panel {
  readonly title: string;
  readonly kind: Kind;
  /** Of 24 columns. */
  readonly width: number;
  readonly queries: readonly Query[];
  readonly unit?: 's' | 'bytes' | 'percentunit' | 'short';
  /** From this value on it is red; below 1 of 1: at 0 of what should be 1. */
  readonly redFrom?: number;
  readonly redBelow?: number;
}

export interface Row {
  readonly title: string;
  readonly panels: readonly Panel[];
}

const P = 'kubelet_medic_';
const one = (expr: string, legend = ''): readonly Query[] => [{ expr, legend }];

function trouble(title: string, name: string, redFrom = 1): Panel {
  return { title, kind: 'stat', width: 3, redFrom, queries: one(`max(${P}nodes_with_trouble{trouble="${name}"})`) };
}

/** Median and 95th percentile of what was recorded within the time that is shown. */
function times(title: string, histogram: string): Panel {
  const quantile = (q: number): string =>
    `histogram_quantile(${q}, sum by (le) (increase(${P}${histogram}_bucket[$__range])))`;
  return {
    title,
    kind: 'stat',
    width: 8,
    unit: 's',
    queries: [
      { expr: quantile(0.5), legend: 'half within' },
      { expr: quantile(0.95), legend: '95 % within' },
      {
        expr: `sum(increase(${P}${histogram}_sum[$__range])) / sum(increase(${P}${histogram}_count[$__range]))`,
        legend: 'mean',
      },
    ],
  };
}

function share(title: string, used: string, budget: string): Panel {
  const expr = `max(${P}${used}) / max(${P}${budget} > 0)`;
  return { title, kind: 'timeseries', width: 8, unit: 'percentunit', queries: one(expr, 'taken') };
}

export const ROWS: readonly Row[] = [
  {
    title: 'Fleet',
    panels: [
      { title: 'Leader', kind: 'stat', width: 3, redBelow: 1, queries: one(`max(${P}leader)`) },
      { title: 'Nodes', kind: 'stat', width: 3, queries: one(`max(${P}nodes)`) },
      trouble('Not Ready', 'NotReady'),
      trouble('PLEG unhealthy', 'PLEGUnhealthy'),
      trouble('Without an agent', 'AgentMissing'),
      trouble('Log unreadable', 'LogUnreadable'),
      trouble('Would not recover', 'NotRecoverable'),
      {
        title: 'Left to a person',
        kind: 'stat',
        width: 3,
        redFrom: 1,
        queries: one(`sum(max by (outcome) (${P}unrecovered_nodes))`),
      },
      {
        title: 'Nodes with trouble',
        kind: 'timeseries',
        width: 24,
        queries: one(`max by (trouble) (${P}nodes_with_trouble)`, '{{trouble}}'),
      },
    ],
  },
  {
    title: 'Incidents',
    panels: [
      {
        title: 'Open, by what they wait for',
        kind: 'timeseries',
        width: 12,
        queries: one(`max by (waits_for) (${P}waiting_incidents)`, '{{waits_for}}'),
      },
      {
        title: 'Age of the oldest',
        kind: 'timeseries',
        width: 12,
        unit: 's',
        queries: one(`max by (waits_for) (${P}oldest_incident_age_seconds)`, '{{waits_for}}'),
      },
      {
        title: 'Stored, by cause',
        kind: 'bargauge',
        width: 12,
        queries: one(`sort_desc(sum by (cause) (max by (cause, outcome) (${P}incidents)))`, '{{cause}}'),
      },
      {
        title: 'Stored, by outcome',
        kind: 'bargauge',
        width: 12,
        queries: one(`sort_desc(sum by (outcome) (max by (cause, outcome) (${P}incidents)))`, '{{outcome}}'),
      },
      {
        title: 'Opened in an hour, by trigger',
        kind: 'timeseries',
        width: 12,
        queries: one(`sum by (trigger) (increase(${P}incidents_opened_total[1h]))`, '{{trigger}}'),
      },
      {
        title: 'Completed in an hour, by outcome',
        kind: 'timeseries',
        width: 12,
        queries: one(`sum by (outcome) (increase(${P}incidents_completed_total[1h]))`, '{{outcome}}'),
      },
    ],
  },
  {
    title: 'Times from the breach in the log, within the time shown',
    panels: [
      times('To evidence', 'breach_to_evidence_seconds'),
      times('To the restart', 'breach_to_restart_seconds'),
      times('To Ready', 'recovery_seconds'),
    ],
  },
  {
    title: 'Budget',
    panels: [
      {
        title: 'Recoveries that may start now',
        kind: 'timeseries',
        width: 12,
        queries: one(`max by (policy) (${P}budget_left)`, '{{policy}}'),
      },
      {
        title: 'Breaker open',
        kind: 'timeseries',
        width: 12,
        redFrom: 1,
        queries: one(`max by (policy) (${P}breaker_open)`, '{{policy}}'),
      },
      share('Room for evidence in the API server', 'evidence_bytes', 'evidence_budget_bytes'),
      share('Room for incidents in the API server', 'incident_bytes', 'incident_budget_bytes'),
      {
        title: 'Captures that wait',
        kind: 'timeseries',
        width: 8,
        queries: one(`max(${P}captures_waiting)`, 'waiting'),
      },
    ],
  },
  {
    title: 'The programs themselves',
    panels: [
      {
        title: 'Reconciles that failed, in a minute',
        kind: 'timeseries',
        width: 8,
        queries: one(`sum by (controller) (rate(${P}reconcile_errors_total[$__rate_interval])) * 60`, '{{controller}}'),
      },
      {
        title: 'Age of the copies',
        kind: 'timeseries',
        width: 8,
        unit: 's',
        queries: one(`max(${P}view_age_seconds)`, 'oldest'),
      },
      {
        title: 'Clock ahead of the API server',
        kind: 'timeseries',
        width: 8,
        unit: 's',
        queries: one(`${P}clock_ahead_seconds`, '{{pod}}'),
      },
      {
        title: 'CRI probes, in a minute (agents that are scraped)',
        kind: 'timeseries',
        width: 8,
        queries: one(`sum by (state) (rate(${P}cri_probes_total[$__rate_interval])) * 60`, '{{state}}'),
      },
      {
        title: 'CRI probe, 99 % within (agents that are scraped)',
        kind: 'timeseries',
        width: 8,
        unit: 's',
        queries: one(
          `histogram_quantile(0.99, sum by (le) (rate(${P}cri_probe_seconds_bucket[$__rate_interval])))`,
          '99 %',
        ),
      },
      {
        title: 'Writes that failed, in a minute (agents that are scraped)',
        kind: 'timeseries',
        width: 8,
        queries: one(`sum(rate(${P}health_write_failures_total[$__rate_interval])) * 60`, 'failed'),
      },
    ],
  },
];
