/** A small cluster in which everything may go wrong: real controllers, real agents, simulated hosts, people. */
import { DEFAULT_BOUNDS } from '../../src/core/decision/storage/bounds.ts';
import { INCIDENTS, LEASES, NAMESPACES, NODES, POLICIES } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import type { Node } from '../../src/api/kubernetes/node.ts';
import { isOpen } from '../../src/core/decision/node-state.ts';
import { toMicroTime } from '../../src/core/time/timestamp.ts';
import type { Host } from '../../src/ports/host.ts';
import { objectAt, textAt, type JsonObject } from '../support/api-server/json.ts';
import { createRecordingLog, createRecordingMetrics } from '../support/builders/recording.ts';
import { createFakeClock, createSeededRandom, skewedClock } from '../support/clock.ts';
import { startSimulatedHost, type SimulatedHost } from '../support/host/simulated-host.ts';
import { createLocalCluster } from '../support/local-cluster.ts';
import { keepStatus, seedNode } from '../support/node-status.ts';
import { createParties } from '../support/parties.ts';
import {
  LEADER_LEASE,
  startAgentProcess,
  startControllerProcess,
  startElectedController,
  type Process,
} from '../support/processes.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
import { createStory, follow } from './story.ts';
import { createWatchman } from './watchman.ts';
import type { ModelWorld, Moment, Watchman, WorldShape } from './world-shape.ts';
import { createWrites, tapped } from './writes.ts';

const NAMES = ['node-a', 'node-b', 'node-c'];
const GRAIN_MS = 1_000;
/** A container that has ended is started again after so long, in milliseconds. */
const RESTART_MS = 10_000;

