import { beforeEach, describe, expect, test } from '@jest/globals';
import { REMEDIATIONS } from '../../../../src/api/resources.ts';
import type { KubeletRemediation } from '../../../../src/api/v1alpha1/kinds/remediation.ts';
import { leaseNow } from '../../../../src/controller/remediation/lease-now.ts';
import { createRemediationView, REMEDIATION_ROWS } from '../../../../src/controller/remediation/remediation-view.ts';
import type { LeaseState } from '../../../../src/core/decision/other-actors.ts';
import { MedicError } from '../../../../src/ports/errors.ts';
import { aRemediation, type RemediationOptions } from '../../../support/builders/remediations.ts';
import { createControllerWorld } from '../../../support/controller-world.ts';

const HELD = { kind: 'held', by: 'NodeHealthCheck-workers' } as const;

let bench: ReturnType<typeof createControllerWorld>;
let reads: number;

beforeEach(() => {
  bench = createControllerWorld();
  reads = 0;
});

function stored(options: RemediationOptions): KubeletRemediation {
  const { metadata, spec, status } = aRemediation(options);
  const { name, namespace = '', uid, annotations, ownerReferences } = metadata;
  bench.local.seeds.seed(REMEDIATIONS, {
    metadata: { name, namespace, uid, annotations, ownerReferences },
    spec,
    status,
  });
  return aRemediation(options);
}

/** @param copies what the mirror says, whatever is stored. */
async function now(copies: readonly KubeletRemediation[]): ReturnType<typeof leaseNow> {
  const { cluster } = bench.world;
  const get: typeof cluster.get = async (...read) => {
    reads += 1;
    return await cluster.get(...read);
  };
  const world = { ...bench.world, cluster: { ...cluster, get } };
  return await leaseNow({ world, requests: { mirror: undefined, ofNode: () => copies } }, 'node-a', HELD);
}

describe('a lease that is held', () => {
  test('is lent by a request that is still there', async () => {
    expect(await now([stored({ owner: 'NodeHealthCheck' })])).toEqual({ kind: 'lent', by: HELD.by });
  });

  test.each<[string, RemediationOptions]>([
    ['has lost patience', { annotations: { 'remediation.medik8s.io/nhc-timed-out': 'now' } }],
    [
      'is answered',
      {
        status: {
          conditions: [
            {
              type: 'Succeeded',
              status: 'False',
              reason: 'X',
              message: '',
              lastTransitionTime: '2026-11-24T10:00:00Z',
            },
          ],
        },
      },
    ],
  ])('is not lent by one of which the copy does not say yet that it %s', async (_, change) => {
    stored({ owner: 'NodeHealthCheck', ...change });
    expect(await now([aRemediation({ owner: 'NodeHealthCheck' })])).toEqual(HELD);
  });

  test('is not lent by one that is gone, or that another one has the name of', async () => {
    const copy = aRemediation({ owner: 'NodeHealthCheck' });
    expect(await now([copy])).toEqual(HELD);
    stored({ owner: 'NodeHealthCheck' });
    expect(await now([{ ...copy, metadata: { ...copy.metadata, uid: 'before' } }])).toEqual(HELD);
  });

  test('reads nothing where nobody lends it, and little where many would', async () => {
    await now([aRemediation(), aRemediation({ owner: 'Machine' })]);
    expect(reads).toBe(0);
    await now(
      Array.from({ length: 1_000 }, (_, index) => aRemediation({ name: `r${index}`, owner: 'NodeHealthCheck' })),
    );
    expect(reads).toBe(4);
  });
});

describe('a lease while requests are not known yet', () => {
  async function before(list?: () => never, held: LeaseState = HELD): ReturnType<typeof leaseNow> {
    const { cluster } = bench.world;
    const world = { ...bench.world, cluster: { ...cluster, ...(list === undefined ? {} : { list }) } };
    const mirror = { freshAt: () => undefined };
    return await leaseNow({ world, requests: { mirror, ofNode: () => [] } }, 'node-a', held);
  }

  function failing(error: Error): () => never {
    return () => {
      throw error;
    };
  }

  test.each<LeaseState>([HELD, { kind: 'free' }, { kind: 'unused' }, { kind: 'ours', isToBeRenewed: false }])(
    'allows nothing: $kind',
    async (held) => {
      const message = 'the list of KubeletRemediations is not in yet';
      expect(await before(undefined, held)).toEqual({ kind: 'requestsUnknown', message });
    },
  );

  test('says why they cannot be listed, and what to do', async () => {
    const denied = new MedicError('E_KUBE_DENIED', 'denied', 'kubeletremediations is forbidden');
    expect(await before(failing(denied))).toEqual({
      kind: 'requestsUnknown',
      message: expect.stringMatching(/kubeletremediations is forbidden.*otherOperators/) as unknown,
    });
    const slow = new MedicError('E_KUBE_DEADLINE', 'transient', 'no answer within 10 s');
    expect(await before(failing(slow))).toMatchObject({ kind: 'requestsUnknown' });
    await expect(before(failing(new Error('a bug')))).rejects.toThrow('a bug');
  });

  test('is what it is where the cluster has no such kind: nobody can have asked', async () => {
    const absent = new MedicError('E_KUBE_ABSENT', 'absent', 'LIST kubeletremediations: 404');
    expect(await before(failing(absent))).toEqual(HELD);
  });
});

describe('the copies of requests', () => {
  test('keep what is asked of them, however large they are made', () => {
    const annotations = { 'remediation.medik8s.io/node-name': 'n'.repeat(100_000), a: 'x'.repeat(100_000) };
    const raw = aRemediation({ annotations });
    const labels = { l: 'x'.repeat(63) };
    const owners = Array.from({ length: 500 }, (_, index) => ({
      apiVersion: 'v1',
      kind: 'Node',
      name: 'n',
      uid: `${index}`,
    }));
    const row = REMEDIATION_ROWS.parse({ ...raw, metadata: { ...raw.metadata, labels, ownerReferences: owners } });
    expect(JSON.stringify(row).length).toBeLessThan(1_500);
  });

  test('are found by the node that they are about, and move with it', async () => {
    const { signal } = new AbortController();
    const view = createRemediationView({ ...bench.world, remediations: { machines: 'read' } }, signal);
    await view.mirror?.whenSynced();
    const names = (node: string): readonly string[] => view.ofNode(node).map(({ metadata }) => metadata.name);
    stored({ name: 'machine-a', owner: 'Machine' });
    stored({ name: 'node-a' });
    stored({ name: 'other', annotations: { 'remediation.medik8s.io/node-name': 'node-a' } });
    await bench.clock.settle();
    expect(names('node-a')).toEqual(['node-a', 'other']);
    stored({ name: 'machine-a', owner: 'Machine', status: { nodeName: 'node-b' } });
    bench.local.seeds.remove(REMEDIATIONS, { name: 'node-a', namespace: 'default' });
    await bench.clock.settle();
    expect([names('node-a'), names('node-b'), names('machine-a')]).toEqual([['other'], ['machine-a'], []]);
  });
});
