/**
 * From the JSON Schema that zod writes to the structural OpenAPI schema that a CRD needs.
 * Kubernetes: "Specifying a structural schema" (Extend the Kubernetes API with CustomResourceDefinitions).
 */
import type * as z from 'zod/mini';
import type { CelRule } from '../../src/api/schema.ts';

type Json = z.core.JSONSchema.BaseSchema;

/** A structural schema, its keys in the order in which they are printed. */
export interface StructuralSchema {
  readonly description?: string;
  readonly type?: string;
  readonly format?: string;
  readonly default?: unknown;
  readonly enum?: readonly unknown[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly maxProperties?: number;
  readonly items?: StructuralSchema;
  readonly additionalProperties?: StructuralSchema;
  readonly properties?: Readonly<Record<string, StructuralSchema>>;
  readonly required?: readonly string[];
  readonly 'x-kubernetes-int-or-string'?: boolean;
  readonly 'x-kubernetes-list-type'?: string;
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-map-type'?: string;
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
}

/** Keys that pass through as they are. */
const KEPT = [
  'description',
  'type',
  'format',
  'default',
  'enum',
  'minimum',
  'maximum',
  'minLength',
  'maxLength',
  'pattern',
  'minItems',
  'maxItems',
  'maxProperties',
  'x-kubernetes-int-or-string',
  'x-kubernetes-list-type',
  'x-kubernetes-list-map-keys',
  'x-kubernetes-map-type',
  'x-kubernetes-validations',
] as const;
/** Keys that are handled or say nothing: `anyOf` is allowed for int-or-string only. */
const HANDLED = ['$schema', 'properties', 'required', 'items', 'additionalProperties', 'propertyNames', 'anyOf'];
const KNOWN: ReadonlySet<string> = new Set([...KEPT, ...HANDLED]);

const INT32_MAX = 2 ** 31 - 1;

/**
 * Converts one schema and all below it.
 * @throws if it uses what a structural schema cannot say; the message names the path of the field.
 */
export function toStructural(schema: Json, path = ''): StructuralSchema {
  const unknownKey = Object.keys(schema).find((key) => !KNOWN.has(key));
  if (unknownKey !== undefined) throw new Error(`${path}: a structural schema cannot say ${unknownKey}`);
  const intOrString = schema['x-kubernetes-int-or-string'] === true;
  if (schema.anyOf !== undefined && !intOrString) throw new Error(`${path}: anyOf is for int-or-string only`);
  if (schema.type === undefined && !intOrString) throw new Error(`${path}: a structural schema needs a type`);
  const kept = Object.fromEntries(KEPT.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]));
  return ordered({
    ...kept,
    ...integer(schema),
    ...(statesPatternInCel(schema) ? { pattern: undefined } : {}),
    ...children(schema, path),
  });
}

/** JSON numbers are exact to 2^53 and zod says so for every integer; the API server has int32 and int64 for that. */
function integer(schema: Json): Readonly<Record<string, unknown>> {
  if (schema.type !== 'integer') return {};
  const { minimum, maximum } = schema;
  const small = minimum !== undefined && maximum !== undefined && minimum >= -INT32_MAX && maximum <= INT32_MAX;
  return {
    format: small ? 'int32' : 'int64',
    minimum: minimum === Number.MIN_SAFE_INTEGER ? undefined : minimum,
    maximum: maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum,
  };
}

/** The API server's words for a failed `pattern` are the expression itself; a CEL rule can say what is wanted. */
function statesPatternInCel(schema: Json): boolean {
  return schema.pattern !== undefined && schema['x-kubernetes-validations'] !== undefined;
}

function children(schema: Json, path: string): StructuralSchema {
  const { properties, items, additionalProperties, required } = schema;
  return {
    ...(isSchema(items) ? { items: toStructural(items, `${path}[]`) } : {}),
    ...(isSchema(additionalProperties)
      ? { additionalProperties: toStructural(additionalProperties, `${path}{}`) }
      : {}),
    ...(properties === undefined ? {} : { properties: structuralProperties(properties, path) }),
    ...(required === undefined || required.length === 0 ? {} : { required }),
  };
}

function structuralProperties(
  properties: Readonly<Record<string, unknown>>,
  path: string,
): Record<string, StructuralSchema> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, property]) => {
      const at = path === '' ? name : `${path}.${name}`;
      if (!isSchema(property)) throw new Error(`${at}: a structural schema needs a type`);
      return [name, toStructural(property, at)];
    }),
  );
}

function isSchema(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

const ORDER: readonly string[] = [
  ...KEPT.slice(0, 13),
  'items',
  'additionalProperties',
  'properties',
  'required',
  ...KEPT.slice(13),
];

function ordered(schema: Readonly<Record<string, unknown>>): StructuralSchema {
  return Object.fromEntries(ORDER.filter((key) => schema[key] !== undefined).map((key) => [key, schema[key]]));
}
