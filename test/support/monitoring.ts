/** The chart's alerts and dashboard, and what an expression of PromQL asks for. */
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import * as z from 'zod/mini';

const CHART = new URL('../../charts/kubelet-medic/', import.meta.url);

const Rule = z.strictObject({
  alert: z.string(),
  expr: z.string(),
  for: z.string(),
  labels: z.record(z.string(), z.string()),
  annotations: z.record(z.string(), z.string()),
});
export type Rule = z.infer<typeof Rule>;
const Rules = z.strictObject({ groups: z.array(z.strictObject({ name: z.string(), rules: z.array(Rule) })) });

/** Rules of groups, as a file of Prometheus has them. */
export function parseRules(text: string): z.infer<typeof Rules> {
  return Rules.parse(parse(text));
}

export function alertGroups(): z.infer<typeof Rules>['groups'] {
  return parseRules(readFileSync(new URL('monitoring/alerts.yaml', CHART), 'utf8')).groups;
}

const Dashboard = z.looseObject({
  panels: z.array(
    z.looseObject({
      title: z.string(),
      targets: z.optional(z.array(z.looseObject({ expr: z.string(), legendFormat: z.string() }))),
    }),
  ),
});

export function dashboardPanels(): z.infer<typeof Dashboard>['panels'] {
  return Dashboard.parse(JSON.parse(readFileSync(new URL('monitoring/dashboard.json', CHART), 'utf8'))).panels;
}

/** What Grafana puts in for its own variables. */
export function withoutVariables(expr: string): string {
  return expr.replaceAll('$__rate_interval', '5m').replaceAll('$__range', '24h');
}

export interface Asked {
  readonly metric: string;
  /** Matchers, `label` by its values; a regular expression of alternatives has several. */
  readonly matchers: ReadonlyMap<string, readonly string[]>;
}

/** Each use of one of our metrics in an expression. Its grammar is left to promtool. */
export function metricsIn(expr: string): readonly Asked[] {
  // What is in quotes and no matcher is text.
  return [...expr.matchAll(/(?<!["\w])(kubelet_medic_\w+)(?:\{([^}]*)\})?/g)].map(([, metric = '', inside = '']) => ({
    metric,
    matchers: new Map(
      [...inside.matchAll(/(\w+)\s*(?:=~|=)\s*"([^"]*)"/g)].map(([, label = '', values = '']) => [
        label,
        values.split('|'),
      ]),
    ),
  }));
}

/** Labels by which an expression groups, or that a text prints. */
export function labelsIn(text: string): readonly string[] {
  const grouped = [...text.matchAll(/\b(?:by|on|without|ignoring)\s*\(([^)]*)\)/g)].flatMap(([, list = '']) =>
    list.split(','),
  );
  const printed = [...text.matchAll(/\$labels\.(\w+)|\{\{(\w+)\}\}/g)].map(([, one, other]) => one ?? other ?? '');
  return [...grouped, ...printed].map((label) => label.trim()).filter((label) => label !== '');
}
