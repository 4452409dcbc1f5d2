/** What a thief of the controller's token may do to Nodes and through the node proxy: a real API server refuses each attack. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { NODES } from '../../../src/api/resources.ts';
import type { Cluster, JsonPatchOperation } from '../../../src/ports/cluster.ts';
import { condition } from '../../contract/objects.ts';
import { CONTROLLER, MANAGER } from '../../contract/subject.ts';
import { startFakeKubelet, type FakeKubelet } from '../../support/fake-kubelet.ts';
import { startIdentities, type Identities } from '../../support/identities.ts';
import { eventually } from '../../support/real-time.ts';
import { type Attack, expectRefused } from './attack.ts';

const STATUS = { ...CONTROLLER, subresource: 'status' } as const;

let ids: Identities;
let admin: Cluster;
let controller: Cluster;
let kubelet: FakeKubelet;

const patchNode = (...patch: readonly JsonPatchOperation[]): Promise<unknown> =>
  controller.jsonPatch(NODES, { name: 'node-a' }, patch, CONTROLLER);
const patchStatus = (...patch: readonly JsonPatchOperation[]): Promise<unknown> =>
  controller.jsonPatch(NODES, { name: 'node-a' }, patch, STATUS);
const add = (path: string, value: unknown): JsonPatchOperation => ({ op: 'add', path, value });
const remove = (path: string): JsonPatchOperation => ({ op: 'remove', path });
const annotation = (name: string): string => `/metadata/annotations/kubelet-medic.io~1${name}`;

beforeAll(async () => {
  ids = await startIdentities('controller.nodeProxy=true');
  ({ admin } = ids);
  controller = ids.connect(await ids.tokenOf('kubelet-medic-controller'));
  kubelet = await startFakeKubelet((_method, path) => Promise.resolve({ status: 200, body: `kubelet ${path}` }));
  const { address, port } = kubelet;
  const status = {
    addresses: [{ type: 'InternalIP', address }],
    daemonEndpoints: { kubeletEndpoint: { Port: port } },
    conditions: [condition('Ready', 'True', 'KubeletReady')],
  };
  await admin.apply(NODES, { metadata: { name: 'node-a' }, status }, { ...MANAGER, subresource: 'status' });
  await eventually('the walls are in force', async () => {
    const refused = await Promise.allSettled([
      patchNode(add('/metadata/labels/wall', 'none')),
      controller.proxyNode('node-a', '/none', { maxBytes: 10 }),
    ]);
    const allowed = await Promise.allSettled([controller.proxyNode('node-a', '/metrics', { maxBytes: 10 })]);
    return [...refused, ...allowed].every(({ status: said }, i) => said === (i < 2 ? 'rejected' : 'fulfilled'));
  });
}, 180_000);

afterAll(async () => {
  await kubelet.close();
  await ids.stop();
});

describe('of a Node the controller writes', () => {
  test('a cordon with who and why, and takes its own back', async () => {
    await patchNode(
      add('/metadata/annotations', {}),
      add(annotation('cordoned-by'), 'node-a-bcdfg'),
      add(annotation('cordon-reason'), 'why'),
      add('/spec/unschedulable', true),
    );
    await patchNode(
      remove('/spec/unschedulable'),
      remove(annotation('cordoned-by')),
      remove(annotation('cordon-reason')),
    );
    expect((await admin.get(NODES, { name: 'node-a' }))?.spec.unschedulable).toBe(false);
  });

  test('the condition KubeletStuck', async () => {
    const said = { metadata: { name: 'node-a' }, status: { conditions: [condition('KubeletStuck', 'True', 'X')] } };
    const written = await controller.apply(NODES, said, { ...STATUS, force: true });
    expect(written.status.conditions.map(({ type }) => type).sort()).toEqual(['KubeletStuck', 'Ready']);
  });

  test.each<Attack>([
    ['a label', () => patchNode(add('/metadata/labels', { a: 'b' })), 'and nothing else of a Node'],
    ['a finalizer', () => patchNode(add('/metadata/finalizers', ['a.b/c'])), 'and nothing else of a Node'],
    [
      'an owner',
      () => patchNode(add('/metadata/ownerReferences', [{ apiVersion: 'v1', kind: 'Pod', name: 'a', uid: 'b' }])),
      'and nothing else of a Node',
    ],
    [
      'a taint',
      () => patchNode(add('/spec/taints', [{ key: 'a', effect: 'NoExecute' }])),
      'and nothing else of a Node',
    ],
    ['the provider id', () => patchNode(add('/spec/providerID', 'a://b')), 'and nothing else of a Node'],
    [
      'an annotation of others',
      () => patchNode(add('/metadata/annotations', { a: 'b' })),
      'and nothing else of a Node',
    ],
    [
      'the mark by which a person keeps us off',
      () => patchNode(add('/metadata/annotations', { 'kubelet-medic.io/exclude': 'false' })),
      'and nothing else of a Node',
    ],
    [
      'a cordon that says nobody',
      () => patchNode(add('/spec/unschedulable', true)),
      'a cordon of the controller says which incident it is of',
    ],
  ])('no more: not %s', async (_what, attack, words) => {
    await expectRefused(attack(), words);
  });

  test('no end of a cordon that is a person’s, nor its name on it', async () => {
    await admin.jsonPatch(NODES, { name: 'node-b' }, [add('/spec/unschedulable', true)], MANAGER);
    const patch = (...operations: JsonPatchOperation[]): Promise<unknown> =>
      controller.jsonPatch(NODES, { name: 'node-b' }, operations, CONTROLLER);
    await expectRefused(patch(remove('/spec/unschedulable')), 'undoes a cordon of its own only');
    const mark = { 'kubelet-medic.io/cordoned-by': 'node-b-bcdfg' };
    await expectRefused(patch(add('/metadata/annotations', mark)), 'undoes a cordon of its own only');
  });

  test.each<Attack>([
    [
      'an address (C3)',
      () => patchStatus(add('/status/addresses', [{ type: 'InternalIP', address: '10.96.0.1' }])),
      'the condition KubeletStuck',
    ],
    [
      'the port of the kubelet',
      () => patchStatus(add('/status/daemonEndpoints', { kubeletEndpoint: { Port: 6443 } })),
      'the condition KubeletStuck',
    ],
    ['the capacity', () => patchStatus(add('/status/capacity', { cpu: '1000' })), 'the condition KubeletStuck'],
    ['the allocatable', () => patchStatus(add('/status/allocatable', { pods: '0' })), 'the condition KubeletStuck'],
    ['the version', () => patchStatus(add('/status/nodeInfo', nodeInfo())), 'the condition KubeletStuck'],
    [
      'a volume in use',
      () => patchStatus(add('/status/volumesInUse', ['kubernetes.io/x'])),
      'the condition KubeletStuck',
    ],
    ['an image', () => patchStatus(add('/status/images', [{ names: ['a'] }])), 'the condition KubeletStuck'],
    [
      'another condition',
      () => patchStatus(add('/status/conditions/-', condition('DiskPressure', 'True', 'X'))),
      'the condition KubeletStuck',
    ],
    [
      'Ready',
      () => patchStatus({ op: 'replace', path: '/status/conditions', value: [condition('Ready', 'False', 'X')] }),
      'the condition KubeletStuck',
    ],
    ['no conditions at all', () => patchStatus(remove('/status/conditions')), 'the condition KubeletStuck'],
    [
      'a label by way of the status',
      () => patchStatus(add('/metadata/labels', { a: 'b' })),
      'and nothing else of a Node',
    ],
    [
      'an annotation by way of the status',
      () => patchStatus(add('/metadata/annotations', { 'kubelet-medic.io/cordoned-by': 'x' })),
      'and nothing else of a Node',
    ],
  ])('of its status no more: not %s', async (_what, attack, words) => {
    await expectRefused(attack(), words);
  });
});

function nodeInfo(): Readonly<Record<string, string>> {
  const names = ['machineID', 'systemUUID', 'bootID', 'kernelVersion', 'osImage', 'containerRuntimeVersion'];
  return Object.fromEntries(
    [...names, 'kubeletVersion', 'kubeProxyVersion', 'operatingSystem', 'architecture'].map((n) => [n, 'x']),
  );
}

describe('through the node proxy the controller asks for', () => {
  test.each(['/debug/pprof/goroutine?debug=2', '/configz', '/healthz?verbose', '/metrics'])('%s', async (path) => {
    const { body } = await controller.proxyNode('node-a', path, { maxBytes: 1000 });
    expect(body.toString()).toBe(`kubelet ${path}`);
  });

  test.each([
    ['node-a', '/exec/default/pod/container?command=id'],
    ['node-a', '/run/default/pod/container?cmd=id'],
    ['node-a', '/containerLogs/default/pod/container'],
    ['node-a', '/pods'],
    ['node-a', '/logs/'],
    ['node-a', '/healthz/../pods'],
    ['node-a', '/healthz%2f..%2fpods'],
    ['node-a', '/debug/pprof/heap'],
    ['node-a', '/metrics/cadvisor'],
    ['node-a', '/pods?path=/healthz'],
    ['node-a', '/api/v1/secrets'],
    ['node-a', '/'],
    ['https:node-a:6443', '/metrics'],
  ])('no more: not of %s %s (H2)', async (node, path) => {
    await expectRefused(controller.proxyNode(node, path, { maxBytes: 100 }), 'asks a kubelet for');
  });
});
