/** The objects of a mirror and those who wait for changes. */
import type { KubeObject, Mirror } from '../ports/cluster.ts';
import type { Log } from '../ports/log.ts';
import { keyOf, refKey } from './paths.ts';

type Handler<T> = (current: T | undefined, previous: T | undefined) => void;

export interface MirrorStore<T extends KubeObject> extends Pick<Mirror<T>, 'get' | 'list' | 'onChange'> {
  set(object: T): void;
  remove(object: T): void;
  /** What a new list says; `kept`: names of objects that are there but malformed, whose last good copy stays. */
  replaceAll(objects: readonly T[], kept: readonly string[]): void;
}

export function createMirrorStore<T extends KubeObject>(log: Log): MirrorStore<T> {
  const objects = new Map<string, T>();
  const handlers: Handler<T>[] = [];

  function tell(current: T | undefined, previous: T | undefined): void {
    for (const handler of handlers) {
      try {
        handler(current, previous);
      } catch (error) {
        log.error('a handler of a mirror has thrown', { err: error });
      }
    }
  }

  function set(object: T): void {
    const key = keyOf(object);
    const previous = objects.get(key);
    if (previous !== undefined && isSame(previous, object)) return;
    objects.set(key, object);
    tell(object, previous);
  }

  function removeKey(key: string): void {
    const previous = objects.get(key);
    if (previous === undefined) return;
    objects.delete(key);
    tell(undefined, previous);
  }

  return {
    get: (name, namespace) => objects.get(refKey(name, namespace)),
    list: () => [...objects.values()],
    onChange(handler): void {
      handlers.push(handler);
    },
    set,
    remove(object): void {
      removeKey(keyOf(object));
    },
    replaceAll(listed, kept): void {
      const names = new Set(kept);
      const present = new Set(listed.map(keyOf));
      for (const [key, object] of objects) {
        if (!present.has(key) && !names.has(object.metadata.name)) removeKey(key);
      }
      for (const object of listed) set(object);
    },
  };
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;
}
