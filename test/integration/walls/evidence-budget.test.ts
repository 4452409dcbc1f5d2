/** The budget of evidence with the controller's own rights, on a real API server: what is counted, what goes, and what says so. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { EVIDENCES, INCIDENTS } from '../../../src/api/resources.ts';
import { createAgentContacts } from '../../../src/controller/agent-contacts.ts';
import { createEventRecorder } from '../../../src/controller/events.ts';
import { createEvidenceBudget, type EvidenceBudget } from '../../../src/controller/incident/evidence-budget.ts';
import { createLocalView } from '../../../src/controller/view/local-view.ts';
import type { World } from '../../../src/controller/world.ts';
import { DEFAULT_BOUNDS } from '../../../src/core/decision/storage/bounds.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { condition } from '../../contract/objects.ts';
import { AGENT, CONTROLLER } from '../../contract/subject.ts';
import { createRecordingLog, createRecordingMetrics } from '../../support/builders/recording.ts';
import { startIdentities, type Identities } from '../../support/identities.ts';
import { eventually, realClock, realRandom } from '../../support/real-time.ts';
import { expectRefused } from './attack.ts';
import { evidenceOf, incidentOf } from './objects.ts';

const STATUS = { ...CONTROLLER, subresource: 'status', force: true } as const;
const KIB = 1024;
const NAME = 'node-a-bcdfg';
const life = new AbortController();
const log = createRecordingLog();
const metrics = createRecordingMetrics();

let ids: Identities;
let controller: Cluster;
let agent: Cluster;
let budget: EvidenceBudget;
let incidentUID = '';

async function addDump(): Promise<void> {
  const data = 'A'.repeat(40 * KIB);
  const change = { spec: { data }, entry: { kind: 'GoroutineDump' } };
  await eventually('the walls let an agent add evidence', () =>
    agent.create(EVIDENCES, evidenceOf('node-a', incidentUID, change), AGENT).then(
      () => true,
      () => false,
    ),
  );
}

const stored = async (): Promise<number> => (await ids.admin.list(EVIDENCES)).items.length;

beforeAll(async () => {
  ids = await startIdentities('medik8sLeases.namespaceExists=true');
  controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
  agent = ids.connect(await ids.tokenOf('kubelet-medic-agent', 'node-a'));
  const { metadata } = await controller.create(INCIDENTS, incidentOf('node-a', NAME), CONTROLLER);
  incidentUID = metadata.uid;
  const storage = { ...DEFAULT_BOUNDS, evidenceBytes: 100 * KIB };
  const world: World = {
    ...{ cluster: controller, clock: realClock, random: realRandom, log, metrics, storage },
    ...{ nodeProxy: false, medik8sLeases: true, maxInCluster: 5, failpoint: () => undefined },
  };
  const view = createLocalView(world, createAgentContacts(world), life.signal);
  budget = createEvidenceBudget({ world, view, events: createEventRecorder(world) }, life.signal);
  void budget.run();
}, 180_000);

afterAll(async () => {
  life.abort(new Error('the test is over'));
  await ids.stop();
});

test('evidence of an open incident is counted by its metadata, and stays', async () => {
  for (let i = 0; i < 4; i++) await addDump();
  await eventually('it is counted', () => (budget.usage()?.usedBytes ?? 0) > 4 * 40 * KIB);
  expect(budget.usage()?.usedBytes).toBeLessThan(4 * 44 * KIB);
  expect(await stored()).toBe(4);
});

test('it goes when the incident is over, which then says so, and stays frozen otherwise', async () => {
  const over = { conditions: [condition('Complete', 'True', 'Recovered')], outcome: 'Recovered' };
  await controller.apply(INCIDENTS, { metadata: { name: NAME }, status: over }, STATUS);
  await eventually('it is gone', async () => (await stored()) === 0);
  const incident = await ids.admin.get(INCIDENTS, { name: NAME });
  expect(incident?.status).toMatchObject({ outcome: 'Recovered', trimmed: { reason: 'Budget' } });
  const write = (status: object): Promise<unknown> =>
    controller.apply(INCIDENTS, { metadata: { name: NAME }, status }, { ...STATUS, manager: 'thief' });
  await expect(write({ action: 'RestartKubelet' })).rejects.toThrow('a completed incident is frozen');
  await expect(write({ trimmed: { ...incident?.status.trimmed, message: 'x' } })).rejects.toThrow('said once');
  expect(log.entries.filter(({ level }) => level === 'warn').map(({ message }) => message)).toEqual([
    'The budget of evidence is spent',
  ]);
});

test('an agent neither says that its evidence was trimmed, nor watches what others store', async () => {
  const name = 'node-a-ccccc';
  await controller.create(INCIDENTS, incidentOf('node-a', name), CONTROLLER);
  const trimmed = { at: '2026-11-24T10:00:00Z', reason: 'Budget', message: 'x' };
  const how = { ...AGENT, subresource: 'status', force: true } as const;
  await expectRefused(agent.apply(INCIDENTS, { metadata: { name }, status: { trimmed } }, how), 'nothing else');
  await expectRefused(agent.list(EVIDENCES), 'is forbidden');
});
