/** What examples/ shows works: an API server would take each object, and Helm each file of values. */
import { describe, expect, test } from '@jest/globals';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { parse } from 'yaml';
import { ChartValues } from '../../tools/generate/chart-values.ts';
import { DEFINITIONS, openApiSchema } from '../../tools/generate/definitions.ts';
import { isObject, type Json } from '../support/api-server/json.ts';
import { pruneAndDefault, validate } from '../support/api-server/validate.ts';

const EXAMPLES = new URL('../../examples/', import.meta.url);
const read = (path: string): Json => parse(readFileSync(new URL(path, EXAMPLES), 'utf8')) as Json;
const filesOf = (folder: string): readonly string[] =>
  readdirSync(new URL(folder, EXAMPLES)).map((file) => `${folder}/${file}`);

/** The defaults of the chart with a file of values over them, as Helm merges them: objects field by field. */
function merge(base: Json | undefined, over: Json): Json {
  if (!isObject(base) || !isObject(over)) return over;
  return { ...base, ...Object.fromEntries(Object.entries(over).map(([key, value]) => [key, merge(base[key], value)])) };
}

describe('the object', () => {
  test.each([...filesOf('policies'), ...filesOf('incidents')])('%s has known fields with valid values', (path) => {
    const object = read(path);
    const { apiVersion, kind, ...rest } = isObject(object) ? object : {};
    expect(apiVersion).toBe('kubelet-medic.io/v1alpha1');
    const definition = DEFINITIONS.find((one) => one.kind === kind);
    if (definition === undefined) throw new Error(`${path} is of no kind of ours`);
    const schema = openApiSchema(definition);
    const stored = pruneAndDefault(rest, { ...schema, properties: { ...schema.properties, metadata: {} } });
    // A field that the schema does not know would be gone.
    expect(stored).toMatchObject(rest);
    expect(validate(stored, { field: '', schema, old: undefined })).toEqual([]);
  });

  test('that is a policy for control planes does act on them', () => {
    expect(read('policies/control-plane.yaml')).toMatchObject({ spec: { budget: { controlPlane: 'OneAtATime' } } });
  });

  test('that a person writes by hand is captured and never acted on', () => {
    expect(read('incidents/manual-capture.yaml')).toMatchObject({
      spec: { trigger: { type: 'Manual' }, plan: { mode: 'Capture' } },
    });
  });
});

describe('the values', () => {
  const defaults = read('../charts/kubelet-medic/values.yaml');

  test.each(filesOf('values'))('%s fit the schema of the chart', (path) => {
    const values = read(path);
    // A field of the policy that is not known would be gone.
    expect(ChartValues.parse(merge(defaults, values))).toMatchObject(isObject(values) ? values : {});
  });

  test.each([{ agnet: {} }, { policy: { spec: { mode: 'Remediated' } } }])('%j would be refused', (values) => {
    expect(ChartValues.safeParse(merge(defaults, values)).success).toBe(false);
  });
});

test('the page of examples names each file, and no other', () => {
  const page = readFileSync(new URL('README.md', EXAMPLES), 'utf8');
  const linked = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, path]) => path ?? '');
  expect(linked.filter((path) => !existsSync(new URL(path, EXAMPLES)))).toEqual([]);
  expect(linked.toSorted()).toEqual(
    ['policies', 'incidents', 'values', 'reports', 'argocd'].flatMap(filesOf).toSorted(),
  );
});
