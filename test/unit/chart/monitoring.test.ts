/** Alerts, dashboard and runbooks ask only for what the programs export and for commands that there are. */
import { describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { METRICS, type MetricDefinition } from '../../../src/api/v1alpha1/words/metrics.ts';
import { LEFT_ILL } from '../../../src/core/decision/fleet/fleet-figures.ts';
import { TROUBLES } from '../../../src/core/decision/fleet/troubles.ts';
import { ALL_WAITS } from '../../../src/core/decision/fleet/waits.ts';
import { DEFINITIONS } from '../../../tools/generate/definitions.ts';
import { alertGroups, dashboardPanels, labelsIn, metricsIn } from '../../support/monitoring.ts';
import { runOffline } from '../cli/cli-harness.ts';

const ROOT = new URL('../../../', import.meta.url);
const RUNBOOKS = new URL('docs/runbooks/', ROOT);
const read = (path: string): string => readFileSync(new URL(path, ROOT), 'utf8');

const alerts = alertGroups().flatMap(({ name, rules }) => rules.map((rule) => ({ ...rule, group: name })));
const queries = dashboardPanels().flatMap(({ title, targets = [] }) => targets.map((target) => ({ title, ...target })));
const named = (rule: { readonly alert: string; readonly labels: Readonly<Record<string, string>> }): string =>
  `${rule.alert} (${rule.labels['severity'] ?? 'no severity'})`;

/** Labels of every target, and what groups clusters. */
const OF_TARGETS = ['cluster', 'pod'];
const VALUES: Readonly<Record<string, readonly string[]>> = {
  trouble: Object.keys(TROUBLES),
  outcome: LEFT_ILL,
  waits_for: ALL_WAITS,
};

function definitionOf(metric: string): MetricDefinition | undefined {
  const definitions: Readonly<Record<string, MetricDefinition>> = METRICS;
  const name = metric.replace(/^kubelet_medic_/, '');
  const base = name.replace(/_(bucket|sum|count)$/, '');
  return definitions[name] ?? (definitions[base]?.type === 'histogram' ? definitions[base] : undefined);
}

/** What an expression and its texts use that no program exports. */
function unknownIn(expr: string, ...texts: readonly string[]): readonly string[] {
  const asked = metricsIn(expr);
  const known = new Set([...OF_TARGETS, 'metric']);
  const wrong: string[] = [];
  for (const { metric, matchers } of asked) {
    const definition = definitionOf(metric);
    if (definition === undefined) wrong.push(metric);
    for (const label of definition?.labels ?? []) known.add(label);
    if (metric.endsWith('_bucket')) known.add('le');
    for (const [label, values] of matchers) {
      if (definition?.labels.includes(label) !== true) wrong.push(`${metric}{${label}}`);
      wrong.push(
        ...values.filter((value) => VALUES[label]?.includes(value) !== true).map((value) => `${label}="${value}"`),
      );
    }
  }
  return [...wrong, ...[expr, ...texts].flatMap(labelsIn).filter((label) => !known.has(label))];
}

test('the check itself sees a metric, a label, a value and a legend that nobody exports', () => {
  expect(unknownIn('max(kubelet_medic_nodes)')).toEqual([]);
  expect(unknownIn('max(kubelet_medic_leaders)')).toEqual(['kubelet_medic_leaders']);
  expect(unknownIn('kubelet_medic_leader_bucket')).toEqual(['kubelet_medic_leader_bucket']);
  expect(unknownIn('kubelet_medic_nodes{node="a"}')).toEqual(['kubelet_medic_nodes{node}', 'node="a"']);
  expect(unknownIn('kubelet_medic_nodes_with_trouble{trouble=~"NotReady|Bored"}')).toEqual(['trouble="Bored"']);
  expect(unknownIn('sum by (node) (kubelet_medic_nodes)', '{{node}}', '{{ $labels.reason }}')).toEqual([
    'node',
    'node',
    'reason',
  ]);
});

describe('the alert', () => {
  test.each(alerts.map((rule) => [named(rule), rule] as const))('%s asks only for what is exported', (_name, rule) => {
    expect(metricsIn(rule.expr).length).toBeGreaterThan(0);
    expect(unknownIn(rule.expr, ...Object.values(rule.annotations))).toEqual([]);
  });

  test.each(alerts.map((rule) => [named(rule), rule] as const))(
    '%s says how bad it is and what to run',
    (_name, rule) => {
      expect(['critical', 'warning', 'info']).toContain(rule.labels['severity']);
      expect(rule.for).toMatch(/^\d+[mh]$/);
      expect(Object.keys(rule.annotations)).toEqual(['summary']);
      expect(rule.annotations['summary']).toMatch(/ Run: kubectl /);
    },
  );

  test('is one of each name and severity', () => {
    expect(new Set(alerts.map(named)).size).toBe(alerts.length);
  });

  /** The first has an alert of its own, an error that never was has no counter, and where nobody is to be told nothing waits. */
  const MAY_BE_ABSENT = ['leader', 'reconcile_errors_total', 'notifications_waiting', 'bucket_waiting_age_seconds'].map(
    (name) => `kubelet_medic_${name}`,
  );

  test('that rests on the controller is not silent where a metric is missing', () => {
    const missing = alerts.find(({ alert }) => alert === 'KubeletMedicMetricsMissing')?.expr ?? '';
    const used = alerts
      .filter(({ group }) => group === 'kubelet-medic-controller')
      .flatMap(({ expr }) => metricsIn(expr).map(({ metric }) => metric))
      .filter((metric) => !MAY_BE_ABSENT.includes(metric));
    expect([...new Set(used)].filter((metric) => !missing.includes(`absent(${metric}`))).toEqual([]);
  });

  test('is there for each outcome that leaves a node ill', () => {
    const told = alerts.flatMap(({ expr }) => metricsIn(expr).flatMap(({ matchers }) => matchers.get('outcome') ?? []));
    expect([...told].sort()).toEqual([...LEFT_ILL].sort());
  });
});

describe('the dashboard', () => {
  test.each(queries.map((query) => [query.title, query] as const))(
    'asks under %j only for what is exported',
    (_title, query) => {
      expect(unknownIn(query.expr, query.legendFormat)).toEqual([]);
    },
  );

  test('has no two panels in one place', () => {
    const places = dashboardPanels().map((panel) => JSON.stringify(panel['gridPos']));
    expect(new Set(places).size).toBe(places.length);
  });
});

const runbooks = readdirSync(RUNBOOKS)
  .filter((file) => file !== 'README.md')
  .map((file) => file.replace(/\.md$/, ''));

/** Command lines in blocks and in the text. */
function commandsIn(text: string): readonly string[] {
  const blocks = [...text.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) => block.trim().split('\n'));
  const inline = [...text.replaceAll(/```[\s\S]*?```/g, '').matchAll(/`([^`]+)`/g)].map(([, code = '']) =>
    code.replaceAll(/\s+/g, ' '),
  );
  return [...blocks, ...inline].filter((line) => /^(kubectl|kubectl-medic) /.test(line));
}

function asCommands(pages: readonly (readonly [string, string])[]): readonly (readonly [string, string])[] {
  return pages.flatMap(([page, text]) => commandsIn(text).map((command) => [command, page] as const));
}

const ours = asCommands([
  ...runbooks.map((name) => [name, read(`docs/runbooks/${name}.md`)] as const),
  ...alerts.map(({ alert, annotations }) => {
    const [, run = ''] = (annotations['summary'] ?? '').split(' Run: ');
    return [
      `summary of ${alert}`,
      run
        .trim()
        .split(/, and (?:then )?/)
        .map((one) => `\`${one}\``)
        .join(' '),
    ] as const;
  }),
]);

