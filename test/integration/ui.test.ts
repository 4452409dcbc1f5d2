/** `kubectl medic ui` as a person runs it, on a real API server: a program of its own, and RBAC as it is. */
import { spawn, type ChildProcess, type ChildProcessByStdio } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, expect, test } from '@jest/globals';
import { stringify } from 'yaml';
import { INCIDENTS, LEASES, NODES, POLICIES } from '../../src/api/resources.ts';
import { LEADER_LEASE } from '../../src/api/v1alpha1/words/names.ts';
import type { Choices } from '../../src/cli/ui/wire.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { anIncident, aPlan } from '../support/builders/objects.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { installCrds, rawResource } from '../support/raw-resource.ts';
import { realClock, realRandom } from '../support/real-time.ts';
import { ask, listen, type PageAddress } from '../support/ui/page-client.ts';

const PROGRAM = fileURLToPath(new URL('../../src/bin/kubectl-medic.ts', import.meta.url));
const TEST = { manager: 'test' };
const RBAC = 'rbac.authorization.k8s.io/v1';
const HELD = 'node-a-held1';

let plane: ControlPlane;
let cluster: Cluster;
const running: ChildProcess[] = [];

beforeAll(async () => {
  plane = await startControlPlane();
  cluster = createCluster(plane.connection('admin'), {
    clock: realClock,
    random: realRandom,
    log: createRecordingLog(),
  });
  await installCrds(cluster);
  await cluster.create(NODES, { metadata: { name: 'node-a' } }, TEST);
  await cluster.create(POLICIES, { metadata: { name: 'default' }, spec: { mode: 'Remediate' } }, TEST);
  const { spec } = anIncident({ node: 'node-a', plan: aPlan({ strategy: 'DiagnoseFirst' }) });
  await cluster.create(INCIDENTS, { metadata: { name: HELD }, spec: JSON.parse(JSON.stringify(spec)) as object }, TEST);
  await grantView('eve');
}, 400_000);
afterEach(() => {
  for (const child of running.splice(0)) child.kill('SIGKILL');
});
afterAll(async () => {
  await plane.stop();
});

/** As the chart's -view has it: no nodes, and no write. */
async function grantView(user: string): Promise<void> {
  const resources = ['kubeletrecoverypolicies', 'kubeletincidents', 'kubelethealths'];
  const rules = [{ apiGroups: ['kubelet-medic.io'], resources, verbs: ['get', 'list', 'watch'] }];
  const role = { name: 'view-medic', kind: 'ClusterRole', apiGroup: 'rbac.authorization.k8s.io' };
  await cluster.create(
    rawResource(RBAC, 'ClusterRole', 'clusterroles', false),
    { metadata: { name: role.name }, rules },
    TEST,
  );
  const subjects = [{ kind: 'User', name: user, apiGroup: 'rbac.authorization.k8s.io' }];
  const binding = { metadata: { name: role.name }, roleRef: role, subjects };
  await cluster.create(rawResource(RBAC, 'ClusterRoleBinding', 'clusterrolebindings', false), binding, TEST);
}

function kubeconfigOf(name: string, subject: string): string {
  const { cert, key } = plane.issue(name, subject);
  const ca = join(plane.folder, 'ca-of-kubeconfig.crt');
  writeFileSync(ca, plane.ca);
  const file = join(plane.folder, `kubeconfig-${name}`);
  const config = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [
      { name: 'c', cluster: { server: `https://127.0.0.1:${String(plane.port)}`, 'certificate-authority': ca } },
    ],
    users: [{ name: 'u', user: { 'client-certificate': cert, 'client-key': key } }],
    contexts: [{ name: 'test', context: { cluster: 'c', user: 'u' } }],
  };
  writeFileSync(file, stringify(config));
  return file;
}

interface Started {
  readonly child: ChildProcessByStdio<Writable | null, Readable, Readable>;
  readonly page: Promise<PageAddress>;
  readonly exit: Promise<readonly [code: number | null, signal: string | null]>;
  readonly err: () => string;
}

function startUi(kubeconfig: string, stdin: 'ignore' | 'pipe' = 'ignore'): Started {
  const child = spawn(process.execPath, [PROGRAM, 'ui', '--kubeconfig', kubeconfig], {
    stdio: [stdin, 'pipe', 'pipe'],
  }) as ChildProcessByStdio<Writable | null, Readable, Readable>;
  running.push(child);
  let err = '';
  child.stderr.on('data', (chunk: Buffer) => {
    err += chunk.toString();
  });
  const address = once(child.stdout, 'data').then(([chunk]) => {
    const { origin, hash } = new URL(String(chunk).trim());
    return { origin, token: hash.slice(1) };
  });
  const exit = once(child, 'exit').then(([code, signal]) => [code as number | null, signal as string | null] as const);
  return { child, page: address, exit, err: () => err };
}

