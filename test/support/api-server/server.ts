/**
 * An API server in memory, over HTTPS with a CA of its own: for the demo and for tests of whole components.
 * What it does is held against a real kube-apiserver by the suite in test/contract.
 */
import { readFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import { createServer, type Server } from 'node:https';
import type { KubeObject, Manifest, Ref, Resource } from '../../../src/ports/cluster.ts';
import type { Connection } from '../../../src/kube/connection/connection.ts';
import { createAccess, type DenyRule, type Fault } from './access.ts';
import { handle, type NodeProxy } from './http.ts';
import type { JsonObject, StoredObject } from './json.ts';
import { servedKinds, type ServedKind } from './kinds.ts';
import { createSeeds } from './seeds.ts';
import { createStore, type Change } from './store.ts';
import { createVerbs } from './verbs.ts';
import { createLists } from './watch.ts';

export interface ApiServerOptions {
  /** Milliseconds since 1970, for timestamps. Default: the wall clock. */
  readonly now?: () => number;
  /** Time between bookmarks, in real milliseconds. Default 1000. */
  readonly bookmarkMs?: number;
  /** Answers as the kubelets. Default: 502 for all. */
  readonly onNodeProxy?: NodeProxy;
  /** Default: a free one. */
  readonly port?: number;
}

type AnyResource = Pick<Resource, 'apiVersion' | 'plural'>;

export interface ApiServer {
  readonly url: string;
  /** PEM. */
  readonly ca: string;
  /** As `user`, who may do everything that no rule denies. */
  connection(user?: string): Connection;
  bearerToken(user: string): string;
  /** All bearer tokens given so far expire; connections read a new one by themselves. */
  expireTokens(): void;
  /** Creates or overwrites an object, its status too, as a cluster's own components would. */
  seed(resource: AnyResource, object: Manifest | JsonObject): StoredObject;
  /** Changes an object, its status too, as `manager` (a kubelet, a person with kubectl). */
  edit(resource: AnyResource, ref: Ref, change: (draft: JsonObject) => void, manager?: string): StoredObject;
  read(resource: AnyResource, ref: Ref): StoredObject | undefined;
  list<T extends KubeObject>(resource: Resource<T>): readonly T[];
  remove(resource: AnyResource, ref: Ref): void;
  /** Told of each change after it is stored. Returns what ends that. */
  onChange(listener: (change: Change) => void): () => void;
  /** Denies what the rule says. Returns what lifts it. */
  deny(rule: DenyRule): () => void;
  fail(fault: Fault): void;
  /** Ends all watches, as an API server does now and then. */
  cutWatches(): void;
  /** Writes one line into all open watches, whatever it is. */
  writeToWatches(line: string): void;
  /** Forgets history, so that watches and continue tokens from before get 410. */
  compact(): void;
  /** Delays each answer. */
  setLatency(ms: number): void;
  /** TCP connections accepted so far. */
  connections(): number;
  close(): Promise<void>;
}

const pki = (file: string): string => readFileSync(new URL(`test-only-pki/${file}`, import.meta.url), 'utf8');

/** Ready when it resolves. */
export async function startApiServer(options: ApiServerOptions = {}): Promise<ApiServer> {
  const now = options.now ?? Date.now;
  const kinds = servedKinds();
  const store = createStore();
  const verbs = createVerbs(store, now);
  const lists = createLists(store);
  const access = createAccess();
  const watches = new Set<ServerResponse>();
  const ca = pki('ca.crt');
  let latencyMs = 0;
  let connections = 0;

  const server = createServer({ cert: pki('server.crt'), key: pki('server.key') });
  server.on('connection', () => {
    connections += 1;
  });
  const onNodeProxy: NodeProxy = options.onNodeProxy ?? ((node) => ({ status: 502, body: `${node} has no kubelet` }));
  const bookmarkMs = options.bookmarkMs ?? 1000;
  server.on('request', (request, response) => {
    const settings = { onNodeProxy, bookmarkMs, now, latencyMs: (): number => latencyMs };
    const parts = { kinds, store, verbs, lists, access, watches, ...settings };
    void handle(parts, request, response);
  });
  const port = await listen(server, options.port ?? 0);
  const url = `https://127.0.0.1:${port}`;
  const cutWatches = (): void => {
    for (const response of watches) response.end();
  };

  return {
    url,
    ca,
    connection: (user = 'system:admin') => connectionOf(url, ca, () => access.tokenOf(user)),
    bearerToken: (user) => access.tokenOf(user),
    expireTokens: access.expireTokens,
    ...createSeeds((resource) => kindOf(kinds, resource), store, now),
    list<T extends KubeObject>(resource: Resource<T>): readonly T[] {
      return store.list(kindOf(kinds, resource)).map((object) => resource.parse(structuredClone(object)));
    },
    onChange: (listener) => store.onChange(listener),
    deny: access.deny,
    fail: access.fail,
    cutWatches,
    writeToWatches(line): void {
      for (const response of watches) if (!response.writableEnded) response.write(`${line}\n`);
    },
    compact(): void {
      store.compact();
      lists.compact();
    },
    setLatency(ms): void {
      latencyMs = ms;
    },
    connections: () => connections,
    async close(): Promise<void> {
      cutWatches();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function listen(server: Server, port: number): Promise<number> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  const address = server.address();
  return typeof address === 'object' && address !== null ? address.port : port;
}

function connectionOf(server: string, ca: string, token: () => string): Connection {
  const material = { ca };
  let last = token();
  return {
    server,
    tls: () => Promise.resolve(material),
    authorization(refused) {
      if (refused !== undefined) last = token();
      return Promise.resolve(`Bearer ${last}`);
    },
  };
}

function kindOf(kinds: readonly ServedKind[], resource: AnyResource): ServedKind {
  const kind = kinds.find(({ apiVersion, plural }) => apiVersion === resource.apiVersion && plural === resource.plural);
  if (kind === undefined) throw new Error(`the embedded API server does not serve ${resource.plural}`);
  return kind;
}
