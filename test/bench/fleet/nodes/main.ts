/** The process of all simulated nodes: `node main.ts`, with an IPC channel to the bench. */
import { AsyncLocalStorage } from 'node:async_hooks';
import * as z from 'zod/mini';
import { ObjectMeta } from '../../../../src/api/meta.ts';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { HealthSpec } from '../../../../src/api/v1alpha1/kinds/health.ts';
import { HEALTHS, INCIDENTS, NODES } from '../../../../src/api/resources.ts';
import type { Requests } from '../../../../src/agent/requests.ts';
import { isOpen } from '../../../../src/core/decision/node-state.ts';
import { createCluster } from '../../../../src/kube/cluster.ts';
import type { Cluster } from '../../../../src/ports/cluster.ts';
import { isMedicError } from '../../../../src/ports/errors.ts';
import type { Log } from '../../../../src/ports/log.ts';
import { cleanCluster } from '../../../../src/stores/clean-cluster.ts';
import { createRecordingMetrics } from '../../../support/builders/recording.ts';
import { startSimulatedHost } from '../../../support/host/simulated-host.ts';
import { realClock, realRandom } from '../../../support/real-time.ts';
import { createTokenSigner, NAMESPACE } from '../machine/plane.ts';
import { nodeName } from '../seed/node-manifest.ts';
import { startAgentOn, type SimulatedAgent } from './agent.ts';
import { BREACH } from './ailment.ts';
import { postReady, runFlapping, runHeartbeat } from './kubelet.ts';
import type { FleetConfig, FleetState, Order } from './messages.ts';

const config = JSON.parse(process.argv[2] ?? '') as FleetConfig;
const { signal } = new AbortController();
const FLAPPING_SHARE = 0.01;

/** When things happened to a node that has gone ill, on the monotonic clock. */
interface Course {
  writtenAt?: number;
  openedAt?: number;
  verdictAt?: number;
}

let breaches = 0;
let failures = 0;
let lastFailure = '';
const courses = new Map<string, Course>();
const reported = new Set<string>();
const everIll = new Set<string>();

function note(error: unknown): void {
  failures += 1;
  lastFailure = error instanceof Error ? error.message : String(error);
}

const log: Log = {
  debug: () => undefined,
  info: () => undefined,
  // A host that is ill cannot give all that is asked of it: that is as it should be.
  warn: (_message, fields) => {
    if (isMedicError(fields?.err) && fields.err.code.startsWith('E_KUBE')) note(fields.err);
  },
  error: (message, fields) => {
    note(fields?.err ?? message);
  },
  child: () => log,
};

/** Whose call a request belongs to: all agents share the connections, each has a token of its own node. */
const caller = new AsyncLocalStorage<string>();
const tokens = new Map<string, string>();
const signToken = createTokenSigner(config.tokenKeyFile);
const material = { ca: config.ca };

function connect(authorization: () => string): Cluster {
  const connection = {
    server: `https://127.0.0.1:${config.port}`,
    tls: () => Promise.resolve(material),
    authorization: () => Promise.resolve(`Bearer ${authorization()}`),
  };
  return createCluster(connection, { clock: realClock, random: realRandom, log });
}

const admin = connect(() => 'admin');
const agentsCluster = connect(() => tokens.get(caller.getStore() ?? '') ?? '');

/** The agents' cluster, as the agent of this node sees it; it notes when a report has arrived. */
function clusterOf(node: string): Cluster {
  const asNode = new Proxy(agentsCluster, {
    get: (target, key): unknown => {
      const value: unknown = Reflect.get(target, key);
      if (typeof value !== 'function') return value;
      return (...args: readonly unknown[]): unknown =>
        caller.run(node, () => Reflect.apply(value, target, args) as unknown);
    },
  });
  return cleanCluster({
    ...asNode,
    apply: async (resource, object, how) => {
      const written = await asNode.apply(resource, object, how);
      if (resource.kind === HEALTHS.kind) noteReport(node, object['status']);
      return written;
    },
  });
}

function noteReport(node: string, status: unknown): void {
  reported.add(node);
  const course = courses.get(node);
  if (course !== undefined && JSON.stringify(status).includes('"Unhealthy"')) course.writtenAt ??= performance.now();
}

const Over = z.object({
  metadata: ObjectMeta,
  spec: z.object({ nodeName: z.string() }),
  status: z.object({ outcome: z.string() }),
});

/** Of the many incidents that are over no more is needed than that they are. */
function parseOpen(raw: unknown): KubeletIncident {
  const over = Over.safeParse(raw);
  if (!over.success) return INCIDENTS.parse(raw);
  const conditions = [{ type: 'Complete', status: 'True', reason: '', message: '', lastTransitionTime: '' }];
  // Nobody asks for the rest of one that is complete.
  return { ...over.data, status: { ...over.data.status, conditions } } as unknown as KubeletIncident;
}

const healths = admin.mirror(HEALTHS, {}, signal);
const incidents = admin.mirror({ ...INCIDENTS, parse: parseOpen }, {}, signal);
/** Open incidents by node. */
const open = new Map<string, Map<string, KubeletIncident>>();
const handlers = new Map<string, { readonly health: (() => void)[]; readonly incident: (() => void)[] }>();
const agents = new Map<string, SimulatedAgent>();

healths.onChange((current) => {
  for (const handler of handlers.get(current?.metadata.name ?? '')?.health ?? []) handler();
});

