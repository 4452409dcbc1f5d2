/** What a thief of the controller's token may do to leases, events and our own kinds: a real API server refuses each attack. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { EVENTS, EVIDENCES, HEALTHS, INCIDENTS, LEASES, POLICIES } from '../../../src/api/resources.ts';
import { ANNOTATION_BYTES, LABEL_NODE, LABEL_UPLOAD } from '../../../src/api/v1alpha1/words/names.ts';
import type { Cluster, JsonPatchOperation, Manifest } from '../../../src/ports/cluster.ts';
import { actionRecord, condition, step } from '../../contract/objects.ts';
import { CONTROLLER } from '../../contract/subject.ts';
import { NAMESPACE, startIdentities, type Identities } from '../../support/identities.ts';
import { eventually } from '../../support/real-time.ts';
import { type Attack, expectRefused } from './attack.ts';
import { evidenceOf, incidentOf } from './objects.ts';

const STATUS = { ...CONTROLLER, subresource: 'status' } as const;
const OWN = 'kubelet-medic-controller';
const MEDIK8S = 'medik8s-leases';

let ids: Identities;
let admin: Cluster;
let controller: Cluster;
/** Of the incident `node-a-bcdfg`. */
let incidentUID = '';

const add = (path: string, value: unknown): JsonPatchOperation => ({ op: 'add', path, value });

async function create(manifest: Manifest): Promise<unknown> {
  return await controller.create(INCIDENTS, manifest, CONTROLLER);
}

function applyStatus(status: unknown): Promise<unknown> {
  return controller.apply(INCIDENTS, { metadata: { name: 'node-a-bcdfg' }, status }, { ...STATUS, force: true });
}

function lease(namespace: string, name: string, holderIdentity: string): Manifest {
  return { metadata: { namespace, name }, spec: { holderIdentity, leaseDurationSeconds: 30 } };
}

function event(change: object = {}): Manifest {
  return {
    metadata: { generateName: 'node-a.', namespace: 'default' },
    involvedObject: { apiVersion: 'v1', kind: 'Node', name: 'node-a' },
    reason: 'NodeCordoned',
    message: 'm',
    type: 'Normal',
    source: { component: OWN },
    reportingComponent: OWN,
    reportingInstance: OWN,
    ...change,
  };
}

function healthOf(name: string, change: object = {}): Manifest {
  const owner = { apiVersion: 'v1', kind: 'Node', name, uid: ids.nodeUIDs.get('node-a') };
  return { metadata: { name, ownerReferences: [owner], ...change }, spec: { mode: 'Observe' } };
}

beforeAll(async () => {
  ids = await startIdentities('controller.nodeProxy=true', 'medik8sLeases.namespaceExists=true');
  ({ admin } = ids);
  controller = ids.connect(await ids.tokenOf(OWN));
  await eventually('the walls are in force', async () => {
    const answers = await Promise.allSettled([
      controller.create(EVENTS, event({ reportingComponent: 'probe' }), CONTROLLER),
      create(incidentOf('node-a', 'wrong-name')),
    ]);
    return answers.every(({ status: said }) => said === 'rejected');
  });
  await create(incidentOf('node-a', 'node-a-bcdfg'));
  incidentUID = (await admin.get(INCIDENTS, { name: 'node-a-bcdfg' }))?.metadata.uid ?? '';
}, 180_000);

afterAll(async () => {
  await ids.stop();
});

describe('of leases the controller writes', () => {
  test('its own, and those of nodes for medik8s', async () => {
    const ours = lease(NAMESPACE, OWN, 'pod-1');
    const { metadata } = await controller.create(LEASES, ours, CONTROLLER);
    const { resourceVersion } = metadata;
    await controller.replace(LEASES, { ...ours, metadata: { ...ours.metadata, resourceVersion } }, CONTROLLER);
    await controller.create(LEASES, lease(MEDIK8S, 'node-node-a', 'kubelet-medic/x'), CONTROLLER);
    const renew = [add('/spec/holderIdentity', '')];
    await controller.jsonPatch(LEASES, { namespace: MEDIK8S, name: 'node-node-a' }, renew, CONTROLLER);
  });

  test.each<Attack>([
    [
      'another one of its namespace',
      () => controller.create(LEASES, lease(NAMESPACE, 'other', 'x'), CONTROLLER),
      'its own election lease',
    ],
    [
      'another one for medik8s',
      () => controller.create(LEASES, lease(MEDIK8S, 'fence-agents', 'kubelet-medic/x'), CONTROLLER),
      'its own election lease',
    ],
    [
      'one in the name of another program',
      () => controller.create(LEASES, lease(MEDIK8S, 'node-node-b', 'node-healthcheck'), CONTROLLER),
      'in its own name',
    ],
    [
      'a heartbeat of a node',
      () => controller.create(LEASES, lease('kube-node-lease', 'node-a', 'node-a'), CONTROLLER),
      'is forbidden',
    ],
    [
      'the election of the scheduler',
      () => controller.create(LEASES, lease('kube-system', 'kube-scheduler', 'x'), CONTROLLER),
      'is forbidden',
    ],
    ['a read of others’', () => controller.get(LEASES, { namespace: 'kube-system', name: 'x' }), 'is forbidden'],
    ['an end of its own', () => controller.delete(LEASES, { namespace: NAMESPACE, name: OWN }), 'is forbidden'],
  ])('no more: not %s', async (_what, attack, words) => {
    await expectRefused(attack(), words);
  });
});

