import { describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import type { Definition } from '../../../tools/generate/definitions.ts';
import { DEFINITIONS, customResourceDefinition, openApiSchema } from '../../../tools/generate/definitions.ts';
import type { StructuralSchema } from '../../../tools/generate/structural.ts';

/** Every schema below one, with its path. */
function walk(schema: StructuralSchema, path: string): readonly (readonly [string, StructuralSchema])[] {
  const below = [
    ...Object.entries(schema.properties ?? {}).map(([name, child]) => [`${path}.${name}`, child] as const),
    ...(schema.items === undefined ? [] : [[`${path}[]`, schema.items] as const]),
    ...(schema.additionalProperties === undefined ? [] : [[`${path}{}`, schema.additionalProperties] as const]),
  ];
  return [[path, schema], ...below.flatMap(([at, child]) => walk(child, at))];
}

function allFields(definition: Definition): readonly (readonly [string, StructuralSchema])[] {
  return walk(openApiSchema(definition), definition.kind);
}

const FIELDS = DEFINITIONS.flatMap(allFields);

/** The schema that a column's JSONPath points at; a filter takes the items of the list. */
function resolve(schema: StructuralSchema, jsonPath: string): StructuralSchema | undefined {
  const parts = jsonPath
    .replace(/\[\?\([^)]*\)\]/g, '.[]')
    .split('.')
    .filter((part) => part !== '');
  return parts.reduce<StructuralSchema | undefined>(
    (at, part) => (part === '[]' ? at?.items : at?.properties?.[part]),
    schema,
  );
}

describe('the CRDs', () => {
  test('are the six kinds of the group, in the scope that each needs, with short names and the category medic', () => {
    const names = DEFINITIONS.map((definition) => customResourceDefinition(definition)).map((crd) => crd['spec']);
    expect(names).toMatchObject([
      { scope: 'Cluster', names: { kind: 'KubeletRecoveryPolicy', shortNames: ['krp'], categories: ['medic'] } },
      { scope: 'Cluster', names: { kind: 'KubeletIncident', shortNames: ['ki'], categories: ['medic'] } },
      { scope: 'Cluster', names: { kind: 'KubeletHealth', shortNames: ['kh'], categories: ['medic'] } },
      { scope: 'Cluster', names: { kind: 'KubeletEvidence', shortNames: ['ke'], categories: ['medic'] } },
      // Both contracts of other operators ask for a namespace (docs/adr/0017).
      { scope: 'Namespaced', names: { kind: 'KubeletRemediation', shortNames: ['kr'], categories: ['medic'] } },
      {
        scope: 'Namespaced',
        names: { kind: 'KubeletRemediationTemplate', shortNames: ['krt'], categories: ['medic'] },
      },
    ]);
  });

  test('bound every text and every list, since the cost of CEL rules is reckoned from the bounds', () => {
    const unbounded = FIELDS.filter(
      ([path, schema]) =>
        !/\.(apiVersion|kind)$/.test(path) &&
        ((schema.type === 'string' && schema.maxLength === undefined && schema.enum === undefined) ||
          (schema.type === 'array' && schema.maxItems === undefined)),
    );
    expect(unbounded.map(([path]) => path)).toEqual([]);
  });

  test('say what each field is for', () => {
    const silent = FIELDS.filter(
      ([path, { description = '' }]) => /[^[\]{}]$/.test(path) && !path.endsWith('.metadata') && description === '',
    );
    expect(silent.map(([path]) => path)).toEqual([]);
  });

  test('say of every list how it is merged', () => {
    const untyped = FIELDS.filter(
      ([, { type, 'x-kubernetes-list-type': list }]) => type === 'array' && list === undefined,
    );
    expect(untyped.map(([path]) => path)).toEqual([]);
  });

  test('require the keys of every keyed list', () => {
    const keyed = FIELDS.filter(([, schema]) => schema['x-kubernetes-list-type'] === 'map');
    expect(keyed.length).toBeGreaterThan(3);
    for (const [, schema] of keyed) {
      expect(schema.items?.required).toEqual(expect.arrayContaining([...(schema['x-kubernetes-list-map-keys'] ?? [])]));
    }
  });

  test.each(DEFINITIONS.map((definition) => [definition.kind, definition] as const))(
    'print columns of %s from fields that exist and are of the right type',
    (_kind, definition) => {
      const schema = openApiSchema(definition);
      for (const { name, type, jsonPath } of definition.columns) {
        if (jsonPath === '.metadata.creationTimestamp') continue;
        const field = resolve(schema, jsonPath);
        expect([name, field?.format === 'date-time' ? 'date' : field?.type]).toEqual([name, type]);
      }
    },
  );

  test('let incidents be listed by node and by their end, and a status that nobody wrote say no more than that', () => {
    const incident = DEFINITIONS.find(({ kind }) => kind === 'KubeletIncident');
    expect(incident?.selectableFields).toEqual(['.spec.nodeName', '.status.outcome']);
    for (const definition of DEFINITIONS.filter(({ hasStatus }) => hasStatus)) {
      const first = openApiSchema(definition).properties?.['status']?.default;
      expect(first).toEqual(definition.kind === 'KubeletRecoveryPolicy' ? { observedGeneration: -1 } : undefined);
    }
  });
});

describe('what is generated', () => {
  test('is up to date in the repository', () => {
    const root = new URL('../../..', import.meta.url);
    const { status, stdout } = spawnSync(process.execPath, ['tools/generate/main.ts', '--check'], {
      cwd: root,
      encoding: 'utf8',
    });
    expect({ status, stdout }).toEqual({ status: 0, stdout: '' });
  });
});
