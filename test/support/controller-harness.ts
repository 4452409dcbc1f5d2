/** The whole controller on a clock that stands still: real agents on simulated hosts, the store of a real API server. */
import { type OwnCauses, NO_OWN_CAUSES } from '../../src/core/diagnosis/catalogue/own-causes.ts';
import { DEFAULT_BOUNDS, type StorageBounds } from '../../src/core/decision/storage/bounds.ts';
import { EVENTS, HEALTHS, INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import type { KubeletHealth } from '../../src/api/v1alpha1/kinds/health.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { CONTROLLER_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import type { Notifications } from '../../src/controller/notification/notifications.ts';
import type { World } from '../../src/controller/world.ts';
import { networkError } from '../../src/kube/errors.ts';
import { MedicError } from '../../src/ports/errors.ts';
import type { Cluster, ProxyRequest, ProxyResponse } from '../../src/ports/cluster.ts';
import { isObject, objectAt, textAt, type JsonObject } from './api-server/json.ts';
import {
  createRecordingLog,
  createRecordingMetrics,
  type RecordingLog,
  type RecordingMetrics,
} from './builders/recording.ts';
import { createFakeClock, createSeededRandom, skewedClock, type FakeClock, type SkewedClock } from './clock.ts';
import type { Dumps } from './host/kubelet-api.ts';
import { type SimulatedHost, startSimulatedHost } from './host/simulated-host.ts';
import { createLocalCluster, type LocalCluster } from './local-cluster.ts';
import type { FakeBucket } from './fake-bucket.ts';
import { keepStatus, renewLease, seedNode } from './node-status.ts';
import { createParties, type Party } from './parties.ts';
import { startAgentProcess, startControllerProcess, type Process } from './processes.ts';

export interface ControllerBenchOptions {
  readonly nodes?: readonly string[];
  /** spec of the policy `default`; undefined: `{ mode: 'Remediate' }`. */
  readonly policy?: object;
  readonly dumps?: Dumps;
  /** The right to use the node proxy is granted. */
  readonly nodeProxy?: boolean;
  readonly storage?: Partial<StorageBounds>;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of the user, as all programs of the cluster have them. */
  readonly ownCauses?: OwnCauses;
  /** Who is told; undefined: nobody. */
  readonly notifications?: Notifications;
  /** Other operators may ask for a node; undefined: they may not. */
  readonly remediations?: World['remediations'];
  /** Of the controller and of all agents; undefined: there is none. Made with the clock. */
  readonly bucket?: (clock: FakeClock) => FakeBucket | undefined;
  /** By default one that wakes together what is due within 20 ms. */
  readonly clock?: FakeClock;
  /** How far a party's clock is ahead from the beginning, in milliseconds, by its name. */
  readonly clocksAhead?: Readonly<Record<string, number>>;
}

/** An Event as a person reads it. */
interface Told {
  readonly reason: string;
  readonly message: string;
  readonly kind: unknown;
  readonly name: unknown;
}

export interface ControllerBench {
  /** Common to all; it jumps with everybody's wall clock. */
  readonly clock: FakeClock;
  /** The API server's own. */
  readonly serverClock: SkewedClock;
  /** Clock and faults of a node (its kubelet and its agent), or of a controller (`controller-1`). */
  party(name: string): Party;
  readonly local: LocalCluster;
  readonly log: RecordingLog;
  readonly metrics: RecordingMetrics;
  readonly hosts: ReadonlyMap<string, SimulatedHost>;
  host(node: string): SimulatedHost;
  /** Starts a controller; one of that name that runs is killed first, without any cleaning up. */
  startController(name?: string): void;
  /** Tells a controller to end, as the loss of its lease does: what it has begun goes on. */
  stopController(name?: string): void;
  killController(name?: string): void;
  /** The running controller dies at its write number `count` (0 is the next one), which arrives. @returns whether it has. */
  killAtWrite(count: number): () => boolean;
  /** The node, its kubelet and its agent, reaches the API server no more, or again. */
  cut(node: string, isCut: boolean): void;
  /** The kubelet's Lease is renewed, by whoever it is. */
  renewLease(node: string): void;
  /** From now on the controller may not get or list objects of a kind. */
  refuseReads(plural: string): void;
  startAgent(node: string): void;
  killAgent(node: string): void;
  /** Of one node or of all, oldest first. */
  incidents(node?: string): readonly KubeletIncident[];
  incident(node: string): KubeletIncident;
  health(node: string): KubeletHealth | undefined;
  /** The Node as it is stored. */
  node(name: string): JsonObject;
  editNode(name: string, manager: string, change: (spec: JsonObject) => void): void;
  editPolicy(change: (spec: JsonObject) => void): void;
  events(reason?: string): readonly Told[];
  /** Moves on until an incident of the node is there and `condition` holds for the newest one. */
  until(node: string, condition: (incident: KubeletIncident) => boolean, limitMs?: number): Promise<KubeletIncident>;
  finish(): Promise<void>;
}

const CONTROLLER = 'controller-1';

export function isUnschedulable(node: JsonObject): boolean {
  return objectAt(node, 'spec')['unschedulable'] === true;
}

export function createControllerBench(options: ControllerBenchOptions = {}): ControllerBench {
  const { nodes = ['node-a'], dumps, labels = {}, ownCauses = NO_OWN_CAUSES } = options;
  const clock = options.clock ?? createFakeClock(undefined, { grainMs: 20 });
  const bucket = options.bucket?.(clock);
  const random = createSeededRandom(11);
  const life = new AbortController();
  const { signal } = life;
  const serverClock = skewedClock(clock);
  const local = createLocalCluster(serverClock);
  const party = createParties(local, {
    clock,
    random: createSeededRandom(12),
    around: (cluster) => ({ ...cluster, proxyNode }),
  });
  const log = createRecordingLog();
  const metrics = createRecordingMetrics();
  const hosts = new Map<string, SimulatedHost>();
  const cuts = new Set<string>();
  const agents = new Map<string, Process>();
  const controllers = new Map<string, Process>();
  let refused: string | undefined;

  for (const [name, ms] of Object.entries(options.clocksAhead ?? {})) party(name).clock.jump(ms);
  for (const name of nodes) {
    seedNode(local.seeds, name, clock.now(), { labels });
    const own = party(name).clock;
    const host = startSimulatedHost(
      { node: name, clock: own, random, ...(dumps === undefined ? {} : { dumps }) },
      signal,
    );
    hosts.set(name, host);
    keepStatus(local.seeds, name, host, { clock: own, signal, isCut: () => cuts.has(name) }).catch((error: unknown) => {
      if (!signal.aborted) throw error;
    });
  }
  local.seeds.seed(POLICIES, { metadata: { name: 'default' }, spec: options.policy ?? { mode: 'Remediate' } });
  const incidents = local.cluster.mirror(INCIDENTS, {}, signal);
  incidents.whenSynced().catch(() => undefined);

  async function proxyNode(node: string, path: string, request: ProxyRequest): Promise<ProxyResponse> {
    const what = `get nodes/${node}/proxy${path}`;
    const late = clock.sleep(request.deadlineMs ?? 10_000, signal).then(() => {
      throw networkError(what, new Error('deadline exceeded'));
    });
    late.catch(() => undefined);
    const answer = hosts.get(node)?.kubeletApi(path) ?? Promise.resolve({ status: 502, body: 'no such node' });
    const { status, body } = await Promise.race([answer, late]);
    return { status, body: Buffer.from(body), truncated: false };
  }

  function refuse(plural: string): void {
    if (plural === refused) throw new MedicError('E_KUBE_DENIED', 'denied', `${plural} is forbidden`);
  }

  function stopController(name = CONTROLLER): void {
    controllers.get(name)?.stop();
  }

  function killController(name = CONTROLLER): void {
    const running = controllers.get(name);
    controllers.delete(name);
    running?.kill();
  }

  function startController(name = CONTROLLER): void {
    killController(name);
    const { cluster: reached, clock: ownClock } = party(name);
    const cluster: Cluster = {
      ...reached,
      get: async (resource, ref, call) => {
        refuse(resource.plural);
        return await reached.get(resource, ref, call);
      },
      list: async (resource, query, call) => {
        refuse(resource.plural);
        return await reached.list(resource, query, call);
      },
    };
    const storage = { ...DEFAULT_BOUNDS, ...options.storage };
    const limits = { medik8sLeases: true, maxInCluster: 5, storage };
    const own = { random, log, metrics, ownCauses, ...limits, failpoint: () => undefined };
    const nodeProxy = options.nodeProxy ?? false;
    const told = options.notifications === undefined ? {} : { notifications: options.notifications };
    const asked = options.remediations === undefined ? {} : { remediations: options.remediations };
    const stored = bucket === undefined ? {} : { bucket: { settings: bucket.settings, client: bucket.client } };
    const uses = { ...told, ...asked, ...stored };
    controllers.set(name, startControllerProcess({ ...own, ...uses, cluster, clock: ownClock, nodeProxy }));
  }

  function killAtWrite(count: number): () => boolean {
    const target = controllers.get(CONTROLLER);
    let left = count;
    local.onWrite(({ manager, verb }) => {
      const isOurs = manager === CONTROLLER_MANAGER || verb === 'delete';
      if (controllers.get(CONTROLLER) === target && isOurs && left-- === 0) killController();
    });
    return () => controllers.get(CONTROLLER) !== target;
  }

  function ofNode(node: string | undefined): readonly KubeletIncident[] {
    return incidents
      .list()
      .filter(({ spec }) => node === undefined || spec.nodeName === node)
      .sort((a, b) => a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp));
  }

  function killAgent(node: string): void {
    agents.get(node)?.kill();
    agents.delete(node);
  }

  function host(node: string): SimulatedHost {
    const found = hosts.get(node);
    if (found === undefined) throw new Error(`there is no host ${node}`);
    return found;
  }

  function incident(node: string): KubeletIncident {
    const newest = ofNode(node).at(-1);
    if (newest === undefined) throw new Error(`there is no incident of ${node}`);
    return newest;
  }

  return {
    clock,
    serverClock,
    party,
    local,
    log,
    metrics,
    hosts,
    host,
    cut(node, isCut): void {
      if (isCut) cuts.add(node);
      else cuts.delete(node);
      party(node).faults.setDown(isCut ? 'connect EHOSTUNREACH' : undefined);
    },
    renewLease(node): void {
      renewLease(local.seeds, node, clock.now());
    },
    refuseReads(plural): void {
      refused = plural;
    },
    startController,
    stopController,
    killController,
    killAtWrite,
    killAgent,
    startAgent(node): void {
      killAgent(node);
      const { cluster, clock: own } = party(node);
      const pod = { version: '0.1.0', pod: `kubelet-medic-agent-${node}`, namespace: 'kubelet-medic' };
      const recording = { log: createRecordingLog(), metrics: createRecordingMetrics() };
      const stored = bucket === undefined ? {} : { bucket: { settings: bucket.settings, put: bucket.put(own) } };
      const parts = { cluster, host: host(node).host, clock: own, random, ownCauses, ...recording };
      const world = { node, ...pod, ...parts, ...stored };
      agents.set(node, startAgentProcess(world));
    },
    incidents: ofNode,
    incident,
    health: (node) => local.read(HEALTHS, node),
    node(name): JsonObject {
      const found = local.seeds.read(NODES, { name });
      if (found === undefined) throw new Error(`there is no node ${name}`);
      return found;
    },
    editNode(name, manager, change): void {
      local.seeds.edit(
        NODES,
        { name },
        (draft) => {
          const spec = { ...objectAt(draft, 'spec') };
          change(spec);
          draft['spec'] = spec;
        },
        manager,
      );
    },
    editPolicy(change): void {
      local.seeds.edit(POLICIES, { name: 'default' }, (draft) => {
        const spec = { ...objectAt(draft, 'spec') };
        change(spec);
        draft['spec'] = spec;
      });
    },
    events(reason): readonly Told[] {
      return local.writes
        .filter(({ plural, verb, body }) => plural === EVENTS.plural && verb === 'create' && isObject(body))
        .flatMap(({ body }) => (isObject(body) ? [body] : []))
        .map((body) => ({
          reason: textAt(body, 'reason') ?? '',
          message: textAt(body, 'message') ?? '',
          kind: objectAt(body, 'involvedObject')['kind'],
          name: objectAt(body, 'involvedObject')['name'],
        }))
        .filter((told) => reason === undefined || told.reason === reason);
    },
    async until(node, condition, limitMs = 600_000): Promise<KubeletIncident> {
      await clock.advanceUntil(() => ofNode(node).length > 0 && condition(incident(node)), limitMs, 500);
      return incident(node);
    },
    async finish(): Promise<void> {
      for (const name of [...controllers.keys()]) killController(name);
      for (const node of nodes) killAgent(node);
      life.abort(new Error('the test is over'));
      await clock.settle();
    },
  };
}
