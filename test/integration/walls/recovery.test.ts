/** A whole recovery behind the chart's walls: real controller and agent with the tokens of their accounts, a simulated host. */
import { DEFAULT_BOUNDS } from '../../../src/core/decision/storage/bounds.ts';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EVIDENCES, INCIDENTS, LEASES, NODES, POLICIES } from '../../../src/api/resources.ts';
import { ANNOTATION_CORDONED_BY, LABEL_UPLOAD } from '../../../src/api/v1alpha1/words/names.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { toPreciseTime, toTime } from '../../../src/core/time/timestamp.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { MANAGER } from '../../contract/subject.ts';
import { eventChannelDumps } from '../../demo/dumps.ts';
import { createRecordingLog, createRecordingMetrics } from '../../support/builders/recording.ts';
import { createCatchingUpClock } from '../../support/catching-up-clock.ts';
import { KUBELET_1_12 } from '../../support/host/scenario.ts';
import { type SimulatedHost, startSimulatedHost } from '../../support/host/simulated-host.ts';
import { startIdentities, userOf, type Identities } from '../../support/identities.ts';
import { startAgentProcess, startElectedController, type Process } from '../../support/processes.ts';
import { eventually, realClock, realRandom } from '../../support/real-time.ts';
import { incidentOf } from './objects.ts';

const STATUS = { manager: 'kubelet', subresource: 'status', force: true } as const;
const life = new AbortController();
const log = createRecordingLog();
const metrics = createRecordingMetrics();
const programs: Process[] = [];

let ids: Identities;
let host: SimulatedHost;

/** What the kubelet says of itself, as it posts it. */
async function keepStatus(admin: Cluster, node: string): Promise<void> {
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
      await admin.apply(NODES, { metadata: { name: node }, status: { conditions, nodeInfo } }, STATUS);
    }
    await realClock.sleep(100, life.signal);
  }
}

async function incidents(): Promise<readonly KubeletIncident[]> {
  return (await ids.admin.list(INCIDENTS)).items;
}

beforeAll(async () => {
  ids = await startIdentities('medik8sLeases.namespaceExists=true');
  const policy = {
    mode: 'Remediate',
    detection: { earlyCapture: false },
    evidence: { dumpInterval: '100ms' },
    remediation: { verify: { stableFor: '2s' } },
    budget: { maxUnhealthy: '100%' },
  };
  await ids.admin.apply(POLICIES, { metadata: { name: 'default' }, spec: policy }, { ...MANAGER, force: true });
  const clock = createCatchingUpClock(240_000, 40);
  const fault = { kind: 'event-channel-deadlock', afterMs: 5_000 } as const;
  const options = {
    node: 'node-a',
    clock,
    random: realRandom,
    kubelet: KUBELET_1_12,
    dumps: eventChannelDumps(),
    fault,
  };
  host = startSimulatedHost(options, life.signal);
  keepStatus(ids.admin, 'node-a').catch((error: unknown) => {
    if (!life.signal.aborted) throw error;
  });
  await eventually('the kubelet says that it is stuck', () => host.ready()?.status === 'False');
  await eventually('the clock of the node has caught up', () => Math.abs(clock.now() - Date.now()) < 50);

  const own = { random: realRandom, log, metrics };
  const agent = ids.connect(await ids.tokenOf('kubelet-medic-agent', 'node-a'));
  const pod = { version: '0.1.0', pod: 'agent', namespace: 'kubelet-medic' };
  programs.push(startAgentProcess({ ...own, ...pod, node: 'node-a', clock, cluster: agent, host: host.host }));
  const controller = ids.connect(await ids.tokenOf('kubelet-medic-controller', 'node-b'));
  const limits = { maxInCluster: 5, storage: DEFAULT_BOUNDS };
  const options2 = { nodeProxy: false, medik8sLeases: true, ...limits, failpoint: () => undefined };
  const world = { ...own, ...options2, clock: realClock, cluster: controller };
  programs.push(startElectedController(world, 'controller-1'));
}, 180_000);

afterAll(async () => {
  for (const program of programs) program.stop();
  await Promise.allSettled(programs.map(({ done }) => done));
  life.abort(new Error('the test is over'));
  await ids.stop();
});

function refusals(): readonly string[] {
  const texts = log.entries.map(({ message, fields }) => {
    const { err } = fields;
    return `${message} ${err instanceof Error ? err.message : ''}`;
  });
  return texts.filter((text) => /forbidden|denied request/.test(text));
}

test('a stuck kubelet is diagnosed, cordoned, restarted, verified and uncordoned, and nothing is refused', async () => {
  await eventually('the incident is over', async () => (await incidents())[0]?.status.outcome !== undefined, 90_000);
  const [incident] = await incidents();
  const ready = findCondition(incident?.status.conditions, 'Ready');
  // Its words say why, where it is another outcome.
  expect([ready?.reason, ready?.message, refusals()]).toEqual(['Recovered', expect.any(String), []]);
  expect(host.restarts.map(({ unit }) => unit)).toEqual(['kubelet.service']);
  const done = incident?.status.steps?.map(({ name, state }) => `${name} ${state}`);
  expect(done).toEqual([
    'capture-host Succeeded',
    'cordon Succeeded',
    'act-1 Succeeded',
    'verify-1 Succeeded',
    'uncordon Succeeded',
  ]);
  const node = await ids.admin.get(NODES, { name: 'node-a' });
  expect([node?.spec.unschedulable, node?.metadata.annotations[ANNOTATION_CORDONED_BY]]).toEqual([false, undefined]);
  const conditions = node?.status.conditions.map(({ type }) => type).sort();
  expect(conditions).toEqual(['KubeletStuck', 'Ready']);
  const lease = { namespace: 'medik8s-leases', name: 'node-node-a' };
  // It is given back once the outcome is written.
  await eventually(
    'the lease is given back',
    async () => (await ids.admin.get(LEASES, lease))?.spec.holderIdentity === '',
  );
});

test('a capture that a person asks for ends, and what he then asks for is uploaded', async () => {
  const { cluster } = await ids.person('capturer', 'kubelet-medic-capture', 'kubelet-medic-evidence-reader');
  const name = 'node-a-zzzzz';
  const trigger = { type: 'Manual', by: userOf('capturer'), at: toPreciseTime(Date.now()) };
  const nodeUID = ids.nodeUIDs.get('node-a');
  const manifest = incidentOf('node-a', name, { nodeUID, trigger, plan: { mode: 'Capture' } });
  await eventually('the roles are in force', () =>
    cluster.create(INCIDENTS, manifest, MANAGER).then(
      () => true,
      () => false,
    ),
  );
  const found = (): Promise<KubeletIncident | undefined> => cluster.get(INCIDENTS, { name });
  await eventually('it is over', async () => (await found())?.status.outcome !== undefined, 90_000);
  expect((await found())?.status.outcome).toBe('CaptureOnly');
  const uploads = [{ file: 'kubelet.log.gz', at: toPreciseTime(Date.now()) }];
  await cluster.jsonPatch(INCIDENTS, { name }, [{ op: 'add', path: '/spec/uploads', value: uploads }], MANAGER);
  await eventually('the log is uploaded', async () => {
    const { items } = await cluster.list(EVIDENCES, { labelSelector: `${LABEL_UPLOAD}=true` });
    return items.some(({ spec }) => spec.entry.name === 'kubelet.log.gz' && spec.entry.state === 'Captured');
  });
  expect(refusals()).toEqual([]);
});
