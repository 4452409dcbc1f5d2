/** What the chart's two identities may do, with real tokens, RBAC and the ValidatingAdmissionPolicy. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod/mini';
import { ObjectMeta } from '../../src/api/meta.ts';
import { EVENTS, EVIDENCES, HEALTHS, INCIDENTS, LEASES, NODES, POLICIES } from '../../src/api/resources.ts';
import { SECRETS } from '../support/secrets.ts';
import { API_VERSION, LABEL_UPLOAD } from '../../src/api/v1alpha1/names.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster, Manifest } from '../../src/ports/cluster.ts';
import { actionRecord, condition, incidentManifest, step } from '../contract/objects.ts';
import { AGENT, CONTROLLER, failure, MANAGER } from '../contract/subject.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { installChart } from '../support/chart.ts';
import { controlPlaneBinaries, startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { installCrds, PODS, rawResource } from '../support/raw-resource.ts';
import { eventually, realClock, realRandom } from '../support/real-time.ts';

const NAMESPACE = 'kubelet-medic';
const TokenRequest = z.object({ metadata: ObjectMeta, status: z.object({ token: z.string() }) });
const AGENT_STATUS = { ...AGENT, subresource: 'status' } as const;
const CONTROLLER_STATUS = { ...CONTROLLER, subresource: 'status' } as const;

const CORDON = [{ op: 'add', path: '/spec/unschedulable', value: true }] as const;

let plane: ControlPlane;
let admin: Cluster;
let agentA: Cluster;
let unboundAgent: Cluster;
let controller: Cluster;
let reader: Cluster;
let tokens: Readonly<Record<'agent' | 'controller', string>>;
/** UID of the incident of node-a. */
let incidentUID = '';

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

/** Somebody who has the role for people, and nothing else. */
async function createReader(): Promise<Cluster> {
  const accounts = rawResource('v1', 'ServiceAccount', 'serviceaccounts', true);
  const bindings = rawResource('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding', 'clusterrolebindings', false);
  await admin.create(accounts, { metadata: { name: 'reader', namespace: NAMESPACE } }, MANAGER);
  const binding = {
    metadata: { name: 'reader' },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: 'kubelet-medic-evidence-reader' },
    subjects: [{ kind: 'ServiceAccount', name: 'reader', namespace: NAMESPACE }],
  };
  await admin.create(bindings, binding, MANAGER);
  return connect(await tokenOf('reader'));
}

let names = 0;
/** What is unique in the name of an evidence. */
function digits(): string {
  names += 1;
  return names.toString(16).padStart(12, '0');
}

/** As the agent of node-a writes it. */
function evidence(change: {
  readonly metadata?: object;
  readonly spec?: object;
  readonly entry?: object;
  readonly owner?: object;
}): Manifest {
  const owner = { apiVersion: API_VERSION, kind: 'KubeletIncident', name: 'incident-node-a', uid: incidentUID };
  const entry = {
    name: 'kubelet.log.gz',
    kind: 'KubeletLog',
    by: 'Agent',
    state: 'Captured',
    at: '2026-11-24T10:00:00.000Z',
    source: 'journald:kubelet.service',
    ...change.entry,
  };
  const spec = { nodeName: 'node-a', incident: 'incident-node-a', incidentUID, entry, data: 'AA==', ...change.spec };
  const ownerReferences = [{ ...owner, ...change.owner }];
  return { metadata: { name: `node-a-${digits()}`, ownerReferences, ...change.metadata }, spec };
}

/**
 * What `kubectl auth can-i --list` says to an identity, without the blanks at the ends of lines, and without the URLs that
 * are no resources: those are everybody's (ClusterRoles system:discovery and system:public-info-viewer).
 */
