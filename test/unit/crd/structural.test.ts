import { describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import type { StructuralSchema } from '../../../tools/generate/structural.ts';
import { toStructural } from '../../../tools/generate/structural.ts';
import { about, atomicList, duration, mapList, moment, text, whole } from '../../../src/api/schema.ts';

function convert(schema: z.core.$ZodType): StructuralSchema {
  return toStructural(z.toJSONSchema(schema, { target: 'openapi-3.0', io: 'input' }), 'spec');
}

describe('a schema for a CRD', () => {
  test('keeps int32 for small integers and drops the bounds of a double for large ones', () => {
    expect(convert(whole(1, 10, 'Some.'))).toEqual({
      description: 'Some.',
      type: 'integer',
      format: 'int32',
      minimum: 1,
      maximum: 10,
    });
    expect(convert(whole(0, Number.MAX_SAFE_INTEGER, 'Bytes.'))).toEqual({
      description: 'Bytes.',
      type: 'integer',
      format: 'int64',
      minimum: 0,
    });
  });

  test('says what a duration is in words, and not as a pattern', () => {
    const schema = convert(duration('How long.'));
    expect(schema.pattern).toBeUndefined();
    expect(schema['x-kubernetes-validations']).toEqual([
      { rule: expect.stringContaining("self.matches(r'^"), message: 'must be a duration such as 90s, 5m or 1h30m' },
    ]);
  });

  test('keeps a pattern that no rule stands for', () => {
    expect(convert(z.string().check(z.regex(/^a$/))).pattern).toBe('^a$');
  });

  test('makes a time a date-time without a pattern of its own', () => {
    expect(convert(moment('When.'))).toEqual({
      description: 'When.',
      type: 'string',
      format: 'date-time',
      maxLength: 40,
    });
  });

  test('makes a number or a string an int-or-string without anyOf', () => {
    const schema = convert(
      z.union([z.int(), z.string()]).check(about('Either.', { 'x-kubernetes-int-or-string': true })),
    );
    expect(schema).toEqual({ description: 'Either.', 'x-kubernetes-int-or-string': true });
  });

  test('carries list types, keys and bounds', () => {
    const item = z.object({ name: text(63, 'Name.') });
    expect(convert(mapList(item, 'name', 32, 'Items.'))).toMatchObject({
      type: 'array',
      maxItems: 32,
      'x-kubernetes-list-type': 'map',
      'x-kubernetes-list-map-keys': ['name'],
      items: { type: 'object', required: ['name'] },
    });
    expect(convert(atomicList(z.string(), 2, 'Words.'))['x-kubernetes-list-type']).toBe('atomic');
  });

  test('requires what has no default, and sets the defaults of nested objects', () => {
    const inner = z.object({ depth: z._default(z.int(), 3) });
    const schema = convert(z.object({ inner: z.prefault(inner, {}), name: z.string(), note: z.optional(z.string()) }));
    expect(schema.required).toEqual(['name']);
    expect(schema.properties?.['inner']).toMatchObject({ default: {}, properties: { depth: { default: 3 } } });
  });

  test.each([
    ['a union of objects', z.union([z.object({ a: z.string() }), z.object({ b: z.string() })]), /^spec\.field: anyOf/],
    ['anything at all', z.unknown(), /^spec\.field: a structural schema needs a type/],
    ['a tuple', z.tuple([z.string()]), /^spec\.field/],
  ])('refuses %s, which a structural schema cannot say, with the path of the field', (_name, field, message) => {
    expect(() => convert(z.object({ field }))).toThrow(message);
  });
});
