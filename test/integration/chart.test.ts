/** The chart with a real helm on a real API server: it lints, installs, passes server-side dry runs, refuses nonsense. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { controlPlaneBinaries, startControlPlane, type ControlPlane } from '../support/control-plane.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const CHART = path('../../charts/kubelet-medic');
const NAMESPACE = 'kubelet-medic';

let plane: ControlPlane;
let helm: string;
let kubectl: string;
let env: NodeJS.ProcessEnv;

function run(command: string, ...argv: readonly string[]): { readonly status: number | null; readonly output: string } {
  const { status, stdout, stderr } = spawnSync(command, argv, { env, encoding: 'utf8', timeout: 60_000 });
  return { status, output: stdout + stderr };
}

/** One rendered template, as the API server answers a dry run of it. */
function applied(template: string, ...argv: readonly string[]): ReturnType<typeof run> {
  const rendered = join(plane.folder, 'rendered.yaml');
  writeFileSync(rendered, run(helm, 'template', 'other', CHART, '-n', NAMESPACE, '-s', template, ...argv).output);
  return run(kubectl, 'apply', '--dry-run=server', '-f', rendered);
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
  const installed = run(helm, 'install', 'kubelet-medic', CHART, '-n', NAMESPACE, '--create-namespace');
  if (installed.status !== 0) throw new Error(installed.output);
}, 900_000);

afterAll(async () => {
  await plane.stop();
});

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
    ['policy.spec.detection.sustainedFor=soon', '/policy/spec/detection/sustainedFor'],
  ])('refuses %s, and names the field', (value, message) => {
    const { status, output } = run(helm, 'template', 'other', CHART, '--set', value);
    expect(status).not.toBe(0);
    expect(output).toContain(message);
  });

  test('leaves to the API server what only a rule can say, and it names the field', () => {
    const { status, output } = applied('templates/policy.yaml', '--set', 'policy.spec.budget.maxUnhealthy=120%');
    expect(status).not.toBe(0);
    expect(output).toContain(
      'spec.budget.maxUnhealthy: Invalid value: "120%": must be a number of nodes or a percentage from 0% to 100%',
    );
  });

  test('says what it will do, and how to begin with Observe', () => {
    const { output } = run(helm, 'get', 'notes', 'kubelet-medic', '-n', NAMESPACE);
    expect(output).toContain('mode Remediate');
    expect(output).toContain('--set policy.spec.mode=Observe');
  });

  test('runs a controller that fits Pod Security restricted', () => {
    run(kubectl, 'label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/warn=restricted');
    const { status, output } = applied('templates/controller.yaml');
    expect({ status, warned: output.includes('would violate') }).toEqual({ status: 0, warned: false });
  });
});
