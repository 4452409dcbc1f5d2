/**
 * `npm run test:e2e`: the whole thing on real nodes. Builds what is missing, boots a cluster, installs the chart with helm,
 * breaks nodes, and looks. Flags: --all (then the long set too), --only NAME[,NAME] (of either set), --keep (leave the lab up),
 * --write (docs/measurements.md and docs/reference/faults.md: rows of the scenarios in which nothing failed).
 */
import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { forbiddenRequests } from './audit.ts';
import { clearFailure, printFailure, saveFailure } from './failure.ts';
import {
  buildBinaries,
  buildImage,
  controlPlane,
  helm,
  importImage,
  isReady,
  kubectl,
  node,
  type NodeBoot,
  STATE,
  type Versions,
  versionsOf,
} from './lab.ts';
import { createReport } from './report.ts';
import { writePages } from './results/write.ts';
import type { Scenario, Wave } from './scenario.ts';
import { badInput } from './scenarios/bad-input.ts';
import { crashInTheMiddle } from './scenarios/crash.ts';
import { deadApiConnection } from './scenarios/dead-api-connection.ts';
import { deafRuntime } from './scenarios/deaf-runtime.ts';
import { downKubelet } from './scenarios/down-kubelet.ts';
import { downRuntime } from './scenarios/down-runtime.ts';
import { earlyRuntime } from './scenarios/early-runtime.ts';
import { evidenceMissing } from './scenarios/evidence-missing.ts';
import { forgedLine } from './scenarios/forged-line.ts';
import { frozenPrograms } from './scenarios/frozen-programs.ts';
import { fullDisk } from './scenarios/full-disk.ts';
import { healthy } from './scenarios/healthy.ts';
import { hostAttacks } from './scenarios/host-attacks.ts';
import { hungRuntime } from './scenarios/hung-runtime.ts';
import { agentPodDeleted } from './scenarios/long/agent-pod-deleted.ts';
import { agentsRolledOut } from './scenarios/long/agents-rolled-out.ts';
import { apiServerStopped } from './scenarios/long/api-server-stopped.ts';
import { budgetOfOne } from './scenarios/long/budget-of-one.ts';
import { drills } from './scenarios/long/drill.ts';
import { criO } from './scenarios/long/cri-o.ts';
import { humanCordon } from './scenarios/long/human-cordon.ts';
import { incidentDeleted } from './scenarios/long/incident-deleted.ts';
import { leaderKilled } from './scenarios/long/leader-killed.ts';
import { silentKubelet } from './scenarios/silent-kubelet.ts';
import { slowMethod } from './scenarios/slow-method.ts';
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
  forgedLine,
  hostAttacks,
  crashInTheMiddle,
  silentKubelet,
  deadApiConnection,
  downKubelet,
  downRuntime,
  earlyRuntime,
  deafRuntime,
  slowMethod,
  apiServerStopped,
  budgetOfOne,
  agentPodDeleted,
  incidentDeleted,
  humanCordon,
  criO,
  leaderKilled,
  agentsRolledOut,
  drills,
];
/** The waves of a set run on nodes that are booted for it. */
const SETS: readonly (readonly Wave[])[] = [
  [1, 2],
  [3, 4],
];
/** The controller lives on a node that nobody breaks. */
const HOME = healthy.nodes[0] ?? { name: 'node-1' };
const NAMESPACE = 'kubelet-medic';

const { values } = parseArgs({
  options: {
    all: { type: 'boolean', default: false },
    only: { type: 'string' },
    keep: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
  },
});
const report = createReport();
const only = values.only?.split(',');
const chosen = SCENARIOS.filter(({ name, wave }) =>
  only === undefined ? values.all || wave < 3 : only.includes(name),
);
/** What the nodes of a scenario run. */
const versions = new Map<string, Versions>();
/** What is up now, or is being booted. */
let nodes: readonly NodeBoot[] = [];

function nodesOf(scenarios: readonly Scenario[]): readonly NodeBoot[] {
  const boots = [HOME, ...scenarios.flatMap((scenario) => scenario.nodes)];
  return [...new Map(boots.map((boot) => [boot.name, boot])).values()];
}

/** @throws with everything that is missing. */
async function preflight(): Promise<void> {
  const missing: string[] = [];
  if (process.getuid?.() !== 0) missing.push('root (nodes are booted with systemd-nspawn)');
  const found = await run('sh', ['-c', 'command -v go || true; command -v apt-get || true']);
  if (!found.includes('/go')) missing.push('go 1.26 or later on PATH (Kubernetes is built from its Go modules)');
  if (!found.includes('apt-get')) missing.push("apt-get (Debian's packages make the nodes)");
  const unknown = (only ?? []).filter((name) => !SCENARIOS.some((scenario) => scenario.name === name));
  if (unknown.length > 0)
    missing.push(`a scenario named ${unknown.join(', ')}; there are ${SCENARIOS.map(({ name }) => name).join(', ')}`);
  if (missing.length > 0) throw new Error(`this machine lacks: ${missing.join('; ')}`);
}

