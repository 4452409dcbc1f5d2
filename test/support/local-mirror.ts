/** A mirror of the local cluster: it looks a moment after each change. */
import type { Clock } from '../../src/ports/clock.ts';
import type { KubeObject, Mirror, Resource } from '../../src/ports/cluster.ts';
import type { StoredObject } from './api-server/json.ts';

/** What a mirror looks at. */
export interface Watched {
  isDown(): boolean;
  /** A copy. */
  list(): readonly StoredObject[];
  /** Also called when the server is back. Returns what ends that. */
  onChange(listener: () => void): () => void;
}

export interface LocalMirrorOptions<T extends KubeObject> {
  readonly resource: Resource<T>;
  /** The client's. */
  readonly clock: Clock;
  readonly signal: AbortSignal;
}

export function createLocalMirror<T extends KubeObject>(watched: Watched, options: LocalMirrorOptions<T>): Mirror<T> {
  const { resource, clock, signal } = options;
  const handlers: ((current: T | undefined, previous: T | undefined) => void)[] = [];
  let items = new Map<string, T>();
  let freshAt: number | undefined;
  let isSynced = false;
  const synced = Promise.withResolvers<undefined>();
  synced.promise.catch(() => undefined);

  function refresh(): void {
    if (watched.isDown() || signal.aborted) return;
    freshAt = clock.monotonic();
    const before = items;
    items = new Map(watched.list().map((object) => [object.metadata.name, resource.parse(object)]));
    isSynced = true;
    synced.resolve(undefined);
    for (const [name, current] of items) {
      const previous = before.get(name);
      if (previous?.metadata.resourceVersion === current.metadata.resourceVersion) continue;
      for (const handler of handlers) handler(current, previous);
    }
    for (const [name, previous] of before) {
      if (!items.has(name)) for (const handler of handlers) handler(undefined, previous);
    }
  }

  // A watch tells of a change a moment after it is stored.
  const soon = (): void => {
    queueMicrotask(refresh);
  };
  const stop = watched.onChange(soon);
  signal.addEventListener('abort', () => {
    stop();
    synced.reject(signal.reason);
  });
  soon();
  return {
    get: (name) => items.get(name),
    list: () => [...items.values()],
    whenSynced: async () => {
      await synced.promise;
    },
    freshAt: () => (isSynced && !watched.isDown() ? clock.monotonic() : freshAt),
    onChange: (handler) => {
      handlers.push(handler);
    },
  };
}