function keepOpen(node: string, name: string, current: KubeletIncident | undefined): void {
  const ofNode = open.get(node) ?? new Map<string, KubeletIncident>();
  if (current !== undefined && isOpen(current)) open.set(node, ofNode.set(name, current));
  else ofNode.delete(name);
}

function noteCourse(node: string, incident: KubeletIncident): void {
  const course = courses.get(node);
  if (course === undefined || !isOpen(incident)) return;
  course.openedAt ??= performance.now();
  if (incident.status.diagnosis !== undefined) course.verdictAt ??= performance.now();
  agents.get(node)?.work();
}

incidents.onChange((current, previous) => {
  const incident = current ?? previous;
  if (incident === undefined) return;
  const node = incident.spec.nodeName;
  keepOpen(node, incident.metadata.name, current);
  if (current !== undefined) noteCourse(node, current);
  for (const handler of handlers.get(node)?.incident ?? []) handler();
});

function requestsOf(node: string): Requests {
  const own = { health: [] as (() => void)[], incident: [] as (() => void)[] };
  handlers.set(node, own);
  let lastSpec = HealthSpec.parse({});
  const spec = (): HealthSpec => (lastSpec = healths.get(node)?.spec ?? lastSpec);
  return {
    health: () => healths.get(node),
    spec,
    clockAheadMs: () => 0,
    incidents,
    openIncidents: () => [...(open.get(node)?.values() ?? [])],
    freshAt: () => incidents.freshAt(),
    onHealth: (handler) => void own.health.push(handler),
    onIncident: (handler) => void own.incident.push(handler),
  };
}

async function start(): Promise<void> {
  const { account, accountUID } = config;
  const nodes = await admin.list(NODES, { pageSize: 250 });
  for (const { metadata } of nodes.items) {
    const node = { name: metadata.name, uid: metadata.uid };
    tokens.set(metadata.name, signToken({ account, accountUID, node }));
  }
  await Promise.all([healths.whenSynced(), incidents.whenSynced()]);
  const healthy = startSimulatedHost({ node: 'healthy', clock: realClock, random: realRandom }, signal);
  const metrics = createRecordingMetrics();
  const flapping = Math.ceil(config.nodes * FLAPPING_SHARE);
  for (let index = 0; index < config.nodes; index++) {
    const node = nodeName(index);
    const pod = `kubelet-medic-agent-${index.toString(36).padStart(5, 'x')}`;
    const world = { node, version: '0.1.0', pod, namespace: NAMESPACE, cluster: clusterOf(node), log, metrics };
    agents.set(node, startAgentOn(world, { requests: requestsOf(node), healthy, signal }));
    const kubelet = index < config.nodes - flapping ? runHeartbeat : runFlapping;
    kubelet(admin, node, note, signal).catch(note);
    // As quickly as their first reports are written: a rollout starts them in turn as well.
    while (index - reported.size > 24) await realClock.sleep(5, signal);
  }
}

/** The kubelet tells the API server within this time of its log: at its next sync of the status. */
const TELLS_WITHIN_MS = 10_000;

async function breach(count: number, withinMs: number): Promise<void> {
  breaches += 1;
  courses.clear();
  const flapping = Math.ceil(config.nodes * FLAPPING_SHARE);
  // Nodes that have not been ill yet: an incident that is not quite over would hide a second one.
  const chosen = [...agents]
    .slice(0, config.nodes - flapping)
    .filter(([node]) => !everIll.has(node))
    .slice(0, count);
  await Promise.all(
    chosen.map(async ([node, agent]) => {
      await realClock.sleep(Math.random() * withinMs, signal);
      courses.set(node, {});
      everIll.add(node);
      agent.fallIll();
      await realClock.sleep(Math.random() * TELLS_WITHIN_MS, signal);
      if (agent.isIll) await postReady(admin, node, BREACH);
    }),
  );
}

async function heal(): Promise<void> {
  const ill = [...agents].filter(([, { isIll }]) => isIll);
  await Promise.all(
    ill.map(async ([node, agent]) => {
      agent.getWell();
      await postReady(admin, node, undefined);
    }),
  );
}

let lagMs = 0;
let turnAt = performance.now();
setInterval(() => {
  lagMs = Math.max(lagMs * 0.9, performance.now() - turnAt - 50);
  turnAt = performance.now();
}, 50);

function state(): FleetState {
  const all = [...courses.values()];
  const since = (pick: (course: Course) => number | undefined): readonly number[] =>
    all.flatMap((course) => {
      const [from, to] = [course.writtenAt, pick(course)];
      // The watch may bring an incident before the answer to the write of the breach is read.
      return from === undefined || to === undefined ? [] : [Math.max(0, to - from)];
    });
  return {
    reported: reported.size,
    breaches,
    written: all.filter(({ writtenAt }) => writtenAt !== undefined).length,
    openedMs: since(({ openedAt }) => openedAt),
    verdictMs: since(({ verdictAt }) => verdictAt),
    ...{ failures, lastFailure, lagMs },
  };
}

setInterval(() => process.send?.(state()), 500);
process.on('disconnect', () => process.exit(0));
process.on('message', (order: Order) => {
  if (order.kind === 'start') start().catch(note);
  else if (order.kind === 'breach') breach(order.count, order.withinMs).catch(note);
  else heal().catch(note);
});
