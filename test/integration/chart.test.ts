/**
 * The chart with a real helm on a real API server: it lints, renders, passes a server-side dry run and installs; and
 * what it installs lets the two programs do what they do, and no more.
 */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { HEALTHS, INCIDENTS, NODES, PODS, SECRETS } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { controlPlaneBinaries, startControlPlane, type ControlPlane } from '../support/control-plane.ts';
import { realClock, realRandom } from '../support/real-time.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const CHART = path('../../charts/kubelet-medic');
const NAMESPACE = 'kubelet-medic';
const AT = '2026-11-24T11:00:00Z';
const PLAN = {
  policy: 'default',
  policyGeneration: 1,
  mode: 'Remediate',
  strategy: 'RestoreFirst',
  evidence: {},
  remediation: {},
  budget: {},
};
const ACTION = { name: 'act-1', action: 'RestartKubelet', state: 'Reserved', reservedAt: AT };

let plane: ControlPlane;
let helm: string;
let kubectl: string;
let env: NodeJS.ProcessEnv;
let admin: Cluster;
/** The agent of node-1, by a token that is bound to its pod; the same identity by a token that is bound to none. */
let agent: Cluster;
let unbound: Cluster;
let controller: Cluster;

function run(command: string, ...argv: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(command, argv, { env, encoding: 'utf8', timeout: 60_000 });
  return { status, output: stdout + stderr };
}

function token(account: string, ...bound: readonly string[]): string {
  return execFileSync(kubectl, ['-n', NAMESPACE, 'create', 'token', `kubelet-medic-${account}`, ...bound], {
    env,
    encoding: 'utf8',
  }).trim();
}

function as(bearer: string): Cluster {
  return createCluster(plane.connection(bearer), { clock: realClock, random: realRandom, log: createRecordingLog() });
}

async function createObjectsOf(node: string): Promise<void> {
  const by = { manager: 'test' };
  await admin.create(NODES, { metadata: { name: node } }, by);
  const spec = {
    nodeName: node,
    serviceAccountName: 'kubelet-medic-agent',
    containers: [{ name: 'agent', image: 'x' }],
  };
  await admin.create(PODS, { metadata: { name: `agent-${node}`, namespace: NAMESPACE }, spec }, by);
  await admin.create(HEALTHS, { metadata: { name: node } }, by);
  const trigger = { type: 'PLEGUnhealthy', at: AT, message: 'PLEG is not healthy' };
  await admin.create(
    INCIDENTS,
    { metadata: { name: `${node}-a` }, spec: { nodeName: node, nodeUID: 'u', trigger, plan: PLAN } },
    by,
  );
}

beforeAll(async () => {
  plane = await startControlPlane();
  kubectl = join(controlPlaneBinaries(), 'kubectl');
  helm = execFileSync(path('../lab/helm.sh'), { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim();
  const kubeconfig = join(plane.folder, 'kubeconfig');
  const cluster = {
    server: `https://127.0.0.1:${plane.port}`,
    'certificate-authority-data': Buffer.from(plane.ca).toString('base64'),
  };
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      apiVersion: 'v1',
      kind: 'Config',
      clusters: [{ name: 'test', cluster }],
      users: [{ name: 'admin', user: { token: 'admin' } }],
      contexts: [{ name: 'test', context: { cluster: 'test', user: 'admin' } }],
      'current-context': 'test',
    }),
  );
  const home = join(plane.folder, 'helm');
  env = { ...process.env, KUBECONFIG: kubeconfig, HELM_CACHE_HOME: home, HELM_CONFIG_HOME: home, HELM_DATA_HOME: home };
  admin = as('admin');
  const installed = run(helm, 'install', 'kubelet-medic', CHART, '-n', NAMESPACE, '--create-namespace');
  if (installed.status !== 0) throw new Error(installed.output);
  await createObjectsOf('node-1');
  await createObjectsOf('node-2');
  agent = as(token('agent', '--bound-object-kind=Pod', '--bound-object-name=agent-node-1'));
  unbound = as(token('agent'));
  controller = as(token('controller'));
}, 900_000);

afterAll(async () => {
  await plane.stop();
}, 60_000);

describe('the chart', () => {
  test('lints without a warning', () => {
    expect(run(helm, 'lint', '--strict', CHART)).toMatchObject({ status: 0 });
  });

  test.each([
    ['its defaults', []],
    ['two controllers and a network policy', ['controller.replicas=2', 'networkPolicy.enabled=true']],
    ['an address of the API server', ['apiServer.host=10.0.0.1', 'apiServer.port=6443']],
    ['no policy', ['policy.create=false']],
    ['a failpoint', ['agent.extraEnv[0].name=KUBELET_MEDIC_FAILPOINT', 'agent.extraEnv[0].value=action-reserved']],
  ])('passes a server-side dry run with %s', (_name, values) => {
    const sets = values.flatMap((value) => ['--set', value]);
    expect(run(helm, 'upgrade', 'kubelet-medic', CHART, '-n', NAMESPACE, '--dry-run=server', ...sets)).toMatchObject({
      status: 0,
    });
  });

  test.each([
    ['agnet.port=1', "additional properties 'agnet' not allowed"],
    ['policy.spec.mod=Observe', "additional properties 'mod' not allowed"],
    [
      'policy.spec.budget.maxUnhealthy=120%',
      'spec.budget.maxUnhealthy: Invalid value: "120%": must be a number of nodes or a percentage from 0% to 100%',
    ],
    ['policy.spec.detection.sustainedFor=soon', /sustainedFor/],
  ])('refuses %s, and names the field', (value, message) => {
    const { status, output } = run(
      helm,
      'upgrade',
      'kubelet-medic',
      CHART,
      '-n',
      NAMESPACE,
      '--dry-run=server',
      '--set',
      value,
    );
    expect(status).not.toBe(0);
    expect(output).toMatch(message);
  });

  test('says what it will do, and how to begin with Observe', () => {
    const { output } = run(helm, 'get', 'notes', 'kubelet-medic', '-n', NAMESPACE);
    expect(output).toContain('mode Remediate');
    expect(output).toContain('--set policy.spec.mode=Observe');
  });

  test('runs a controller that fits Pod Security restricted', () => {
    run(kubectl, 'label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/warn=restricted');
    const rendered = join(plane.folder, 'controller.yaml');
    writeFileSync(
      rendered,
      run(helm, 'template', 'other', CHART, '-n', NAMESPACE, '-s', 'templates/controller.yaml').output,
    );
    const { status, output } = run(kubectl, 'apply', '--dry-run=server', '-f', rendered);
    expect({ status, warned: output.includes('would violate') }).toEqual({ status: 0, warned: false });
  });
});

