/** The Cluster port over HTTPS. */
import { LEASES } from '../api/resources.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type {
  ApplyOptions,
  Call,
  Cluster,
  KubeObject,
  ListQuery,
  Listed,
  Manifest,
  Mirror,
  ProxyRequest,
  ProxyResponse,
  Ref,
  Resource,
  WriteOptions,
} from '../ports/cluster.ts';
import { isMedicError, MedicError } from '../ports/errors.ts';
import type { Log } from '../ports/log.ts';
import type { Connection } from './connection/connection.ts';
import { callLimit, serverTimeout } from './call-limit.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { malformedError, patchError } from './errors.ts';
import { listAccept } from './accept.ts';
import { listAll, MAX_ANSWER_BYTES } from './list.ts';
import { createMirror } from './mirror.ts';
import { parseObject } from './parsed.ts';
import { createPath, objectPath } from './paths.ts';
import { proxyToNode } from './node-proxy.ts';
import { OF_READS, OF_WRITES, retry, type Retry } from './retry.ts';
import { createServerClock } from './connection/server-clock.ts';
import { throttled } from './connection/throttle.ts';
import { assertGood, createTransport, type HttpRequest } from './connection/transport.ts';

export interface ClusterOptions {
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  /** Measures deadlines of calls where that is not `clock`: the demo's clock runs faster than its network does. */
  readonly callClock?: Clock;
  /**
   * Whether lists come compressed; default true. It saves nine tenths of the bytes, and costs both ends a fifth of their CPU time: who
   * lists thousands of objects within the cluster does without.
   */
  readonly compression?: boolean;
}

type ApiRequest = Omit<HttpRequest, 'signal'>;

/** A term is lost where its lease cannot be read or made for a while, as when the answer to a renewal was lost. */
function urgencyOf({ plural }: Resource): { readonly isUrgent: boolean } {
  return { isUrgent: plural === LEASES.plural };
}

