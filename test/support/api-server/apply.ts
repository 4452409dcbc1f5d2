/** Server-side apply. Source: `sigs.k8s.io/structured-merge-diff` merge/update.go, and Kubernetes' page on it. */
import type { StructuralSchema } from '../../../tools/generate/structural.ts';
import {
  childSchema,
  common,
  hasAtOrBelow,
  isEmpty,
  itemElement,
  mergeOf,
  minus,
  showPath,
  type FieldSet,
} from './field-set.ts';
import { canonical, isObject, type Json, type JsonObject } from './json.ts';
import { compare, isOwner, ownableFields, readOwned, type Owned, type Owner } from './managed-fields.ts';
import { applyConflict, Refusal } from './status.ts';

export interface Applied {
  readonly object: JsonObject;
  readonly owned: readonly Owned[];
}

export interface ApplyInput {
  readonly live: JsonObject;
  readonly config: JsonObject;
  readonly owner: Owner;
  readonly force: boolean;
  readonly schema: StructuralSchema;
  /** The schema is a whole one, so that a field that it lacks is an error. */
  readonly strict: boolean;
  readonly time: string;
}

/** @throws a Refusal: 409 with a cause for each field that another manager owns with another value. */
export function applyObject(input: ApplyInput): Applied {
  const { live, config, owner, force, schema, time } = input;
  if (input.strict) assertDeclared(config, schema, '');
  const applied = new Set(ownableFields(config, schema).keys());
  const owned = readOwned(live);
  const others = owned.filter((entry) => !isOwner(entry, owner));
  const before = owned.find((entry) => isOwner(entry, owner))?.fields ?? new Set<string>();

  const merged = merge(live, config, schema);
  const { changed } = compare(ownableFields(live, schema), ownableFields(asObject(merged), schema));
  const taken = others.map((entry) => ({ entry, fields: common(entry.fields, changed) }));
  const causes = taken.flatMap(({ entry, fields }) => [...fields].map((field) => conflictCause(entry, field)));
  if (causes.length > 0 && !force) throw applyConflict(causes);

  const dropped = [...before].filter(
    (field) => !hasAtOrBelow(applied, field) && !others.some((entry) => hasAtOrBelow(entry.fields, field)),
  );
  const object = asObject(prune(merged, schema, new Set(dropped), []));
  const left = taken.map(({ entry, fields }) => ({ ...entry, fields: minus(entry.fields, fields) }));
  return { object, owned: [...left, { ...owner, fields: applied, time }] };
}

function conflictCause(entry: Owned, field: string): { field: string; message: string; reason: string } {
  const via = entry.subresource === '' ? '' : ` with subresource "${entry.subresource}"`;
  const using = entry.operation === 'Update' ? ` using ${entry.subresource === '' ? 'an update' : 'updates'}` : '';
  return {
    field: showPath(field),
    message: `conflict with "${entry.manager}"${via}${using}`,
    reason: 'FieldManagerConflict',
  };
}

function asObject(value: Json): JsonObject {
  return isObject(value) ? value : {};
}

/** Below a field without properties everything is declared. */
function assertDeclared(value: Json, schema: StructuralSchema | undefined, path: string): void {
  if (Array.isArray(value)) {
    for (const item of value) assertDeclared(item, schema?.items, `${path}[]`);
    return;
  }
  if (!isObject(value) || schema?.properties === undefined) return;
  for (const [key, child] of Object.entries(value)) {
    const known = path === '' || path === '.metadata' || childSchema(schema, key) !== undefined;
    if (!known) {
      throw new Refusal(500, '', `failed to create typed patch object: ${path}.${key}: field not declared in schema`);
    }
    assertDeclared(child, childSchema(schema, key), `${path}.${key}`);
  }
}

function merge(live: Json | undefined, applied: Json, schema: StructuralSchema | undefined): Json {
  if (live === undefined) return applied;
  const how = mergeOf(applied, schema);
  if (how === 'map' && isObject(live) && isObject(applied)) return mergeMap(live, applied, schema);
  if (how === 'map-list' && Array.isArray(live) && Array.isArray(applied)) return mergeItems(live, applied, schema);
  if (how === 'set' && Array.isArray(live) && Array.isArray(applied)) {
    const present = new Set(live.map(canonical));
    return [...live, ...applied.filter((item) => !present.has(canonical(item)))];
  }
  return applied;
}

function mergeMap(live: JsonObject, applied: JsonObject, schema: StructuralSchema | undefined): JsonObject {
  const result = { ...live };
  for (const [key, child] of Object.entries(applied)) result[key] = merge(live[key], child, childSchema(schema, key));
  return result;
}

/** Items keep their place; new ones follow in the order in which they are applied. */
function mergeItems(live: readonly Json[], applied: readonly Json[], schema: StructuralSchema | undefined): Json[] {
  const result = new Map(live.map((item) => [itemElement(item, schema), item]));
  for (const item of applied) {
    const key = itemElement(item, schema);
    result.set(key, merge(result.get(key), item, schema?.items));
  }
  return [...result.values()];
}

/** Removes what its manager no longer applies and nobody else owns. */
function prune(value: Json, schema: StructuralSchema | undefined, dropped: FieldSet, path: readonly string[]): Json {
  const how = mergeOf(value, schema);
  if (how === 'map' && isObject(value)) {
    const result: JsonObject = {};
    for (const [key, child] of Object.entries(value)) {
      const kept = pruneChild(child, childSchema(schema, key), dropped, [...path, `f:${key}`]);
      if (kept !== undefined) result[key] = kept;
    }
    return result;
  }
  if (how === 'map-list' && Array.isArray(value)) {
    return value
      .map((item) => pruneChild(item, schema?.items, dropped, [...path, itemElement(item, schema)]))
      .filter((item) => item !== undefined);
  }
  if (how === 'set' && Array.isArray(value)) {
    return value.filter((item) => !dropped.has([...path, `v:${canonical(item)}`].join('\n')));
  }
  return value;
}

/** undefined: it is gone, as is a container that has nothing left of what it had. */
function pruneChild(
  child: Json,
  schema: StructuralSchema | undefined,
  dropped: FieldSet,
  path: readonly string[],
): Json | undefined {
  const key = path.join('\n');
  if (dropped.has(key)) return undefined;
  if (!hasAtOrBelow(dropped, key)) return child;
  const kept = prune(child, schema, dropped, path);
  return isEmpty(kept) ? undefined : kept;
}