function rightsOf(token: string): string {
  const ca = join(plane.folder, 'ca-of-kubectl.crt');
  writeFileSync(ca, plane.ca);
  const argv = ['auth', 'can-i', '--list', '-n', NAMESPACE, '--server', `https://127.0.0.1:${plane.port}`];
  const options = ['--certificate-authority', ca, '--token', token];
  const env = { ...process.env, KUBECONFIG: '/dev/null', HOME: plane.folder };
  const text = execFileSync(join(controlPlaneBinaries(), 'kubectl'), [...argv, ...options], { encoding: 'utf8', env });
  const lines = text.split('\n').filter((line) => !line.includes('[/'));
  return lines
    .map((line) => line.trimEnd())
    .join('\n')
    .trim();
}

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
  tokens = {
    agent: await tokenOf('kubelet-medic-agent', 'node-a'),
    controller: await tokenOf('kubelet-medic-controller', 'node-b'),
  };
  agentA = connect(tokens.agent);
  unboundAgent = connect(await tokenOf('kubelet-medic-agent'));
  controller = connect(tokens.controller);
  reader = await createReader();
  incidentUID = (await admin.get(INCIDENTS, { name: 'incident-node-a' }))?.metadata.uid ?? '';
  const isDenied = async (work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work();
      return false;
    } catch {
      return true;
    }
  };
  const inForce = async (): Promise<boolean> =>
    (await isDenied(() => agentA.apply(HEALTHS, health('node-b'), AGENT_STATUS))) &&
    (await isDenied(() => agentA.create(EVIDENCES, evidence({ metadata: { name: `node-b-${digits()}` } }), AGENT)));
  await eventually('the admission policies are in force', inForce, 30_000);
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

  test('gets its Node and a policy, which it reads before it acts', async () => {
    expect((await agentA.get(NODES, { name: 'node-a' }))?.metadata.name).toBe('node-a');
    expect(await agentA.get(POLICIES, { name: 'gone' })).toBeUndefined();
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
    ['a list of policies', () => agentA.list(POLICIES)],
    ['a change of a policy', () => agentA.apply(POLICIES, { metadata: { name: 'prod' }, spec: {} }, AGENT)],
    ['a list of nodes', () => agentA.list(NODES)],
    ['a cordon of its own node', () => agentA.jsonPatch(NODES, { name: 'node-a' }, CORDON, AGENT)],
    ['a condition of its own node', () => agentA.apply(NODES, { metadata: { name: 'node-a' } }, AGENT_STATUS)],
    ['pods', () => agentA.list(PODS)],
    ['secrets', () => agentA.list(SECRETS, { namespace: NAMESPACE })],
    ['the node proxy of its own node', () => agentA.proxyNode('node-a', '/pods', { maxBytes: 100 })],
    ['leases', () => agentA.get(LEASES, { name: 'node-a', namespace: 'kube-node-lease' })],
    ['read evidence', () => agentA.list(EVIDENCES)],
    ['read evidence of its own', () => agentA.get(EVIDENCES, { name: 'node-a-000000000000' })],
  ])('has no right to %s', async (_what, work) => {
    await expectDenied(work());
  });

  test('writes nothing with a token that names no node', async () => {
    await expectDenied(unboundAgent.apply(HEALTHS, health('node-a'), AGENT_STATUS), 'must name its node');
    await expectDenied(unboundAgent.create(EVIDENCES, evidence({}), AGENT), 'must name its node');
  });
});

