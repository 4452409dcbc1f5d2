import { describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, LEASES, NODES } from '../../../src/api/resources.ts';
import { cleanUp } from '../../../src/controller/clean-up.ts';
import { LEADER_LEASE } from '../../../src/api/v1alpha1/words/names.ts';
import { setStuck } from '../../../src/controller/node/node-condition.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import { aHealth, anIncident, aNode, at } from '../../support/builders/objects.ts';
import { createControllerWorld } from '../../support/controller-world.ts';
import type { LocalCluster } from '../../support/local-cluster.ts';

const { signal } = new AbortController();
const NAMESPACE = 'kubelet-medic';
const CLAIM = { status: 'True', reason: 'PLEGUnhealthy', message: 'm' } as const;

async function installed(names: readonly string[]) {
  const parts = createControllerWorld();
  for (const name of names) {
    const { metadata, spec, status } = aNode({ name });
    parts.local.seeds.seed(NODES, { metadata: { name, uid: metadata.uid }, spec, status });
    parts.local.seeds.seed(HEALTHS, { metadata: { name }, status: aHealth({ node: name }).status });
    await setStuck(parts.world, parts.local.read(NODES, name)!, CLAIM);
  }
  return parts;
}

describe('what is left on uninstall', () => {
  test('says that nobody keeps it, or goes; history and nodes that we never wrote to stay as they are', async () => {
    const { world, local } = await installed(['node-a', 'node-b']);
    const other = aNode({ name: 'node-c' });
    local.seeds.seed(NODES, { metadata: { name: 'node-c' }, spec: other.spec, status: other.status });
    const { metadata, spec } = anIncident();
    local.seeds.seed(INCIDENTS, { metadata: { name: metadata.name }, spec, status: {} });
    expect(await cleanUp(world, NAMESPACE, signal)).toBe(0);
    const stuck = (name: string) =>
      local.read(NODES, name)?.status.conditions.find(({ type }) => type === 'KubeletStuck');
    expect(stuck('node-a')).toMatchObject({ status: 'Unknown', reason: 'Uninstalled' });
    expect(stuck('node-b')).toMatchObject({ status: 'Unknown', reason: 'Uninstalled' });
    expect(stuck('node-c')).toBeUndefined();
    expect(local.list(HEALTHS)).toEqual([]);
    expect(local.list(INCIDENTS)).toHaveLength(1);
    // A second run, as after a failure, writes nothing.
    const before = local.writes.length;
    expect(await cleanUp(world, NAMESPACE, signal)).toBe(0);
    expect(local.writes).toHaveLength(before);
  });

  test('is cleaned up as far as the API server lets it, and it is counted what is not', async () => {
    const { world, local, log } = await installed(['node-a', 'node-b']);
    const cluster: typeof world.cluster = {
      ...world.cluster,
      apply: () => Promise.reject(new MedicError('E_KUBE_DENIED', 'denied', 'no')),
    };
    expect(await cleanUp({ ...world, cluster }, NAMESPACE, signal)).toBe(2);
    expect(local.list(HEALTHS)).toEqual([]);
    expect(log.entries.filter(({ level }) => level === 'warn')).toHaveLength(2);
  });

  test('is not begun where nobody waits any more', async () => {
    const { world, local } = await installed(['node-a']);
    await expect(cleanUp(world, NAMESPACE, AbortSignal.abort(new Error('too late')))).rejects.toThrow();
    expect(local.list(HEALTHS)).toHaveLength(1);
  });
});

describe('a condition KubeletStuck that another one writes', () => {
  const theirs = { type: 'KubeletStuck', status: 'True', reason: 'NPDFound', message: 'm', lastTransitionTime: at(0) };
  const byAnother = { manager: 'node-problem-detector', subresource: 'status', force: true } as const;

  test.each([
    ['alone', []],
    ['over ours', ['node-c']],
  ])('%s stays as it is', async (_name, ours) => {
    const { world, local } = await installed(ours);
    const { metadata, spec, status } = aNode({ name: 'node-c' });
    if (ours.length === 0) local.seeds.seed(NODES, { metadata: { name: 'node-c', uid: metadata.uid }, spec, status });
    await world.cluster.apply(NODES, { metadata: { name: 'node-c' }, status: { conditions: [theirs] } }, byAnother);
    expect(await cleanUp(world, NAMESPACE, signal)).toBe(0);
    const stuck = local.read(NODES, 'node-c')?.status.conditions.filter(({ type }) => type === 'KubeletStuck');
    expect(stuck).toMatchObject([{ status: 'True', reason: 'NPDFound' }]);
  });
});

describe('while the election lease', () => {
  const LEASE = { name: LEADER_LEASE, namespace: NAMESPACE };
  const renewed = (local: LocalCluster, now: number, holderIdentity = 'pod-1'): unknown =>
    local.seeds.seed(LEASES, {
      metadata: LEASE,
      spec: { holderIdentity, leaseDurationSeconds: 30, renewTime: new Date(now).toISOString() },
    });

  test('is renewed nothing is touched, and it is said why', async () => {
    const { world, local, clock } = await installed(['node-a']);
    renewed(local, clock.now());
    const writes = local.writes.length;
    const cleaned = expect(cleanUp(world, NAMESPACE, signal)).rejects.toThrow(
      'a controller leads (pod-1 in kubelet-medic)',
    );
    for (let second = 0; second < 70; second += 2) {
      await clock.advance(2_000);
      renewed(local, clock.now());
    }
    await cleaned;
    expect(local.writes).toHaveLength(writes);
    expect(local.list(HEALTHS)).toHaveLength(1);
  });

  test('passes from one controller to the next nothing is touched either', async () => {
    const { world, local, clock } = await installed(['node-a']);
    renewed(local, clock.now(), '');
    const cleaned = expect(cleanUp(world, NAMESPACE, signal)).rejects.toThrow('pod-2');
    for (let second = 0; second < 70; second += 2) {
      await clock.advance(2_000);
      renewed(local, clock.now(), 'pod-2');
    }
    await cleaned;
    expect(local.list(HEALTHS)).toHaveLength(1);
  });

  test.each([
    ['was left by a controller that lost its rights', 'pod-1', 0],
    ['was left long ago, or so its clock says', 'pod-1', 86_400_000],
    ['was given back', '', 0],
  ])('%s it is waited out', async (_name, holder, agoMs) => {
    const { world, local, clock } = await installed(['node-a']);
    renewed(local, clock.now() - agoMs, holder);
    const cleaned = cleanUp(world, NAMESPACE, signal);
    await clock.advance(40_000);
    expect(await cleaned).toBe(0);
    expect(local.list(HEALTHS)).toEqual([]);
  });

  test('cannot be seen nothing is touched', async () => {
    const { world, local } = await installed(['node-a']);
    const cluster: typeof world.cluster = {
      ...world.cluster,
      get: () => Promise.reject(new MedicError('E_KUBE_DENIED', 'denied', 'no')),
    };
    await expect(cleanUp({ ...world, cluster }, NAMESPACE, signal)).rejects.toMatchObject({ class: 'denied' });
    expect(local.list(HEALTHS)).toHaveLength(1);
  });
});
