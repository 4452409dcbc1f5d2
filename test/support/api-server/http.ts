/** Requests and answers over HTTPS. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { parse as parseYaml } from 'yaml';
import type { Access, Asked, Fault } from './access.ts';
import { isObject, objectAt, textAt, type Json, type JsonObject } from './json.ts';
import type { ServedKind } from './kinds.ts';
import { routeOf, type Route } from './route.ts';
import { badRequest, notFound, Refusal } from './status.ts';
import type { ObjectStore } from './store.ts';
import type { Verbs } from './verbs.ts';
import { isWatch, startWatch, type Lists } from './watch.ts';

/** What a kubelet answers through the node proxy. */
interface NodeAnswer {
  readonly status: number;
  readonly body: string | Buffer;
  readonly contentType?: string;
}
export type NodeProxy = (
  node: string,
  /** Path and query, as sent. */
  path: string,
  request: { readonly method: string; readonly body: string },
) => NodeAnswer | Promise<NodeAnswer>;

export interface HandlerParts {
  readonly kinds: readonly ServedKind[];
  readonly store: ObjectStore;
  readonly verbs: Verbs;
  readonly lists: Lists;
  readonly access: Access;
  readonly onNodeProxy: NodeProxy;
  readonly bookmarkMs: number;
  /** Milliseconds since 1970, for the `Date` of answers. */
  readonly now: () => number;
  /** Waited before each answer. */
  readonly latencyMs: () => number;
  /** Open watches, to be cut. */
  readonly watches: Set<ServerResponse>;
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly query: URLSearchParams;
  readonly body: string;
}

const MAX_BODY_BYTES = 3 * 1024 * 1024;

export async function handle(parts: HandlerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  try {
    await answer(parts, request, response);
  } catch (error) {
    const refusal = error instanceof Refusal ? error : new Refusal(500, 'InternalError', String(error));
    if (response.headersSent) response.destroy();
    else sendJson(request, response, refusal.code, refusal.body);
  }
}

async function answer(parts: HandlerParts, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  const latency = parts.latencyMs();
  if (latency > 0) await new Promise((resolve) => setTimeout(resolve, latency));
  response.setHeader('date', new Date(parts.now()).toUTCString());
  const target = request.url ?? '/';
  const user = parts.access.authenticate(request);
  const route = routeOf(parts.kinds, target);
  const query = new URLSearchParams(target.split('?')[1] ?? '');
  const asked = askedOf(route, request.method ?? 'GET', query);
  const fault = parts.access.faultFor(asked);
  if (fault !== undefined) {
    suffer(fault, request, response);
    return;
  }
  parts.access.authorize(asked, user);
  await dispatch(parts, route, { request, response, query, body });
}

function suffer(fault: Fault, request: IncomingMessage, response: ServerResponse): void {
  if (fault.with === 'reset') {
    request.socket.destroy();
    return;
  }
  if (fault.retryAfterSeconds !== undefined) response.setHeader('retry-after', String(fault.retryAfterSeconds));
  const refusal = new Refusal(fault.with, FAULT_REASONS[fault.with] ?? 'InternalError', 'an injected fault');
  sendJson(request, response, refusal.code, refusal.body);
}

const FAULT_REASONS: Readonly<Record<number, string>> = {
  409: 'Conflict',
  410: 'Expired',
  429: 'TooManyRequests',
  503: 'ServiceUnavailable',
};

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BODY_BYTES) throw new Refusal(413, 'RequestEntityTooLarge', 'Request entity too large');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

const VERBS: Readonly<Record<string, string>> = {
  GET: 'get',
  POST: 'create',
  PUT: 'update',
  PATCH: 'patch',
  DELETE: 'delete',
};

function askedOf(route: Route, method: string, query: URLSearchParams): Asked {
  const verb = VERBS[method] ?? method.toLowerCase();
  const timeout = query.get('timeout') ?? '';
  switch (route.type) {
    case 'health':
      return { verb, resource: '', subresource: '', name: '', timeout };
    case 'node-proxy':
      return { verb, resource: 'nodes', subresource: 'proxy', name: route.node, timeout };
    case 'collection': {
      const read = isWatch(query) ? 'watch' : 'list';
      return { verb: verb === 'get' ? read : verb, resource: route.kind.plural, subresource: '', name: '', timeout };
    }
    case 'object':
      return { verb, resource: route.kind.plural, subresource: route.subresource, name: route.name, timeout };
  }
}

