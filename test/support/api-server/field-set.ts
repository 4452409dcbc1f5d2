/**
 * Sets of fields, as server-side apply keeps them for each manager.
 * A field is a path of elements in the form of `fieldsV1`: `f:NAME`, `k:{KEYS}` for an item of a map list, `v:VALUE` for an
 * item of a set; the elements are joined by line feeds, which JSON text never has.
 * Source: `sigs.k8s.io/structured-merge-diff`, fieldpath.
 */
import type { StructuralSchema } from '../../../tools/generate/structural.ts';
import { canonical, isObject, type Json, type JsonObject } from './json.ts';
import { Refusal } from './status.ts';

export type FieldSet = ReadonlySet<string>;
const SEPARATOR = '\n';

export function minus(a: FieldSet, b: FieldSet): FieldSet {
  return new Set([...a].filter((field) => !b.has(field)));
}

export function plus(a: FieldSet, b: FieldSet): FieldSet {
  return new Set([...a, ...b]);
}

export function common(a: FieldSet, b: FieldSet): FieldSet {
  return new Set([...a].filter((field) => b.has(field)));
}

/** How values under a schema are merged. */
export type Merge = 'map' | 'map-list' | 'set' | 'leaf';

/** Without a schema, objects merge by key and lists are replaced as a whole. */
export function mergeOf(value: Json, schema: StructuralSchema | undefined): Merge {
  if (Array.isArray(value)) {
    const type = schema?.['x-kubernetes-list-type'];
    return type === 'map' ? 'map-list' : type === 'set' ? 'set' : 'leaf';
  }
  if (!isObject(value) || schema?.['x-kubernetes-map-type'] === 'atomic') return 'leaf';
  return 'map';
}

export function childSchema(schema: StructuralSchema | undefined, key: string): StructuralSchema | undefined {
  return schema?.properties?.[key] ?? schema?.additionalProperties;
}

/** `k:{"name":"a"}`. @throws a Refusal if the item lacks a key. */
export function itemElement(item: Json, schema: StructuralSchema | undefined): string {
  const keys = schema?.['x-kubernetes-list-map-keys'] ?? [];
  const values: JsonObject = {};
  for (const key of keys) {
    const value = isObject(item) ? item[key] : undefined;
    if (value === undefined) {
      throw new Refusal(500, '', `associative list with keys has an element that omits key field "${key}"`);
    }
    values[key] = value;
  }
  return `k:${canonical(values)}`;
}

/** Each field with the text of its value; fields that only hold others are there too where they count as owned. */
export function flatten(value: Json, schema: StructuralSchema | undefined): Map<string, string> {
  const fields = new Map<string, string>();
  visit(value, schema, '', fields);
  return fields;
}

function within(path: string, element: string): string {
  return path === '' ? element : path + SEPARATOR + element;
}

function visit(value: Json, schema: StructuralSchema | undefined, path: string, fields: Map<string, string>): void {
  const merge = isEmpty(value) ? 'leaf' : mergeOf(value, schema);
  if (merge === 'map' && isObject(value)) {
    for (const [key, child] of Object.entries(value)) {
      visit(child, childSchema(schema, key), within(path, `f:${key}`), fields);
    }
  } else if (merge === 'map-list' && Array.isArray(value)) {
    for (const item of value) visitItem(item, schema, within(path, itemElement(item, schema)), fields);
  } else if (merge === 'set' && Array.isArray(value)) {
    for (const item of value) fields.set(within(path, `v:${canonical(item)}`), '');
  } else if (path !== '') {
    fields.set(path, canonical(value));
  }
}

/** An object or a list with nothing in it is a field by itself. */
export function isEmpty(value: Json): boolean {
  return Array.isArray(value) ? value.length === 0 : isObject(value) && Object.keys(value).length === 0;
}

function visitItem(item: Json, schema: StructuralSchema | undefined, path: string, fields: Map<string, string>): void {
  if (fields.has(path)) {
    throw new Refusal(500, '', `duplicate entries for key ${elementsOf(path).at(-1)?.slice(2) ?? ''}`);
  }
  fields.set(path, '');
  visit(item, schema?.items, path, fields);
}

/** Whether `path` is one of these or lies above one of them. */
export function hasAtOrBelow(fields: FieldSet, path: string): boolean {
  if (fields.has(path)) return true;
  for (const field of fields) if (field.startsWith(path + SEPARATOR)) return true;
  return false;
}

function elementsOf(path: string): readonly string[] {
  return path.split(SEPARATOR);
}

/** `.spec.list[name="a"].field`, as conflicts name it. */
export function showPath(path: string): string {
  return elementsOf(path)
    .map((element) => {
      if (element.startsWith('f:')) return `.${element.slice(2)}`;
      if (element.startsWith('v:')) return `[=${element.slice(2)}]`;
      const keys = Object.entries(JSON.parse(element.slice(2)) as JsonObject);
      return `[${keys.map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(',')}]`;
    })
    .join('');
}

/** The `fieldsV1` form. */
export function toTrie(fields: FieldSet): JsonObject {
  const root: JsonObject = {};
  for (const field of [...fields].sort()) {
    let node = root;
    for (const element of elementsOf(field)) {
      const child = node[element];
      const next = isObject(child) ? child : {};
      node[element] = next;
      node = next;
    }
    node['.'] = {};
  }
  dropLonelyDots(root);
  return root;
}

/** `{".": {}}` alone is written `{}`. */
function dropLonelyDots(node: JsonObject): void {
  if (Object.keys(node).length === 1) delete node['.'];
  for (const child of Object.values(node)) if (isObject(child)) dropLonelyDots(child);
}

export function fromTrie(trie: Json | undefined): Set<string> {
  const fields = new Set<string>();
  collect(isObject(trie) ? trie : {}, '', fields);
  return fields;
}

function collect(trie: JsonObject, path: string, fields: Set<string>): void {
  const entries = Object.entries(trie);
  if (entries.length === 0 && path !== '') fields.add(path);
  for (const [element, child] of entries) {
    if (element === '.') fields.add(path);
    else collect(isObject(child) ? child : {}, within(path, element), fields);
  }
}
