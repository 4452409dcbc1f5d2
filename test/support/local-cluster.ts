/**
 * The Cluster port on the embedded API server's own store, without a network: for tests on a clock that stands still.
 * Server-side apply, defaults, validation and CEL are the same code as behind HTTPS.
 */
import { answerError, networkError, patchError } from '../../src/kube/errors.ts';
import { parseObject } from '../../src/kube/parsed.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type {
  Cluster,
  KubeObject,
  ListQuery,
  Listed,
  Manifest,
  Mirror,
  Ref,
  Resource,
} from '../../src/ports/cluster.ts';
import type { Json, JsonObject, StoredObject } from './api-server/json.ts';
import { isObject } from './api-server/json.ts';
import { servedKinds, type ServedKind } from './api-server/kinds.ts';
import { createSeeds, type Seeds } from './api-server/seeds.ts';
import { fieldMatcher, labelMatcher } from './api-server/selectors.ts';
import { Refusal } from './api-server/status.ts';
import { createStore } from './api-server/store.ts';
import { createVerbs, type Target } from './api-server/verbs.ts';
import { createLocalMirror, type Watched } from './local-mirror.ts';
import { createParseOnce } from './parse-once.ts';

/** A write as it arrived. */
interface Written {
  readonly verb: 'create' | 'update' | 'apply' | 'patch' | 'delete';
  readonly plural: string;
  readonly name: string;
  readonly subresource: Subresource;
  readonly manager: string;
  readonly body: unknown;
}

export interface LocalCluster {
  readonly cluster: Cluster;
  /** As a client whose machine has a clock of its own; the API server's is the one that the cluster was created with. */
  clusterFor(own: Clock): Cluster;
  readonly seeds: Seeds;
  /** All writes that were stored, in order; at most 10,000. */
  readonly writes: readonly Written[];
  /** Nobody can reach it, and watches stand still; undefined: it is back, and watches catch up. */
  setDown(message: string | undefined): void;
  /** Called before each write; what it throws, the caller gets. */
  onWrite(hook: ((write: Written) => void) | undefined): void;
  /** Called after each write, with what is stored then; of a delete, with what was. */
  onStored(hook: ((write: Written, stored: StoredObject) => void) | undefined): void;
  read<T extends KubeObject>(resource: Resource<T>, name: string): T | undefined;
  list<T extends KubeObject>(resource: Resource<T>): readonly T[];
}

type Subresource = Target['subresource'];
type AnyResource = Pick<Resource, 'apiVersion' | 'plural'>;

