import { beforeEach, describe, expect, test } from '@jest/globals';
import { LEASES } from '../../../src/api/resources.ts';
import { createKubeletLeases, type KubeletLeases } from '../../../src/controller/incident/kubelet-leases.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import { createControllerWorld } from '../../support/controller-world.ts';
import { renewLease } from '../../support/node-status.ts';

const REF = { name: 'node-a', namespace: 'kube-node-lease' };
let made: ReturnType<typeof createControllerWorld>;
let leases: KubeletLeases;

beforeEach(() => {
  made = createControllerWorld();
  leases = createKubeletLeases(made.world);
});

/** By a clock of the kubelet's that may be anything. */
function renew(clockMs: number): void {
  renewLease(made.local.seeds, 'node-a', clockMs);
}

describe("the Lease of a node's kubelet", () => {
  test('is unrenewed from the first look on, whatever the times in it are', async () => {
    renew(0);
    await made.clock.advance(3_600_000);
    expect(await leases.look('node-a')).toEqual({ unrenewedMs: 0, durationMs: 40_000 });
    await made.clock.advance(15_000);
    expect(await leases.look('node-a')).toMatchObject({ unrenewedMs: 15_000 });
    renew(4_102_444_800_000);
    expect(await leases.look('node-a')).toMatchObject({ unrenewedMs: 0 });
  });

  test('that was deleted, or made anew, says nothing of before', async () => {
    renew(0);
    await leases.look('node-a');
    await made.clock.advance(30_000);
    made.local.seeds.remove(LEASES, REF);
    expect(await leases.look('node-a')).toBeUndefined();
    renew(0);
    expect(await leases.look('node-a')).toMatchObject({ unrenewedMs: 0 });
  });

  test('is unrenewed from the first look on after a time in which none was possible', async () => {
    renew(0);
    for (let looks = 0; looks < 2; looks++) {
      await leases.look('node-a');
      await made.clock.advance(30_000);
    }
    expect(await leases.look('node-a')).toMatchObject({ unrenewedMs: 60_000 });
    await made.clock.advance(60_000);
    expect(await leases.look('node-a')).toMatchObject({ unrenewedMs: 0 });
  });

  test('that may not be read is not known; a failure that may pass is told', async () => {
    renew(0);
    const refusing = (kind: 'denied' | 'transient'): KubeletLeases => {
      const get = (): Promise<never> => Promise.reject(new MedicError('E_KUBE_DENIED', kind, 'leases is forbidden'));
      return createKubeletLeases({ ...made.world, cluster: { ...made.world.cluster, get } });
    };
    expect(await refusing('denied').look('node-a')).toBeUndefined();
    await expect(refusing('transient').look('node-a')).rejects.toThrow('forbidden');
  });
});
