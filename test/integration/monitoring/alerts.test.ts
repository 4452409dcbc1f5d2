/** Alerts and dashboard with a real promtool: what Prometheus takes, what fires and what does not. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { stringify } from 'yaml';
import { createMetrics } from '../../../src/platform/metrics.ts';
import { renderChart } from '../../support/chart.ts';
import { dashboardPanels, parseRules, type Rule, withoutVariables } from '../../support/monitoring.ts';
import type { YamlObject } from '../../support/raw-resource.ts';
import { CASES, type Case, WELL } from './cases.ts';

const NAMESPACE = 'medic-system';
const BASE = 'https://runbooks.example.com/medic';
const RULES = ['metrics.rules.enabled=true', `metrics.rules.runbookBase=${BASE}`];
const OPEN_AGENTS = 'agent.metricsHost=0.0.0.0';
const AT_MINUTES = 90;

let promtool: string;
let folder: string;
let rules: readonly Rule[];

function run(...argv: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(promtool, argv, { cwd: folder, encoding: 'utf8', timeout: 120_000 });
  return { status, output: stdout + stderr };
}

function rendered(kind: string, ...sets: readonly string[]): readonly YamlObject[] {
  return renderChart(NAMESPACE, sets).filter((object) => object.kind === kind);
}

function groupsOf(...sets: readonly string[]): ReturnType<typeof parseRules>['groups'] {
  const [rule] = rendered('PrometheusRule', ...sets);
  return parseRules(JSON.stringify(rule?.['spec'])).groups;
}

beforeAll(() => {
  const script = fileURLToPath(new URL('../../lab/build-promtool.sh', import.meta.url));
  promtool = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  folder = mkdtempSync(join(tmpdir(), 'kubelet-medic-rules-'));
  const groups = groupsOf(...RULES, OPEN_AGENTS);
  rules = groups.flatMap((group) => group.rules);
  writeFileSync(join(folder, 'rules.yaml'), stringify({ groups }));
}, 1_800_000);

afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A case as a test of promtool: what it expects of every alert, those that must be silent included. */
function unitTest({ name, change, at = AT_MINUTES, fires }: Case): object {
  const series = Object.entries({ ...WELL, ...change }).flatMap(([one, values]) =>
    values === undefined ? [] : [{ series: one, values }],
  );
  const names = [...new Set(rules.map(({ alert }) => alert))];
  return {
    name,
    interval: '1m',
    input_series: series,
    promql_expr_test: names.map((alertname) => ({
      expr: `count by (severity, metric, outcome, trouble, policy, cluster, controller, receiver) (ALERTS{alertname="${alertname}",alertstate="firing"})`,
      eval_time: `${at}m`,
      exp_samples: fires
        .filter(({ alert }) => alert === alertname)
        .map(({ labels }) => ({
          labels: `{${Object.entries(labels)
            .map(([label, value]) => `${label}="${value}"`)
            .join(', ')}}`,
          value: 1,
        })),
    })),
    alert_rule_test: fires
      .filter(({ summary }) => summary !== undefined)
      .map(({ alert, labels, summary }) => ({ alertname: alert, eval_time: `${at}m`, one: { labels, summary } }))
      .map(({ one, ...rest }) => ({
        ...rest,
        exp_alerts: fires
          .filter(({ alert, summary }) => alert === rest.alertname && summary !== undefined)
          .map(({ labels, summary, alert }) => ({
            exp_labels: labels,
            exp_annotations: { summary, runbook_url: `${BASE}/${alert}.md` },
          })),
      })),
  };
}

describe('the alerts', () => {
  test('are rules that Prometheus takes, and its linter has nothing to say', () => {
    expect(run('check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml')).toMatchObject({ status: 0 });
  });

  test('each have a case in which they fire', () => {
    const fired = CASES.flatMap(({ fires }) =>
      fires.map(({ alert, labels }) => `${alert} ${labels['severity'] ?? ''}`),
    );
    const all = rules.map(({ alert, labels }) => `${alert} ${labels['severity'] ?? ''}`);
    expect(all.filter((one) => !fired.includes(one))).toEqual([]);
  });

  test.each(CASES.map((one) => [one.name, one] as const))('%s: those fire that should, and no others', (_name, one) => {
    writeFileSync(
      join(folder, 'test.yaml'),
      stringify({ rule_files: ['rules.yaml'], evaluation_interval: '1m', tests: [unitTest(one)] }),
    );
    expect(run('test', 'rules', 'test.yaml')).toEqual({ status: 0, output: expect.stringContaining('SUCCESS') });
  });
});

