/** What a thief of the controller's token may do to requests of other operators, and to Machines of Cluster API. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { MACHINES, REMEDIATIONS } from '../../../src/api/resources.ts';
import type { Cluster, JsonPatchOperation } from '../../../src/ports/cluster.ts';
import { askToReplace } from '../../../src/controller/remediation/machines.ts';
import { condition } from '../../contract/objects.ts';
import { CONTROLLER, MANAGER } from '../../contract/subject.ts';
import { startIdentities, type Identities } from '../../support/identities.ts';
import { CRDS, rawResource } from '../../support/raw-resource.ts';
import { eventually, realClock } from '../../support/real-time.ts';
import { type Attack, expectRefused } from './attack.ts';

const STATUS = { ...CONTROLLER, subresource: 'status' } as const;
const FORCE = { ...MANAGER, force: true } as const;
const RAW_MACHINES = rawResource(MACHINES.apiVersion, 'Machine', 'machines', true);
const ref = (name: string) => ({ name, namespace: 'default' });

let ids: Identities;
let admin: Cluster;
let controller: Cluster;
let uid = '';
let wellUid = '';

/** As much of a Machine as is looked at here; the real one is met in test/integration/other-operators. */
function machineCrd(): Parameters<Cluster['apply']>[1] {
  const any = { type: 'object', 'x-kubernetes-preserve-unknown-fields': true };
  const item = { ...any, properties: { type: { type: 'string' } }, required: ['type'] };
  const list = { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': ['type'] };
  const status = { ...any, properties: { conditions: { type: 'array', items: item, ...list } } };
  const schema = { openAPIV3Schema: { type: 'object', properties: { spec: any, status } } };
  const version = { name: 'v1beta2', served: true, storage: true, subresources: { status: {} }, schema };
  const names = { kind: 'Machine', plural: 'machines', singular: 'machine', listKind: 'MachineList' };
  const annotations = { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/cluster-api/pull/1' };
  return {
    metadata: { name: 'machines.cluster.x-k8s.io', annotations },
    spec: { group: 'cluster.x-k8s.io', scope: 'Namespaced', names, versions: [version] },
  };
}

async function putMachine(name: string, health: 'True' | 'False'): Promise<string> {
  const { metadata } = await admin.apply(RAW_MACHINES, { metadata: ref(name), spec: { clusterName: 'self' } }, FORCE);
  const status = { conditions: [condition('HealthCheckSucceeded', health, 'Checked')], nodeRef: { name: 'node-a' } };
  await admin.apply(RAW_MACHINES, { metadata: ref(name), status }, { ...FORCE, subresource: 'status' });
  return metadata.uid;
}

const patchMachine = (name: string, ...patch: readonly JsonPatchOperation[]): Promise<unknown> =>
  controller.jsonPatch(MACHINES, ref(name), patch, STATUS);
const add = (path: string, value: unknown): JsonPatchOperation => ({ op: 'add', path, value });

beforeAll(async () => {
  const api = 'otherOperators.machineHealthCheck';
  ids = await startIdentities(`${api}.enabled=true`, `${api}.replaceMachines=true`);
  ({ admin } = ids);
  await admin.apply(CRDS, machineCrd(), FORCE);
  controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
  await eventually('Machines are served', () =>
    putMachine('ill', 'False').then(
      (made) => {
        uid = made;
        return true;
      },
      () => false,
    ),
  );
  wellUid = await putMachine('well', 'True');
  const owner = { apiVersion: 'v1', kind: 'Node', name: 'node-a', uid: ids.nodeUIDs.get('node-a') };
  await admin.create(REMEDIATIONS, { metadata: { ...ref('owned'), ownerReferences: [owner] } }, MANAGER);
  await eventually('the walls are in force', async () => {
    // Until they are, it is deleted.
    await admin.apply(REMEDIATIONS, { metadata: ref('open') }, FORCE);
    // What is there already is no change.
    const phase = `Failed ${String(performance.now())}`;
    const attacks = [patchMachine('ill', add('/status/phase', phase)), controller.delete(REMEDIATIONS, ref('open'))];
    return (await Promise.allSettled(attacks)).every(({ status }) => status === 'rejected');
  });
}, 180_000);

afterAll(async () => {
  await ids.stop();
});

async function answer(name: string): Promise<unknown> {
  const conditions = [condition('Succeeded', 'False', 'NodeNotFound')];
  return await controller.apply(
    REMEDIATIONS,
    { metadata: ref(name), status: { conditions } },
    { ...STATUS, force: true },
  );
}

describe('of requests the controller', () => {
  test.each<Attack>([
    ['makes none', () => controller.create(REMEDIATIONS, { metadata: ref('new') }, CONTROLLER), ''],
    ['deletes none that is open', () => controller.delete(REMEDIATIONS, ref('open')), 'that are answered'],
    [
      'changes none',
      () => controller.jsonPatch(REMEDIATIONS, ref('open'), [add('/spec/timeout', '1s')], CONTROLLER),
      '',
    ],
  ])('%s', async (_, attack, words) => {
    await expectRefused(attack(), words);
  });

  test('answers one, and deletes it then where nobody owns it', async () => {
    await answer('open');
    await answer('owned');
    await expectRefused(controller.delete(REMEDIATIONS, ref('owned')), 'that nobody owns');
    expect(await controller.delete(REMEDIATIONS, ref('open'))).toBe(true);
  });
});

describe('of Machines the controller', () => {
  test.each<Attack>([
    ['writes no other field of a status', () => patchMachine('ill', add('/status/phase', 'Failed')), ''],
    ['moves no node', () => patchMachine('ill', add('/status/nodeRef/name', 'node-b')), ''],
    [
      'calls none unhealthy',
      () => patchMachine('well', add('/status/conditions/0/status', 'False')),
      'and nothing else of it',
    ],
    [
      'has none replaced that is well',
      () => patchMachine('well', add('/status/conditions/-', condition('OwnerRemediated', 'False', 'X'))),
      'of a Machine that is unhealthy',
    ],
    [
      'says of none that it was remediated',
      () => patchMachine('ill', add('/status/conditions/-', condition('OwnerRemediated', 'True', 'X'))),
      'of a Machine that is unhealthy',
    ],
    ['labels none', () => controller.jsonPatch(MACHINES, ref('ill'), [add('/metadata/labels', {})], CONTROLLER), ''],
    ['writes no spec', () => controller.jsonPatch(MACHINES, ref('ill'), [add('/spec/a', 'b')], CONTROLLER), ''],
    ['deletes none', () => controller.delete(MACHINES, ref('ill')), ''],
    ['lists none', () => controller.list(MACHINES), ''],
  ])('%s', async (_, attack, words) => {
    await expectRefused(attack(), words);
  });

  test('has an unhealthy one replaced, and no other', async () => {
    const world = { cluster: controller, clock: realClock };
    const machine = { apiVersion: MACHINES.apiVersion, namespace: 'default', uid };
    const ask = (which: { name: string; uid?: string }, message: string) =>
      askToReplace(world, { machine: { ...machine, ...which }, askedAt: 0, message });
    expect(await ask({ name: 'well', uid: wellUid }, 'why')).toBe('NotReplaced');
    expect(await ask({ name: 'ill', uid: 'another' }, 'why')).toBe('NotReplaced');
    expect(await ask({ name: 'ill' }, 'not healed')).toBe('Replaced');
    const { conditions } = (await admin.get(MACHINES, ref('ill')))?.status ?? {};
    expect(conditions?.map(({ type, status }) => `${type} ${status}`)).toEqual([
      'HealthCheckSucceeded False',
      'OwnerRemediated False',
    ]);
    // Once is enough.
    expect(await ask({ name: 'ill' }, 'not healed')).toBe('Replaced');
  });
});