function chartValues(wave: Wave): readonly string[] {
  const spec = 'policy.spec';
  const all = [
    'image.repository=localhost/kubelet-medic,image.tag=dev,image.pullPolicy=Never',
    `controller.nodeSelector.kubernetes\\.io/hostname=${HOME.name}`,
    'agent.updateStrategy.rollingUpdate.maxUnavailable=100%',
    // Several nodes are broken at once here, on purpose; and nobody wants to wait a minute to see that a node stays Ready.
    `${spec}.remediation.verify.stableFor=10s,${spec}.budget.maxConcurrent=5,${spec}.budget.maxUnhealthy=100%,${spec}.budget.cooldown=0s`,
  ];
  const own: Readonly<Record<Wave, readonly string[]>> = {
    1: [],
    2: [
      'agent.extraEnv[0].name=KUBELET_MEDIC_FAILPOINT,agent.extraEnv[0].value=action-reserved',
      'controller.extraEnv[0].name=KUBELET_MEDIC_FAILPOINT,controller.extraEnv[0].value=node-cordoned',
    ],
    3: ['controller.replicas=2,drills.enabled=true'],
    4: [],
  };
  return [...all, ...own[wave]].flatMap((values) => ['--set', values]);
}

async function install(wave: Wave): Promise<void> {
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
    ...chartValues(wave),
  ]);
}

async function bootNodes(image: string, boots: readonly NodeBoot[]): Promise<void> {
  // Two at a time: that many cores there are.
  const waiting = [...boots];
  async function worker(): Promise<void> {
    for (let boot = waiting.shift(); boot !== undefined; boot = waiting.shift()) {
      await node('up', boot);
      await importImage(boot.name, image);
      report.note(`${boot.name} is Ready`);
    }
  }
  await Promise.all([worker(), worker()]);
}

/** Nodes of the last set make room for those of this one. What there is to know of a failure on them is saved first. */
async function changeNodes(image: string, wanted: readonly NodeBoot[]): Promise<void> {
  const [old, kept] = [nodes.filter(({ name }) => name !== HOME.name), nodes.filter(({ name }) => name === HOME.name)];
  if (old.length > 0 && report.finish().failed > 0) await saveFailure('short-set', namesOf(nodes));
  for (const boot of old) {
    await node('down', boot);
    await kubectl('delete', 'node', boot.name);
  }
  nodes = wanted;
  await bootNodes(
    image,
    wanted.filter(({ name }) => !kept.some((boot) => boot.name === name)),
  );
}

function namesOf(boots: readonly NodeBoot[]): readonly string[] {
  return boots.map(({ name }) => name);
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

async function runWave(wave: Wave, scenarios: readonly Scenario[]): Promise<void> {
  // The second installation replaces every agent, which takes kubelets that are well.
  await until('all nodes are Ready', 180_000, async () =>
    (await Promise.all(nodes.map(({ name }) => isReady(name)))).every(Boolean) ? true : undefined,
  );
  await install(wave);
  report.note(`chart installed; running ${scenarios.map(({ name }) => name).join(', ')}`);
  await Promise.all(
    scenarios.map(async (scenario) => {
      versions.set(scenario.name, await versionsOf((scenario.nodes[0] ?? HOME).name));
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
  clearFailure();
  report.note('building what is missing: Kubernetes, the root file system of the nodes, the image');
  await buildBinaries(nodesOf(chosen));
  const image = await buildImage();
  await controlPlane('up');
  for (const waves of SETS) {
    const set = chosen.filter(({ wave }) => waves.includes(wave));
    if (set.length === 0) continue;
    await changeNodes(image, nodesOf(set));
    for (const wave of waves) {
      const scenarios = set.filter((scenario) => scenario.wave === wave);
      if (scenarios.length > 0) await runWave(wave, scenarios);
    }
  }
  const forbidden = forbiddenRequests();
  report.check(
    'suite',
    'no program of ours asked for Secrets, the node proxy or exec',
    forbidden.length === 0,
    forbidden[0] ?? '',
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

async function writeMeasured(): Promise<void> {
  const on = new Date().toISOString().slice(0, 10);
  const home = await versionsOf(HOME.name);
  const order = SCENARIOS.map(({ name }) => name);
  writePages(report.measured(), (scenario) => ({ on, ...(versions.get(scenario) ?? home) }), order);
}

async function conclude(): Promise<never> {
  const { passed, failed } = report.finish();
  if (failed > 0) {
    await saveFailure('end', namesOf(nodes)).catch((error: unknown) => {
      console.error(String(error));
    });
    await printFailure();
  }
  if (values.write) await writeMeasured();
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
