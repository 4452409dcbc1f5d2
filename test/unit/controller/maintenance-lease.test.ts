import { beforeEach, describe, expect, test } from '@jest/globals';
import { LEASES, NAMESPACES } from '../../../src/api/resources.ts';
import { createMaintenanceLeases, type MaintenanceLeases } from '../../../src/controller/incident/maintenance-lease.ts';
import type { World } from '../../../src/controller/world.ts';
import { toMicroTime } from '../../../src/core/time/timestamp.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import type { JsonObject } from '../../support/api-server/json.ts';
import { createControllerWorld } from '../../support/controller-world.ts';
import { skewedClock } from '../../support/clock.ts';

const MINUTE = 60_000;
const NODE = { name: 'node-a', uid: 'uid-a' };
const REF = { name: 'node-node-a', namespace: 'medik8s-leases' };

let bench: ReturnType<typeof createControllerWorld>;
let open: Set<string>;

beforeEach(() => {
  bench = createControllerWorld();
  bench.local.seeds.seed(NAMESPACES, { metadata: { name: REF.namespace } });
  open = new Set(['node-a-1', 'node-a-2']);
});

function leasesOf(world: Partial<World> = {}): MaintenanceLeases {
  return createMaintenanceLeases({ ...bench.world, ...world }, (incident) => open.has(incident));
}

/** A lease as node-healthcheck writes it. @param renewedMs how long ago, by the API server's clock. */
function seedLease(renewedMs: number, spec: JsonObject = {}): void {
  const time = toMicroTime(bench.clock.now() - renewedMs);
  bench.local.seeds.seed(LEASES, {
    metadata: { ...REF, labels: { of: 'somebody' } },
    spec: {
      holderIdentity: 'node-healthcheck',
      leaseDurationSeconds: 600,
      acquireTime: time,
      renewTime: time,
      leaseTransitions: 3,
      ...spec,
    },
  });
}

const stored = (): JsonObject | undefined => bench.local.seeds.read(LEASES, REF);
const held = { kind: 'held', by: 'node-healthcheck' };

/** A client that may not do it. */
function denied(...verbs: readonly ('get' | 'create' | 'jsonPatch')[]): Cluster {
  const refuse = (): Promise<never> =>
    Promise.reject(new MedicError('E_KUBE_DENIED', 'denied', 'leases is forbidden: cannot do it'));
  const refusals = Object.fromEntries(verbs.map((verb) => [verb, refuse]));
  return { ...bench.world.cluster, ...refusals };
}

describe('where nobody uses maintenance leases', () => {
  test('none is taken: their namespace is not there, or on its way out', async () => {
    bench.local.seeds.remove(NAMESPACES, { name: REF.namespace });
    expect(await leasesOf().read('node-a', 'node-a-1')).toEqual({ kind: 'unused' });
    const deletionTimestamp = '2026-11-24T10:00:00Z';
    bench.local.seeds.seed(NAMESPACES, { metadata: { name: REF.namespace, deletionTimestamp } });
    expect(await leasesOf().read('node-a', 'node-a-1')).toEqual({ kind: 'unused' });
  });

  test('nothing is asked if the controller is told not to', async () => {
    const leases = leasesOf({ medik8sLeases: false, cluster: denied('get') });
    expect(await leases.read('node-a', 'node-a-1')).toEqual({ kind: 'unused' });
  });
});