describe('an agent', () => {
  const by = { manager: 'kubelet-medic-agent', subresource: 'status', force: true } as const;
  const denied = { class: 'denied' };
  const health = { summary: { probe: '4ms' } };

  test('writes the status of its own health object', async () => {
    await expect(agent.apply(HEALTHS, { metadata: { name: 'node-1' }, status: health }, by)).resolves.toMatchObject({
      status: health,
    });
  });

  test("is refused another node's health object, in words", async () => {
    const write = agent.apply(HEALTHS, { metadata: { name: 'node-2' }, status: health }, by);
    await expect(write).rejects.toMatchObject({
      ...denied,
      message: expect.stringContaining('the agent of node node-1 may not write the status of kubelethealths/node-2'),
    });
  });

  test('is refused with a token that names no node', async () => {
    const write = unbound.apply(HEALTHS, { metadata: { name: 'node-1' }, status: health }, by);
    await expect(write).rejects.toMatchObject({ ...denied, message: expect.stringContaining('must name its node') });
  });

  test('reserves an action in an incident of its node, and in no other', async () => {
    const status = { actions: [ACTION] };
    await expect(agent.apply(INCIDENTS, { metadata: { name: 'node-1-a' }, status }, by)).resolves.toMatchObject({
      status,
    });
    await expect(agent.apply(INCIDENTS, { metadata: { name: 'node-2-a' }, status }, by)).rejects.toMatchObject(denied);
  });

  test.each([
    ['the outcome', { outcome: 'Recovered' }],
    [
      'a condition',
      { conditions: [{ type: 'Complete', status: 'True', reason: 'Recovered', message: 'm', lastTransitionTime: AT }] },
    ],
    ['a step', { steps: [{ name: 'act-9', type: 'Act', state: 'Requested', startedAt: AT }] }],
    [
      "evidence in the controller's name",
      { evidence: [{ name: 'x', kind: 'KubeletLog', by: 'Controller', state: 'Captured', at: AT, source: 's' }] },
    ],
  ])('is refused to write %s of an incident', async (_name, status) => {
    const write = agent.apply(
      INCIDENTS,
      { metadata: { name: 'node-1-a' }, status: { actions: [ACTION], ...status } },
      by,
    );
    await expect(write).rejects.toMatchObject(denied);
  });

  test('sees no nodes, pods or secrets, opens no incident and approves none', async () => {
    await expect(agent.list(NODES)).rejects.toMatchObject(denied);
    await expect(agent.list(PODS, { namespace: NAMESPACE })).rejects.toMatchObject(denied);
    await expect(agent.list(SECRETS, { namespace: NAMESPACE })).rejects.toMatchObject(denied);
    await expect(agent.proxyNode('node-1', '/healthz', { maxBytes: 10 })).rejects.toMatchObject(denied);
    await expect(agent.delete(INCIDENTS, { name: 'node-1-a' })).rejects.toMatchObject(denied);
    const approve = [{ op: 'add', path: '/spec/approval', value: { decision: 'Approve', by: 'me' } }] as const;
    await expect(agent.jsonPatch(INCIDENTS, { name: 'node-1-a' }, approve, { manager: 'x' })).rejects.toMatchObject(
      denied,
    );
  });
});

describe('the controller', () => {
  test('cordons, writes incidents, and keeps Secrets in its own namespace only', async () => {
    const by = { manager: 'kubelet-medic-controller' };
    const cordon = [{ op: 'add', path: '/spec/unschedulable', value: true }] as const;
    await expect(controller.jsonPatch(NODES, { name: 'node-2' }, cordon, by)).resolves.toMatchObject({
      spec: { unschedulable: true },
    });
    const step = { name: 'cordon', type: 'Cordon', state: 'Requested', startedAt: AT };
    const status = { steps: [step] };
    await expect(
      controller.apply(INCIDENTS, { metadata: { name: 'node-2-a' }, status }, { ...by, subresource: 'status' }),
    ).resolves.toMatchObject({ status });
    await expect(
      controller.create(SECRETS, { metadata: { name: 'dump', namespace: NAMESPACE } }, by),
    ).resolves.toMatchObject({});
    await expect(
      controller.create(SECRETS, { metadata: { name: 'dump', namespace: 'default' } }, by),
    ).rejects.toMatchObject({ class: 'denied' });
    await expect(controller.delete(NODES, { name: 'node-2' })).rejects.toMatchObject({ class: 'denied' });
  });
});
