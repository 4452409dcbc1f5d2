/** The chart with a real helm on a real API server: it lints, installs, passes server-side dry runs, refuses nonsense. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFileSync, spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { controllerMemory } from '../../tools/generate/sizing.ts';
import { createMaintenanceLeases, type MaintenanceLeases } from '../../src/controller/incident/maintenance-lease.ts';
import { readOwnCauses } from '../../src/platform/own-causes/read-own-causes.ts';
import { parseManifests } from '../support/raw-resource.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { createControllerWorld } from '../support/controller-world.ts';
import { eventually, realClock, realRandom } from '../support/real-time.ts';
import { controlPlaneBinaries, startControlPlane, type ControlPlane } from '../support/control-plane.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));
const CHART = path('../../charts/kubelet-medic');
const OWN_CAUSES = path('../../examples/values/own-causes.yaml');
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

/** The controller's maintenance leases, with the rights of its account. */
function maintenanceLeases(): MaintenanceLeases {
  const token = run(kubectl, 'create', 'token', 'kubelet-medic-controller', '-n', NAMESPACE).output.trim();
  const world = createControllerWorld().world;
  const options = { clock: realClock, random: realRandom, log: createRecordingLog() };
  const cluster = createCluster(plane.connection(token), options);
  return createMaintenanceLeases({ ...world, clock: realClock, cluster }, () => true);
}

