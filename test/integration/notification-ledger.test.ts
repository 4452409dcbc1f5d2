/** What receivers were told, on a real API server with the rights that the chart grants. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { CONFIG_MAPS } from '../../src/api/resources.ts';
import { CONTROLLER_MANAGER, NOTIFICATION_LEDGER } from '../../src/api/v1alpha1/words/names.ts';
import { createLedgerStore, type LedgerStore } from '../../src/controller/notification/ledger-store.ts';
import type { Ledger } from '../../src/core/notification/ledger.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { cleanCluster } from '../../src/stores/clean-cluster.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { NAMESPACE, startIdentities, type Identities } from '../support/identities.ts';
import { eventually, realClock, realRandom } from '../support/real-time.ts';
import { SECRETS } from '../support/secrets.ts';
import { expectRefused } from './walls/attack.ts';

let ids: Identities;
let controller: Cluster;
const { signal } = new AbortController();
const LEDGER: Ledger = {
  told: { '0c6d8d9e-3f7d-4d43-9a1a-0e5a5a1f7f11': 'oie' },
  breakers: { '7b1d5a52-6a0e-4c59-8a3f-3d6f1c1f0a01': 'default' },
  storms: ['default'],
};

function storeOf(...receivers: readonly string[]): LedgerStore {
  const world = { cluster: cleanCluster(controller), clock: realClock, random: realRandom, log: createRecordingLog() };
  return createLedgerStore(world, NAMESPACE, receivers);
}

beforeAll(async () => {
  const receiver = 'notifications.receivers[0]';
  const sets = [`${receiver}.name=a`, `${receiver}.type=Slack`, `${receiver}.secretKey=k`];
  ids = await startIdentities('notifications.secretName=s', ...sets);
  controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
  await eventually('the controller has its rights', async () => {
    const ref = { name: NOTIFICATION_LEDGER, namespace: NAMESPACE };
    return (await controller.get(CONFIG_MAPS, ref).catch(() => undefined)) !== undefined;
  });
}, 300_000);

afterAll(async () => {
  await ids.stop();
});

test('what one leader stores the next one reads, and who is gone is forgotten', async () => {
  const first = storeOf('a', 'b');
  await first.load(signal);
  expect(first.of('a')).toBeUndefined();
  expect(await first.save('a', LEDGER, signal)).toBe(true);
  expect(await first.save('b', LEDGER, signal)).toBe(true);
  const second = storeOf('a');
  await second.load(signal);
  expect(second.of('a')).toEqual(LEDGER);
  expect(await second.save('a', LEDGER, signal)).toBe(true);
  const stored = await controller.get(CONFIG_MAPS, { name: NOTIFICATION_LEDGER, namespace: NAMESPACE });
  expect(Object.keys(stored?.data ?? {})).toEqual(['a']);
});

test('what somebody has deleted is there again with what is told next', async () => {
  const store = storeOf('a');
  await store.load(signal);
  const ref = { name: NOTIFICATION_LEDGER, namespace: NAMESPACE };
  await ids.admin.delete(CONFIG_MAPS, ref);
  expect(await store.save('a', LEDGER, signal)).toBe(true);
  expect(Object.keys((await controller.get(CONFIG_MAPS, ref))?.data ?? {})).toEqual(['a']);
  await expectRefused(controller.delete(CONFIG_MAPS, ref));
});

test('the controller reads and writes no other ConfigMap, and no Secret', async () => {
  const how = { manager: CONTROLLER_MANAGER, force: true } as const;
  await expectRefused(
    controller.apply(CONFIG_MAPS, { metadata: { name: 'other', namespace: NAMESPACE }, data: {} }, how),
  );
  await expectRefused(controller.get(CONFIG_MAPS, { name: 'kube-root-ca.crt', namespace: NAMESPACE }));
  await expectRefused(controller.list(CONFIG_MAPS, { namespace: NAMESPACE }));
  await expectRefused(controller.get(SECRETS, { name: 's', namespace: NAMESPACE }));
});
