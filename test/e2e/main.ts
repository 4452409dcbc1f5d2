/**
 * `npm run test:e2e`: the whole thing on real nodes. Builds what is missing, boots a cluster, installs the chart with helm,
 * breaks nodes, and looks. Flags: --only NAME, --keep (leave the lab up), --write (docs/measurements.md).
 */
import { readFileSync, rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { printFailure, saveFailure } from './failure.ts';
import { buildBinaries, buildImage, controlPlane, helm, importImage, isReady, node, STATE } from './lab.ts';
import { createReport, writeMeasurements } from './report.ts';
import type { Scenario } from './scenario.ts';
import { badInput } from './scenarios/bad-input.ts';
import { crashInTheMiddle } from './scenarios/crash.ts';
import { evidenceMissing } from './scenarios/evidence-missing.ts';
import { frozenPrograms } from './scenarios/frozen-programs.ts';
import { fullDisk } from './scenarios/full-disk.ts';
import { healthy } from './scenarios/healthy.ts';
import { hungRuntime } from './scenarios/hung-runtime.ts';
import { stuckKubelet } from './scenarios/stuck-kubelet.ts';
import { unreadableLog } from './scenarios/unreadable-log.ts';
import { pause, run, stopRunning, until } from './shell.ts';

const SCENARIOS: readonly Scenario[] = [
  healthy,
  hungRuntime,
  stuckKubelet,
  evidenceMissing,
  frozenPrograms,
  fullDisk,
  unreadableLog,
  badInput,
  crashInTheMiddle,
];
/** The controller lives on a node that nobody breaks. */
const HOME = healthy.nodes[0] ?? { name: 'node-1' };
const NAMESPACE = 'kubelet-medic';

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
    'agent.updateStrategy.rollingUpdate.maxUnavailable=100%',
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

async function takeDown(): Promise<void> {
  const ends = await Promise.allSettled(nodes.map((boot) => node('down', boot)));
  for (const end of ends) if (end.status === 'rejected') console.error(String(end.reason));
  await controlPlane('down');
  rmSync(STATE, { recursive: true, force: true });
}

let torn: Promise<void> | undefined;
/** Once, whoever asks first: the end of the run, or a signal. */
function tearDown(): Promise<void> {
  torn ??= values.keep ? Promise.resolve() : takeDown();
  return torn;
}

async function runWave(wave: 1 | 2): Promise<void> {
  const scenarios = chosen.filter((scenario) => scenario.wave === wave);
  if (scenarios.length === 0) return;
  // The second installation replaces every agent, which takes kubelets that are well.
  await until('all nodes are Ready', 180_000, async () =>
    (await Promise.all(nodes.map(({ name }) => isReady(name)))).every(Boolean) ? true : undefined,
  );
  await install(wave === 2);
  report.note(`chart installed; running ${scenarios.map(({ name }) => name).join(', ')}`);
  await Promise.all(
    scenarios.map(async (scenario) => {
      await pause(scenario.startAfterMs ?? 0);
      await scenario.run(report).catch(async (error: unknown) => {
        report.check(scenario.name, 'the scenario runs to its end', false, String(error));
        // So that the next wave finds kubelets that are well.
        await Promise.allSettled(scenario.nodes.map((boot) => node('resume', boot)));
      });
    }),
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
  checkAudit();
}

/** By the API server's own record: no Secret was read, no kubelet was asked through it, and nothing ran in a pod. */
function checkAudit(): void {
  const lines = readFileSync(`${STATE}/audit.log`, 'utf8').split('\n');
  const ours = lines.filter((line) => line.includes(`"username":"system:serviceaccount:${NAMESPACE}:`));
  report.check(
    'suite',
    'no program of ours asked for Secrets, the node proxy or exec',
    ours.length === 0,
    ours[0] ?? '',
  );
}

const interrupted = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    interrupted.abort();
    stopRunning();
    void tearDown().finally(() => {
      console.log('\n0 passed, 1 failed');
      process.exit(1);
    });
  });
}

async function conclude(): Promise<never> {
  const { passed, failed } = report.finish();
  if (failed > 0) {
    await saveFailure(nodes.map(({ name }) => name)).catch((error: unknown) => {
      console.error(String(error));
    });
    await printFailure();
  } else if (values.write && values.only === undefined) {
    const page = new URL('../../docs/measurements.md', import.meta.url).pathname;
    writeMeasurements(page, report.table());
    await run('prettier', ['--write', page]);
  }
  await tearDown();
  console.log(`\n${report.table()}\n\n${passed} passed, ${failed} failed`);
  process.exit(failed === 0 && passed > 0 ? 0 : 1);
}

try {
  await main();
} catch (error) {
  report.check('suite', 'runs to its end', false, String(error));
}
// After a signal, its own handler ends the process.
if (!interrupted.signal.aborted) await conclude();