describe('the chart', () => {
  test('has no monitors, rules and dashboard unless they are asked for', () => {
    const kinds = renderChart(NAMESPACE).map(({ kind }) => kind);
    for (const kind of ['ServiceMonitor', 'PodMonitor', 'PrometheusRule', 'ConfigMap'])
      expect(kinds).not.toContain(kind);
  });

  test('leads each alert to its runbook, below its home or where it is told', () => {
    const urls = groupsOf(...RULES, OPEN_AGENTS)
      .flatMap((group) => group.rules)
      .map(({ alert, annotations }) => [alert, annotations['runbook_url']]);
    expect(urls).toEqual(urls.map(([alert]) => [alert, `${BASE}/${alert ?? ''}.md`]));
    const [first] = groupsOf('metrics.rules.enabled=true').flatMap((group) => group.rules);
    expect(first?.annotations['runbook_url']).toMatch(/(^|\/)docs\/runbooks\/KubeletMedicNoLeader\.md$/);
  });

  test('leaves out the alerts of agents that nobody can scrape, and those that a user does without', () => {
    expect(groupsOf(...RULES).map(({ name }) => name)).toEqual(['kubelet-medic-controller']);
    const left = groupsOf(...RULES, 'metrics.rules.disabled={KubeletMedicNodesNotRecoverable}').flatMap(
      (group) => group.rules,
    );
    expect(left.map(({ alert }) => alert)).not.toContain('KubeletMedicNodesNotRecoverable');
    expect(left.length).toBe(rules.length - 3);
  });

  test('gives each alert the labels of the user beside its severity', () => {
    const [first] = groupsOf(...RULES, 'metrics.rules.alertLabels.team=platform').flatMap((group) => group.rules);
    expect(first?.labels).toEqual({ severity: 'critical', team: 'platform' });
  });

  test.each([
    ['ServiceMonitor', 'serviceMonitor', 'endpoints'],
    ['PodMonitor', 'podMonitor', 'podMetricsEndpoints'],
  ])('has a %s that finds the pods, of the agents where they can be scraped', (kind, value, endpoints) => {
    const sets = [
      `metrics.${value}.enabled=true`,
      `metrics.${value}.interval=30s`,
      `metrics.${value}.labels.release=prom`,
    ];
    expect(rendered(kind, ...sets).map(({ metadata }) => metadata['name'])).toEqual(['kubelet-medic-controller']);
    const both = rendered(kind, ...sets, OPEN_AGENTS);
    expect(both.map(({ metadata }) => metadata['name'])).toEqual(['kubelet-medic-controller', 'kubelet-medic-agent']);
    for (const [index, component] of ['controller', 'agent'].entries()) {
      expect(both[index]).toMatchObject({
        metadata: { namespace: NAMESPACE, labels: { release: 'prom', 'app.kubernetes.io/component': component } },
        spec: {
          namespaceSelector: { matchNames: [NAMESPACE] },
          selector: { matchLabels: { 'app.kubernetes.io/component': component } },
          [endpoints]: [{ port: 'metrics', interval: '30s' }],
        },
      });
    }
  });

  test('refuses a ServiceMonitor without the Service that it needs, and says why', () => {
    const sets = ['metrics.serviceMonitor.enabled=true', 'metrics.service.enabled=false'];
    expect(() => renderChart(NAMESPACE, sets)).toThrow(/needs metrics.service.enabled/);
  });
});

describe('the dashboard', () => {
  test('has expressions that Prometheus takes', () => {
    const records = dashboardPanels()
      .flatMap(({ targets = [] }) => targets)
      .map(({ expr }, index) => ({ record: `panel:${index}`, expr: withoutVariables(expr) }));
    expect(records.length).toBeGreaterThan(25);
    writeFileSync(join(folder, 'panels.yaml'), stringify({ groups: [{ name: 'panels', rules: records }] }));
    expect(run('check', 'rules', 'panels.yaml')).toMatchObject({ status: 0 });
  });

  test('is in a ConfigMap with the label of the sidecar, as it is in the file', () => {
    const [map] = rendered('ConfigMap', 'metrics.dashboard.enabled=true');
    expect(map?.metadata).toMatchObject({ labels: { grafana_dashboard: '1' } });
    const file = new URL('../../../charts/kubelet-medic/monitoring/dashboard.json', import.meta.url);
    const data = map?.['data'] as Readonly<Record<string, string>> | undefined;
    expect(JSON.parse(data?.['kubelet-medic.json'] ?? '')).toEqual(JSON.parse(readFileSync(file, 'utf8')));
  });
});

test.each(['controller', 'agent'] as const)(
  'what the %s serves is in the form and by the names of Prometheus',
  async (program) => {
    const { body } = await createMetrics(program).text();
    const { status, stdout, stderr } = spawnSync(promtool, ['check', 'metrics'], { input: body, encoding: 'utf8' });
    expect({ status, said: stdout + stderr }).toEqual({ status: 0, said: '' });
  },
);
