/** JSON patch (RFC 6902: add, remove, replace, test) and JSON merge patch (RFC 7386). */
import { isEqual, isObject, textAt, type Json, type JsonObject } from './json.ts';
import { badRequest, Refusal } from './status.ts';

export function mergePatch(target: Json | undefined, patch: Json): Json {
  if (!isObject(patch)) return patch;
  const result: JsonObject = isObject(target) ? { ...target } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) Reflect.deleteProperty(result, key);
    else result[key] = mergePatch(result[key], value);
  }
  return result;
}

/** @throws a Refusal with code 422 if a `test` fails or a path is not there. */
export function jsonPatch(target: JsonObject, patch: Json): JsonObject {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch is a list of operations');
  const result = structuredClone(target);
  for (const operation of patch) applyOperation(result, isObject(operation) ? operation : {});
  return result;
}

/** The words of apiserver's NewGenericServerResponse for 422. */
function notApplied(why: string): Refusal {
  const message = 'the server rejected our request due to an error in our request';
  return new Refusal(422, 'Invalid', message, { causes: [], why });
}

function applyOperation(root: JsonObject, operation: JsonObject): void {
  const path = textAt(operation, 'path') ?? '';
  if (!path.startsWith('/')) throw badRequest(`not a JSON pointer: ${path}`);
  const keys = path
    .slice(1)
    .split('/')
    .map((key) => key.replaceAll('~1', '/').replaceAll('~0', '~'));
  const last = keys.pop() ?? '';
  const parent = keys.reduce<Json | undefined>(childOf, root);
  if (!isObject(parent) && !Array.isArray(parent)) throw notApplied(`no such path: ${path}`);
  applyAt(parent, last, operation);
}

function applyAt(parent: JsonObject | Json[], key: string, operation: JsonObject): void {
  const { value = null } = operation;
  const op = textAt(operation, 'op') ?? '';
  const present = childOf(parent, key);
  if (['replace', 'remove'].includes(op) && present === undefined) throw notApplied(`no such path: ${key}`);
  switch (op) {
    case 'test':
      if (!isEqual(present, value)) throw notApplied(`testing value ${key} failed`);
      return;
    case 'add':
      set(parent, key, value, 'insert');
      return;
    case 'replace':
      set(parent, key, value, 'replace');
      return;
    case 'remove':
      if (Array.isArray(parent)) parent.splice(Number(key), 1);
      else Reflect.deleteProperty(parent, key);
      return;
    default:
      throw badRequest(`unknown operation: ${op}`);
  }
}

function childOf(parent: Json | undefined, key: string): Json | undefined {
  if (Array.isArray(parent)) return parent[Number(key)];
  return isObject(parent) ? parent[key] : undefined;
}

function set(parent: JsonObject | Json[], key: string, value: Json, how: 'insert' | 'replace'): void {
  if (!Array.isArray(parent)) {
    parent[key] = value;
    return;
  }
  const index = key === '-' ? parent.length : Number(key);
  if (!Number.isInteger(index) || index > parent.length) throw notApplied(`no such index: ${key}`);
  parent.splice(index, how === 'replace' ? 1 : 0, value);
}
