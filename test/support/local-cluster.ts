/**
 * The Cluster port on the embedded API server's own store, without a network: for tests on a clock that stands still.
 * Server-side apply, defaults, validation and CEL are the same code as behind HTTPS.
 */
import { answerError, networkError } from '../../src/kube/errors.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Cluster, KubeObject, ListQuery, Manifest, Mirror, Ref, Resource } from '../../src/ports/cluster.ts';
import type { Json, JsonObject, StoredObject } from './api-server/json.ts';
import { isObject } from './api-server/json.ts';
import { servedKinds, type ServedKind } from './api-server/kinds.ts';
import { createSeeds, type Seeds } from './api-server/seeds.ts';
import { fieldMatcher, labelMatcher } from './api-server/selectors.ts';
import { Refusal } from './api-server/status.ts';
import { createStore } from './api-server/store.ts';
import { createVerbs, type Target } from './api-server/verbs.ts';
import { createLocalMirror, type Watched } from './local-mirror.ts';

/** A write as it arrived. */
interface Written {
  readonly verb: 'create' | 'apply' | 'patch' | 'delete';
  readonly plural: string;
  readonly name: string;
  readonly subresource: '' | 'status';
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
  read<T extends KubeObject>(resource: Resource<T>, name: string): T | undefined;
  list<T extends KubeObject>(resource: Resource<T>): readonly T[];
}

type AnyResource = Pick<Resource, 'apiVersion' | 'plural'>;

export function createLocalCluster(clock: Clock): LocalCluster {
  const kinds = servedKinds();
  const store = createStore();
  const now = (): number => clock.now();
  const verbs = createVerbs(store, now);
  const seeds = createSeeds(kindOf, store, now);
  const writes: Written[] = [];
  const refreshers = new Set<() => void>();
  let down: string | undefined;
  let hook: ((write: Written) => void) | undefined;

  function kindOf(resource: AnyResource): ServedKind {
    const kind = kinds.find(
      ({ apiVersion, plural }) => apiVersion === resource.apiVersion && plural === resource.plural,
    );
    if (kind === undefined) throw new Error(`not served: ${resource.plural}`);
    return kind;
  }

  /** As over a network: later, in a copy, with errors mapped as the real adapter maps them. */
  async function call<T>(what: string, work: () => T): Promise<T> {
    await Promise.resolve();
    if (down !== undefined) throw networkError(what, new Error(down));
    try {
      return structuredClone(work());
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      throw answerError(what, { status: error.code, body: Buffer.from(JSON.stringify(error.body)) });
    }
  }

  async function write(meta: Written, work: () => StoredObject): Promise<StoredObject> {
    return await call(`${meta.verb} ${meta.plural}/${meta.name}`, () => {
      hook?.(meta);
      const stored = work();
      writes.push(meta);
      if (writes.length > 10_000) writes.shift();
      return stored;
    });
  }

  function target(resource: Resource, ref: Ref, subresource: 'status' | undefined): Target {
    return { kind: kindOf(resource), namespace: ref.namespace, name: ref.name, subresource: subresource ?? '' };
  }

  function select(resource: Resource, query: ListQuery): readonly StoredObject[] {
    const kind = kindOf(resource);
    const labels = labelMatcher(query.labelSelector ?? '');
    const fields = fieldMatcher(kind, query.fieldSelector ?? '');
    return store.list(kind).filter((object) => labels(object) && fields(object));
  }

  /** What every client has, wherever it runs. */
  const calls: Omit<Cluster, 'mirror' | 'clockAheadMs'> = {
    get: async (resource, ref) => {
      const found = await call(`get ${resource.plural}/${ref.name}`, () =>
        store.get(kindOf(resource), ref.namespace, ref.name),
      );
      return found === undefined ? undefined : resource.parse(found);
    },
    list: async (resource, query = {}) => {
      const items = await call(`list ${resource.plural}`, () => [...select(resource, query)]);
      return {
        items: items.map((item) => resource.parse(item)),
        resourceVersion: String(store.version()),
        malformed: [],
      };
    },
    create: async (resource, object, { manager }) => {
      const { name = '', namespace } = object.metadata;
      const body = asJson(resource, object);
      const meta: Written = { verb: 'create', plural: resource.plural, name, subresource: '', manager, body };
      return resource.parse(await write(meta, () => verbs.create(kindOf(resource), namespace, body, manager)));
    },
    replace: () => Promise.reject(new Error('nobody replaces here')),
    apply: async (resource, object, { manager, subresource, force }) => {
      const { name = '', namespace } = object.metadata;
      const body = asJson(resource, object);
      const ref = namespace === undefined ? { name } : { name, namespace };
      const meta: Written = {
        verb: 'apply',
        plural: resource.plural,
        name,
        subresource: subresource ?? '',
        manager,
        body,
      };
      const how = { manager, force: force === true };
      return resource.parse(await write(meta, () => verbs.apply(target(resource, ref, subresource), body, how)));
    },
    jsonPatch: async (resource, ref, patch, { manager, subresource }) => {
      const meta: Written = {
        verb: 'patch',
        plural: resource.plural,
        name: ref.name,
        subresource: subresource ?? '',
        manager,
        body: patch,
      };
      const plain = toJson(patch);
      return resource.parse(
        await write(meta, () => verbs.patch(target(resource, ref, subresource), plain, { manager, type: 'json' })),
      );
    },
    delete: async (resource, ref) => {
      const meta: Written = {
        verb: 'delete',
        plural: resource.plural,
        name: ref.name,
        subresource: '',
        manager: '',
        body: {},
      };
      if (store.get(kindOf(resource), ref.namespace, ref.name) === undefined) return false;
      await write(meta, () => verbs.remove(target(resource, ref, undefined), {}));
      return true;
    },
    proxyNode: () => Promise.reject(networkError('proxy', new Error('there is no node proxy here'))),
  };

  function clusterFor(own: Clock): Cluster {
    return {
      ...calls,
      mirror: <T extends KubeObject>(resource: Resource<T>, query: ListQuery, signal: AbortSignal): Mirror<T> =>
        createLocalMirror(watched(resource, query), { resource, clock: own, signal }),
      clockAheadMs: () => own.now() - clock.now(),
    };
  }

  function watched(resource: Resource, query: ListQuery): Watched {
    return {
      isDown: () => down !== undefined,
      list: () => structuredClone([...select(resource, query)]),
      onChange(listener): () => void {
        const stop = store.onChange(listener);
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
      down = message;
      if (message === undefined) for (const refresh of refreshers) refresh();
    },
    onWrite(next): void {
      hook = next;
    },
    read: (resource, name) => {
      const found = store.get(kindOf(resource), undefined, name);
      return found === undefined ? undefined : resource.parse(structuredClone(found));
    },
    list: (resource) => store.list(kindOf(resource)).map((object) => resource.parse(structuredClone(object))),
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