describe('of events the controller writes', () => {
  test('those of nodes and incidents, under its own name', async () => {
    await controller.create(EVENTS, event(), CONTROLLER);
    const incident = { apiVersion: 'kubelet-medic.io/v1alpha1', kind: 'KubeletIncident', name: 'node-a-bcdfg' };
    await controller.create(EVENTS, event({ involvedObject: incident }), CONTROLLER);
  });

  test.each<Attack>([
    [
      'as the kubelet',
      () => controller.create(EVENTS, event({ reportingComponent: 'kubelet' }), CONTROLLER),
      'its own name',
    ],
    [
      'from the kubelet',
      () => controller.create(EVENTS, event({ source: { component: 'kubelet' } }), CONTROLLER),
      'its own name',
    ],
    [
      'of a pod',
      () =>
        controller.create(
          EVENTS,
          event({ involvedObject: { kind: 'Pod', name: 'a', namespace: 'default' } }),
          CONTROLLER,
        ),
      'its own name',
    ],
    [
      'in another namespace',
      () => controller.create(EVENTS, event({ metadata: { generateName: 'a.', namespace: NAMESPACE } }), CONTROLLER),
      'is forbidden',
    ],
  ])('no more: not %s', async (_what, attack, words) => {
    await expectRefused(attack(), words);
  });
});

describe('of incidents the controller writes', () => {
  test('new ones, its part of their status, and the end of those that are over', async () => {
    await create(incidentOf('node-b', 'node-b-bcdfg'));
    const name = 'node-b-bcdfg';
    const written = async (status: unknown): Promise<unknown> =>
      controller.apply(INCIDENTS, { metadata: { name }, status }, { ...STATUS, force: true });
    await written({ steps: [step('capture-host')], conditions: [condition('Complete', 'False', 'Capturing')] });
    await expectRefused(controller.delete(INCIDENTS, { name }), 'that are over');
    await written({ conditions: [condition('Complete', 'True', 'Recovered')] });
    const labels = { 'kubelet-medic.io/node': 'node-b', 'kubelet-medic.io/cause': 'runtime-hung' };
    const marked = await controller.apply(INCIDENTS, { metadata: { name, labels } }, MARKS);
    expect(marked.metadata.labels).toEqual(labels);
    const seen = { metadata: { name }, status: { observedGeneration: 2 } };
    expect((await controller.apply(INCIDENTS, seen, { ...MARKS, subresource: 'status' })).status).toMatchObject({
      observedGeneration: 2,
      conditions: [{ type: 'Complete' }],
    });
    expect(await controller.delete(INCIDENTS, { name })).toBe(true);
  });

  test.each<Attack>([
    [
      'one that is approved (H1)',
      () => create(incidentOf('node-a', 'node-a-ccccc', { approval: { decision: 'Approve', by: 'jane' } })),
      'without an approval',
    ],
    [
      'one in the name of a person',
      () => create(incidentOf('node-a', 'node-a-ccccc', { trigger: { type: 'Manual', by: 'jane' } })),
      'in the name of a person',
    ],
    [
      'one without a policy',
      () => create(incidentOf('node-a', 'node-a-ccccc', { plan: { policy: '' } })),
      'names its policy',
    ],
    [
      'one that asks for uploads',
      () => create(incidentOf('node-a', 'node-a-ccccc', { uploads: [{ file: 'a', at: '2026-11-24T10:00:00Z' }] })),
      'without an approval',
    ],
    ['one under the name of another node', () => create(incidentOf('node-a', 'node-b-ccccc')), 'is named by its node'],
    [
      'one that cannot be deleted',
      () => create(incidentOf('node-a', 'node-a-ccccc', {}, { finalizers: ['a.b/c'] })),
      'has no finalizers',
    ],
    [
      'an approval of one that is held',
      () =>
        controller.jsonPatch(
          INCIDENTS,
          { name: 'node-a-bcdfg' },
          [add('/spec/approval', { decision: 'Approve', by: 'jane' })],
          CONTROLLER,
        ),
      'is forbidden',
    ],
    ['another label', () => mark({ labels: { 'kubelet-medic.io/upload': 'true' } }), 'its labels of node and cause'],
    ['an annotation', () => mark({ annotations: { a: 'b' } }), 'its labels of node and cause'],
    ['a finalizer', () => mark({ finalizers: ['a.b/c'] }), 'its labels of node and cause'],
    [
      'a request for an upload',
      () =>
        controller.jsonPatch(
          INCIDENTS,
          { name: 'node-a-bcdfg' },
          [add('/spec/uploads', [{ file: 'a', at: '2026-11-24T10:00:00Z' }])],
          CONTROLLER,
        ),
      'its labels of node and cause',
    ],
    ['what the agent did', () => applyStatus({ actions: [actionRecord('capture-host')] }), "the agent's part"],
    ['what the agent saved', () => applyStatus({ evidence: [evidenceEntry('Agent')] }), "the agent's part"],
    ['what the agent saw of its host', () => applyStatus({ host: { at: '2026-11-24T10:00:00Z' } }), "the agent's part"],
  ])('no more: not %s', async (_what, attack, words) => {
    await expectRefused(attack(), words);
  });
});

