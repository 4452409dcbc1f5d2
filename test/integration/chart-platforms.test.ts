/** The chart with the values of each platform, by a real helm, and which nodes get an agent. */
import { describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import { parseManifests, type YamlObject } from '../support/raw-resource.ts';

const path = (relative: string): string => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const CHART = path('charts/kubelet-medic');
const FILES = readdirSync(CHART).filter((file) => file.startsWith('values-'));
const helm = execFileSync(path('test/lab/helm.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();

function render(...argv: readonly string[]): readonly YamlObject[] {
  const { status, stdout, stderr } = spawnSync(helm, ['template', 'm', CHART, '-n', 'medic', ...argv], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  return parseManifests(stdout);
}

const PodTemplate = z.object({ spec: z.object({ template: z.object({ spec: z.unknown() }) }) });

function podOf(objects: readonly YamlObject[]): unknown {
  return PodTemplate.parse(objects.find(({ kind }) => kind === 'DaemonSet')).spec.template.spec;
}

function bindings(objects: readonly YamlObject[]): readonly YamlObject[] {
  return objects.filter(({ metadata }) => metadata.name?.endsWith('-scc') === true);
}

const IS_MACHINE = [
  { key: 'eks.amazonaws.com/compute-type', operator: 'NotIn', values: ['fargate'] },
  { key: 'type', operator: 'NotIn', values: ['virtual-kubelet'] },
];
const affinityOf = (...nodeSelectorTerms: readonly object[]): object => ({
  nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } },
});

test('there is a file for each platform of the page, and no other', () => {
  const named = readFileSync(path('docs/platforms.md'), 'utf8').match(/values-[a-z0-9]+\.yaml/g) ?? [];
  expect([...new Set(named)].toSorted()).toEqual(FILES.toSorted());
  expect(FILES).toHaveLength(6);
});

describe.each(FILES)('%s', (file) => {
  const values = ['-f', `${CHART}/${file}`];

  test('fits the schema, and puts agents on Linux machines only', () => {
    expect(podOf(render(...values))).toMatchObject({
      nodeSelector: { 'kubernetes.io/os': 'linux' },
      affinity: affinityOf({ matchExpressions: IS_MACHINE }),
    });
  });

  test('passes lint', () => {
    expect(spawnSync(helm, ['lint', '--strict', CHART, ...values])).toMatchObject({ status: 0 });
  });
});

test('each term of an affinity that is set is narrowed, and the rest of it stays', () => {
  const terms = [
    { matchExpressions: [{ key: 'a', operator: 'Exists' }] },
    { matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n'] }] },
  ];
  const affinity = { ...affinityOf(...terms), podAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [] } };
  const sets = [`agent.affinity=${JSON.stringify(affinity)}`, 'agent.nodeSelector={"pool":"a"}'];
  expect(podOf(render(...sets.flatMap((value) => ['--set-json', value])))).toMatchObject({
    nodeSelector: { pool: 'a', 'kubernetes.io/os': 'linux' },
    affinity: {
      ...affinityOf(
        { matchExpressions: [...(terms[0]?.matchExpressions ?? []), ...IS_MACHINE] },
        { matchFields: terms[1]?.matchFields, matchExpressions: IS_MACHINE },
      ),
      podAffinity: {},
    },
  });
});

test('OpenShift lets both programs run under constraints that fit them', () => {
  expect(bindings(render('-f', `${CHART}/values-openshift.yaml`))).toMatchObject([
    { roleRef: { name: 'system:openshift:scc:privileged' }, subjects: [{ name: 'm-kubelet-medic-agent' }] },
    { roleRef: { name: 'system:openshift:scc:nonroot-v2' }, subjects: [{ name: 'm-kubelet-medic-controller' }] },
  ]);
  expect(bindings(render())).toEqual([]);
});