describe('a lease that is free', () => {
  test('is taken for twenty minutes, in the name of the incident, and belongs to the node', async () => {
    // The times in it are for others to read: they are the API server's.
    const clock = skewedClock(bench.clock);
    clock.jump(-2 * 60 * MINUTE);
    const leases = leasesOf({ clock, cluster: bench.local.clusterFor(clock) });
    expect(await leases.read('node-a', 'node-a-1')).toEqual({ kind: 'free' });
    await leases.take(NODE, 'node-a-1');
    expect(await leases.read('node-a', 'node-a-1')).toEqual({ kind: 'ours', isToBeRenewed: false });
    const now = toMicroTime(bench.clock.now());
    expect(stored()).toMatchObject({
      metadata: { ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name: 'node-a', uid: 'uid-a' }] },
      spec: {
        holderIdentity: 'kubelet-medic/node-a-1',
        leaseDurationSeconds: 1200,
        acquireTime: now,
        renewTime: now,
        leaseTransitions: 0,
      },
    });
  });

  test('is taken by one of two who try at once, and neither fails', async () => {
    const [a, b] = [leasesOf(), leasesOf()];
    await Promise.all([a.take(NODE, 'node-a-1'), b.take(NODE, 'node-a-2')]);
    const states = [await a.read('node-a', 'node-a-1'), await b.read('node-a', 'node-a-2')];
    expect(states.map(({ kind }) => kind).sort()).toEqual(['held', 'ours']);
  });

  test('may be one that its holder has left: what else is in it stays', async () => {
    seedLease(0, { holderIdentity: '' });
    const leases = leasesOf();
    expect(await leases.read('node-a', 'node-a-1')).toEqual({ kind: 'free' });
    await leases.take(NODE, 'node-a-1');
    expect(stored()).toMatchObject({
      metadata: { labels: { of: 'somebody' } },
      spec: { holderIdentity: 'kubelet-medic/node-a-1', leaseTransitions: 4 },
    });
  });

  test.each([{ renewTime: null }, { leaseDurationSeconds: null }])(
    'may be one that medik8s has made invalid: %j',
    async (spec) => {
      const rest = Object.entries(spec).map(([key]) => key);
      seedLease(0);
      bench.local.seeds.edit(LEASES, REF, (draft) => {
        const before = draft['spec'] as Record<string, JsonObject>;
        draft['spec'] = Object.fromEntries(Object.entries(before).filter(([key]) => !rest.includes(key)));
      });
      expect(await leasesOf().read('node-a', 'node-a-1')).toEqual({ kind: 'free' });
    },
  );

  test('that may not be written stops the act, and says what to grant; it is tried again after a minute', async () => {
    const leases = leasesOf({ cluster: denied('create') });
    await leases.take(NODE, 'node-a-1');
    const state = await leases.read('node-a', 'node-a-1');
    expect(state).toMatchObject({ kind: 'unreadable' });
    expect(JSON.stringify(state)).toMatch(/forbidden: cannot do it; grant get, create and patch of leases in the/);
    await bench.clock.advance(MINUTE);
    expect(await leases.read('node-a', 'node-a-1')).toEqual({ kind: 'free' });
  });
});

