/** Who owns which field: the `managedFields` of an object, read, changed and written. */
import type { StructuralSchema } from '../../../tools/generate/structural.ts';
import { flatten, fromTrie, minus, plus, toTrie, type FieldSet } from './field-set.ts';
import { canonical, isObject, listAt, textAt, without, type Json, type JsonObject } from './json.ts';

export interface Owner {
  readonly manager: string;
  readonly operation: 'Apply' | 'Update';
  readonly subresource: string;
}

export interface Owned extends Owner {
  readonly fields: FieldSet;
  readonly time: string;
}

/** Nothing that is stored changes, so that its other form is made once. */
function once<K extends object, V>(make: (key: K) => V): (key: K) => V {
  const known = new WeakMap<K, V>();
  return (key) => {
    const before = known.get(key);
    if (before !== undefined) return before;
    const made = make(key);
    known.set(key, made);
    return made;
  };
}

const fieldsOf = once((trie: JsonObject): FieldSet => fromTrie(trie));
const trieOf = once((fields: FieldSet): JsonObject => toTrie(fields));

export function isOwner(a: Owner, b: Owner): boolean {
  return a.manager === b.manager && a.operation === b.operation && a.subresource === b.subresource;
}

export function readOwned(object: JsonObject): readonly Owned[] {
  return listAt(object['metadata'], 'managedFields').map((entry) => ({
    manager: textAt(entry, 'manager') ?? '',
    operation: textAt(entry, 'operation') === 'Apply' ? 'Apply' : 'Update',
    subresource: textAt(entry, 'subresource') ?? '',
    time: textAt(entry, 'time') ?? '',
    fields: isObject(entry) && isObject(entry['fieldsV1']) ? fieldsOf(entry['fieldsV1']) : new Set(),
  }));
}

export function writeOwned(owned: readonly Owned[], apiVersion: string): Json[] {
  return owned
    .filter(({ fields }) => fields.size > 0)
    .map(({ manager, operation, subresource, time, fields }) => ({
      manager,
      operation,
      apiVersion,
      time,
      fieldsType: 'FieldsV1',
      fieldsV1: trieOf(fields),
      ...(subresource === '' ? {} : { subresource }),
    }));
}

/** Fields of an object that can be owned. Source: apiserver `managedfields`, stripMeta. */
export function ownableFields(object: JsonObject, schema: StructuralSchema): ReadonlyMap<string, string> {
  const bySchema = ownable.get(object) ?? new Map<StructuralSchema, ReadonlyMap<string, string>>();
  ownable.set(object, bySchema);
  const known = bySchema.get(schema);
  if (known !== undefined) return known;
  const meta = isObject(object['metadata']) ? object['metadata'] : {};
  const kept = without(meta, ...SERVER_METADATA);
  const rest = without(object, 'apiVersion', 'kind', 'metadata');
  const fields = flatten(Object.keys(kept).length === 0 ? rest : { ...rest, metadata: kept }, schema);
  bySchema.set(schema, fields);
  return fields;
}

/** An object that was asked about does not change any more. */
const ownable = new WeakMap<JsonObject, Map<StructuralSchema, ReadonlyMap<string, string>>>();

const SERVER_METADATA = [
  'name',
  'namespace',
  'generateName',
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'deletionTimestamp',
  'managedFields',
  'selfLink',
];

export interface Difference {
  /** Added, or with another value. */
  readonly changed: FieldSet;
  readonly removed: FieldSet;
}

export function compare(before: ReadonlyMap<string, string>, after: ReadonlyMap<string, string>): Difference {
  const changed = [...after].filter(([field, value]) => before.get(field) !== value).map(([field]) => field);
  const removed = [...before.keys()].filter((field) => !after.has(field));
  return { changed: new Set(changed), removed: new Set(removed) };
}

/**
 * After a write that is no apply: the writer owns what it changed, nobody owns what is gone.
 */
export function ownAfterUpdate(
  owned: readonly Owned[],
  owner: Owner,
  difference: Difference,
  time: string,
): readonly Owned[] {
  const { changed, removed } = difference;
  const others = owned
    .filter((entry) => !isOwner(entry, owner))
    .map((entry) => ({ ...entry, fields: minus(minus(entry.fields, changed), removed) }));
  const mine = owned.find((entry) => isOwner(entry, owner));
  const fields = plus(minus(mine?.fields ?? new Set<string>(), removed), changed);
  return [...others, { ...owner, fields, time: changed.size === 0 ? (mine?.time ?? time) : time }];
}

/** The same owners of the same fields: times do not count. */
export function isSameOwnership(a: readonly Owned[], b: readonly Owned[]): boolean {
  const text = (owned: readonly Owned[]): string =>
    canonical(
      owned
        .filter(({ fields }) => fields.size > 0)
        .map(({ manager, operation, subresource, fields }) =>
          [manager, operation, subresource, [...fields].sort()].flat(),
        )
        .sort(),
    );
  return text(a) === text(b);
}
