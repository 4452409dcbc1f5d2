/** Objects by kind and name, one resourceVersion for all, and a history of changes for watches. */
import type { StoredObject } from './json.ts';
import type { ServedKind } from './kinds.ts';

type ChangeType = 'ADDED' | 'MODIFIED' | 'DELETED';

export interface Change {
  readonly version: number;
  readonly kind: ServedKind;
  readonly type: ChangeType;
  readonly object: StoredObject;
  /** undefined: it was not there. */
  readonly previous: StoredObject | undefined;
}

type Listener = (change: Change) => void;

export interface ObjectStore {
  get(kind: ServedKind, namespace: string | undefined, name: string): StoredObject | undefined;
  /** By name. */
  list(kind: ServedKind): readonly StoredObject[];
  all(): readonly { readonly kind: ServedKind; readonly object: StoredObject }[];
  /** Stores it with a new resourceVersion, which it returns within the object. */
  put(kind: ServedKind, object: StoredObject): StoredObject;
  remove(kind: ServedKind, object: StoredObject): void;
  version(): number;
  /** Changes after a version; undefined: that part of history is gone. */
  since(version: number): readonly Change[] | undefined;
  /** Forgets the history, as etcd does after some minutes. */
  compact(): void;
  onChange(listener: Listener): () => void;
}

/** Kept for watches; older changes are forgotten. */
const MAX_HISTORY = 10_000;

export function createStore(): ObjectStore {
  const objects = new Map<ServedKind, Map<string, StoredObject>>();
  const listeners = new Set<Listener>();
  let history: Change[] = [];
  let version = 1000;
  let compacted = version;

  function table(kind: ServedKind): Map<string, StoredObject> {
    const known = objects.get(kind) ?? new Map<string, StoredObject>();
    objects.set(kind, known);
    return known;
  }

  function record(kind: ServedKind, type: ChangeType, object: StoredObject, previous?: StoredObject): void {
    const change: Change = { version, kind, type, object, previous };
    history.push(change);
    if (history.length > MAX_HISTORY) compacted = history.shift()?.version ?? compacted;
    for (const listener of listeners) listener(change);
  }

  function stamp(object: StoredObject): StoredObject {
    version += 1;
    return { ...object, metadata: { ...object.metadata, resourceVersion: String(version) } };
  }

  function list(kind: ServedKind): readonly StoredObject[] {
    return [...table(kind).entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, object]) => object);
  }

  return {
    get: (kind, namespace, name) => table(kind).get(keyOf(namespace, name)),
    list,
    all: () => [...objects.keys()].flatMap((kind) => list(kind).map((object) => ({ kind, object }))),
    put(kind, object): StoredObject {
      const key = keyOf(namespaceOf(object), object.metadata.name);
      const previous = table(kind).get(key);
      const stored = stamp(object);
      table(kind).set(key, stored);
      record(kind, previous === undefined ? 'ADDED' : 'MODIFIED', stored, previous);
      return stored;
    },
    remove(kind, object): void {
      if (!table(kind).delete(keyOf(namespaceOf(object), object.metadata.name))) return;
      record(kind, 'DELETED', stamp(object), object);
    },
    version: () => version,
    since(from) {
      return from < compacted ? undefined : history.filter((change) => change.version > from);
    },
    compact(): void {
      history = [];
      compacted = version;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

export function namespaceOf(object: StoredObject): string | undefined {
  const { namespace } = object.metadata;
  return typeof namespace === 'string' ? namespace : undefined;
}

function keyOf(namespace: string | undefined, name: string): string {
  return `${namespace ?? ''}/${name}`;
}
