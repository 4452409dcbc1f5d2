/** What the chart's two identities may do, with real tokens, RBAC and the ValidatingAdmissionPolicy. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import * as z from 'zod/mini';
import { ObjectMeta } from '../../src/api/meta.ts';
import { EVENTS, HEALTHS, INCIDENTS, LEASES, NODES, PODS, POLICIES, SECRETS } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { actionRecord, condition, incidentManifest, step } from '../contract/objects.ts';
import { AGENT, CONTROLLER, failure, MANAGER } from '../contract/subject.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { installChart } from '../support/chart.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { installCrds } from '../support/raw-resource.ts';
import { eventually, realClock, realRandom } from '../support/real-time.ts';

const NAMESPACE = 'kubelet-medic';
const TokenRequest = z.object({ metadata: ObjectMeta, status: z.object({ token: z.string() }) });
const AGENT_STATUS = { ...AGENT, subresource: 'status' } as const;
const CONTROLLER_STATUS = { ...CONTROLLER, subresource: 'status' } as const;

let plane: ControlPlane;
let admin: Cluster;
let agentA: Cluster;
let unboundAgent: Cluster;
let controller: Cluster;

function connect(token: string): Cluster {
  return createCluster(plane.connection(token), { clock: realClock, random: realRandom, log: createRecordingLog() });
}

/** The token that the kubelet would project into a pod of this account on this node; without a node, into none. */
async function tokenOf(account: string, node?: string): Promise<string> {
  const pod = node === undefined ? undefined : await podOn(account, node);
  const request = {
    apiVersion: 'authentication.k8s.io/v1',
    kind: 'TokenRequest',
    plural: `serviceaccounts/${account}/token`,
    namespaced: true,
    parse: (raw: unknown) => TokenRequest.parse(raw),
  };
  // The path of the subresource is in the core group.
  const core = { ...request, apiVersion: 'v1' };
  const bound = pod === undefined ? {} : { boundObjectRef: { apiVersion: 'v1', kind: 'Pod', ...pod } };
  const body = {
    apiVersion: request.apiVersion,
    metadata: { namespace: NAMESPACE },
    spec: { audiences: [], ...bound },
  };
  return (await admin.create(core, body, MANAGER)).status.token;
}

async function podOn(account: string, node: string): Promise<{ readonly name: string; readonly uid: string }> {
  const metadata = { name: `${account}-${node}`, namespace: NAMESPACE };
  const spec = {
    serviceAccountName: account,
    automountServiceAccountToken: false,
    nodeName: node,
    containers: [{ name: 'c', image: 'none' }],
  };
  const pod = await admin.create(PODS, { metadata, spec }, MANAGER);
  return { name: metadata.name, uid: pod.metadata.uid };
}

async function allow(node: string): Promise<void> {
  await admin.create(NODES, { metadata: { name: node } }, MANAGER);
  await admin.apply(HEALTHS, { metadata: { name: node }, spec: {} }, CONTROLLER);
  await admin.create(INCIDENTS, incidentManifest(`incident-${node}`, node), CONTROLLER);
}

const health = (name: string): { readonly metadata: { readonly name: string }; readonly status: unknown } => ({
  metadata: { name },
  status: { bootID: 'b' },
});
const actions = (node: string): { readonly metadata: { readonly name: string }; readonly status: unknown } => ({
  metadata: { name: `incident-${node}` },
  status: { actions: [actionRecord('capture-host')] },
});

beforeAll(async () => {
  plane = await startControlPlane();
  admin = connect('admin');
  await installCrds(admin);
  await eventually('the CRDs are served', async () => {
    try {
      await admin.list(INCIDENTS);
      return true;
    } catch {
      return false;
    }
  });
  await installChart(admin, NAMESPACE);
  for (const node of ['node-a', 'node-b']) await allow(node);
  agentA = connect(await tokenOf('kubelet-medic-agent', 'node-a'));
  unboundAgent = connect(await tokenOf('kubelet-medic-agent'));
  controller = connect(await tokenOf('kubelet-medic-controller', 'node-b'));
  await eventually(
    'the admission policy is in force',
    async () => {
      try {
        await agentA.apply(HEALTHS, health('node-b'), AGENT_STATUS);
        return false;
      } catch {
        return true;
      }
    },
    30_000,
  );
}, 180_000);

afterAll(async () => {
  await plane.stop();
});

async function expectDenied(work: Promise<unknown>, words = ''): Promise<void> {
  const error = await failure(work);
  expect([error.code, error.class]).toEqual(['E_KUBE_DENIED', 'denied']);
  expect(error.message).toContain(words);
}

