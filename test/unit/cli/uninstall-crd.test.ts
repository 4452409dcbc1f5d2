/** An API server that could not delete the objects of a CRD leaves it for minutes, unless it is asked again. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { LEASES } from '../../../src/api/resources.ts';
import { LEADER_LEASE } from '../../../src/api/v1alpha1/words/names.ts';
import { CRDS, type Crd } from '../../../src/cli/uninstall/crd.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import type { JsonObject } from '../../support/api-server/json.ts';
import { startBench, type Bench, type Ran } from './cli-harness.ts';

const HEALTHS_CRD = { name: 'kubelethealths.kubelet-medic.io' };
let bench: Bench;

beforeEach(async () => {
  bench = await startBench(10);
  bench.server.remove(LEASES, { name: LEADER_LEASE, namespace: 'kubelet-medic' });
  const metadata = {
    ...HEALTHS_CRD,
    annotations: { 'example.com/of': 'somebody' },
    finalizers: ['customresourcecleanup'],
  };
  bench.server.seed(CRDS, { metadata });
});
afterEach(async () => {
  await bench.server.close();
});

const crd = async (): Promise<Crd | undefined> => await bench.cluster.get(CRDS, HEALTHS_CRD);

/** Runs it against an API server whose clean-up is `cleanUp`, at each look at the CRD. */
async function run(cleanUp: () => Promise<void>, other: Partial<Cluster> = {}): Promise<Ran> {
  const plain = { ...bench.cluster, ...other };
  const cluster: Cluster = {
    ...plain,
    get: async (resource, ref) => {
      if (resource.plural === CRDS.plural) await cleanUp();
      return await plain.get(resource, ref);
    },
  };
  return await bench.runWith({ cluster }, 'uninstall', '--yes');
}

function say(reason: string): void {
  const conditions = [{ type: 'Terminating', status: 'True', reason }];
  const edit = (draft: JsonObject): void => {
    draft['status'] = { conditions };
  };
  bench.server.edit(CRDS, HEALTHS_CRD, edit, 'kube-apiserver');
}

function finish(): void {
  bench.server.remove(CRDS, HEALTHS_CRD);
}

test.each(['InstanceDeletionFailed', 'InstanceDeletionCheck'])('%s is tried again', async (reason) => {
  const seen: (readonly string[])[] = [];
  const { code, out } = await run(async () => {
    const now = await crd();
    if (now?.metadata.deletionTimestamp === undefined) return;
    const annotations = Object.keys(now.metadata.annotations);
    seen.push(annotations);
    // Its own tries have conflicted; it looks again where the CRD has changed.
    if (annotations.length > 1) finish();
    else say(reason);
  });
  expect([code, out]).toEqual([0, expect.stringContaining(`${HEALTHS_CRD.name} removed\n`)]);
  expect(seen).toEqual([['example.com/of'], ['example.com/of', 'kubelet-medic.io/deletion-tried-again']]);
});

test('one whose objects are going is only waited for', async () => {
  let looks = 0;
  const { code } = await run(async () => {
    const now = await crd();
    if (now?.metadata.deletionTimestamp === undefined) return;
    expect(Object.keys(now.metadata.annotations)).toEqual(['example.com/of']);
    if (++looks === 5) finish();
    else say('InstanceDeletionInProgress');
  });
  expect([code, looks]).toEqual([0, 5]);
});

test.each([
  ['invalid', 'E_KUBE_INVALID'],
  ['transient', 'E_KUBE_DEADLINE'],
  ['throttled', 'E_KUBE_THROTTLED'],
  ['denied', 'E_KUBE_DENIED'],
] as const)('one that cannot be asked for again (%s) is waited for', async (errorClass, code) => {
  let looks = 0;
  const refuse = (): Promise<never> => Promise.reject(new MedicError(code, errorClass, 'a webhook denied the request'));
  const ran = await run(
    async () => {
      const now = await crd();
      if (now?.metadata.deletionTimestamp === undefined) return;
      if (++looks === 4) finish();
      else say('InstanceDeletionFailed');
    },
    { jsonPatch: refuse },
  );
  expect([ran.code, ran.out]).toEqual([0, expect.stringContaining(`${HEALTHS_CRD.name} removed\n`)]);
});

test('what somebody annotates meanwhile stays', async () => {
  let looks = 0;
  let annotateAfterwards = false;
  let last: readonly string[] = [];
  await run(
    async () => {
      const now = await crd();
      if (now?.metadata.deletionTimestamp === undefined) return;
      last = Object.keys(now.metadata.annotations);
      if (last.includes('kubelet-medic.io/deletion-tried-again')) finish();
      else say('InstanceDeletionFailed');
      if (++looks === 1) annotateAfterwards = true;
    },
    {
      get: async (resource, ref) => {
        const got = await bench.cluster.get(resource, ref);
        if (annotateAfterwards) {
          annotateAfterwards = false;
          bench.server.edit(
            CRDS,
            HEALTHS_CRD,
            (draft) => {
              const metadata = draft['metadata'] as JsonObject;
              metadata['annotations'] = { ...(metadata['annotations'] as JsonObject), 'example.com/new': 'of now' };
            },
            'somebody',
          );
        }
        return got;
      },
    },
  );
  expect(last).toEqual(['example.com/of', 'example.com/new', 'kubelet-medic.io/deletion-tried-again']);
});

test.each([
  ['no conditions yet', { conditions: null, storedVersions: ['v1'] }],
  ['no status', null],
  ['a condition without a status', { conditions: [{ type: 'Established' }] }],
])('a CRD of others that has %s is none of our matter', async (_what, status) => {
  bench.server.seed(CRDS, { metadata: { name: 'foos.example.com' }, status });
  const { code, err } = await run(async () => {
    if ((await crd())?.metadata.deletionTimestamp !== undefined) finish();
  });
  expect([code, err]).toEqual([0, '']);
});

test('one that goes meanwhile is gone', async () => {
  const { code, out } = await run(async () => {
    const now = await crd();
    if (now?.metadata.deletionTimestamp === undefined) return;
    say('InstanceDeletionFailed');
    setImmediate(finish);
  });
  expect([code, out]).toEqual([0, expect.stringContaining(`${HEALTHS_CRD.name} removed\n`)]);
});
