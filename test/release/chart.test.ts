/** The packaged chart, read by a real helm. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { parse, parseAllDocuments } from 'yaml';
import { ROOT } from '../../tools/release/project.ts';
import { RELEASE, released, run, VERSION } from './built.ts';

const CHART = join(RELEASE, `kubelet-medic-${VERSION}.tgz`);
const helm = run(join(ROOT, 'test/lab/helm.sh'), []).trim();

interface Chart {
  readonly version: string;
  readonly appVersion: string;
  readonly home: string;
  readonly icon: string;
  readonly annotations: Readonly<Record<string, string>>;
}
interface Object {
  readonly kind: string;
  readonly spec?: unknown;
}
const chart = parse(run(helm, ['show', 'chart', CHART])) as Chart;

function annotation(name: string): unknown {
  return parse(chart.annotations[`artifacthub.io/${name}`] ?? '');
}

function rendered(...sets: readonly string[]): readonly Object[] {
  const argv = ['template', 'medic', CHART, '--namespace', 'medic', ...sets.flatMap((set) => ['--set', set])];
  return parseAllDocuments(run(helm, argv)).flatMap((document) => {
    const object = document.toJS() as Object | null;
    return object === null ? [] : [object];
  });
}

test('helm finds nothing to complain of', () => {
  expect(run(helm, ['lint', '--strict', CHART])).toContain('0 chart(s) failed');
});

test('it renders as the folder does', () => {
  const argv = ['--namespace', 'medic'];
  const folder = run(helm, ['template', 'medic', join(ROOT, 'charts/kubelet-medic'), ...argv]);
  expect(run(helm, ['template', 'medic', CHART, ...argv])).toBe(folder);
});

test('it has the version of package.json, an address and an icon', () => {
  expect(chart).toMatchObject({ version: VERSION, appVersion: VERSION });
  expect(chart.home).toMatch(/^https:\/\/\S+[^/]$/);
  expect(chart.icon).toBe(`${chart.home}/raw/v${VERSION}/docs/images/icon.svg`);
});

test('each alert leads to an address of the version', () => {
  const rules = JSON.stringify(rendered('metrics.rules.enabled=true').filter(({ kind }) => kind === 'PrometheusRule'));
  const urls = [...rules.matchAll(/"runbook_url":"([^"]*)\/\w+\.md"/g)].map(([, base]) => base);
  expect(urls.length).toBeGreaterThan(5);
  expect(new Set(urls)).toEqual(new Set([`${chart.home}/blob/v${VERSION}/docs/runbooks`]));
});

test('Artifact Hub gets the image that is installed', () => {
  const [{ image }] = annotation('images') as [{ readonly image: string }];
  const images = [...JSON.stringify(rendered()).matchAll(/"image":"([^"]*)"/g)].map(([, name]) => name);
  expect(new Set(images)).toEqual(new Set([image]));
});

test('Artifact Hub gets each kind, and an example of what people write', () => {
  const crds = annotation('crds') as readonly { readonly name: string; readonly kind: string }[];
  const shipped = readdirSync(join(ROOT, 'charts/kubelet-medic/crds')).map((file) => file.replace('.yaml', ''));
  expect(crds.map(({ name }) => name).sort()).toEqual(shipped.map((plural) => `${plural}.kubelet-medic.io`).sort());
  const examples = annotation('crdsExamples') as readonly Object[];
  const kinds = new Set(examples.map(({ kind }) => kind));
  expect([...kinds].sort()).toEqual(['KubeletIncident', 'KubeletRecoveryPolicy']);
});

test('Artifact Hub gets the changes of the version, licence, category and links', () => {
  const changes = annotation('changes') as readonly { readonly kind: string; readonly description: string }[];
  const kinds = ['added', 'changed', 'deprecated', 'removed', 'fixed', 'security'];
  expect(changes.length).toBeGreaterThan(0);
  for (const { kind, description } of changes) {
    expect(kinds).toContain(kind);
    expect(description).toMatch(/^\S.*\S$/);
  }
  expect(chart.annotations).toMatchObject({
    'artifacthub.io/license': 'Apache-2.0',
    'artifacthub.io/category': 'monitoring-logging',
    'artifacthub.io/operator': 'true',
    'artifacthub.io/containsSecurityUpdates': String(changes.some(({ kind }) => kind === 'security')),
  });
  const links = annotation('links') as readonly { readonly url: string }[];
  const pages = links.map(({ url }) => url.slice(`${chart.home}/blob/v${VERSION}/`.length));
  for (const page of pages) expect(run('cat', [join(ROOT, page)])).not.toBe('');
});

test('its archive has files only, of nobody in particular', () => {
  const lines = run('tar', ['--numeric-owner', '-tvzf', CHART]).trim().split('\n');
  expect(lines.filter((line) => !line.startsWith('-rw-r--r-- 0/0 '))).toEqual([]);
  expect(released(`kubelet-medic-${VERSION}.tgz`).length).toBeLessThan(1_000_000);
});
