/** What a CRD does to an object by its structural schema: prune, default, validate. Messages as a real server words them. */
import type { StructuralSchema } from '../../../tools/generate/structural.ts';
import { isEqual, isObject, type Json, type JsonObject } from './json.ts';
import { holds, rulesOf } from './rules.ts';
import type { Cause } from './status.ts';

/** Drops fields that the schema does not know and adds its defaults. */
export function pruneAndDefault(value: Json, schema: StructuralSchema): Json {
  if (Array.isArray(value)) {
    const { items } = schema;
    return items === undefined ? value : value.map((item) => pruneAndDefault(item, items));
  }
  if (!isObject(value)) return value;
  const { properties, additionalProperties } = schema;
  if (additionalProperties !== undefined) {
    return Object.fromEntries(
      Object.entries(value).map(([key, child]) => [key, pruneAndDefault(child, additionalProperties)]),
    );
  }
  if (properties === undefined) return value;
  const result: JsonObject = {};
  for (const [key, property] of Object.entries(properties)) {
    const present = value[key] ?? structuredClone(property.default as Json | undefined);
    if (present !== undefined) result[key] = pruneAndDefault(present, property);
  }
  return result;
}

interface Place {
  readonly field: string;
  readonly schema: StructuralSchema;
  /** The value that stood here before; undefined: none. */
  readonly old: Json | undefined;
}

/** What the schema and its rules say against a value. Empty: nothing. */
export function validate(value: Json, place: Place): readonly Cause[] {
  const shape = [...typeCauses(value, place), ...boundCauses(value, place)];
  if (shape.length > 0) return shape;
  const below = childCauses(value, place);
  return below.length > 0 ? below : ruleCauses(value, place);
}

function cause(field: string, reason: string, message: string): Cause {
  return { field, reason, message };
}

function show(value: Json): string {
  return typeof value === 'object' ? JSON.stringify(value) : JSON.stringify(value);
}

function wrong(place: Place, value: Json, why: string): Cause {
  return cause(place.field, 'FieldValueInvalid', `Invalid value: ${show(value)}: ${why}`);
}

function typeOf(value: Json): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value !== 'number') return typeof value;
  return Number.isInteger(value) ? 'integer' : 'number';
}

function typeCauses(value: Json, place: Place): readonly Cause[] {
  const { schema, field } = place;
  const type = typeOf(value);
  if (schema['x-kubernetes-int-or-string'] === true) {
    return type === 'integer' || type === 'string' ? [] : [wrong(place, value, 'must be an integer or a string')];
  }
  if (schema.type !== undefined && schema.type !== type && !(schema.type === 'number' && type === 'integer')) {
    const message = `Invalid value: "${type}": ${field} in body must be of type ${schema.type}: "${type}"`;
    return [cause(field, 'FieldValueTypeInvalid', message)];
  }
  if (schema.enum !== undefined && !schema.enum.includes(value)) {
    const known = schema.enum.map((item) => `"${String(item)}"`).join(', ');
    return [cause(field, 'FieldValueNotSupported', `Unsupported value: ${show(value)}: supported values: ${known}`)];
  }
  return [];
}

function boundCauses(value: Json, place: Place): readonly Cause[] {
  if (typeof value === 'number') return numberCauses(value, place);
  if (typeof value === 'string') return textCauses(value, place);
  if (!Array.isArray(value)) return [];
  const { maxItems } = place.schema;
  if (maxItems === undefined || value.length <= maxItems) return duplicateCauses(value, place);
  return [cause(place.field, 'FieldValueTooMany', `Too many: ${value.length}: must have at most ${maxItems} items`)];
}

function numberCauses(value: number, place: Place): readonly Cause[] {
  const { minimum, maximum } = place.schema;
  const { field } = place;
  if (minimum !== undefined && value < minimum) {
    return [wrong(place, value, `${field} in body should be greater than or equal to ${minimum}`)];
  }
  if (maximum !== undefined && value > maximum) {
    return [wrong(place, value, `${field} in body should be less than or equal to ${maximum}`)];
  }
  return [];
}

function textCauses(value: string, place: Place): readonly Cause[] {
  const { maxLength, minLength, pattern, format } = place.schema;
  const { field } = place;
  const length = Array.from(value).length;
  if (maxLength !== undefined && length > maxLength) {
    return [cause(field, 'FieldValueTooLong', `Too long: may not be more than ${maxLength} bytes`)];
  }
  if (minLength !== undefined && length < minLength) {
    return [wrong(place, value, `${field} in body should be at least ${minLength} chars long`)];
  }
  if (pattern !== undefined && !new RegExp(pattern, 'u').test(value)) {
    return [wrong(place, value, `${field} in body should match '${pattern}'`)];
  }
  if (format === 'date-time' && (!/^\d{4}-\d{2}-\d{2}T/.test(value) || Number.isNaN(Date.parse(value)))) {
    return [wrong(place, value, `${field} in body must be of type date-time: "${value}"`)];
  }
  return [];
}

function duplicateCauses(value: readonly Json[], place: Place): readonly Cause[] {
  const type = place.schema['x-kubernetes-list-type'];
  if (type !== 'map' && type !== 'set') return [];
  const keys = place.schema['x-kubernetes-list-map-keys'] ?? [];
  const seen = new Set<string>();
  for (const [index, item] of value.entries()) {
    const key = JSON.stringify(type === 'set' ? item : keys.map((name) => (isObject(item) ? item[name] : null)));
    if (seen.has(key)) return [cause(`${place.field}[${index}]`, 'FieldValueDuplicate', `Duplicate value: ${key}`)];
    seen.add(key);
  }
  return [];
}

function childCauses(value: Json, place: Place): readonly Cause[] {
  const { schema, field, old } = place;
  if (Array.isArray(value)) {
    const { items } = schema;
    if (items === undefined) return [];
    return value.flatMap((item, index) =>
      validate(item, { field: `${field}[${index}]`, schema: items, old: oldItem(item, place) }),
    );
  }
  if (!isObject(value)) return [];
  const missing = (schema.required ?? []).filter((key) => value[key] === undefined);
  const required = missing.map((key) => cause(join(field, key), 'FieldValueRequired', 'Required value'));
  const present = Object.entries(value).flatMap(([key, child]) => {
    const property = schema.properties?.[key] ?? schema.additionalProperties;
    if (property === undefined) return [];
    return validate(child, { field: join(field, key), schema: property, old: isObject(old) ? old[key] : undefined });
  });
  return [...required, ...present];
}

/** Rules on `oldSelf` are asked within a list only where items can be told apart. */
function oldItem(item: Json, place: Place): Json | undefined {
  const keys = place.schema['x-kubernetes-list-map-keys'];
  if (keys === undefined || !isObject(item) || !Array.isArray(place.old)) return undefined;
  return place.old.find((other) => isObject(other) && keys.every((key) => other[key] === item[key]));
}

function join(field: string, key: string): string {
  return field === '' ? key : `${field}.${key}`;
}

/** Ratcheting: what is as it was is not asked again. A rule on an optional `oldSelf` sees to that itself. */
function ruleCauses(value: Json, place: Place): readonly Cause[] {
  if (place.old !== undefined && isEqual(value, place.old)) return [];
  return rulesOf(place.schema)
    .filter((rule) => !holds(rule, value, place.old))
    .map((rule) => {
      const shown = typeof value === 'object' ? (Array.isArray(value) ? 'array' : 'object') : value;
      const why = `Invalid value: ${show(shown)}: ${rule.message}`;
      return cause(place.field === '' ? '<nil>' : place.field + rule.fieldPath, 'FieldValueInvalid', why);
    });
}