describe("somebody else's lease", () => {
  test('is left alone', async () => {
    seedLease(0);
    const before = stored();
    const leases = leasesOf();
    expect(await leases.read('node-a', 'node-a-1')).toEqual(held);
    await leases.take(NODE, 'node-a-1');
    await leases.release('node-a', 'node-a-1');
    expect(stored()).toEqual(before);
  });

  test.each([
    ['a minute ago', MINUTE],
    ['so long ago that it is over by their clock', 30 * MINUTE],
    ['in the future of ours', -90 * MINUTE],
  ])('renewed %s holds for its whole time on our clock, from when we first see it', async (_when, renewedMs) => {
    seedLease(renewedMs);
    const leases = leasesOf();
    expect(await leases.read('node-a', 'node-a-1')).toEqual(held);
    await bench.clock.advance(10 * MINUTE - 1);
    expect(await leases.read('node-a', 'node-a-1')).toEqual(held);
    await bench.clock.advance(1);
    expect(await leases.read('node-a', 'node-a-1')).toEqual({ kind: 'free' });
    await leases.take(NODE, 'node-a-1');
    expect((await leases.read('node-a', 'node-a-1')).kind).toBe('ours');
  });

  test('holds anew from each renewal that we see', async () => {
    seedLease(0);
    const leases = leasesOf();
    for (let renewal = 0; renewal < 3; renewal += 1) {
      expect(await leases.read('node-a', 'node-a-1')).toEqual(held);
      await bench.clock.advance(9 * MINUTE);
      seedLease(0);
    }
    expect(await leases.read('node-a', 'node-a-1')).toEqual(held);
  });

  test.each([0, -3 * 60 * MINUTE, 3 * 60 * MINUTE])(
    "is over at once if it is more than an hour past by the API server's clock; ours is %d ms ahead",
    async (aheadMs) => {
      const clock = skewedClock(bench.clock);
      clock.jump(aheadMs);
      const cluster = bench.local.clusterFor(clock);
      seedLease(10 * MINUTE + 60 * MINUTE);
      expect(await leasesOf({ clock, cluster }).read('node-a', 'node-a-1')).toEqual(held);
      await bench.clock.advance(1);
      expect(await leasesOf({ clock, cluster }).read('node-a', 'node-a-1')).toEqual({ kind: 'free' });
      const blind = { ...cluster, clockAheadMs: () => undefined };
      expect(await leasesOf({ clock, cluster: blind }).read('node-a', 'node-a-1')).toEqual(held);
    },
  );

  test('that cannot be read stops the act', async () => {
    const message = expect.stringMatching(/^leases is forbidden: cannot do it; grant get, create and patch of leases/);
    const state = await leasesOf({ cluster: denied('get') }).read('node-a', 'node-a-1');
    expect(state).toEqual({ kind: 'unreadable', message });
    seedLease(0, { holderIdentity: 7 });
    expect(await leasesOf().read('node-a', 'node-a-1')).toMatchObject({ kind: 'unreadable' });
  });

  test('that nobody can tell about now is no answer', async () => {
    bench.local.setDown('away');
    await expect(leasesOf().read('node-a', 'node-a-1')).rejects.toMatchObject({ class: 'transient' });
  });
});

describe('our own lease', () => {
  test('is to be renewed after five minutes, and is the same lease then', async () => {
    const leases = leasesOf();
    await leases.take(NODE, 'node-a-1');
    const acquiredAt = toMicroTime(bench.clock.now());
    await bench.clock.advance(5 * MINUTE - 1);
    expect(await leases.read('node-a', 'node-a-1')).toEqual({ kind: 'ours', isToBeRenewed: false });
    await bench.clock.advance(1);
    // By whoever leads now.
    expect(await leasesOf().read('node-a', 'node-a-1')).toEqual({ kind: 'ours', isToBeRenewed: true });
    await leasesOf().take(NODE, 'node-a-1');
    expect(stored()).toMatchObject({
      spec: { acquireTime: acquiredAt, renewTime: toMicroTime(bench.clock.now()), leaseTransitions: 0 },
    });
    expect(await leases.read('node-a', 'node-a-1')).toEqual({ kind: 'ours', isToBeRenewed: false });
  });

  test('is held against another incident, until its own is over', async () => {
    const leases = leasesOf();
    await leases.take(NODE, 'node-a-1');
    expect(await leases.read('node-a', 'node-a-2')).toEqual({ kind: 'held', by: 'kubelet-medic/node-a-1' });
    open.delete('node-a-1');
    expect(await leases.read('node-a', 'node-a-2')).toEqual({ kind: 'free' });
    await leases.take(NODE, 'node-a-2');
    expect((await leases.read('node-a', 'node-a-2')).kind).toBe('ours');
  });

  test('is free for everybody when it is given back, a second later by what is written in it', async () => {
    const leases = leasesOf();
    await leases.take(NODE, 'node-a-1');
    await leases.release('node-a', 'node-a-1');
    expect(stored()).toMatchObject({ spec: { holderIdentity: '', leaseDurationSeconds: 1 } });
    expect(await leases.read('node-a', 'node-a-2')).toEqual({ kind: 'free' });
  });

  test('that is gone need not be given back', async () => {
    const leases = leasesOf();
    await leases.release('node-a', 'node-a-1');
    expect(stored()).toBeUndefined();
  });
});
