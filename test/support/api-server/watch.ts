/** Lists in pages, and watches. */
import type { JsonObject, StoredObject } from './json.ts';
import type { ServedKind } from './kinds.ts';
import { fieldMatcher, labelMatcher, type Matcher } from './selectors.ts';
import { Refusal } from './status.ts';
import { namespaceOf, type Change, type ObjectStore } from './store.ts';

export interface Selection {
  readonly kind: ServedKind;
  readonly namespace: string | undefined;
  readonly query: URLSearchParams;
}

function matcherOf({ kind, namespace, query }: Selection): Matcher {
  const labels = labelMatcher(query.get('labelSelector') ?? '');
  const fields = fieldMatcher(kind, query.get('fieldSelector') ?? '');
  return (object) => (namespace === undefined || namespaceOf(object) === namespace) && labels(object) && fields(object);
}

function expired(): Refusal {
  return new Refusal(410, 'Expired', 'too old resource version: the history from there on has been compacted');
}

interface Snapshot {
  readonly version: number;
  readonly items: readonly StoredObject[];
}

/** Snapshots that continue tokens point into. */
const MAX_SNAPSHOTS = 32;

export interface Lists {
  list(selection: Selection): JsonObject;
  /** Continue tokens that were given before expire. */
  compact(): void;
}

export function createLists(store: ObjectStore): Lists {
  const snapshots = new Map<string, Snapshot>();
  let serial = 0;

  function fromToken(token: string): { id: string; offset: number; snapshot: Snapshot } {
    const [id = '', offset = ''] = token.split(':');
    const snapshot = snapshots.get(id);
    if (snapshot === undefined) throw expired();
    return { id, offset: Number(offset), snapshot };
  }

  function fresh(selection: Selection): { id: string; offset: number; snapshot: Snapshot } {
    serial += 1;
    const items = store.list(selection.kind).filter(matcherOf(selection));
    return { id: `t${serial}`, offset: 0, snapshot: { version: store.version(), items } };
  }

  return {
    list(selection): JsonObject {
      const { kind, query } = selection;
      const token = query.get('continue') ?? '';
      const { id, offset, snapshot } = token === '' ? fresh(selection) : fromToken(token);
      const limit = Number(query.get('limit') ?? 0);
      const end = limit > 0 ? offset + limit : snapshot.items.length;
      const left = snapshot.items.length - end;
      if (left > 0) snapshots.set(id, snapshot);
      const oldest = snapshots.keys().next();
      if (snapshots.size > MAX_SNAPSHOTS && oldest.done !== true) snapshots.delete(oldest.value);
      return {
        apiVersion: kind.apiVersion,
        kind: `${kind.kind}List`,
        metadata: {
          resourceVersion: String(snapshot.version),
          ...(left > 0 ? { continue: `${id}:${end}`, remainingItemCount: left } : {}),
        },
        items: snapshot.items.slice(offset, end),
      };
    },
    compact(): void {
      snapshots.clear();
    },
  };
}

export interface WatchSink {
  /** One line of JSON. */
  send(event: JsonObject): void;
  end(): void;
}

/**
 * Sends what has changed since `resourceVersion` and then what changes. Returns what stops it.
 * @throws a Refusal with code 410.
 */
export function startWatch(store: ObjectStore, selection: Selection, sink: WatchSink, bookmarkMs: number): () => void {
  const { kind, query } = selection;
  const matches = matcherOf(selection);
  const from = query.get('resourceVersion') ?? '';
  if (from === '' || from === '0') {
    for (const object of store.list(kind).filter(matches)) sink.send({ type: 'ADDED', object });
  } else {
    const missed = store.since(Number(from));
    if (missed === undefined) throw expired();
    for (const change of missed) tell(change);
  }
  function tell(change: Change): void {
    const event = change.kind === kind ? eventOf(change, matches) : undefined;
    if (event !== undefined) sink.send(event);
  }
  const unsubscribe = store.onChange(tell);
  const bookmarks = setInterval(() => {
    if (query.get('allowWatchBookmarks') === 'true') sink.send(bookmark(kind, store.version()));
  }, bookmarkMs);
  const seconds = Number(query.get('timeoutSeconds') ?? 1800);
  const timeout = setTimeout(() => {
    sink.end();
  }, seconds * 1000);
  return () => {
    unsubscribe();
    clearInterval(bookmarks);
    clearTimeout(timeout);
  };
}

function bookmark(kind: ServedKind, version: number): JsonObject {
  return {
    type: 'BOOKMARK',
    object: { apiVersion: kind.apiVersion, kind: kind.kind, metadata: { resourceVersion: String(version) } },
  };
}

/** A change that moves an object into or out of the selection looks like a creation or a deletion. */
function eventOf(change: Change, matches: Matcher): JsonObject | undefined {
  const { type, object, previous } = change;
  const is = type !== 'DELETED' && matches(object);
  const was = previous !== undefined && matches(previous);
  if (is) return { type: was ? 'MODIFIED' : 'ADDED', object };
  return was ? { type: 'DELETED', object } : undefined;
}

/** A watch request, as its query says it. */
export function isWatch(query: URLSearchParams): boolean {
  return ['true', '1'].includes(query.get('watch') ?? '');
}