/** @param uid gives each new object its UID; by default by chance. */
export function createLocalCluster(clock: Clock, uid?: () => string): LocalCluster {
  const kinds = servedKinds();
  const store = createStore();
  const now = (): number => clock.now();
  const verbs = createVerbs(store, now, uid);
  const seeds = createSeeds(kindOf, store, now);
  const writes: Written[] = [];
  const refreshers = new Set<() => void>();
  const parseOnce = createParseOnce();
  let down: { readonly message: string; readonly since: number } | undefined;
  let hook: ((write: Written) => void) | undefined;
  let storedHook: ((write: Written, stored: StoredObject) => void) | undefined;

  function kindOf(resource: AnyResource): ServedKind {
    const kind = kinds.find(
      ({ apiVersion, plural }) => apiVersion === resource.apiVersion && plural === resource.plural,
    );
    if (kind === undefined) throw new Error(`not served: ${resource.plural}`);
    return kind;
  }

  /** As over a network: later, with errors mapped as the real adapter maps them. */
  async function call<T>(what: string, work: () => T): Promise<T> {
    await Promise.resolve();
    if (down !== undefined) throw networkError(what, new Error(down.message));
    try {
      return work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw answerError(what, { status: error.code, body: Buffer.from(JSON.stringify(error.body)) });
    }
  }

  async function write<T extends KubeObject>(
    resource: Resource<T>,
    meta: Omit<Written, 'plural'>,
    work: () => StoredObject,
  ): Promise<T> {
    const { plural } = resource;
    const what = `${meta.verb} ${plural}/${meta.name}`;
    const answer = await call(what, () => {
      const written = { ...meta, plural };
      hook?.(written);
      const stored = work();
      writes.push(written);
      if (writes.length > 10_000) writes.shift();
      storedHook?.(written, stored);
      return stored;
    });
    return read(resource, what, answer);
  }

  /** @throws `E_KUBE_MALFORMED`, as the real adapter does. */
  function read<T extends KubeObject>(resource: Resource<T>, what: string, stored: StoredObject): T {
    const parsed = parseOnce(resource, stored);
    return parsed.kind === 'object' ? parsed.object : parseObject(resource, what, structuredClone(stored));
  }

  function sort<T extends KubeObject>(
    resource: Resource<T>,
    objects: readonly StoredObject[],
  ): Pick<Listed<T>, 'items' | 'malformed'> {
    const parsed = objects.map((object) => parseOnce(resource, object));
    return {
      items: parsed.flatMap((one) => (one.kind === 'object' ? [one.object] : [])),
      malformed: parsed.flatMap((one) => (one.kind === 'malformed' ? [one.malformed] : [])),
    };
  }

  const patched: typeof write = async (resource, meta, work) => {
    try {
      return await write(resource, meta, work);
    } catch (error) {
      throw patchError(error);
    }
  };

  function target(resource: Resource, ref: Partial<Ref>, subresource: Subresource): Target {
    return { kind: kindOf(resource), namespace: ref.namespace, name: ref.name ?? '', subresource };
  }

  function select(resource: Resource, query: ListQuery): readonly StoredObject[] {
    const kind = kindOf(resource);
    const labels = labelMatcher(query.labelSelector ?? '');
    const fields = fieldMatcher(kind, query.fieldSelector ?? '');
    const isIn = (object: StoredObject): boolean =>
      query.namespace === undefined || object.metadata['namespace'] === query.namespace;
    return store.list(kind).filter((object) => isIn(object) && labels(object) && fields(object));
  }

  /** What every client has, wherever it runs. */
  const calls: Omit<Cluster, 'mirror' | 'clockAheadMs'> = {
    get: async (resource, ref) => {
      const what = `get ${resource.plural}/${ref.name}`;
      const found = await call(what, () => store.get(kindOf(resource), ref.namespace, ref.name));
      return found === undefined ? undefined : read(resource, what, found);
    },
    list: async (resource, query = {}) => {
      const found = await call(`list ${resource.plural}`, () => [...select(resource, query)]);
      return { ...sort(resource, found), resourceVersion: String(store.version()) };
    },
    create: async (resource, object, { manager }) => {
      const { name = '', namespace } = object.metadata;
      const body = asJson(resource, object);
      const work = (): StoredObject => verbs.create(kindOf(resource), namespace, body, manager);
      return await write(resource, { verb: 'create', name, subresource: '', manager, body }, work);
    },
    replace: async (resource, object, { manager, ...how }) => {
      const subresource = how.subresource ?? '';
      const body = asJson(resource, object);
      const at = target(resource, object.metadata, subresource);
      const work = (): StoredObject => verbs.update(at, body, manager);
      return await write(resource, { verb: 'update', name: at.name, subresource, manager, body }, work);
    },
    apply: async (resource, object, { manager, force = false, ...how }) => {
      const subresource = how.subresource ?? '';
      const body = asJson(resource, object);
      const at = target(resource, object.metadata, subresource);
      const work = (): StoredObject => verbs.apply(at, body, { manager, force });
      return await patched(resource, { verb: 'apply', name: at.name, subresource, manager, body }, work);
    },
    jsonPatch: async (resource, ref, patch, { manager, ...how }) => {
      const subresource = how.subresource ?? '';
      const at = target(resource, ref, subresource);
      const work = (): StoredObject => verbs.patch(at, toJson(patch), { manager, type: 'json' });
      return await patched(resource, { verb: 'patch', name: ref.name, subresource, manager, body: patch }, work);
    },
    delete: async (resource, ref) => {
      if (store.get(kindOf(resource), ref.namespace, ref.name) === undefined) return false;
      const preconditions = ref.uid === undefined ? {} : { uid: ref.uid };
      const work = (): StoredObject => verbs.remove(target(resource, ref, ''), preconditions);
      await write(resource, { verb: 'delete', name: ref.name, subresource: '', manager: '', body: {} }, work);
      return true;
    },
    proxyNode: () => Promise.reject(networkError('proxy', new Error('there is no node proxy here'))),
  };

  function clusterFor(own: Clock): Cluster {
    return {
      ...calls,
      mirror: <T extends KubeObject>(resource: Resource<T>, query: ListQuery, signal: AbortSignal): Mirror<T> =>
        createLocalMirror(watched(resource, query), own, signal),
      clockAheadMs: () => own.now() - clock.now(),
    };
  }

  function watched<T extends KubeObject>(resource: Resource<T>, query: ListQuery): Watched<T> {
    return {
      downSince: () => down?.since,
      list: () => sort(resource, select(resource, query)),
      onChange(listener): () => void {
        const kind = kindOf(resource);
        const stop = store.onChange((change) => {
          if (change.kind === kind) listener();
        });
        refreshers.add(listener);
        return () => {
          stop();
          refreshers.delete(listener);
        };
      },
    };
  }

  return {
    cluster: clusterFor(clock),
    clusterFor,
    seeds,
    writes,
    setDown(message): void {
      down = message === undefined ? undefined : { message, since: down?.since ?? clock.monotonic() };
      if (message === undefined) for (const refresh of refreshers) refresh();
    },
    onWrite(next): void {
      hook = next;
    },
    onStored(next): void {
      storedHook = next;
    },
    read: (resource, name) => {
      const found = store.get(kindOf(resource), undefined, name);
      return found === undefined ? undefined : read(resource, name, found);
    },
    list: (resource) => store.list(kindOf(resource)).map((object) => read(resource, object.metadata.name, object)),
  };
}

/** What a network would carry of it. */
function toJson(value: unknown): Json {
  // JSON.parse gives `any`; what JSON.stringify wrote is Json.
  return JSON.parse(JSON.stringify(value)) as Json;
}

function asJson(resource: Resource, object: Manifest): JsonObject {
  const plain = toJson({ apiVersion: resource.apiVersion, kind: resource.kind, ...object });
  if (!isObject(plain)) throw new Error('a manifest is an object');
  return plain;
}