/** A controller that has renewed its Lease just now. */
async function seedLeader(): Promise<void> {
  await cluster.create(
    rawResource('v1', 'Namespace', 'namespaces', false),
    { metadata: { name: 'kubelet-medic' } },
    TEST,
  );
  const metadata = { name: LEADER_LEASE, namespace: 'kubelet-medic' };
  // A MicroTime has six digits.
  const renewTime = new Date().toISOString().replace('Z', '000Z');
  await cluster.create(
    LEASES,
    { metadata, spec: { holderIdentity: 'pod-1', leaseDurationSeconds: 30, renewTime } },
    TEST,
  );
}

test('shows the fleet to who may, records his name, and ends at once with Ctrl-C', async () => {
  await seedLeader();
  const { child, page: address, exit } = startUi(kubeconfigOf('jane', '/O=system:masters/CN=jane@example.com'));
  const page = await address;
  const stream = await listen(page);
  const whole = await stream.until(({ kind }) => kind === 'whole');
  expect(whole).toMatchObject({
    cells: [{ name: 'node-a', policy: 'default' }],
    rest: { notices: [], hasFleet: true },
    about: { user: 'jane@example.com', server: `https://127.0.0.1:${String(plane.port)}` },
  });
  const { approve, denied, notes } = JSON.parse((await ask(page, `/api/incidents/${HELD}/choices`)).body) as Choices;
  expect({ denied, notes }).toEqual({ denied: undefined, notes: [] });
  const chosen = approve.find(({ action }) => action === 'RestartKubelet');
  const body = JSON.stringify({ decision: 'Approve', action: 'RestartKubelet', reason: 'r', would: chosen?.would });
  expect((await ask(page, `/api/incidents/${HELD}/decision`, { method: 'POST', body })).status).toBe(200);
  expect((await cluster.get(INCIDENTS, { name: HELD }))?.spec.approval).toMatchObject({ by: 'jane@example.com' });
  await stream.until((message) => message.kind === 'change' && message.rest.incidents[0]?.decided !== undefined);
  const at = performance.now();
  child.kill('SIGINT');
  expect(await exit).toEqual([null, 'SIGINT']);
  expect(performance.now() - at).toBeLessThan(2_000);
});

test('ends with who has started it over ssh without a terminal, which closes the pipes and sends no signal', async () => {
  const kubeconfig = kubeconfigOf('jane-3', '/O=system:masters/CN=jane');
  const { child, page: address, exit } = startUi(kubeconfig, 'pipe');
  const page = await address;
  expect((await ask(page, '/')).status).toBe(200);
  for (const pipe of [child.stdout, child.stderr, child.stdin]) pipe?.destroy();
  expect(await exit).toEqual([0, null]);
  await expect(ask(page, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('says why it ends where its input is empty from the beginning', async () => {
  const { child, exit, err } = startUi(kubeconfigOf('jane-4', '/O=system:masters/CN=jane'), 'pipe');
  child.stdin?.end();
  expect(await exit).toEqual([0, null]);
  expect(err()).toContain('Its standard input is closed, so it ends: with < /dev/null it goes on.');
});

test('says to who may only look what he may not', async () => {
  const { page: address } = startUi(kubeconfigOf('eve', '/CN=eve'));
  const page = await address;
  const stream = await listen(page);
  const whole = await stream.until(({ kind }) => kind === 'whole');
  stream.stop();
  expect(whole).toMatchObject({ cells: [], rest: { hasFleet: false, incidents: [{ name: HELD }] } });
  expect(whole.kind === 'whole' && whole.rest.notices).toEqual([
    expect.stringMatching(/^It is not known whether a controller leads: .*User "eve" cannot get resource "leases"/),
    expect.stringMatching(/^Not shown: you may not list nodes \(.*User "eve" cannot list/),
  ]);
  const { denied } = JSON.parse((await ask(page, `/api/incidents/${HELD}/choices`)).body) as Choices;
  expect(denied).toMatch(/^eve may not patch kubeletincidents\.kubelet-medic\.io/);
  const report = await ask(page, `/api/incidents/${HELD}/report`);
  expect(report).toMatchObject({ status: 200, body: expect.stringContaining(HELD) });
});

test('does not begin for who may nothing, and says which right is missing', async () => {
  const { exit, err } = startUi(kubeconfigOf('nobody', '/CN=nobody'));
  expect(await exit).toEqual([1, null]);
  expect(err()).toMatch(/^error: .*User "nobody" cannot list resource/);
});

test('says that it is not of now while the API server is away, and goes on when it is back', async () => {
  const { page: address } = startUi(kubeconfigOf('jane-2', '/O=system:masters/CN=jane'));
  const stream = await listen(await address);
  await stream.until(({ kind }) => kind === 'whole');
  await plane.restartApiServer(async () => {
    const lost = await stream.until((message) => message.kind === 'pulse' && message.link.kind === 'lost');
    expect(lost).toMatchObject({ link: { why: expect.stringContaining('the API server cannot be reached') } });
  });
  await stream.until((message) => message.kind === 'pulse' && message.link.kind === 'live');
  await cluster.create(NODES, { metadata: { name: 'node-b' } }, TEST);
  await stream.until((message) => message.kind === 'change' && message.set.some(({ name }) => name === 'node-b'));
  stream.stop();
});
