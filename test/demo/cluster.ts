/** The embedded cluster of the demo: an API server, three nodes with simulated hosts, one policy. */
import { NODES, POLICIES } from '../../src/api/resources.ts';
import { API_VERSION } from '../../src/api/v1alpha1/words/names.ts';
import { toTime } from '../../src/core/time/timestamp.ts';
import type { Clock, Random } from '../../src/ports/clock.ts';
import { type ApiServer, startApiServer } from '../support/api-server/server.ts';
import { KUBELET_1_12, KUBELET_1_36, type KubeletProfile, type FaultKind } from '../support/host/scenario.ts';
import { type SimulatedHost, startSimulatedHost } from '../support/host/simulated-host.ts';
import { eventChannelDumps, runtimeHungDumps } from './dumps.ts';

export interface DemoNode {
  readonly name: string;
  readonly profile: KubeletProfile;
  readonly fault: { readonly kind: FaultKind; readonly afterMs: number } | undefined;
}

/** Two faults that read the same in the log, and a node that stays well. */
export const DEMO_NODES: readonly DemoNode[] = [
  { name: 'node-a', profile: KUBELET_1_12, fault: { kind: 'event-channel-deadlock', afterMs: 5_000 } },
  { name: 'node-b', profile: KUBELET_1_36, fault: { kind: 'runtime-hung', afterMs: 25_000 } },
  { name: 'node-c', profile: KUBELET_1_36, fault: undefined },
];

export interface DemoCluster {
  readonly server: ApiServer;
  readonly hosts: ReadonlyMap<string, SimulatedHost>;
}

function seedNode(server: ApiServer, node: DemoNode, now: number): void {
  const time = toTime(now);
  server.seed(NODES, {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: node.name, labels: { 'kubernetes.io/hostname': node.name } },
    spec: {},
    status: {
      conditions: [
        {
          type: 'Ready',
          status: 'True',
          reason: 'KubeletReady',
          message: 'kubelet is posting ready status',
          lastTransitionTime: time,
          lastHeartbeatTime: time,
        },
      ],
      nodeInfo: { kubeletVersion: node.profile.version, containerRuntimeVersion: 'containerd://1.6.20' },
    },
  });
}

/** Posts what the simulated kubelet says of itself, as a kubelet does. */
async function postStatus(
  server: ApiServer,
  node: string,
  host: SimulatedHost,
  world: { clock: Clock; signal: AbortSignal },
): Promise<void> {
  let last = '';
  while (!world.signal.aborted) {
    const ready = host.ready();
    const words = JSON.stringify([ready?.status, ready?.message]);
    if (ready !== undefined && words !== last) {
      last = words;
      const { lastTransitionAt, ...said } = ready;
      const condition = {
        type: 'Ready',
        ...said,
        lastTransitionTime: toTime(lastTransitionAt),
        lastHeartbeatTime: toTime(world.clock.now()),
      };
      server.edit(
        NODES,
        { name: node },
        (draft) => {
          const status = draft['status'] as { conditions: { type: string }[] };
          status.conditions = [...status.conditions.filter(({ type }) => type !== 'Ready'), condition];
        },
        'kubelet',
      );
    }
    await world.clock.sleep(500, world.signal).catch(() => undefined);
  }
}

export async function startDemoCluster(clock: Clock, random: Random, signal: AbortSignal): Promise<DemoCluster> {
  const hosts = new Map<string, SimulatedHost>();
  const server = await startApiServer({
    now: () => clock.now(),
    onNodeProxy: async (node, path) =>
      hosts.get(node)?.kubeletApi(path) ?? { status: 502, body: `${node} has no kubelet` },
  });
  for (const node of DEMO_NODES) {
    seedNode(server, node, clock.now() - 6 * 86_400_000);
    const dumps = node.profile === KUBELET_1_12 ? eventChannelDumps() : runtimeHungDumps();
    const fault = node.fault === undefined ? {} : { fault: node.fault };
    const host = startSimulatedHost({ node: node.name, clock, random, kubelet: node.profile, dumps, ...fault }, signal);
    hosts.set(node.name, host);
    postStatus(server, node.name, host, { clock, signal }).catch(() => undefined);
  }
  server.seed(POLICIES, {
    apiVersion: API_VERSION,
    kind: POLICIES.kind,
    metadata: { name: 'default' },
    // Two of three nodes go wrong here: the stock breaker of 50 % would call that somebody else's fault.
    spec: { mode: 'Remediate', budget: { maxConcurrent: 1, maxUnhealthy: '70%', cooldown: '0s' } },
  });
  return { server, hosts };
}