describe('evidence', () => {
  const EXPIRES = { spec: { expiresAt: '2026-11-24T11:00:00.000Z' } };
  const LABELS = { [LABEL_UPLOAD]: 'true' };

  test('is added by the agent of its node, in parts, and as an upload that expires', async () => {
    expect((await agentA.create(EVIDENCES, evidence({}), AGENT)).spec.data).toBe('AA==');
    await agentA.create(EVIDENCES, evidence({ metadata: { name: `node-a-${digits()}.15` } }), AGENT);
    await agentA.create(EVIDENCES, evidence({ metadata: { labels: LABELS }, ...EXPIRES }), AGENT);
  });

  test.each<readonly [string, () => Parameters<typeof evidence>[0], string]>([
    ['of another node', () => ({ spec: { nodeName: 'node-b' } }), 'may not add evidence of another node'],
    ['under the name of another node', () => ({ metadata: { name: `node-b-${digits()}` } }), 'is named by its node'],
    ['under a longer name', () => ({ metadata: { name: `node-a-b-${digits()}` } }), 'is named by its node'],
    ['of an owner that is another object', () => ({ owner: { kind: 'KubeletHealth' } }), 'is owned by its incident'],
    ['of another incident', () => ({ owner: { uid: 'other' } }), 'is owned by its incident'],
    ['of an incident of another name', () => ({ owner: { name: 'other' } }), 'is owned by its incident'],
    ['of nobody', () => ({ metadata: { ownerReferences: [] } }), 'is owned by its incident'],
    ['that the controller took', () => ({ entry: { by: 'Controller' } }), 'that it took itself'],
    ['that expires without the label', () => EXPIRES, 'has the label'],
    ['with the label that never expires', () => ({ metadata: { labels: LABELS } }), 'has the label'],
  ])('is not added by an agent: %s', async (_what, change, words) => {
    await expectDenied(agentA.create(EVIDENCES, evidence(change()), AGENT), words);
  });

  test('is neither changed nor deleted by an agent, and changed by nobody', async () => {
    const { name } = (await agentA.create(EVIDENCES, evidence({}), AGENT)).metadata;
    const patch = [{ op: 'replace', path: '/spec/data', value: 'AAA=' }] as const;
    await expectDenied(agentA.jsonPatch(EVIDENCES, { name }, patch, AGENT));
    await expectDenied(agentA.delete(EVIDENCES, { name }));
    expect((await failure(admin.jsonPatch(EVIDENCES, { name }, patch, MANAGER))).message).toContain('is immutable');
  });

  test('is read by who has the role for it, and that is all he may do', async () => {
    expect((await reader.list(EVIDENCES)).items.length).toBeGreaterThan(0);
    const { name } = (await controller.create(EVIDENCES, evidence({ entry: { by: 'Controller' } }), CONTROLLER))
      .metadata;
    expect((await reader.get(EVIDENCES, { name }))?.spec.data).toBe('AA==');
    await expectDenied(reader.delete(EVIDENCES, { name }));
    await expectDenied(reader.create(EVIDENCES, evidence({}), MANAGER));
    await expectDenied(reader.list(INCIDENTS));
    await expectDenied(reader.list(PODS, { namespace: NAMESPACE }));
    await expectDenied(reader.list(SECRETS, { namespace: NAMESPACE }));
    await expectDenied(reader.list(NODES));
  });

  test('is listed by its label and deleted by the controller', async () => {
    const { metadata } = await agentA.create(EVIDENCES, evidence({ metadata: { labels: LABELS }, ...EXPIRES }), AGENT);
    const { items } = await controller.list(EVIDENCES, { labelSelector: `${LABEL_UPLOAD}=true` });
    expect(items.map(({ metadata: { name } }) => name)).toContain(metadata.name);
    expect(await controller.delete(EVIDENCES, { name: metadata.name, uid: metadata.uid })).toBe(true);
  });
});

describe('docs/install.md', () => {
  test.each(['controller', 'agent'] as const)('prints what the %s may do', (program) => {
    const docs = readFileSync(new URL('../../docs/install.md', import.meta.url), 'utf8');
    expect(docs).toContain(rightsOf(tokens[program]));
  });
});

describe('the controller', () => {
  test('writes incidents, health, node conditions, cordons, events and its lease', async () => {
    const name = 'by-controller';
    await controller.create(INCIDENTS, incidentManifest(name, 'node-a'), CONTROLLER);
    const steps = { metadata: { name }, status: { steps: [step('capture-host')] } };
    await controller.apply(INCIDENTS, steps, CONTROLLER_STATUS);
    await controller.apply(HEALTHS, { metadata: { name: 'node-c' }, spec: {} }, CONTROLLER);
    expect((await controller.jsonPatch(NODES, { name: 'node-b' }, CORDON, CONTROLLER)).spec.unschedulable).toBe(true);
    const stuck = {
      metadata: { name: 'node-b' },
      status: { conditions: [condition('KubeletStuck', 'False', 'Well')] },
    };
    await controller.apply(NODES, stuck, CONTROLLER_STATUS);
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
    ['secrets of its own namespace', () => controller.list(SECRETS, { namespace: NAMESPACE })],
    ['secrets of other namespaces', () => controller.list(SECRETS, { namespace: 'kube-system' })],
    ['the node proxy', () => controller.proxyNode('node-a', '/pods', { maxBytes: 100 })],
    ['pods', () => controller.list(PODS)],
    ['the end of a node', () => controller.delete(NODES, { name: 'node-a' })],
    ['a change of a policy', () => controller.create(POLICIES, { metadata: { name: 'own' }, spec: {} }, CONTROLLER)],
    ['a PUT through the node proxy', () => controller.proxyNode('node-a', '/x', { method: 'PUT', maxBytes: 1 })],
  ])('has no right to %s', async (_what, work) => {
    await expectDenied(work());
  });
});