describe('the chart', () => {
  test.each([1, 500, 999, 5_000, 15_000])('gives the controller for %i nodes the memory of the reference', (nodes) => {
    const argv = [
      'template',
      'other',
      CHART,
      '-n',
      NAMESPACE,
      '-s',
      'templates/controller.yaml',
      '--set',
      `controller.nodes=${nodes}`,
    ];
    const { output } = run(helm, ...argv);
    const { request, limit, heap, young, isFast } = controllerMemory(nodes);
    expect(output).toContain(`            limits:\n              memory: ${limit}Mi\n`);
    expect(output).toMatch(new RegExp(`requests:\\n {14}cpu: 50m\\n {14}memory: ${request}Mi\\n`));
    expect(output).toContain(`- --max-old-space-size=${heap}\n`);
    expect(output).toContain(`- --max-semi-space-size=${young}\n`);
    expect(output.includes('- --max-opt=1\n')).toBe(!isFast);
  });

  test('leaves resources as they are set', () => {
    const argv = ['template', 'other', CHART, '-n', NAMESPACE, '-s', 'templates/controller.yaml'];
    const { output } = run(helm, ...argv, '--set', 'controller.resources.limits.memory=1Gi');
    expect(output).toContain('            limits:\n              memory: 1Gi\n');
  });

  test('lints without a warning', () => {
    expect(run(helm, 'lint', '--strict', CHART)).toMatchObject({ status: 0 });
  });

  test.each([
    ['its defaults', []],
    ['two controllers and no network policy', ['controller.replicas=2', 'networkPolicy.enabled=false']],
    [
      'a network policy for the addresses and the port of this API server',
      ['networkPolicy.apiServer.cidrs={10.0.0.0/24,fd00::/64}', 'apiServer.host=10.0.0.1', 'apiServer.port=16444'],
    ],
    ['agents in the pod network', ['agent.hostNetwork=false']],
    ['an address of the API server', ['apiServer.host=10.0.0.1', 'apiServer.port=6443']],
    ['no policy', ['policy.create=false']],
    [
      'a receiver of notifications',
      [
        'notifications.secretName=medic-notify',
        'notifications.receivers[0].name=oncall',
        'notifications.receivers[0].type=PagerDuty',
        'notifications.receivers[0].secretKey=routing-key',
        'notifications.receivers[0].url=https://events.eu.pagerduty.com/v2/enqueue',
        'notifications.receivers[0].events={HandedOver,Recovered}',
      ],
    ],
    [
      'requests of other operators',
      [
        'otherOperators.nodeHealthCheck.enabled=true',
        'otherOperators.machineHealthCheck.enabled=true',
        'otherOperators.machineHealthCheck.replaceMachines=true',
      ],
    ],
    ['a failpoint', ['agent.extraEnv[0].name=KUBELET_MEDIC_FAILPOINT', 'agent.extraEnv[0].value=action-reserved']],
  ])('passes a server-side dry run with %s', (_name, values) => {
    const sets = values.flatMap((value) => ['--set', value]);
    expect(run(helm, 'upgrade', 'kubelet-medic', CHART, '-n', NAMESPACE, '--dry-run=server', ...sets)).toMatchObject({
      status: 0,
    });
  });

  test.each([
    ['nobody', [], undefined, []],
    ['nobody, whatever follows', ['machineHealthCheck.replaceMachines'], undefined, []],
    ['NodeHealthChecks', ['nodeHealthCheck.enabled'], 'none', ['rbac.ext-remediation/aggregate-to-ext-remediation']],
    ['MachineHealthChecks', ['machineHealthCheck.enabled'], 'read', ['cluster.x-k8s.io/aggregate-to-manager']],
    [
      'both, and has Machines replaced',
      ['nodeHealthCheck.enabled', 'machineHealthCheck.enabled', 'machineHealthCheck.replaceMachines'],
      'replace',
      ['cluster.x-k8s.io/aggregate-to-manager', 'rbac.ext-remediation/aggregate-to-ext-remediation'],
    ],
  ] as const)('answers %s', (_who, values, machines, labels) => {
    const sets = values.flatMap((value) => ['--set', `otherOperators.${value}=true`]);
    const { output } = run(helm, 'template', 'other', CHART, '-n', NAMESPACE, ...sets);
    expect(/- --remediations=(\w+)\n/.exec(output)?.[1]).toBe(machines);
    const taken = [...output.matchAll(/^ +(\S+\/aggregate-to-(?:ext-remediation|manager)): ["']true["']$/gm)];
    expect(taken.map(([, label]) => label).sort()).toEqual(labels);
    expect(/kubeletremediation/.test(output)).toBe(machines !== undefined);
  });

  test('refuses to answer NodeHealthChecks without the leases by which they and we know who works on a node', () => {
    const sets = ['--set', 'otherOperators.nodeHealthCheck.enabled=true', '--set', 'medik8sLeases.enabled=false'];
    expect(run(helm, 'template', 'other', CHART, '-n', NAMESPACE, ...sets)).toMatchObject({
      status: 1,
      output: expect.stringContaining('otherOperators.nodeHealthCheck: it needs medik8sLeases.enabled'),
    });
  });

  test('passes a server-side dry run with causes of your own, which both programs read as they were written', () => {
    const argv = ['-n', NAMESPACE, '-f', OWN_CAUSES];
    expect(run(helm, 'upgrade', 'kubelet-medic', CHART, '--dry-run=server', ...argv)).toMatchObject({ status: 0 });
    const rendered = parseManifests(run(helm, 'template', 'other', CHART, ...argv).output);
    const map = rendered.find(({ kind }) => kind === 'ConfigMap');
    const data = map?.['data'];
    const [file, text] = Object.entries(typeof data === 'object' && data !== null ? data : {})[0] ?? [];
    const path = join(plane.folder, 'own-causes.yaml');
    writeFileSync(path, typeof text === 'string' ? text : '');
    expect(readOwnCauses(path)).toEqual(readOwnCauses(OWN_CAUSES));
    expect(readOwnCauses(path).kind).toBe('causes');
    const programs = rendered.filter(({ kind }) => kind === 'Deployment' || kind === 'DaemonSet');
    expect(programs).toHaveLength(2);
    for (const program of programs) {
      const text = JSON.stringify(program);
      expect(text).toContain(`"--own-causes=/etc/kubelet-medic/own-causes/${String(file)}"`);
      expect(text).toContain('"mountPath":"/etc/kubelet-medic/own-causes"');
      // A pod whose ConfigMap is gone starts as well.
      expect(text).toContain(`"configMap":{"name":"${String(map?.metadata.name)}","optional":true}`);
    }
  });

  test('starts both programs again when a cause is changed, and has none of it where there are none', () => {
    const sums = (...argv: readonly string[]): readonly string[] => {
      const { output } = run(helm, 'template', 'other', CHART, '-n', NAMESPACE, ...argv);
      return [...output.matchAll(/kubelet-medic\.io\/own-causes: (\w+)/g)].map(([, sum]) => sum ?? '');
    };
    const [one, other, ...more] = sums('-f', OWN_CAUSES);
    expect([one, more]).toEqual([other, []]);
    expect(sums('-f', OWN_CAUSES, '--set', 'ownCauses[0].summary=Another.')[0]).not.toBe(one);
    expect(run(helm, 'template', 'other', CHART, '-n', NAMESPACE).output).not.toContain('own-causes');
  });

  test.each([
    ['ownCauses[0].class=Healthy', '/ownCauses/0/class'],
    ['ownCauses[0].sign=1', "additional properties 'sign' not allowed"],
    ['ownCauses[0].signs[0].pattern=a\\\\sb', '/ownCauses/0/signs/0'],
    ['ownCauses[0].signs[0].weight=1', '/ownCauses/0/signs/0'],
  ])('refuses causes of your own with %s, and names the field', (value, message) => {
    const { status, output } = run(helm, 'template', 'other', CHART, '-n', NAMESPACE, '-f', OWN_CAUSES, '--set', value);
    expect(status).not.toBe(0);
    expect(output).toContain(message);
  });

  test.each([
    ['agnet.port=1', "additional properties 'agnet' not allowed"],
    ['notifications.receivers[0].secretKey=../token', '/notifications/receivers/0'],
    ['policy.spec.mod=Observe', "additional properties 'mod' not allowed"],
    ['policy.spec.detection.sustainedFor=soon', '/policy/spec/detection/sustainedFor'],
  ])('refuses %s, and names the field', (value, message) => {
    const { status, output } = run(helm, 'template', 'other', CHART, '--set', value);
    expect(status).not.toBe(0);
    expect(output).toContain(message);
  });

  test.each(['kube-system', 'kube-public', 'kube-node-lease', 'medik8s-leases', 'default'])(
    'is not installed into %s, and says why',
    (namespace) => {
      const { status, output } = run(helm, 'install', 'other', CHART, '-n', namespace);
      expect(status).not.toBe(0);
      expect(output).toContain(`kubelet-medic is not installed into the namespace ${namespace}: `);
      expect(output).toContain('Give it one of its own');
    },
  );

  test('has monitors and rules that the CRDs of the Prometheus operator take', async () => {
    const crds = execFileSync(path('../lab/prometheus-crds.sh'), { encoding: 'utf8' }).trim();
    for (const plural of ['servicemonitors', 'podmonitors', 'prometheusrules']) {
      const file = join(crds, `monitoring.coreos.com_${plural}.yaml`);
      expect(run(kubectl, 'apply', '--server-side', '-f', file)).toMatchObject({ status: 0 });
      await eventually(
        `${plural} are served`,
        () => run(kubectl, 'get', `${plural}.monitoring.coreos.com`).status === 0,
      );
    }
    const sets = ['serviceMonitor', 'podMonitor'].flatMap((kind) => [
      `metrics.${kind}.enabled=true`,
      `metrics.${kind}.interval=1m30s`,
      `metrics.${kind}.relabelings[0].targetLabel=cluster`,
      `metrics.${kind}.relabelings[0].replacement=east`,
      `metrics.${kind}.metricRelabelings[0].action=labeldrop`,
      `metrics.${kind}.metricRelabelings[0].regex=endpoint`,
    ]);
    const values = [
      'agent.metricsHost=0.0.0.0',
      'metrics.rules.enabled=true',
      'metrics.dashboard.enabled=true',
      ...sets,
    ];
    const argv = values.flatMap((value) => ['--set', value]);
    for (const [template, objects] of [
      ['metrics-monitors', 4],
      ['metrics-rules', 1],
      ['metrics-dashboard', 1],
    ] as const) {
      const { status, output } = applied(`templates/${template}.yaml`, ...argv);
      expect({ status, created: output.match(/created \(server dry run\)/g)?.length, output }).toMatchObject({
        status: 0,
        created: objects,
      });
    }
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

  const POOL = ['policies[0].name=pool', 'policies[0].selector.matchLabels.pool=db', 'policies[0].priority=10'];

  test('installs further policies beside the default one, and tells of them', () => {
    const sets = [...POOL, 'policies[0].spec.mode=Capture', 'policies[0].spec.budget.cooldown=5m'];
    const argv = sets.flatMap((value) => ['--set', value]);
    const { status, output } = applied('templates/policy.yaml', ...argv);
    expect({ status, output }).toEqual({ status: 0, output: expect.stringMatching(/default [^]*pool created/) });
    const { output: notes } = run(helm, 'install', 'other', CHART, '-n', 'else', '--dry-run', ...argv);
    expect(notes).toContain('Policy "pool", priority 10: mode Capture on nodes {"matchLabels":{"pool":"db"}}.');
  });

  test.each([
    [[...POOL, 'policies[0].spec.mod=Capture'], "additional properties 'mod' not allowed"],
    [[...POOL, 'policies[0].spec.priority=3'], "additional properties 'priority' not allowed"],
    [POOL, "missing property 'spec'"],
    [[...POOL, 'policies[0].spec.mode=Capture', 'policies[0].name=default'], 'two policies have the name default'],
  ])('refuses %j', (sets, message) => {
    const argv = ['template', 'other', CHART, '-n', NAMESPACE];
    const { status, output } = run(helm, ...argv, ...sets.flatMap((value) => ['--set', value]));
    expect({ status, output }).toEqual({ status: 1, output: expect.stringContaining(message) });
  });

  test('refuses a policy that defeats itself, and names the field', () => {
    const { status, output } = applied('templates/policy.yaml', '--set', 'policy.spec.evidence.deadline=0s');
    expect({ status, output }).toEqual({
      status: 1,
      output: expect.stringContaining('spec.evidence.deadline: Invalid'),
    });
  });

  test.each([
    ['Observe', 'Capture'],
    ['Capture', 'Remediate'],
    ['Remediate', 'Observe'],
  ])('says in mode %s how to go to %s, as the documents do', (mode, next) => {
    const { output } = run(
      helm,
      'install',
      'other',
      CHART,
      '-n',
      'else',
      '--dry-run',
      '--set',
      `policy.spec.mode=${mode}`,
    );
    expect(output).toContain(`mode ${mode}`);
    expect(output).toContain(`--reset-then-reuse-values --set policy.spec.mode=${next}`);
  });

  test('runs a controller that fits Pod Security restricted', () => {
    run(kubectl, 'label', 'namespace', NAMESPACE, 'pod-security.kubernetes.io/warn=restricted');
    const { status, output } = applied('templates/controller.yaml');
    expect({ status, warned: output.includes('would violate') }).toEqual({ status: 0, warned: false });
  });

  test('lets the controller take maintenance leases where their namespace is there, and says so where it does not', async () => {
    const node = { name: 'node-a', uid: '11111111-1111-4111-8111-111111111111' };
    const [early, late] = [maintenanceLeases(), maintenanceLeases()];
    expect(await early.read('node-a', 'a-1')).toEqual({ kind: 'unused' });

    run(kubectl, 'create', 'namespace', 'medik8s-leases');
    expect(await early.read('node-a', 'a-1')).toEqual({
      kind: 'unreadable',
      message: expect.stringMatching(/leases.* is forbidden.*medik8s-leases.*; grant get, create and patch/),
    });

    expect(run(helm, 'upgrade', 'kubelet-medic', CHART, '-n', NAMESPACE)).toMatchObject({ status: 0 });
    await eventually('the right is in force', async () => {
      await late.take(node, 'a-1');
      return (await late.read('node-a', 'a-1')).kind === 'ours';
    });
    expect(await late.read('node-a', 'a-2')).toEqual({ kind: 'held', by: 'kubelet-medic/a-1' });
    const inLease = (path: string): string =>
      run(kubectl, 'get', 'lease', 'node-node-a', '-n', 'medik8s-leases', '-o', `jsonpath={${path}}`).output;
    expect([inLease('.spec.leaseDurationSeconds'), inLease('.metadata.ownerReferences[0].name')]).toEqual([
      '1200',
      'node-a',
    ]);
    await late.take(node, 'a-1');
    await late.release('node-a', 'a-1');
    expect([await late.read('node-a', 'a-2'), inLease('.spec.holderIdentity')]).toEqual([{ kind: 'free' }, '']);
  });

  test.each([
    ['medik8sLeases.namespaceExists=true', true],
    ['medik8sLeases.namespaceExists=false', false],
    ['medik8sLeases.enabled=false,medik8sLeases.namespaceExists=true', false],
  ])('that helm renders away from the cluster has the Role with %s: %j', (values, has) => {
    const argv = ['template', 'other', CHART, '-n', NAMESPACE, '-s', 'templates/rbac-controller.yaml', '--set', values];
    expect(run(helm, ...argv).output.includes('namespace: medik8s-leases')).toBe(has);
  });
});

// Nothing here runs a Job, as where its image cannot be pulled.
test('an uninstall ends though its Job does not, and leaves neither programs nor rights', () => {
  const { output } = run(helm, 'uninstall', 'kubelet-medic', '-n', NAMESPACE, '--timeout', '5s');
  expect(output).toContain('uninstallation completed with 1 error(s)');
  const kinds = 'deployments,daemonsets,jobs,serviceaccounts,clusterrolebindings,validatingadmissionpolicies';
  const left = run(kubectl, 'get', kinds, '-n', NAMESPACE, '-o', 'name').output;
  expect(left.split('\n').filter((name) => name.includes('/kubelet-medic-'))).toEqual([]);
  expect(run(helm, 'list', '-n', NAMESPACE, '-q').output.trim()).toBe('');
});
