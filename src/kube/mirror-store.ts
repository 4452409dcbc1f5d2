/** The objects of a mirror and those who wait for changes. */
import type { KubeObject, Listed, Malformed, Mirror } from '../ports/cluster.ts';
import { identityOf, type Parsed } from './parsed.ts';
import { keyOf, refKey } from './paths.ts';

type Handler<T> = (current: T | undefined, previous: T | undefined) => void;

export interface MirrorStore<T extends KubeObject> extends Pick<Mirror<T>, 'get' | 'list' | 'malformed' | 'onChange'> {
  /** What the server has now. One that has become malformed keeps its last good copy. */
  set(parsed: Parsed<T>): void;
  remove(parsed: Parsed<T>): void;
  /**
   * What a new list says, a step an object: who takes all steps has it whole, and who looks between them sees some of it, as
   * of a watch that is behind.
   */
  replacing(listed: Pick<Listed<T>, 'items' | 'malformed'>): Generator<void>;
}

/** @param onThrown told of what a handler has thrown; the others are told of the change all the same. */
export function createMirrorStore<T extends KubeObject>(onThrown: (error: unknown) => void): MirrorStore<T> {
  const objects = new Map<string, T>();
  const malformed = new Map<string, Malformed>();
  const handlers: Handler<T>[] = [];

  function tell(current: T | undefined, previous: T | undefined): void {
    for (const handler of handlers) {
      try {
        handler(current, previous);
      } catch (error) {
        onThrown(error);
      }
    }
  }

  function setGood(object: T): void {
    const key = keyOf(object);
    malformed.delete(key);
    const previous = objects.get(key);
    if (previous !== undefined && isSame(previous, object)) return;
    objects.set(key, object);
    tell(object, previous);
  }

  function setMalformed(object: Malformed): void {
    const { key, uid } = identityOf(object.raw);
    // Another object of the same name: the copy is of one that is gone.
    if (uid !== undefined && objects.get(key)?.metadata.uid !== uid) removeKey(key);
    malformed.set(key, object);
  }

  function removeKey(key: string): void {
    malformed.delete(key);
    const previous = objects.get(key);
    if (previous === undefined) return;
    objects.delete(key);
    tell(undefined, previous);
  }

  return {
    get: (name, namespace) => objects.get(refKey(name, namespace)),
    list: () => [...objects.values()],
    malformed: () => [...malformed.values()],
    onChange(handler): void {
      handlers.push(handler);
    },
    set(parsed): void {
      if (parsed.kind === 'object') setGood(parsed.object);
      else setMalformed(parsed.malformed);
    },
    remove(parsed): void {
      removeKey(parsed.kind === 'object' ? keyOf(parsed.object) : identityOf(parsed.malformed.raw).key);
    },
    *replacing(listed): Generator<void> {
      const present = new Set([...listed.items.map(keyOf), ...listed.malformed.map(({ raw }) => identityOf(raw).key)]);
      const gone = [...objects.keys(), ...malformed.keys()].filter((key) => !present.has(key));
      for (const key of gone) {
        removeKey(key);
        yield;
      }
      for (const object of listed.malformed) {
        setMalformed(object);
        yield;
      }
      for (const object of listed.items) {
        setGood(object);
        yield;
      }
    },
  };
}

function isSame(a: KubeObject, b: KubeObject): boolean {
  return a.metadata.uid === b.metadata.uid && a.metadata.resourceVersion === b.metadata.resourceVersion;
}
