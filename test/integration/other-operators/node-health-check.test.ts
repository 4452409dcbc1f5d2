/** NodeHealthCheck, as its source does it, with the rights that the chart gives it and no others of ours, on a real API server. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { INCIDENTS, LEASES, NODES, REMEDIATIONS } from '../../../src/api/resources.ts';
import type { KubeletRemediation } from '../../../src/api/v1alpha1/kinds/remediation.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { condition } from '../../contract/objects.ts';
import { failure, MANAGER } from '../../contract/subject.ts';
import { manifestsOf } from '../../support/doc-manifests.ts';
import { startIdentities, type Identities } from '../../support/identities.ts';
import { createHealthCheck, type HealthCheck } from '../../support/node-health-check.ts';
import { rawResource } from '../../support/raw-resource.ts';
import { eventually, realClock } from '../../support/real-time.ts';
import { startStuckNode, type StuckNode } from './stuck-node.ts';

const NAMESPACE = 'kubelet-medic';
const TEMPLATES = rawResource(
  'kubelet-medic.io/v1alpha1',
  'KubeletRemediationTemplate',
  'kubeletremediationtemplates',
  true,
);
const RBAC = 'rbac.authorization.k8s.io/v1';
const ROLES = rawResource(RBAC, 'ClusterRole', 'clusterroles', false);
const BINDINGS = rawResource(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', false);
const LEASE = { name: 'node-node-a', namespace: 'medik8s-leases' };

let ids: Identities;
let asker: Cluster;
let node: StuckNode;
let check: HealthCheck;
let otherCheck: HealthCheck;
const holders: string[] = [];
const seen: KubeletRemediation[] = [];
const life = new AbortController();

/** What NodeHealthCheck's own role has, beside the one that it takes in. */
async function grantItsOwn(user: string): Promise<void> {
  const name = 'node-healthcheck';
  const rules = [
    { apiGroups: [''], resources: ['nodes'], verbs: ['get', 'list', 'watch'] },
    {
      apiGroups: ['coordination.k8s.io'],
      resources: ['leases'],
      verbs: ['get', 'list', 'watch', 'create', 'update', 'patch', 'delete'],
    },
  ];
  await ids.admin.create(ROLES, { metadata: { name }, rules }, MANAGER);
  const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name };
  const subjects = [{ kind: 'User', name: user }];
  await ids.admin.create(BINDINGS, { metadata: { name }, roleRef, subjects }, MANAGER);
}

async function templateOf(name: string): Promise<object> {
  const template = await asker.get(TEMPLATES, { name, namespace: NAMESPACE });
  const { spec } = template as unknown as { readonly spec: { readonly template: { readonly spec: object } } };
  return spec.template.spec;
}

beforeAll(async () => {
  ids = await startIdentities('medik8sLeases.namespaceExists=true', 'otherOperators.nodeHealthCheck.enabled=true');
  const { user, cluster } = await ids.person('node-healthcheck-controller-manager', 'kubelet-medic-nhc');
  asker = cluster;
  await grantItsOwn(user);
  const [shown] = manifestsOf('other-operators.md').filter(({ metadata }) => metadata.namespace === NAMESPACE);
  if (shown === undefined) throw new Error('docs/other-operators.md shows no template');
  await ids.admin.apply(TEMPLATES, shown, { ...MANAGER, force: true });
  const ready = { ...condition('Ready', 'Unknown', 'NodeStatusUnknown') };
  const status = { conditions: [{ ...ready, lastTransitionTime: new Date(Date.now() - 120_000).toISOString() }] };
  await ids.admin.apply(NODES, { metadata: { name: 'node-b' }, status }, { ...MANAGER, subresource: 'status' });
  node = await startStuckNode(ids);
  await eventually('its rights are in force', () =>
    asker.list(REMEDIATIONS).then(
      () => true,
      () => false,
    ),
  );
  const spec = await templateOf('kubelet-first');
  const common = { cluster: asker, clock: realClock, namespace: NAMESPACE, spec, unhealthyMs: 1_000 };
  check = createHealthCheck({ ...common, node: 'node-a', multipleTemplates: true });
  otherCheck = createHealthCheck({ ...common, node: 'node-b' });
  const requests = ids.admin.mirror(REMEDIATIONS, {}, life.signal);
  requests.onChange((request) => {
    if (request !== undefined) seen.push(request);
  });
  const leases = ids.admin.mirror(LEASES, { namespace: LEASE.namespace }, life.signal);
  leases.onChange((lease) => {
    if (lease?.metadata.name === LEASE.name) holders.push(lease.spec.holderIdentity);
  });
  await Promise.all([requests.whenSynced(), leases.whenSynced()]);
  await check.reconcile();
  await otherCheck.reconcile();
  await node.startController({ machines: 'none' });
  await node.startAgent();
}, 300_000);

afterAll(async () => {
  life.abort(new Error('the test is over'));
  await node.stop();
  await ids.stop();
});

function answersOf(nodeName: string): readonly string[] {
  return seen
    .filter(({ status }) => status.nodeName === nodeName)
    .map(({ status }) => findCondition(status.conditions, 'Succeeded'))
    .map((succeeded) => `${succeeded?.status} ${succeeded?.reason}`)
    .filter((answer, index, all) => answer !== all[index - 1]);
}

test('a stuck kubelet is healed under the lease of the NodeHealthCheck, which calls nobody else', async () => {
  await eventually(
    'the incident is over',
    async () => {
      await check.reconcile();
      const { items } = await ids.admin.list(INCIDENTS);
      return items.some(({ spec, status }) => spec.nodeName === 'node-a' && status.outcome !== undefined);
    },
    120_000,
  );
  const [incident] = (await ids.admin.list(INCIDENTS)).items;
  expect([incident?.status.outcome, node.host.restarts.map(({ unit }) => unit), check.nextAt()]).toEqual([
    'Recovered',
    ['kubelet.service'],
    undefined,
  ]);
  await eventually('it has taken its request and its lease back', async () => {
    await check.reconcile();
    const isAsked = (await check.request()) !== undefined;
    return !isAsked && (await ids.admin.get(LEASES, LEASE)) === undefined;
  });
  // Nobody but the one who asked ever held it.
  expect([...new Set(holders)]).toEqual(['NodeHealthCheck-workers']);
  expect(answersOf('node-a').filter((answer) => answer.startsWith('False'))).toEqual([]);
});

test('a node without power is given back, and the next remediator is called at once', async () => {
  await eventually('the next one is called', async () => {
    await otherCheck.reconcile();
    return otherCheck.nextAt() !== undefined;
  });
  expect(answersOf('node-b')).toEqual(['False AgentSilent']);
});

test('whoever asks cannot answer himself', async () => {
  const name = seen[0]?.metadata.name ?? '';
  const patch = [{ op: 'add', path: '/status', value: { machine: 'Replaced' } }] as const;
  const error = await failure(
    asker.jsonPatch(REMEDIATIONS, { name, namespace: NAMESPACE }, patch, { ...MANAGER, subresource: 'status' }),
  );
  expect(error.class).toBe('denied');
});

test('nobody was refused anything', () => {
  expect(node.refusals()).toEqual([]);
});
