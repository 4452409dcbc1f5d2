/** Direct access for tests and the demo: what a cluster's other components and people write. */
import { randomUUID } from 'node:crypto';
import type { Manifest, Ref, Resource } from '../../../src/ports/cluster.ts';
import { isEqual, isObject, objectAt, textAt, without, type Json, type JsonObject, type StoredObject } from './json.ts';
import type { ServedKind } from './kinds.ts';
import { compare, ownableFields, ownAfterUpdate, readOwned, writeOwned, type Owner } from './managed-fields.ts';
import type { ObjectStore } from './store.ts';
import { withParts } from './verbs.ts';

type AnyResource = Pick<Resource, 'apiVersion' | 'plural'>;

export interface Seeds {
  seed(resource: AnyResource, object: Manifest | JsonObject): StoredObject;
  edit(resource: AnyResource, ref: Ref, change: (draft: JsonObject) => void, manager?: string): StoredObject;
  read(resource: AnyResource, ref: Ref): StoredObject | undefined;
  remove(resource: AnyResource, ref: Ref): void;
}

export function createSeeds(
  kindOf: (resource: AnyResource) => ServedKind,
  store: ObjectStore,
  now: () => number,
): Seeds {
  const time = (): string => new Date(now()).toISOString().replace(/\.\d+Z$/, 'Z');

  function read(resource: AnyResource, ref: Ref): StoredObject | undefined {
    const object = store.get(kindOf(resource), ref.namespace, ref.name);
    return object === undefined ? undefined : structuredClone(object);
  }

  function put(kind: ServedKind, before: StoredObject | undefined, next: JsonObject, manager: string): StoredObject {
    const owner: Owner = { manager, operation: 'Update', subresource: '' };
    const fieldsBefore = before === undefined ? new Map<string, string>() : ownableFields(before, kind.schema);
    const difference = compare(fieldsBefore, ownableFields(next, kind.schema));
    const owned = ownAfterUpdate(before === undefined ? [] : readOwned(before), owner, difference, time());
    const managedFields = writeOwned(owned, kind.apiVersion);
    return store.put(kind, {
      ...next,
      apiVersion: kind.apiVersion,
      kind: kind.kind,
      metadata: {
        creationTimestamp: time(),
        ...objectAt(next, 'metadata'),
        ...identityOf(before, next),
        ...(kind.custom ? { generation: generationOf(before, next) } : {}),
        managedFields,
      },
    });
  }

  return {
    read,
    seed(resource, object): StoredObject {
      const kind = kindOf(resource);
      const next = withParts(kind, toJson(object));
      const metadata = objectAt(next, 'metadata');
      const namespace = typeof metadata['namespace'] === 'string' ? metadata['namespace'] : undefined;
      const before = store.get(kind, namespace, textAt(metadata, 'name') ?? '');
      return put(kind, before, next, 'seed');
    },
    edit(resource, ref, change, manager = 'kubelet'): StoredObject {
      const before = read(resource, ref);
      if (before === undefined) throw new Error(`${resource.plural}/${ref.name} is not there`);
      const draft = structuredClone<JsonObject>(before);
      change(draft);
      return put(kindOf(resource), before, draft, manager);
    },
    remove(resource, ref): void {
      const object = read(resource, ref);
      if (object !== undefined) store.remove(kindOf(resource), object);
    },
  };
}

function identityOf(before: StoredObject | undefined, next: JsonObject): StoredObject['metadata'] {
  const metadata = objectAt(next, 'metadata');
  const name = textAt(metadata, 'name');
  if (name === undefined) throw new Error('an object needs a name');
  return { name, uid: before?.metadata.uid ?? textAt(metadata, 'uid') ?? randomUUID(), resourceVersion: '' };
}

function generationOf(before: StoredObject | undefined, next: JsonObject): number {
  const { generation } = objectAt(next, 'metadata');
  const last = before?.metadata['generation'] ?? generation ?? 1;
  const grown = before !== undefined && !isEqual(specOf(before), specOf(next));
  return Number(last) + (grown ? 1 : 0);
}

function specOf(object: JsonObject): JsonObject {
  return without(object, 'apiVersion', 'kind', 'metadata', 'status');
}

function toJson(object: unknown): JsonObject {
  const value = JSON.parse(JSON.stringify(object)) as Json;
  if (!isObject(value)) throw new Error('not an object');
  return value;
}
