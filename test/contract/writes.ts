/** Create, read, replace, delete, JSON patch. */
import { expect, test } from '@jest/globals';
import { HEALTHS, LEASES, NODES } from '../../src/api/resources.ts';
import { SECRETS } from '../support/secrets.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { condition } from './objects.ts';
import { CONTROLLER, failure, MANAGER, unique } from './subject.ts';

export function describeObjects(admin: () => Cluster): void {
  test('a created object can be read, and has an identity', async () => {
    const name = unique('secret');
    const object = { metadata: { name, namespace: 'default' }, data: { a: 'YQ==' } };
    const created = await admin().create(SECRETS, object, MANAGER);
    expect(created.metadata.uid).not.toBe('');
    expect(created.metadata.resourceVersion).not.toBe('');
    expect(Date.parse(created.metadata.creationTimestamp)).toBeGreaterThan(0);
    expect(await admin().get(SECRETS, { name, namespace: 'default' })).toEqual(created);
    expect(created.data).toEqual({ a: 'YQ==' });
  });

  test('generateName gives each object its own name', async () => {
    const object = { metadata: { generateName: 'gen-', namespace: 'default' }, data: {} };
    const [a, b] = [await admin().create(SECRETS, object, MANAGER), await admin().create(SECRETS, object, MANAGER)];
    expect(a.metadata.name).toMatch(/^gen-[a-z0-9]{5}$/);
    expect(b.metadata.name).not.toBe(a.metadata.name);
  });

  test('creating what exists is a conflict', async () => {
    const object = { metadata: { name: unique('twice'), namespace: 'default' }, data: {} };
    await admin().create(SECRETS, object, MANAGER);
    const error = await failure(admin().create(SECRETS, object, MANAGER));
    expect([error.code, error.class]).toEqual(['E_KUBE_EXISTS', 'conflict']);
  });

  test('what is not there is undefined to get and false to delete', async () => {
    expect(await admin().get(NODES, { name: 'no-such-node' })).toBeUndefined();
    expect(await admin().delete(NODES, { name: 'no-such-node' })).toBe(false);
  });

  test('delete keeps to the uid that it is given', async () => {
    const ref = { name: unique('delete'), namespace: 'default' };
    const { metadata } = await admin().create(SECRETS, { metadata: ref, data: {} }, MANAGER);
    const other = '00000000-0000-4000-8000-000000000000';
    expect((await failure(admin().delete(SECRETS, { ...ref, uid: other }))).class).toBe('conflict');
    expect(await admin().delete(SECRETS, { ...ref, uid: metadata.uid })).toBe(true);
    expect(await admin().get(SECRETS, ref)).toBeUndefined();
  });

  test('replacing an older version is a conflict', async () => {
    const ref = { name: unique('lease'), namespace: 'default' };
    const lease = { metadata: ref, spec: { holderIdentity: 'a', renewTime: '2026-11-24T10:00:00.123456Z' } };
    const first = await admin().create(LEASES, lease, MANAGER);
    const { resourceVersion } = first.metadata;
    const next = { metadata: { ...ref, resourceVersion }, spec: { ...lease.spec, holderIdentity: 'b' } };
    expect((await admin().replace(LEASES, next, MANAGER)).spec.holderIdentity).toBe('b');
    const error = await failure(admin().replace(LEASES, next, MANAGER));
    expect([error.code, error.class]).toEqual(['E_KUBE_CONFLICT', 'conflict']);
  });

  test('a write that changes nothing is no new version', async () => {
    const ref = { name: unique('same') };
    const object = { metadata: ref, spec: { mode: 'Capture' } };
    const first = await admin().apply(HEALTHS, object, CONTROLLER);
    const second = await admin().apply(HEALTHS, object, CONTROLLER);
    expect(second.metadata.resourceVersion).toBe(first.metadata.resourceVersion);
  });
}

export function describePatches(admin: () => Cluster): void {
  test('a JSON patch whose test holds is done, and one whose test fails is a conflict that changes nothing', async () => {
    const name = unique('node');
    await admin().create(NODES, { metadata: { name } }, MANAGER);
    const cordon = [
      { op: 'test', path: '/metadata/name', value: name },
      { op: 'add', path: '/spec/unschedulable', value: true },
      { op: 'add', path: '/metadata/annotations', value: { 'kubelet-medic.io/cordoned-by': 'x' } },
    ] as const;
    const cordoned = await admin().jsonPatch(NODES, { name }, cordon, MANAGER);
    expect([cordoned.spec.unschedulable, cordoned.metadata.annotations]).toEqual([
      true,
      { 'kubelet-medic.io/cordoned-by': 'x' },
    ]);
    const uncordon = [
      { op: 'test', path: '/metadata/annotations/kubelet-medic.io~1cordoned-by', value: 'somebody else' },
      { op: 'remove', path: '/spec/unschedulable' },
    ] as const;
    const error = await failure(admin().jsonPatch(NODES, { name }, uncordon, MANAGER));
    expect([error.code, error.class]).toEqual(['E_KUBE_CONFLICT', 'conflict']);
    expect((await admin().get(NODES, { name }))?.spec.unschedulable).toBe(true);
  });

  test('a JSON patch of what is not there is absent, and of a path that is not there a conflict', async () => {
    const remove = [{ op: 'remove', path: '/spec/unschedulable' }] as const;
    expect((await failure(admin().jsonPatch(NODES, { name: 'none' }, remove, MANAGER))).class).toBe('absent');
    const name = unique('node');
    await admin().create(NODES, { metadata: { name } }, MANAGER);
    expect((await failure(admin().jsonPatch(NODES, { name }, remove, MANAGER))).class).toBe('conflict');
  });

  test('a JSON patch of an old resourceVersion is a conflict', async () => {
    const name = unique('node');
    const { metadata } = await admin().create(NODES, { metadata: { name } }, MANAGER);
    const patch = [
      { op: 'test', path: '/metadata/resourceVersion', value: metadata.resourceVersion },
      { op: 'add', path: '/metadata/labels', value: { a: 'b' } },
    ] as const;
    await admin().jsonPatch(NODES, { name }, patch, MANAGER);
    expect((await failure(admin().jsonPatch(NODES, { name }, patch, MANAGER))).class).toBe('conflict');
  });

  test('the node condition of ours is added beside those of the kubelet', async () => {
    const name = unique('node');
    await admin().create(NODES, { metadata: { name } }, MANAGER);
    const kubelet = { metadata: { name }, status: { conditions: [condition('Ready', 'False', 'KubeletNotReady')] } };
    await admin().apply(NODES, kubelet, { manager: 'kubelet', subresource: 'status' });
    const ours = { metadata: { name }, status: { conditions: [condition('KubeletStuck', 'True', 'PLEGUnhealthy')] } };
    const node = await admin().apply(NODES, ours, { ...CONTROLLER, subresource: 'status' });
    expect(node.status.conditions.map(({ type }) => type).sort()).toEqual(['KubeletStuck', 'Ready']);
  });
}