export async function createModelWorld(shape: WorldShape): Promise<ModelWorld> {
  const random = createSeededRandom(shape.seed);
  const clock = createFakeClock(undefined, { grainMs: GRAIN_MS, random });
  const serverClock = skewedClock(clock);
  const life = new AbortController();
  const { signal } = life;
  let objects = 0;
  const local = createLocalCluster(serverClock, () => `uid-${String((objects += 1))}`);
  const story = createStory(clock);
  const log = createRecordingLog();
  const nodes = NAMES.slice(0, shape.nodes);
  const controllers = ['controller-1', 'controller-2'].slice(0, shape.controllers);
  const hosts = new Map<string, SimulatedHost>();
  const processes = new Map<string, Process>();
  const writes = createWrites((name, when) => {
    story.tell(`${name} is killed ${when} a write`);
    kill(name);
  });
  const cuts = new Set<string>();
  const awaited: { readonly moment: Moment; readonly run: (node: string) => void }[] = [];
  const party = createParties(local, {
    clock,
    random,
    around: (cluster, name) => tapped(cluster, () => writes.arrives(name)),
  });
  let births = 0;

  const world: ModelWorld = {
    shape,
    clock,
    serverClock,
    local,
    story,
    get watchman(): Watchman {
      return watchman;
    },
    nodes,
    controllers,
    log,
    leader: () => {
      const holder = textAt(objectAt(local.seeds.read(LEASES, LEADER_LEASE), 'spec'), 'holderIdentity');
      return holder === '' ? undefined : holder;
    },
    party,
    host(node): SimulatedHost {
      const found = hosts.get(node);
      if (found === undefined) throw new Error(`there is no host ${node}`);
      return found;
    },
    start,
    kill,
    isRunning: (program) => processes.get(program)?.isDead() === false,
    killAtWrite: (program, count, when) => {
      writes.killAt(program, count, when);
    },
    writesOf: (program) => writes.count(program),
    spareAll(): void {
      writes.spareAll();
      awaited.length = 0;
    },
    atNext(moment, run): void {
      awaited.push({ moment, run });
    },
    reached(moment, node): void {
      const now = awaited.filter((one) => one.moment === moment);
      for (const one of now) {
        awaited.splice(awaited.indexOf(one), 1);
        one.run(node);
      }
    },
    later(ms, run): void {
      clock.sleep(ms, signal).then(run, () => undefined);
    },
    cut(node, isCut): void {
      if (isCut) cuts.add(node);
      else cuts.delete(node);
      party(node).faults.setDown(isCut ? 'connect EHOSTUNREACH' : undefined);
    },
    isCut: (node) => cuts.has(node),
    incidents: () => local.list<KubeletIncident>(INCIDENTS),
    openIncident: (node) =>
      local.list<KubeletIncident>(INCIDENTS).find((incident) => incident.spec.nodeName === node && isOpen(incident)),
    node: (name) => local.read<Node>(NODES, name),
    seedNode(name): void {
      births += 1;
      const isControlPlane = nodes.indexOf(name) < shape.controlPlane;
      const labels = isControlPlane ? { 'node-role.kubernetes.io/control-plane': '' } : {};
      seedNode(local.seeds, name, serverClock.now(), { labels, uid: `uid-${name}-${String(births)}` });
    },
    check(): void {
      const [first] = watchman.seen();
      if (first !== undefined) throw new Error(`${first}\n${story.lines().join('\n')}`);
    },
    async finish(): Promise<void> {
      for (const name of [...processes.keys()]) kill(name);
      life.abort(new Error('the world ends'));
      await clock.settle();
    },
  };
  const watchman = createWatchman(world);

  function kill(program: string): void {
    writes.spare(program);
    processes.get(program)?.kill();
    processes.delete(program);
  }

  function watch(program: string, process: Process): void {
    processes.set(program, process);
    process.done.then(
      () => {
        if (processes.get(program) !== process) return;
        story.tell(`${program} has lost its lease`);
        world.later(RESTART_MS, () => {
          if (!world.isRunning(program)) start(program);
        });
      },
      (error: unknown) => {
        const words = error instanceof Error ? (error.stack ?? '') : String(error);
        watchman.report(`${program} has ended by itself: ${words}`);
      },
    );
  }

  function startController(name: string): void {
    const { cluster: reached, clock: own } = party(name);
    const cluster = tapped(reached, (plural) => {
      watchman.sent(name, plural);
      return true;
    });
    const parts = { random, log: log.child({ program: name }), metrics: createRecordingMetrics() };
    const { maxInCluster } = shape;
    const program = {
      ...parts,
      cluster,
      clock: own,
      nodeProxy: false,
      medik8sLeases: true,
      maxInCluster,
      storage: DEFAULT_BOUNDS,
      failpoint: () => undefined,
    };
    watch(name, controllers.length === 1 ? startControllerProcess(program) : startElectedController(program, name));
  }

  /** The agent's commands, seen as they are issued. */
  function watched(node: string, host: Host): Host {
    const { services } = host;
    return {
      ...host,
      services: {
        ...services,
        restart: (unit, caller) => {
          watchman.commanded(node, unit);
          return services.restart(unit, caller);
        },
        reboot: (caller) => {
          watchman.commanded(node, 'the host');
          return services.reboot(caller);
        },
      },
    };
  }

  function start(program: string): void {
    kill(program);
    if (controllers.includes(program)) {
      startController(program);
      return;
    }
    const { cluster, clock: own } = party(program);
    const pod = { version: '0.1.0', pod: `kubelet-medic-agent-${program}`, namespace: 'kubelet-medic' };
    const parts = { random, log: log.child({ program }), metrics: createRecordingMetrics() };
    const host = watched(program, world.host(program).host);
    watch(program, startAgentProcess({ node: program, ...pod, ...parts, cluster, host, clock: own }));
  }

  const dumps = smallDumps();
  for (const name of nodes) {
    world.seedNode(name);
    const own = party(name).clock;
    const host = startSimulatedHost({ node: name, clock: own, random, dumps }, signal);
    hosts.set(name, host);
    keepStatus(local.seeds, name, host, { clock: own, signal, isCut: () => cuts.has(name) }).catch(() => undefined);
  }
  local.seeds.seed(NAMESPACES, { metadata: { name: 'medik8s-leases' } });
  local.seeds.seed(POLICIES, { metadata: { name: 'default' }, spec: shape.policy });
  if (shape.second !== undefined) {
    const nodeSelector = { matchLabels: { 'kubernetes.io/hostname': NAMES[0]! } };
    local.seeds.seed(POLICIES, { metadata: { name: 'second' }, spec: { ...shape.second, nodeSelector, priority: 10 } });
  }
  follow(story, local, signal);
  for (const program of [...controllers, ...nodes]) start(program);
  await clock.advance(5_000);
  return world;
}

/** Somebody else takes the maintenance lease of a node, or gives it back. */
export function holdLease({ local, serverClock }: ModelWorld, node: string, holder: string): void {
  const now = toMicroTime(serverClock.now());
  local.seeds.seed(LEASES, {
    metadata: { name: `node-${node}`, namespace: 'medik8s-leases' },
    spec: { holderIdentity: holder, leaseDurationSeconds: 3_600, acquireTime: now, renewTime: now },
  });
}

export function editSpec(world: ModelWorld, policy: string, change: (spec: JsonObject) => void): void {
  if (world.local.seeds.read(POLICIES, { name: policy }) === undefined) return;
  world.local.seeds.edit(POLICIES, { name: policy }, (draft) => {
    const spec = { ...objectAt(draft, 'spec') };
    change(spec);
    draft['spec'] = spec;
  });
}
