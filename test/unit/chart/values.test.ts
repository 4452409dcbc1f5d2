import { describe, expect, test } from '@jest/globals';
import { readFileSync, readdirSync } from 'node:fs';
import { parse } from 'yaml';
import { ChartValues } from '../../../tools/generate/chart-values.ts';

const CHART = new URL('../../../charts/kubelet-medic/', import.meta.url);
const read = (path: string): string => readFileSync(new URL(path, CHART), 'utf8');
const values: unknown = parse(read('values.yaml'));
const schema: unknown = JSON.parse(read('values.schema.json'));

/** Paths of values, as templates name them; lists, and what a user puts into an open object, are leaves. */
function paths(value: unknown, path = ''): readonly string[] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return [path];
  const below = Object.entries(value);
  return below.length === 0
    ? [path]
    : below.flatMap(([key, child]) => paths(child, path === '' ? key : `${path}.${key}`));
}

/** Every schema of an object with named properties, at any depth. */
function objectsOf(node: unknown): readonly Readonly<Record<string, unknown>>[] {
  if (typeof node !== 'object' || node === null) return [];
  const entries = Object.entries(node);
  const below = entries.flatMap(([, child]) => objectsOf(child));
  return 'type' in node && 'properties' in node ? [Object.fromEntries(entries), ...below] : below;
}

describe("the chart's values", () => {
  test('fit their own schema', () => {
    expect(ChartValues.safeParse(values).error).toBeUndefined();
  });

  test('install one policy: recover at once, evidence first, one node at a time, no control plane node', () => {
    expect(ChartValues.parse(values).policy).toMatchObject({
      create: true,
      spec: {
        mode: 'Remediate',
        strategy: 'RestoreFirst',
        nodeSelector: {},
        evidence: { gate: 'Required' },
        remediation: { allowedActions: ['RestartKubelet', 'RestartRuntime'] },
        budget: { maxConcurrent: 1, controlPlane: 'Skip' },
      },
    });
  });

  test('of any other name are refused, in a section and in the policy too', () => {
    const sections = objectsOf(schema);
    expect(sections.length).toBeGreaterThan(20);
    expect(sections.filter((section) => section['additionalProperties'] !== false)).toEqual([]);
  });

  test('are all used by a template', () => {
    const templates = readdirSync(new URL('templates/', CHART))
      .map((file) => read(`templates/${file}`))
      .join('\n');
    const unused = paths(values)
      .map((path) => path.split('.').slice(0, 2).join('.'))
      .filter((path) => {
        const [section = '', key = ''] = path.split('.');
        // A section that templates walk into (`with .Values.policy`) names its keys alone.
        return (
          !templates.includes(`.Values.${path}`) &&
          !(templates.includes(`.Values.${section}`) && templates.includes(`.${key}`))
        );
      });
    expect(unused).toEqual([]);
  });
});

describe('the chart', () => {
  test('carries the same CRDs as manifests/', () => {
    const crds = readdirSync(new URL('crds/', CHART));
    expect(crds).toEqual([
      'kubeletevidences.yaml',
      'kubelethealths.yaml',
      'kubeletincidents.yaml',
      'kubeletrecoverypolicies.yaml',
      'kubeletremediations.yaml',
      'kubeletremediationtemplates.yaml',
    ]);
    for (const file of crds) {
      expect(read(`crds/${file}`)).toBe(read(`../../manifests/crds/${file}`));
    }
  });

  test('gives the agent no more than to read its two kinds, patch their status, add evidence, and get a Node and a policy', () => {
    const rules = read('templates/rbac-agent.yaml').split('---')[0]?.split('rules:')[1] ?? '';
    expect(parse(rules)).toEqual([
      {
        apiGroups: ['kubelet-medic.io'],
        resources: ['kubeletincidents', 'kubelethealths'],
        verbs: ['get', 'list', 'watch'],
      },
      {
        apiGroups: ['kubelet-medic.io'],
        resources: ['kubeletincidents/status', 'kubelethealths/status'],
        verbs: ['patch'],
      },
      { apiGroups: ['kubelet-medic.io'], resources: ['kubeletevidences'], verbs: ['create'] },
      { apiGroups: [''], resources: ['nodes'], verbs: ['get'] },
      { apiGroups: ['kubelet-medic.io'], resources: ['kubeletrecoverypolicies'], verbs: ['get'] },
    ]);
  });

  test('gives nobody Secrets or pods, and the node proxy only to a controller that is told to use it', () => {
    const templates = readdirSync(new URL('templates/', CHART)).filter((file) => file.startsWith('rbac-'));
    const text = templates.map((file) => read(`templates/${file}`)).join('\n');
    const granted = text.replaceAll(
      /\{\{- if \.Values\.(?:controller\.nodeProxy|drills\.enabled) \}\}[\s\S]*?\{\{- end \}\}/g,
      '',
    );
    expect(granted).not.toMatch(/resources: .*\b(secrets|pods)\b/);
    expect(text).not.toMatch(/resources: .*\bsecrets\b/);
    expect(ChartValues.parse(values).drills.enabled).toBe(false);
    expect(text).toContain('resources: [nodes/proxy]');
    expect(granted).not.toContain('nodes/proxy');
    expect(read('templates/controller.yaml')).toMatch(/if \.Values\.controller\.nodeProxy \}\}\s+- --node-proxy\s/);
    expect(ChartValues.parse(values).controller.nodeProxy).toBe(false);
  });
});
