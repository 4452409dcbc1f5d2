/**
 * The MachineHealthCheck and MachineSet controllers of Cluster API, built from its Go module, with its CRDs and its role: they have a node
 * healed that kubelet-medic can heal, and replace the Machine of one that it cannot.
 */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as z from 'zod/mini';
import type { Machine } from '../../../src/api/kubernetes/machine.ts';
import { INCIDENTS, MACHINES, NODES, REMEDIATIONS } from '../../../src/api/resources.ts';
import type { KubeletRemediation } from '../../../src/api/v1alpha1/kinds/remediation.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import type { Cluster, Manifest } from '../../../src/ports/cluster.ts';
import { condition } from '../../contract/objects.ts';
import { MANAGER } from '../../contract/subject.ts';
import { startChild, type Child } from '../../support/child.ts';
import { manifestsOf } from '../../support/doc-manifests.ts';
import { NAMESPACE, startIdentities, type Identities } from '../../support/identities.ts';
import { CRDS, parseManifests, rawResource, type YamlObject } from '../../support/raw-resource.ts';
import { eventually } from '../../support/real-time.ts';
import { startStuckNode, type StuckNode } from './stuck-node.ts';

const FORCE = { ...MANAGER, force: true } as const;
const STATUS = { ...FORCE, subresource: 'status' } as const;
const API = 'cluster.x-k8s.io/v1beta2';
const RBAC = 'rbac.authorization.k8s.io/v1';
const CLUSTERS = rawResource(API, 'Cluster', 'clusters', true);
const MACHINE_SETS = rawResource(API, 'MachineSet', 'machinesets', true);
const HEALTH_CHECKS = rawResource(API, 'MachineHealthCheck', 'machinehealthchecks', true);
const TEMPLATES = rawResource(
  'kubelet-medic.io/v1alpha1',
  'KubeletRemediationTemplate',
  'kubeletremediationtemplates',
  true,
);
const MachineHealthCheckSpec = z.looseObject({ remediation: z.looseObject({}) });
const SECRETS = rawResource('v1', 'Secret', 'secrets', true);
const ACCOUNTS = rawResource('v1', 'ServiceAccount', 'serviceaccounts', true);
const ROLES = rawResource(RBAC, 'ClusterRole', 'clusterroles', false);
const BINDINGS = rawResource(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', false);

let ids: Identities;
let admin: Cluster;
let node: StuckNode;
let capi: Child;
/** Each request as it was seen at each change. */
const seen: KubeletRemediation[] = [];
const life = new AbortController();

async function installClusterApi(): Promise<string> {
  const script = fileURLToPath(new URL('../../lab/cluster-api.sh', import.meta.url));
  const printed = execFileSync(script, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
  const [program = '', crds = ''] = printed.trim().split('\n');
  for (const file of readdirSync(crds)) {
    const [crd] = parseManifests(readFileSync(join(crds, file), 'utf8'));
    if (crd !== undefined) await admin.apply(CRDS, crd, FORCE);
  }
  const [role] = parseManifests(readFileSync(join(crds, '../../rbac/role.yaml'), 'utf8'));
  if (role === undefined) throw new Error('Cluster API has no role');
  await admin.apply(ROLES, role, FORCE);
  await admin.apply(ACCOUNTS, { metadata: { name: 'cluster-api', namespace: NAMESPACE } }, FORCE);
  const subjects = [{ kind: 'ServiceAccount', name: 'cluster-api', namespace: NAMESPACE }];
  // The controller that aggregates roles is not running here: the one that it would take in is bound.
  for (const name of ['manager-role', 'kubelet-medic-mhc']) {
    const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
    await admin.apply(BINDINGS, { metadata: { name: `cluster-api-${name}` }, roleRef, subjects }, FORCE);
  }
  return program;
}

function kubeconfig(token: string): string {
  const { port, ca } = ids.plane;
  const cluster = {
    server: `https://127.0.0.1:${port}`,
    'certificate-authority-data': Buffer.from(ca).toString('base64'),
  };
  return JSON.stringify({
    apiVersion: 'v1',
    kind: 'Config',
    clusters: [{ name: 'self', cluster }],
    users: [{ name: 'u', user: { token } }],
    contexts: [{ name: 'x', context: { cluster: 'self', user: 'u' } }],
    'current-context': 'x',
  });
}

/** Written as the controllers would find it: the object first, then its status. */
async function put(resource: typeof CLUSTERS, object: Manifest, status?: object): Promise<void> {
  const metadata = { namespace: 'default', ...object.metadata };
  await eventually(`${resource.kind} is served`, () =>
    admin.apply(resource, { ...object, metadata }, FORCE).then(
      () => true,
      () => false,
    ),
  );
  if (status === undefined) return;
  const { name = '' } = object.metadata;
  await admin.apply(resource, { metadata: { name, namespace: 'default' }, status }, STATUS);
}

const infrastructureRef = { apiGroup: 'infrastructure.cluster.x-k8s.io', kind: 'Nothing', name: 'nothing' };

function machineSpec(): object {
  return { clusterName: 'self', bootstrap: { dataSecretName: 'none' }, infrastructureRef };
}

async function createMachine(letter: string, owner: object): Promise<void> {
  const [name, nodeName] = [`machine-${letter}`, `node-${letter}`];
  const labels = { pool: 'workers', 'cluster.x-k8s.io/cluster-name': 'self' };
  const metadata = { name, labels, ownerReferences: [owner] };
  await put(
    rawResource(API, 'Machine', 'machines', true),
    { metadata, spec: machineSpec() },
    { nodeRef: { name: nodeName } },
  );
  const annotations = { 'cluster.x-k8s.io/machine': name, 'cluster.x-k8s.io/cluster-namespace': 'default' };
  await admin.apply(NODES, { metadata: { name: nodeName, annotations } }, { manager: 'cluster-api', force: true });
}

async function createCluster(): Promise<void> {
  const initialization = { infrastructureProvisioned: true, controlPlaneInitialized: true };
  const conditions = ['ControlPlaneInitialized', 'InfrastructureReady'].map((type) => condition(type, 'True', 'Yes'));
  const spec = { infrastructureRef: { ...infrastructureRef, kind: 'NothingCluster' } };
  await put(CLUSTERS, { metadata: { name: 'self' }, spec }, { initialization, conditions });
  const data = { value: Buffer.from(kubeconfig('admin')).toString('base64') };
  const labels = { 'cluster.x-k8s.io/cluster-name': 'self' };
  await put(SECRETS, { metadata: { name: 'self-kubeconfig', labels }, type: 'cluster.x-k8s.io/secret', data });
  const selector = { matchLabels: { pool: 'workers' } };
  const template = { metadata: { labels: { pool: 'workers' } }, spec: machineSpec() };
  await put(MACHINE_SETS, {
    metadata: { name: 'workers' },
    spec: { clusterName: 'self', replicas: 2, selector, template },
  });
  const set = await admin.get(MACHINE_SETS, { name: 'workers', namespace: 'default' });
  const owner = { apiVersion: API, kind: 'MachineSet', name: 'workers', uid: set?.metadata.uid, controller: true };
  await createMachine('a', owner);
  await createMachine('b', owner);
}

function withAllUnhealthy({ spec, ...object }: YamlObject): Manifest {
  const { remediation, ...rest } = MachineHealthCheckSpec.parse(spec);
  const triggerIf = { unhealthyLessThanOrEqualTo: '100%' };
  return { ...object, spec: { ...rest, remediation: { ...remediation, triggerIf } } };
}

/** node-b has no power: nobody says anything of it, and it has no agent. */
async function silenceNodeB(): Promise<void> {
  const ready = condition('Ready', 'Unknown', 'NodeStatusUnknown');
  const times = { lastTransitionTime: new Date(Date.now() - 120_000).toISOString() };
  const status = { conditions: [{ ...ready, ...times }] };
  await admin.apply(NODES, { metadata: { name: 'node-b' }, status }, { ...STATUS, manager: 'kubelet' });
}

beforeAll(async () => {
  const api = 'otherOperators.machineHealthCheck';
  ids = await startIdentities(
    'medik8sLeases.namespaceExists=true',
    `${api}.enabled=true`,
    `${api}.replaceMachines=true`,
  );
  ({ admin } = ids);
  const program = await installClusterApi();
  await createCluster();
  await silenceNodeB();
  node = await startStuckNode(ids);
  const requests = admin.mirror(REMEDIATIONS, {}, life.signal);
  requests.onChange((request) => {
    if (request !== undefined) seen.push(request);
  });
  await requests.whenSynced();
  // As docs/other-operators.md shows them.
  for (const object of manifestsOf('other-operators.md')) {
    if (object.metadata.namespace !== 'default') continue;
    if (object.kind === 'KubeletRemediationTemplate') await put(TEMPLATES, object);
    // Both of its two Machines are unhealthy.
    if (object.kind === 'MachineHealthCheck') await put(HEALTH_CHECKS, withAllUnhealthy(object));
  }
  const config = join(ids.plane.folder, 'cluster-api.kubeconfig');
  writeFileSync(config, kubeconfig(await ids.tokenOf('cluster-api')), { mode: 0o600 });
  capi = startChild('/usr/bin/env', [`KUBECONFIG=${config}`, program], join(ids.plane.folder, 'cluster-api.log'));
  try {
    const isAsked = (): boolean => new Set(seen.map(({ metadata }) => metadata.name)).size === 2;
    await eventually('Cluster API asks for both nodes', isAsked, 60_000);
  } catch (error) {
    throw new Error(`the end of its log:\n${capi.output().slice(-4_000)}`, { cause: error });
  }
  await node.startController({ machines: 'replace' });
  await node.startAgent();
}, 600_000);

afterAll(async () => {
  life.abort(new Error('the test is over'));
  await capi.stop();
  await node.stop();
  await ids.stop();
});

function answersOf(name: string): readonly string[] {
  return seen
    .filter(({ metadata }) => metadata.name === name)
    .map(({ status }) => findCondition(status.conditions, 'Succeeded'))
    .map((succeeded) => (succeeded === undefined ? '' : `${succeeded.status} ${succeeded.reason}`))
    .filter((answer, index, all) => answer !== all[index - 1]);
}

test('a request has the form that the contract gives it', () => {
  const [request] = seen.filter(({ metadata }) => metadata.name === 'machine-a');
  expect(request).toMatchObject({
    metadata: { namespace: 'default', ownerReferences: [{ apiVersion: API, kind: 'Machine', name: 'machine-a' }] },
    spec: { timeout: '10m', whenNotHealed: 'ReplaceMachine' },
  });
});

test('the kubelet of the one is healed, and its Machine is kept', async () => {
  await eventually(
    'the incident is over',
    async () => {
      const { items } = await admin.list(INCIDENTS);
      return items.some(({ spec, status }) => spec.nodeName === 'node-a' && status.outcome !== undefined);
    },
    120_000,
  );
  const [incident] = (await admin.list(INCIDENTS)).items.filter(({ spec }) => spec.nodeName === 'node-a');
  expect([incident?.status.outcome, node.host.restarts.map(({ unit }) => unit)]).toEqual([
    'Recovered',
    ['kubelet.service'],
  ]);
  await eventually('the MachineHealthCheck takes its request back', async () => {
    return (await admin.get(REMEDIATIONS, { name: 'machine-a', namespace: 'default' })) === undefined;
  });
  expect(answersOf('machine-a').filter((answer) => answer.startsWith('False'))).toEqual([]);
  const machine = await admin.get(MACHINES, { name: 'machine-a', namespace: 'default' });
  expect(machine?.metadata.deletionTimestamp).toBeUndefined();
  expect(machine?.status.conditions.map(({ type }) => type)).not.toContain('OwnerRemediated');
});

test('the other one is given back at once, and Cluster API replaces its Machine', async () => {
  let machine: Machine | undefined;
  try {
    await eventually('its Machine is deleted by its owner', async () => {
      machine = await admin.get(MACHINES, { name: 'machine-b', namespace: 'default' });
      // The Machine controller, which is not running here, drains its node and lets it go.
      return machine === undefined || machine.metadata.deletionTimestamp !== undefined;
    });
  } catch (error) {
    throw new Error(`${JSON.stringify([machine, seen.at(-1)])}\n${capi.output().slice(-4_000)}`, { cause: error });
  }
  expect(answersOf('machine-b')).toEqual(['', 'False AgentSilent']);
  const states = seen.filter(({ metadata }) => metadata.name === 'machine-b').map(({ status }) => status.machine);
  expect(states.filter((state) => state !== undefined)).toEqual(['ToBeReplaced', 'Replaced']);
  expect(capi.output()).toContain('machine-b');
});

test('nobody was refused anything', () => {
  expect(node.refusals()).toEqual([]);
  expect(capi.output()).not.toMatch(/forbidden/);
});