const MARKS = { manager: 'kubelet-medic-controller-marks', force: true } as const;

function mark(metadata: object): Promise<unknown> {
  return controller.apply(INCIDENTS, { metadata: { name: 'node-a-bcdfg', ...metadata } }, MARKS);
}

function evidenceEntry(by: string): object {
  return { name: 'a', kind: 'HostFacts', by, state: 'Captured', at: '2026-11-24T10:00:00Z', source: 's' };
}

describe('of health, evidence and policies the controller writes', () => {
  test('what agents are told, dumps of the node proxy, the end of an upload, the status of policies', async () => {
    await controller.apply(HEALTHS, healthOf('node-a'), { ...CONTROLLER, force: true });
    const own = { entry: { by: 'Controller' }, metadata: { labels: { [LABEL_NODE]: 'node-a' } } };
    await controller.create(EVIDENCES, evidenceOf('node-a', incidentUID, own), CONTROLLER);
    const upload = evidenceOf('node-a', incidentUID, {
      metadata: { labels: { [LABEL_UPLOAD]: 'true' } },
      spec: { expiresAt: new Date(Date.now() + 3_600_000).toISOString() },
    });
    const agent = ids.connect(await ids.tokenOf('kubelet-medic-agent', 'node-a'));
    const { metadata } = await agent.create(EVIDENCES, upload, { manager: 'kubelet-medic-agent' });
    expect(await controller.delete(EVIDENCES, { name: metadata.name })).toBe(true);
    await controller.apply(POLICIES, { metadata: { name: 'default' }, status: { matchedNodes: 2 } }, STATUS);
  });

  test.each<Attack>([
    [
      'health that nobody owns',
      () => controller.apply(HEALTHS, { metadata: { name: 'node-b' }, spec: {} }, { ...CONTROLLER, force: true }),
      'is owned by its Node',
    ],
    [
      'health of another node’s name',
      () =>
        controller.create(
          HEALTHS,
          { ...healthOf('node-a'), metadata: { ...healthOf('node-a').metadata, name: 'node-b' } },
          CONTROLLER,
        ),
      'is owned by its Node',
    ],
    [
      'a label of health',
      () => controller.apply(HEALTHS, healthOf('node-a', { labels: { a: 'b' } }), { ...CONTROLLER, force: true }),
      'is owned by its Node',
    ],
    [
      'what an agent reports',
      () => controller.apply(HEALTHS, { metadata: { name: 'node-a' }, status: { bootID: 'x' } }, STATUS),
      'is forbidden',
    ],
    ['the end of health', () => controller.delete(HEALTHS, { name: 'node-a' }), 'is forbidden'],
    [
      'evidence in the name of an agent',
      () => controller.create(EVIDENCES, evidenceOf('node-a', incidentUID, {}), CONTROLLER),
      'that it took itself',
    ],
    [
      'evidence with the label of another node',
      () => {
        const change = { metadata: { labels: { [LABEL_NODE]: 'node-b' } }, entry: { by: 'Controller' } };
        return controller.create(EVIDENCES, evidenceOf('node-a', incidentUID, change), CONTROLLER);
      },
      'of its own node',
    ],
    [
      'evidence of nobody',
      () => {
        const change = { metadata: { ownerReferences: [] }, entry: { by: 'Controller' } };
        return controller.create(EVIDENCES, evidenceOf('node-a', incidentUID, change), CONTROLLER);
      },
      'is owned by its incident',
    ],
    [
      'evidence that lies about its size',
      () => {
        const metadata = { annotations: { [ANNOTATION_BYTES]: '1' } };
        return controller.create(
          EVIDENCES,
          evidenceOf('node-a', incidentUID, { entry: { by: 'Controller' }, metadata }),
          CONTROLLER,
        );
      },
      'how many bytes its data has',
    ],
    [
      'a policy',
      () => controller.create(POLICIES, { metadata: { name: 'own' }, spec: {} }, CONTROLLER),
      'is forbidden',
    ],
    [
      'a policy’s spec',
      () => controller.jsonPatch(POLICIES, { name: 'default' }, [add('/spec/mode', 'Remediate')], CONTROLLER),
      'is forbidden',
    ],
  ])('no more: not %s', async (_what, attack, words) => {
    await expectRefused(attack(), words);
  });
});
