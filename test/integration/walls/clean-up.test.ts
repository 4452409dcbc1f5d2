/** The account of the Job that runs on uninstall, on a real API server: it cleans up all that is to go, and can do nothing else. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, LEASES, NODES } from '../../../src/api/resources.ts';
import { LEADER_LEASE } from '../../../src/api/v1alpha1/words/names.ts';
import { cleanUp } from '../../../src/controller/clean-up.ts';
import { setStuck } from '../../../src/controller/node/node-condition.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { NAMESPACE, startIdentities, type Identities } from '../../support/identities.ts';
import { eventually, realClock } from '../../support/real-time.ts';

let ids: Identities;
let ours: Cluster;
const { signal } = new AbortController();

beforeAll(async () => {
  ids = await startIdentities();
  ours = ids.connect(await ids.tokenOf('kubelet-medic-clean-up'));
  await eventually('its rights are in force', async () => {
    try {
      await ours.list(HEALTHS, {});
      return true;
    } catch {
      return false;
    }
  });
}, 180_000);

afterAll(async () => {
  await ids.stop();
});

test('what the operator has said of nodes is taken back', async () => {
  const { admin } = ids;
  const claim = { status: 'True', reason: 'PLEGUnhealthy', message: 'm' } as const;
  for (const name of ['node-a', 'node-b']) {
    const node = await admin.get(NODES, { name });
    await setStuck({ cluster: admin, clock: realClock }, node!, claim);
    await admin.create(HEALTHS, { metadata: { name }, spec: {} }, { manager: 'test' });
  }
  expect(await cleanUp({ cluster: ours, clock: realClock, log: createRecordingLog() }, NAMESPACE, signal)).toBe(0);
  const nodes = (await admin.list(NODES, {})).items;
  expect(nodes.map(({ status }) => status.conditions.find(({ type }) => type === 'KubeletStuck'))).toMatchObject([
    { status: 'Unknown', reason: 'Uninstalled' },
    { status: 'Unknown', reason: 'Uninstalled' },
  ]);
  expect((await admin.list(HEALTHS, {})).items).toEqual([]);
});

test('the election lease is looked at first', async () => {
  const ref = { name: LEADER_LEASE, namespace: NAMESPACE };
  expect(await ours.get(LEASES, ref)).toBeUndefined();
});

test.each([
  ['read another lease', () => ours.get(LEASES, { name: 'another', namespace: NAMESPACE })],
  ['read incidents', () => ours.list(INCIDENTS, {})],
  ['cordon a node', () => ours.jsonPatch(NODES, { name: 'node-a' }, [], { manager: 'test' })],
  ['delete a node', () => ours.delete(NODES, { name: 'node-a' })],
])('it cannot %s', async (_name, attempt) => {
  await expect(attempt()).rejects.toMatchObject({ class: 'denied' });
});
