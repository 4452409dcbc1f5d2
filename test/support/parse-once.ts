/** What is stored does not change, so that it is parsed once for all who read it. */
import { tryParse, type Parsed } from '../../src/kube/parsed.ts';
import type { KubeObject, Resource } from '../../src/ports/cluster.ts';
import type { StoredObject } from './api-server/json.ts';

export type ParseOnce = <T extends KubeObject>(resource: Resource<T>, stored: StoredObject) => Parsed<T>;

export function createParseOnce(): ParseOnce {
  const known = new WeakMap<StoredObject, Map<Resource['parse'], Parsed<KubeObject>>>();
  return <T extends KubeObject>(resource: Resource<T>, stored: StoredObject): Parsed<T> => {
    const parsers = known.get(stored) ?? new Map<Resource['parse'], Parsed<KubeObject>>();
    known.set(stored, parsers);
    const before = parsers.get(resource.parse);
    // It was put there by this very parser, which returns a T.
    if (before !== undefined) return before as Parsed<T>;
    const parsed = tryParse(resource, stored);
    parsers.set(resource.parse, parsed);
    return parsed;
  };
}