async function dispatch(parts: HandlerParts, route: Route, exchange: Exchange): Promise<void> {
  const { request, response } = exchange;
  switch (route.type) {
    case 'health':
      response.end('ok');
      return;
    case 'node-proxy':
      await proxy(parts, route, exchange);
      return;
    case 'collection':
      if (request.method === 'GET' && isWatch(exchange.query)) watch(parts, route, exchange);
      else if (request.method === 'GET') sendJson(request, response, 200, parts.lists.list({ ...route, ...exchange }));
      else if (request.method === 'POST') create(parts, route, exchange);
      else
        throw new Refusal(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
      return;
    case 'object':
      sendJson(request, response, 200, onObject(parts, route, exchange));
      return;
  }
}

async function proxy(
  parts: HandlerParts,
  route: Extract<Route, { type: 'node-proxy' }>,
  exchange: Exchange,
): Promise<void> {
  const nodes = parts.kinds.find((kind) => kind.kind === 'Node');
  if (nodes !== undefined && parts.store.get(nodes, undefined, route.node) === undefined) {
    throw notFound(nodes, route.node);
  }
  const { request, response, body } = exchange;
  const result = await parts.onNodeProxy(route.node, route.path, { method: request.method ?? 'GET', body });
  response.writeHead(result.status, { 'content-type': result.contentType ?? 'text/plain; charset=utf-8' });
  response.end(result.body);
}

function watch(parts: HandlerParts, route: Extract<Route, { type: 'collection' }>, exchange: Exchange): void {
  const { response, query } = exchange;
  if (response.destroyed) return;
  const lines: string[] = [];
  let isOpen = false;
  const stop = startWatch(
    parts.store,
    { ...route, query },
    {
      send(event): void {
        const line = `${JSON.stringify(event)}\n`;
        if (response.writableEnded) return;
        if (isOpen) response.write(line);
        else lines.push(line);
      },
      end: () => response.end(),
    },
    parts.bookmarkMs,
  );
  parts.watches.add(response);
  response.on('close', () => {
    stop();
    parts.watches.delete(response);
  });
  response.writeHead(200, { 'content-type': 'application/json' });
  response.flushHeaders();
  isOpen = true;
  for (const line of lines) response.write(line);
}

function create(parts: HandlerParts, route: Extract<Route, { type: 'collection' }>, exchange: Exchange): void {
  const { kind, namespace } = route;
  const body = parseObject(exchange.body);
  const inBody = textAt(objectAt(body, 'metadata'), 'namespace');
  if (kind.namespaced && namespace === undefined) throw badRequest('a namespace is needed');
  if (inBody !== undefined && inBody !== namespace) throw badRequest('the namespace of the object does not match');
  const created = parts.verbs.create(kind, namespace, body, managerOf(exchange));
  sendJson(exchange.request, exchange.response, 201, created);
}

function managerOf({ request, query }: Exchange): string {
  return query.get('fieldManager') ?? request.headers['user-agent']?.split('/')[0] ?? 'unknown';
}

function onObject(parts: HandlerParts, target: Extract<Route, { type: 'object' }>, exchange: Exchange): JsonObject {
  const { verbs, store } = parts;
  const manager = managerOf(exchange);
  const method = exchange.request.method ?? '';
  switch (method) {
    case 'GET': {
      const object = store.get(target.kind, target.namespace, target.name);
      if (object === undefined) throw notFound(target.kind, target.name);
      return object;
    }
    case 'PUT':
      return verbs.update(target, parseObject(exchange.body), manager);
    case 'PATCH':
      return patch(verbs, target, exchange);
    case 'DELETE': {
      const options = exchange.body === '' ? {} : parseObject(exchange.body);
      verbs.remove(target, objectAt(options, 'preconditions'));
      return { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success' };
    }
    default:
      throw new Refusal(405, 'MethodNotAllowed', 'the server does not allow this method on the requested resource');
  }
}

function patch(verbs: Verbs, target: Extract<Route, { type: 'object' }>, exchange: Exchange): JsonObject {
  const manager = managerOf(exchange);
  const type = exchange.request.headers['content-type']?.split(';')[0] ?? '';
  switch (type) {
    case 'application/json-patch+json':
      return verbs.patch(target, parseJson(exchange.body), { manager, type: 'json' });
    case 'application/merge-patch+json':
      return verbs.patch(target, parseJson(exchange.body), { manager, type: 'merge' });
    case 'application/apply-patch+yaml': {
      if (exchange.query.get('fieldManager') === null)
        throw badRequest('PatchOptions: fieldManager is required for apply patch');
      const config: unknown = parseYaml(exchange.body);
      if (!isObject(config)) throw badRequest('an apply patch is an object');
      return verbs.apply(target, config, { manager, force: exchange.query.get('force') === 'true' });
    }
    default:
      throw new Refusal(415, 'UnsupportedMediaType', `the body of the request was in an unknown format: ${type}`);
  }
}

function parseJson(text: string): Json {
  try {
    return JSON.parse(text) as Json;
  } catch (error) {
    throw badRequest(`the body is no JSON: ${String(error)}`);
  }
}

function parseObject(text: string): JsonObject {
  const value = parseJson(text);
  if (!isObject(value)) throw badRequest('the body is no object');
  return value;
}

/** Source: apiserver compresses answers from 128 KiB on. */
const GZIP_FROM_BYTES = 128 * 1024;

function sendJson(request: IncomingMessage, response: ServerResponse, code: number, body: JsonObject): void {
  const bytes = Buffer.from(JSON.stringify(body));
  const accepts = request.headers['accept-encoding']?.includes('gzip') === true;
  response.statusCode = code;
  response.setHeader('content-type', 'application/json');
  if (accepts && bytes.length >= GZIP_FROM_BYTES) {
    response.setHeader('content-encoding', 'gzip');
    response.end(gzipSync(bytes));
  } else response.end(bytes);
}