describe('the agent of a node', () => {
  test('reads health and incidents, and writes the status of its own', async () => {
    expect((await agentA.list(HEALTHS)).items).toHaveLength(2);
    expect((await agentA.list(INCIDENTS)).items).toHaveLength(2);
    const written = await agentA.apply(HEALTHS, health('node-a'), AGENT_STATUS);
    expect(written.status.bootID).toBe('b');
    const incident = await agentA.apply(INCIDENTS, actions('node-a'), AGENT_STATUS);
    expect(incident.status.actions).toHaveLength(1);
  });

  test("cannot write another node's health or incident, and is told why", async () => {
    const words = 'the agent of node node-a may not write the status of';
    await expectDenied(agentA.apply(HEALTHS, health('node-b'), AGENT_STATUS), `${words} kubelethealths/node-b`);
    await expectDenied(agentA.apply(INCIDENTS, actions('node-b'), AGENT_STATUS), `${words} kubeletincidents/incident-`);
  });

  test('cannot write what is the controller’s in its own incident', async () => {
    const metadata = { name: 'incident-node-a' };
    const steps = { metadata, status: { steps: [step('act-1')], actions: [actionRecord('capture-host')] } };
    await expectDenied(agentA.apply(INCIDENTS, steps, AGENT_STATUS), 'nothing else of an incident');
    const complete = {
      metadata,
      status: { conditions: [condition('Complete', 'True', 'Recovered')], actions: [actionRecord('capture-host')] },
    };
    await expectDenied(agentA.apply(INCIDENTS, complete, { ...AGENT_STATUS, force: true }), 'nothing else');
  });

  test.each<readonly [string, () => Promise<unknown>]>([
    ['a spec', () => agentA.apply(HEALTHS, { metadata: { name: 'node-a' }, spec: { mode: 'Observe' } }, AGENT)],
    ['a new incident', () => agentA.create(INCIDENTS, incidentManifest('own', 'node-a'), AGENT)],
    ['the end of an incident', () => agentA.delete(INCIDENTS, { name: 'incident-node-a' })],
    ['policies', () => agentA.list(POLICIES)],
    ['nodes', () => agentA.list(NODES)],
    ['its own node', () => agentA.get(NODES, { name: 'node-a' })],
    ['pods', () => agentA.list(PODS)],
    ['secrets', () => agentA.list(SECRETS, { namespace: NAMESPACE })],
    ['the node proxy of its own node', () => agentA.proxyNode('node-a', '/pods', { maxBytes: 100 })],
    ['leases', () => agentA.get(LEASES, { name: 'node-a', namespace: 'kube-node-lease' })],
  ])('has no right to %s', async (_what, work) => {
    await expectDenied(work());
  });

  test('writes nothing with a token that names no node', async () => {
    await expectDenied(unboundAgent.apply(HEALTHS, health('node-a'), AGENT_STATUS), 'must name its node');
  });
});

describe('the controller', () => {
  test('writes incidents, health, node conditions, cordons, events, secrets and its lease', async () => {
    const name = 'by-controller';
    await controller.create(INCIDENTS, incidentManifest(name, 'node-a'), CONTROLLER);
    const steps = { metadata: { name }, status: { steps: [step('capture-host')] } };
    await controller.apply(INCIDENTS, steps, CONTROLLER_STATUS);
    await controller.apply(HEALTHS, { metadata: { name: 'node-c' }, spec: {} }, CONTROLLER);
    const cordon = [{ op: 'add', path: '/spec/unschedulable', value: true }] as const;
    expect((await controller.jsonPatch(NODES, { name: 'node-b' }, cordon, CONTROLLER)).spec.unschedulable).toBe(true);
    const stuck = {
      metadata: { name: 'node-b' },
      status: { conditions: [condition('KubeletStuck', 'False', 'Well')] },
    };
    await controller.apply(NODES, stuck, CONTROLLER_STATUS);
    const secret = { metadata: { name: 'dump', namespace: NAMESPACE }, data: {} };
    await controller.create(SECRETS, secret, CONTROLLER);
    const lease = { metadata: { name: 'lead', namespace: NAMESPACE }, spec: { holderIdentity: 'a' } };
    const { metadata } = await controller.create(LEASES, lease, CONTROLLER);
    const { resourceVersion } = metadata;
    await controller.replace(LEASES, { ...lease, metadata: { ...lease.metadata, resourceVersion } }, CONTROLLER);
    const event = {
      metadata: { generateName: 'e-', namespace: 'default' },
      involvedObject: { kind: 'Node', name: 'node-b' },
      reason: 'R',
      message: 'm',
      type: 'Normal',
    };
    await controller.create(EVENTS, event, CONTROLLER);
    expect(await controller.delete(INCIDENTS, { name })).toBe(true);
  });

  test.each<readonly [string, () => Promise<unknown>]>([
    ['secrets of other namespaces', () => controller.list(SECRETS, { namespace: 'kube-system' })],
    ['pods', () => controller.list(PODS)],
    ['the end of a node', () => controller.delete(NODES, { name: 'node-a' })],
    ['a change of a policy', () => controller.create(POLICIES, { metadata: { name: 'own' }, spec: {} }, CONTROLLER)],
    ['a PUT through the node proxy', () => controller.proxyNode('node-a', '/x', { method: 'PUT', maxBytes: 1 })],
  ])('has no right to %s', async (_what, work) => {
    await expectDenied(work());
  });
});
