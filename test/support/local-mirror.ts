/** A mirror of the local cluster: it looks a moment after each change. */
import { createMirrorStore } from '../../src/kube/mirror-store.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { KubeObject, Listed, Mirror } from '../../src/ports/cluster.ts';

/** What a mirror looks at. */
export interface Watched<T> {
  /** On the monotonic clock; undefined: the server is there. */
  downSince(): number | undefined;
  list(): Pick<Listed<T>, 'items' | 'malformed'>;
  /** Also called when the server is back. Returns what ends that. */
  onChange(listener: () => void): () => void;
}

/** @param clock the client's. */
export function createLocalMirror<T extends KubeObject>(
  watched: Watched<T>,
  clock: Clock,
  signal: AbortSignal,
): Mirror<T> {
  const store = createMirrorStore<T>((error) => {
    throw error;
  });
  let isSynced = false;
  let isDue = false;
  const synced = Promise.withResolvers<undefined>();
  synced.promise.catch(() => undefined);

  function refresh(): void {
    isDue = false;
    if (watched.downSince() !== undefined || signal.aborted) return;
    isSynced = true;
    Array.from(store.replacing(watched.list()));
    synced.resolve(undefined);
  }

  // A watch tells of a change a moment after it is stored.
  const soon = (): void => {
    if (isDue) return;
    isDue = true;
    queueMicrotask(refresh);
  };
  const stop = watched.onChange(soon);
  signal.addEventListener('abort', () => {
    stop();
    synced.reject(signal.reason);
  });
  soon();
  return {
    get: store.get,
    list: store.list,
    malformed: store.malformed,
    onChange: store.onChange,
    whenSynced: async () => {
      await synced.promise;
    },
    freshAt: () => (isSynced ? (watched.downSince() ?? clock.monotonic()) : undefined),
  };
}