const WORDS_OF_KUBECTL = ['nodes', 'node', 'pods', 'pod', 'lease', 'deploy', 'daemonset', 'service'];
const RESOURCES = new Set([...WORDS_OF_KUBECTL, ...DEFINITIONS.flatMap(({ plural }) => [plural])]);
const VERBS_OF_KUBECTL = 'annotate apply cordon delete describe drain get logs patch rollout top uncordon'.split(' ');

describe('the runbooks', () => {
  test('are one for each alert, and an alert is there for each, and the list has them all with their severity', () => {
    const names = [...new Set(alerts.map(({ alert }) => alert))].sort();
    expect([...runbooks].sort()).toEqual(names);
    const rows = [...read('docs/runbooks/README.md').matchAll(/^\| \[(\w+)\]\((\w+)\.md\) +\| ([\w, ]+?) +\|/gm)].map(
      ([, name, file, severity]) => ({ name, file, severity }),
    );
    expect(rows).toEqual(
      [...new Set(alerts.map(({ alert }) => alert))].map((alert) => ({
        name: alert,
        file: alert,
        severity: alerts
          .filter((one) => one.alert === alert)
          .map(({ labels }) => labels['severity'])
          .join(', '),
      })),
    );
  });

  test.each(runbooks)('%s says what it means, what to look at and what to do, and its links lead somewhere', (name) => {
    const text = read(`docs/runbooks/${name}.md`);
    expect(text).toMatch(new RegExp(`^# ${name}\n\n[^#]+\n## What to look at\n\n[^#]+\n## What to do\n\n[^#]+$`));
    const links = [...text.matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link);
    expect(links.filter((link) => !runbooks.includes(link.replace(/\.md$/, '')))).toEqual([]);
    expect(commandsIn(text).length).toBeGreaterThan(0);
  });

  test.each(ours.filter(([command]) => /^kubectl[ -]medic /.test(command)))(
    '%s (%s) is a command of the plugin',
    async (command) => {
      const [verb = '', ...words] = command.replace(/^kubectl[ -]medic /, '').split(' ');
      const { code, out: text } = await runOffline([verb, '--help']);
      expect({ code, usage: text.includes(`kubectl medic ${verb}`) }).toEqual({ code: 0, usage: true });
      for (const flag of words.filter((word) => word.startsWith('-')))
        expect(text).toMatch(new RegExp(`(^|[\\s,])${flag}[\\s,]`, 'm'));
    },
  );

  test.each(ours.filter(([command]) => /^kubectl (?!medic )/.test(command)))(
    '%s (%s) asks for what there is',
    (command) => {
      const [, verb = '', what = ''] = command.split(' ');
      expect(VERBS_OF_KUBECTL).toContain(verb);
      const isOfKind =
        ['annotate', 'delete', 'describe', 'get', 'patch', 'top'].includes(verb) && !what.startsWith('-');
      if (isOfKind) expect([...RESOURCES]).toContain(what);
    },
  );
});