/** The API server behind a connection. */
export function createCluster(connection: Connection, options: ClusterOptions): Cluster {
  const { random, log, compression: gzip = true } = options;
  const callClock = options.callClock ?? options.clock;
  const serverClock = createServerClock(options.clock);
  const transport = throttled(createTransport(connection, serverClock), callClock);

  async function sendOnce(request: ApiRequest, signal: AbortSignal): Promise<unknown> {
    const answer = await transport.send({ ...request, signal }, { maxBytes: MAX_ANSWER_BYTES, beyond: 'fail' });
    return parseJson(request.what, assertGood(request.what, answer).body);
  }

  async function ask(request: ApiRequest, call: Call, classes: Retry['classes']): Promise<unknown> {
    const limit = callLimit(request.what, call);
    return await withDeadline(callClock, limit, call.signal, (signal) => {
      const how = { clock: callClock, random, classes, deadlineMs: limit.ms };
      const until = callClock.monotonic() + limit.ms;
      const once = (): Promise<unknown> => sendOnce(withTimeout(request, until - callClock.monotonic()), signal);
      return retry(once, how, signal);
    });
  }

  async function read(
    path: string,
    what: string,
    call: Call,
    how: { readonly accept?: string | undefined; readonly isUrgent?: boolean } = {},
  ): Promise<unknown> {
    const { accept, isUrgent = false } = how;
    const request = { method: 'GET', path, what, gzip, isUrgent, ...(accept === undefined ? {} : { accept }) };
    return await ask(request, call, OF_READS);
  }

  async function write<T extends KubeObject>(resource: Resource<T>, request: ApiRequest, call: Call): Promise<T> {
    // Who renews a lease has tries of its own.
    const classes = request.isUrgent === true ? [] : OF_WRITES;
    return parseObject(resource, request.what, await ask(request, call, classes));
  }

  async function patch<T extends KubeObject>(resource: Resource<T>, request: ApiRequest, call: Call): Promise<T> {
    try {
      return await write(resource, request, call);
    } catch (error) {
      throw patchError(error);
    }
  }

  return {
    async get<T extends KubeObject>(resource: Resource<T>, ref: Ref, call: Call = {}): Promise<T | undefined> {
      const what = `GET ${resource.plural}/${ref.name}`;
      try {
        return parseObject(resource, what, await read(objectPath(resource, ref), what, call, urgencyOf(resource)));
      } catch (error) {
        if (isMedicError(error, 'absent')) return undefined;
        throw error;
      }
    },

    async list<T extends KubeObject>(
      resource: Resource<T>,
      query: ListQuery = {},
      call: Call = {},
    ): Promise<Listed<T>> {
      return await listAll(resource, query, {
        read: (path, what) => read(path, what, call, { accept: listAccept(resource) }),
        clock: callClock,
      });
    },

    async create<T extends KubeObject>(resource: Resource<T>, object: Manifest, how: WriteOptions): Promise<T> {
      const query = { fieldManager: how.manager };
      const path = createPath(resource, object.metadata.namespace, query);
      const name = object.metadata.name ?? object.metadata.generateName ?? '';
      const what = `POST ${resource.plural}/${name}`;
      const request = { method: 'POST', path, what, body: body(resource, object), ...urgencyOf(resource) };
      return await write(resource, request, how);
    },

    async replace<T extends KubeObject>(resource: Resource<T>, object: Manifest, how: WriteOptions): Promise<T> {
      const request = target('PUT', resource, refOf(object), how);
      return await write(resource, { ...request, body: body(resource, object), isUrgent: true }, how);
    },

    async apply<T extends KubeObject>(resource: Resource<T>, object: Manifest, how: ApplyOptions): Promise<T> {
      const request = target('PATCH', resource, refOf(object), { ...how, force: how.force === true });
      const contentType = 'application/apply-patch+yaml';
      return await patch(resource, { ...request, contentType, body: body(resource, object) }, how);
    },

    async jsonPatch(resource, ref, operations, how) {
      const request = target('PATCH', resource, ref, how);
      const contentType = 'application/json-patch+json';
      return await patch(resource, { ...request, contentType, body: JSON.stringify(operations) }, how);
    },

    async delete(resource: Resource, ref, call: Call = {}): Promise<boolean> {
      const what = `DELETE ${resource.plural}/${ref.name}`;
      const preconditions = ref.uid === undefined ? {} : { preconditions: { uid: ref.uid } };
      const deleteOptions = {
        apiVersion: 'v1',
        kind: 'DeleteOptions',
        propagationPolicy: 'Background',
        ...preconditions,
      };
      const path = objectPath(resource, ref);
      const request = { method: 'DELETE', path, what, body: JSON.stringify(deleteOptions) };
      try {
        await ask(request, call, OF_WRITES);
        return true;
      } catch (error) {
        if (isMedicError(error, 'absent')) return false;
        throw error;
      }
    },

    async proxyNode(node: string, path: string, request: ProxyRequest): Promise<ProxyResponse> {
      return await proxyToNode(transport, callClock, { node, path }, request);
    },

    mirror<T extends KubeObject>(resource: Resource<T>, query: ListQuery, signal: AbortSignal): Mirror<T> {
      const list = (): Promise<Listed<T>> =>
        listAll(resource, query, {
          read: (path, what) =>
            read(path, what, { signal, deadlineMs: MIRROR_PAGE_DEADLINE_MS }, { accept: listAccept(resource) }),
          clock: callClock,
        });
      return createMirror({ resource, query, list, transport, clock: options.clock, callClock, random, log, signal });
    },

    clockAheadMs: () => serverClock.aheadMs(),
  };
}

/** A page of a mirror's list may take this long: a server that has just started is slow. */
const MIRROR_PAGE_DEADLINE_MS = 30_000;

/** `PUT kubeletincidents/a/status`, with its path. */
function target(
  method: 'PUT' | 'PATCH',
  resource: Resource,
  ref: Ref,
  options: WriteOptions & { readonly force?: boolean },
): ApiRequest {
  const { subresource, manager, force } = options;
  const forced = force === undefined ? undefined : String(force);
  const query = { fieldManager: manager, force: forced };
  const suffix = subresource === undefined ? '' : `/${subresource}`;
  return {
    method,
    path: objectPath(resource, ref, { subresource, query }),
    what: `${method} ${resource.plural}/${ref.name}${suffix}`,
  };
}

/** What a try has left, so that no write takes effect after its call has ended. */
function withTimeout(request: ApiRequest, deadlineMs: number): ApiRequest {
  if (request.method === 'GET') return request;
  const { path } = request;
  return { ...request, path: `${path}${path.includes('?') ? '&' : '?'}timeout=${serverTimeout(deadlineMs)}` };
}

function refOf(object: Manifest): Ref {
  const { name, namespace } = object.metadata;
  if (name === undefined) throw new MedicError('E_KUBE_INVALID', 'bug', 'metadata.name is needed here');
  return namespace === undefined ? { name } : { name, namespace };
}

function body(resource: Resource, object: Manifest): string {
  return JSON.stringify({ apiVersion: resource.apiVersion, kind: resource.kind, ...object });
}

function parseJson(what: string, bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw malformedError(what, error);
  }
}
