/** A node with a kubelet that is stuck, its real agent and a real controller, with the tokens of their accounts. */
import { NODES, POLICIES } from '../../../src/api/resources.ts';
import type { RemediationSettings } from '../../../src/controller/world.ts';
import { DEFAULT_BOUNDS } from '../../../src/core/decision/storage/bounds.ts';
import { toTime } from '../../../src/core/time/timestamp.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import { MANAGER } from '../../contract/subject.ts';
import { eventChannelDumps } from '../../demo/dumps.ts';
import { createRecordingLog, createRecordingMetrics } from '../../support/builders/recording.ts';
import { createCatchingUpClock } from '../../support/catching-up-clock.ts';
import { KUBELET_1_12 } from '../../support/host/scenario.ts';
import { type SimulatedHost, startSimulatedHost } from '../../support/host/simulated-host.ts';
import type { Identities } from '../../support/identities.ts';
import { startAgentProcess, startElectedController, type Process } from '../../support/processes.ts';
import { eventually, realClock, realRandom } from '../../support/real-time.ts';

const STATUS = { manager: 'kubelet', subresource: 'status', force: true } as const;
const NODE = 'node-a';

export interface StuckNode {
  readonly host: SimulatedHost;
  startAgent(): Promise<void>;
  startController(remediations: RemediationSettings): Promise<void>;
  /** What the API server has refused them. */
  refusals(): readonly string[];
  stop(): Promise<void>;
}

async function keepStatus(ids: Identities, host: SimulatedHost, signal: AbortSignal): Promise<void> {
  let last = '';
  for (;;) {
    const said = host.ready();
    const words = JSON.stringify(said);
    if (said !== undefined && words !== last) {
      last = words;
      const { lastTransitionAt, ...ready } = said;
      const times = { lastTransitionTime: toTime(lastTransitionAt), lastHeartbeatTime: toTime(Date.now()) };
      const conditions = [{ type: 'Ready', ...ready, ...times }];
      const nodeInfo = { kubeletVersion: KUBELET_1_12.version };
      await ids.admin.apply(NODES, { metadata: { name: NODE }, status: { conditions, nodeInfo } }, STATUS);
    }
    await realClock.sleep(100, signal);
  }
}

async function startHost(clock: Clock, ids: Identities, signal: AbortSignal): Promise<SimulatedHost> {
  const fault = { kind: 'event-channel-deadlock', afterMs: 5_000 } as const;
  const kubelet = { kubelet: KUBELET_1_12, dumps: eventChannelDumps(), fault };
  const host = startSimulatedHost({ node: NODE, clock, random: realRandom, ...kubelet }, signal);
  keepStatus(ids, host, signal).catch((error: unknown) => {
    if (!signal.aborted) throw error;
  });
  await eventually('the kubelet says that it is stuck', () => host.ready()?.status === 'False');
  await eventually('the clock of the node has caught up', () => Math.abs(clock.now() - Date.now()) < 50);
  return host;
}

/** node-a is stuck when it resolves; its policy `default` recovers it. */
export async function startStuckNode(ids: Identities): Promise<StuckNode> {
  const life = new AbortController();
  const own = { random: realRandom, log: createRecordingLog(), metrics: createRecordingMetrics() };
  const programs: Process[] = [];
  const policy = {
    mode: 'Remediate',
    detection: { earlyCapture: false },
    evidence: { dumpInterval: '100ms' },
    remediation: { verify: { stableFor: '2s' } },
    budget: { maxUnhealthy: '100%' },
  };
  await ids.admin.apply(POLICIES, { metadata: { name: 'default' }, spec: policy }, { ...MANAGER, force: true });
  const clock = createCatchingUpClock(240_000, 40);
  const host = await startHost(clock, ids, life.signal);

  return {
    host,
    async startAgent(): Promise<void> {
      const cluster = ids.connect(await ids.tokenOf('kubelet-medic-agent', NODE));
      const pod = { version: '0.1.0', pod: 'agent', namespace: 'kubelet-medic' };
      programs.push(startAgentProcess({ ...own, ...pod, node: NODE, clock, cluster, host: host.host }));
    },
    async startController(remediations): Promise<void> {
      const cluster = ids.connect(await ids.tokenOf('kubelet-medic-controller', 'node-b'));
      const limits = { maxInCluster: 5, storage: DEFAULT_BOUNDS };
      const options = { nodeProxy: false, medik8sLeases: true, ...limits, failpoint: () => undefined };
      programs.push(
        startElectedController({ ...own, ...options, remediations, clock: realClock, cluster }, 'controller-1'),
      );
    },
    refusals: () =>
      own.log.entries
        .map(({ message, fields: { err } }) => `${message} ${err instanceof Error ? err.message : ''}`)
        .filter((text) => /forbidden|denied request/.test(text)),
    async stop(): Promise<void> {
      for (const program of programs) program.stop();
      await Promise.allSettled(programs.map(({ done }) => done));
      life.abort(new Error('the test is over'));
    },
  };
}
