/** One agent on a simulated host, with a controller's part written by the test. */
import { HEALTHS, INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import type { KubeletHealth } from '../../src/api/v1alpha1/kinds/health.ts';
import type { ActionRecord, KubeletIncident, Step } from '../../src/api/v1alpha1/kinds/incident.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import type { Agent } from '../../src/agent/agent.ts';
import type { World } from '../../src/agent/world.ts';
import { withStep } from '../../src/core/decision/record/conditions-and-steps.ts';
import { toPreciseTime } from '../../src/core/time/timestamp.ts';
import { isObject, listAt, objectAt } from './api-server/json.ts';
import { aPlan } from './builders/objects.ts';
import { createRecordingLog, createRecordingMetrics, type RecordingLog } from './builders/recording.ts';
import { createFakeClock, createSeededRandom, type FakeClock, skewedClock, type SkewedClock } from './clock.ts';
import { createFaultyClient, type Faults } from './faulty-cluster.ts';
import { KUBELET_1_36 } from './host/scenario.ts';
import { type SimulatedHost, type SimulatedHostOptions, startSimulatedHost } from './host/simulated-host.ts';
import { createLocalCluster, type LocalCluster } from './local-cluster.ts';
import { startAgentProcess, type AgentProcess } from './processes.ts';

export const NODE = 'node-a';
const NODE_UID = 'uid-node-a';

export interface Bench {
  readonly clock: FakeClock;
  /** The wall clock of the node, over that time; the API server's is `clock`. */
  readonly nodeClock: SkewedClock;
  readonly sim: SimulatedHost;
  readonly local: LocalCluster;
  /** On the agent's own way to it. */
  readonly faults: Faults;
  readonly log: RecordingLog;
  /** Starts an agent on this host; the one before is killed first, without any cleaning up. */
  start(options?: Pick<World, 'onReserved' | 'bucket'>): Agent;
  /** Ends the running agent between two of its steps, as SIGKILL does: nothing it would write after this arrives. */
  kill(): void;
  /** The running agent dies when it makes its next call but `calls`, to host or cluster: that call does not arrive. */
  killAtCall(calls: number): void;
  health(): KubeletHealth | undefined;
  incident(): KubeletIncident;
  record(name: string): ActionRecord | undefined;
  createHealth(spec?: object): void;
  openIncident(options?: {
    readonly plan?: Parameters<typeof aPlan>[0];
    readonly elapsed?: string;
    readonly type?: string;
    readonly approval?: KubeletIncident['spec']['approval'];
  }): void;
  /** What the controller writes: one more step, or one that is replaced. */
  step(step: Pick<Step, 'name' | 'type'> & Partial<Step>): Promise<void>;
  /** The controller takes a step back. With another name, it only writes something. */
  endStep(name: string): void;
  /** The controller ends the incident. */
  complete(): void;
  finish(): Promise<void>;
}

export const INCIDENT = 'node-a-7f3k2';

export function createBench(hostOptions: Partial<SimulatedHostOptions> = {}): Bench {
  const clock = createFakeClock();
  const random = createSeededRandom(7);
  const life = new AbortController();
  const nodeClock = skewedClock(clock);
  const sim = startSimulatedHost({ node: NODE, clock: nodeClock, random, ...hostOptions }, life.signal);
  const local = createLocalCluster(clock);
  const { cluster, faults } = createFaultyClient(local.clusterFor(nodeClock), { clock: nodeClock, random });
  const log = createRecordingLog();
  let current: AgentProcess | undefined;
  let callsLeft = Number.POSITIVE_INFINITY;

  const { version: kubeletVersion } = hostOptions.kubelet ?? KUBELET_1_36;
  local.seeds.seed(NODES, { metadata: { name: NODE, uid: NODE_UID }, status: { nodeInfo: { kubeletVersion } } });
  local.seeds.seed(POLICIES, { metadata: { name: 'default' }, spec: { mode: 'Remediate' } });

  function kill(): void {
    current?.kill();
    current = undefined;
  }

  function incident(): KubeletIncident {
    const found = local.read(INCIDENTS, INCIDENT);
    if (found === undefined) throw new Error('there is no incident');
    return found;
  }

  return {
    clock,
    nodeClock,
    sim,
    local,
    faults,
    log,
    kill,
    incident,
    killAtCall(calls): void {
      callsLeft = calls;
    },
    start(options = {}): Agent {
      kill();
      callsLeft = Number.POSITIVE_INFINITY;
      const pod = { version: '0.1.0', pod: 'kubelet-medic-agent-x', namespace: 'kubelet-medic' };
      const parts = { cluster, host: sim.host, clock: nodeClock, random, log, metrics: createRecordingMetrics() };
      const own = startAgentProcess({ node: NODE, ...pod, ...parts, ...options }, () => {
        if (callsLeft-- === 0) kill();
      });
      current = own;
      return own.agent;
    },
    health: () => local.read(HEALTHS, NODE),
    record: (name) => incident().status.actions?.find((action) => action.name === name),
    createHealth(spec = { policy: 'default', mode: 'Remediate' }): void {
      local.seeds.seed(HEALTHS, {
        metadata: { name: NODE, ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: NODE, uid: NODE_UID }] },
        spec,
      });
    },
    openIncident({ plan = {}, elapsed, type = 'PLEGUnhealthy', approval } = {}): void {
      const at = toPreciseTime(nodeClock.now());
      const trigger = { type, at, message: 'PLEG is not healthy', ...(elapsed === undefined ? {} : { elapsed }) };
      const chosen = approval === undefined ? {} : { approval };
      const spec = { nodeName: NODE, nodeUID: NODE_UID, trigger, plan: aPlan(plan), ...chosen };
      local.seeds.seed(INCIDENTS, { metadata: { name: INCIDENT }, spec });
    },
    async step({ name, type, ...rest }): Promise<void> {
      const { metadata, status } = incident();
      const startedAt = toPreciseTime(clock.now());
      const next = withStep({ steps: status.steps }, { name, type, state: 'Requested', startedAt, ...rest });
      await local.cluster.apply(
        INCIDENTS,
        { apiVersion: API_VERSION, metadata: { name: metadata.name }, status: { ...next } },
        { manager: CONTROLLER_MANAGER, subresource: 'status', force: true },
      );
    },
    endStep(name): void {
      local.seeds.edit(INCIDENTS, { name: INCIDENT }, (draft) => {
        const steps = listAt(objectAt(draft, 'status'), 'steps').map((step) =>
          isObject(step) && step['name'] === name ? { ...step, state: 'Skipped' } : step,
        );
        draft['status'] = { ...objectAt(draft, 'status'), steps, outcome: '' };
      });
    },
    complete(): void {
      local.seeds.edit(INCIDENTS, { name: INCIDENT }, (draft) => {
        const lastTransitionTime = toPreciseTime(clock.now());
        const complete = {
          type: 'Complete',
          status: 'True',
          reason: 'SelfHealed',
          message: 'ended',
          lastTransitionTime,
        };
        draft['status'] = { ...objectAt(draft, 'status'), conditions: [complete] };
      });
    },
    async finish(): Promise<void> {
      kill();
      life.abort(new Error('the test is over'));
      await clock.settle();
    },
  };
}
