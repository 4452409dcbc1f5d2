/**
 * `npm run test:e2e`: the whole thing on real nodes. Builds what is missing, boots a cluster, installs the chart with helm,
 * breaks nodes, and looks. Flags: --only NAME, --keep (leave the lab up), --write (docs/measurements.md).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { buildBinaries, buildImage, controlPlane, execOn, helm, importImage, kubectl, node } from './lab.ts';
import { createReport, writeMeasurements } from './report.ts';
import type { Scenario } from './scenario.ts';
import { badInput } from './scenarios/bad-input.ts';
import { crashInTheMiddle } from './scenarios/crash.ts';
import { evidenceMissing } from './scenarios/evidence-missing.ts';
import { healthy } from './scenarios/healthy.ts';
import { hungRuntime } from './scenarios/hung-runtime.ts';
import { stuckKubelet } from './scenarios/stuck-kubelet.ts';
import { run } from './shell.ts';

const SCENARIOS: readonly Scenario[] = [
  healthy,
  hungRuntime,
  stuckKubelet,
  evidenceMissing,
  badInput,
  crashInTheMiddle,
];
/** The controller lives on a node that nobody breaks. */
const HOME = healthy.nodes[0] ?? { name: 'node-1' };
const NAMESPACE = 'kubelet-medic';
const FAILURES = '/tmp/kubelet-medic-e2e-failure';

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const report = createReport();
const chosen = SCENARIOS.filter((scenario) => values.only === undefined || scenario.name === values.only);
const nodes = [
  ...new Map([HOME, ...chosen.flatMap((scenario) => scenario.nodes)].map((boot) => [boot.name, boot])).values(),
];

/** @throws with everything that is missing. */
async function preflight(): Promise<void> {
  const missing: string[] = [];
  if (process.getuid?.() !== 0) missing.push('root (nodes are booted with systemd-nspawn)');
  const found = await run('sh', ['-c', 'command -v go || true; command -v apt-get || true']);
  if (!found.includes('/go')) missing.push('go 1.26 or later on PATH (Kubernetes is built from its Go modules)');
  if (!found.includes('apt-get')) missing.push("apt-get (Debian's packages make the nodes)");
  if (chosen.length === 0)
    missing.push(`a scenario named ${String(values.only)}; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`);
  if (missing.length > 0) throw new Error(`this machine lacks: ${missing.join('; ')}`);
}

function chartValues(failpoints: boolean): readonly string[] {
  const spec = 'policy.spec';
  const set = [
    'image.repository=localhost/kubelet-medic,image.tag=dev,image.pullPolicy=Never',
    `controller.nodeSelector.kubernetes\\.io/hostname=${HOME.name}`,
    // Several nodes are broken at once here, on purpose; and nobody wants to wait a minute to see that a node stays Ready.
    `${spec}.remediation.verify.stableFor=10s,${spec}.budget.maxConcurrent=5,${spec}.budget.maxUnhealthy=100%,${spec}.budget.cooldown=0s`,
  ];
  const points = [
    'agent.extraEnv[0].name=KUBELET_MEDIC_FAILPOINT,agent.extraEnv[0].value=action-reserved',
    'controller.extraEnv[0].name=KUBELET_MEDIC_FAILPOINT,controller.extraEnv[0].value=node-cordoned',
  ];
  return [...set, ...(failpoints ? points : [])].flatMap((values) => ['--set', values]);
}

async function install(failpoints: boolean): Promise<void> {
  const chart = new URL('../../charts/kubelet-medic', import.meta.url).pathname;
  await helm([
    'upgrade',
    '--install',
    'medic',
    chart,
    '-n',
    NAMESPACE,
    '--create-namespace',
    '--wait',
    '--timeout',
    '150s',
    ...chartValues(failpoints),
  ]);
}

async function bootNodes(image: string): Promise<void> {
  // Two at a time: that many cores there are.
  const waiting = [...nodes];
  async function worker(): Promise<void> {
    for (let boot = waiting.shift(); boot !== undefined; boot = waiting.shift()) {
      await node('up', boot);
      await importImage(boot.name, image);
      report.note(`${boot.name} is Ready`);
    }
  }
  await Promise.all([worker(), worker()]);
}

/** What an engineer needs after a failure, in a folder. */
async function saveFailure(): Promise<void> {
  mkdirSync(FAILURES, { recursive: true });
  const pieces: readonly (readonly [string, () => Promise<string>])[] = [
    ['incidents.yaml', () => kubectl('get', 'ki,kh,krp', '-o', 'yaml')],
    ['describe.txt', () => kubectl('describe', 'ki')],
    ['pods.txt', () => kubectl('get', 'pods,nodes', '-A', '-o', 'wide')],
    ['events.txt', () => kubectl('get', 'events', '-A', '--sort-by=.lastTimestamp')],
    [
      'controller.log',
      () => kubectl('logs', '-n', NAMESPACE, '-l', 'app.kubernetes.io/component=controller', '--tail=-1'),
    ],
    [
      'agents.log',
      () =>
        kubectl(
          'logs',
          '-n',
          NAMESPACE,
          '-l',
          'app.kubernetes.io/component=agent',
          '--tail=-1',
          '--prefix',
          '--ignore-errors',
        ),
    ],
    ...nodes.map(
      ({ name }) => [`${name}-kubelet.log`, () => execOn(name, 'journalctl', '-u', 'kubelet', '-n', '2000')] as const,
    ),
  ];
  for (const [name, read] of pieces)
    writeFileSync(`${FAILURES}/${name}`, await read().catch((error: unknown) => String(error)));
  console.log(`\nWhat there is to know of the failure is in ${FAILURES}`);
}

async function tearDown(): Promise<void> {
  if (values.keep) return;
  for (const boot of nodes)
    await node('down', boot).catch((error: unknown) => {
      console.error(String(error));
    });
  await controlPlane('down');
}

async function runWave(wave: 1 | 2): Promise<void> {
  const scenarios = chosen.filter((scenario) => scenario.wave === wave);
  if (scenarios.length === 0) return;
  await install(wave === 2);
  report.note(`chart installed; running ${scenarios.map(({ name }) => name).join(', ')}`);
  await Promise.all(
    scenarios.map((scenario) =>
      scenario.run(report).catch((error: unknown) => {
        report.check(scenario.name, 'the scenario runs to its end', false, String(error));
      }),
    ),
  );
}

async function main(): Promise<void> {
  await preflight();
  report.note('building what is missing: Kubernetes, the root file system of the nodes, the image');
  await buildBinaries();
  const image = await buildImage();
  await controlPlane('up');
  await bootNodes(image);
  await runWave(1);
  await runWave(2);
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted.abort();
    void tearDown().finally(() => process.exit(1));
  });
}

try {
  await main();
} catch (error) {
  if (!interrupted.signal.aborted) report.check('suite', 'runs to its end', false, String(error));
}
const { passed, failed } = report.finish();
console.log(`\n${report.table()}`);
if (failed > 0) await saveFailure();
else if (values.write) writeMeasurements(new URL('../../docs/measurements.md', import.meta.url), report.table());
await tearDown();
console.log(`\n${passed} passed, ${failed} failed`);
process.exit(failed === 0 && passed > 0 ? 0 : 1);
