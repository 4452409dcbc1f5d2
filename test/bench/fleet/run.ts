/** One fleet from its seeding to its storm: what the controller and the agents cost the cluster. */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import * as z from 'zod/mini';
import { ObjectMeta } from '../../../src/api/meta.ts';
import { INCIDENTS, LEASES, POLICIES } from '../../../src/api/resources.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { isMedicError } from '../../../src/ports/errors.ts';
import { installChart, renderChart } from '../../support/chart.ts';
import type { ControlPlane } from '../../support/control-plane.ts';
import { rawResource } from '../../support/raw-resource.ts';
import { eventually } from '../../support/real-time.ts';
import { type Controller, type Shipped, shippedController, startController } from './machine/controller.ts';
import { connectTo, createTokenSigner, NAMESPACE, startFleetPlane } from './machine/plane.ts';
import { etcdBytes } from './machine/etcd.ts';
import { readWrites, sumOf, type Writes, writesBetween, writesText } from './machine/writes.ts';
import { type Fleet, startFleet } from './nodes/fleet-process.ts';
import { historyOf, seedHistory, seedNodes } from './seed/seed.ts';
import { createTemplate } from './seed/template.ts';

export interface FleetResult {
  readonly nodes: number;
  readonly limitBytes: number;
  /** When and by what it was ended; by the kernel under that limit, it is measured again without one. */
  readonly killed: readonly string[];
  readonly startPeakBytes: number;
  readonly restBytes: number;
  readonly readyMs: number;
  /** From the start until it no longer takes most of a core. */
  readonly calmMs: number;
  readonly restWritesPerS: number;
  /** Of one core, 0 to 1 and more. */
  readonly restCpu: number;
  readonly openedP99Ms: number | undefined;
  readonly takeOverMs: number | undefined;
  readonly storm: Storm;
  readonly etcdBytes: number;
  readonly load: number;
  readonly notes: readonly string[];
}

interface Storm {
  readonly breached: number;
  readonly openedAllMs: number | undefined;
  readonly verdicts: number;
  /** Until the last verdict; undefined: not all within the limit. */
  readonly verdictsMs: number | undefined;
  readonly breakerMs: number | undefined;
  readonly writesPerS: number;
  readonly peakWritesPerS: number;
  readonly writes: string;
  readonly peakBytes: number;
}

const REST_MS = 40_000;
const SETTLE_MS = 10_000;
const STORM_LIMIT_MS = 300_000;
const READY_LIMIT_MS = 180_000;
const NO_LIMIT = 8 * 2 ** 30;
const BREACHES = 50;
const STORM_SHARE = 0.1;
/** The breaker of a fleet: the chart's own 50 % is for a cluster of a few nodes. */
const BREAKER = '5%';
const ACCOUNTS = rawResource('v1', 'ServiceAccount', 'serviceaccounts', true);
const AGENT = 'kubelet-medic-agent';

export type Say = (text: string) => void;

/** What has been started, in order; ended from the last to the first. */
class Started {
  readonly #ends: (() => Promise<void>)[] = [];
  add<T extends { stop(): Promise<void> }>(part: T): T {
    this.#ends.push(() => part.stop());
    return part;
  }
  async end(): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) await end();
  }
}

interface Bench {
  readonly plane: ControlPlane;
  readonly admin: Cluster;
  readonly shipped: Shipped;
  readonly fleet: Fleet;
  readonly nodes: number;
  readonly say: Say;
  /** Bytes of etcd with the Nodes, and nothing of ours. */
  readonly bareBytes: number;
  start(name: string, limitBytes: number): Controller;
}

const Policy = z.object({ metadata: ObjectMeta, spec: z.looseObject({}) });

/** Its watches come after what etcd was told: until then it refuses to list (`Too large resource version`). */
async function hasSeen(cluster: Cluster, incidents: number): Promise<boolean> {
  try {
    return (await cluster.list(INCIDENTS, { pageSize: 100 })).items.length >= incidents;
  } catch (error) {
    if (isMedicError(error, 'transient')) return false;
    throw error;
  }
}

async function prepare(nodes: number, started: Started, say: Say): Promise<Bench> {
  const sets = [`policy.spec.budget.maxUnhealthy=${BREAKER}`];
  const chart = renderChart(NAMESPACE, sets);
  const policy = Policy.parse(chart.find(({ kind }) => kind === POLICIES.kind)).spec;
  const [plane, template] = await Promise.all([startFleetPlane(), createTemplate(policy)]);
  started.add(plane);
  const admin = connectTo(plane, 'admin');
  say('the control plane runs');
  const uids = await seedNodes(admin, nodes);
  const bareBytes = await etcdBytes(plane);
  say(`${nodes} nodes, ${mib(bareBytes)} in etcd`);
  await seedHistory(plane, admin, { policy, template, uids });
  await eventually('the API server has seen the history', () => hasSeen(admin, historyOf(nodes)), 180_000);
  await installChart(admin, NAMESPACE, sets);
  say(`old incidents and healths, ${mib((await etcdBytes(plane)) - bareBytes)} more in etcd`);
  const shipped = shippedController(chart);
  const uidOf = async (name: string): Promise<string> =>
    (await admin.get(ACCOUNTS, { name, namespace: NAMESPACE }))?.metadata.uid ?? '';
  const { port, ca, tokenKeyFile } = plane;
  const agent = { account: AGENT, accountUID: await uidOf(AGENT) };
  const fleet = started.add(startFleet({ nodes, port, ca, tokenKeyFile, ...agent }));
  fleet.tell({ kind: 'start' });
  await comes('all agents have reported', () => fleet.state().reported === nodes, 240_000, say);
  say(`${fleet.state().reported} agents have reported; ${fleet.state().failures} of their calls failed`);
  const { account } = shipped;
  const token = createTokenSigner(tokenKeyFile)({ account, accountUID: await uidOf(account) });
  const start: Bench['start'] = (name, limitBytes) =>
    started.add(startController({ name, plane, shipped, token, limitBytes }));
  return { plane, admin, shipped, fleet, nodes, say, bareBytes, start };
}

/** Until the controller has looked at everything once: it takes less than half a core for two seconds. */
async function untilCalm(controller: Controller): Promise<number> {
  let calm = 0;
  let before = controller.usage().cpuMs;
  for (let tries = 0; calm < 2 && tries < 90; tries++) {
    await sleep(1_000);
    const { cpuMs } = controller.usage();
    calm = cpuMs - before < 500 ? calm + 1 : 0;
    before = cpuMs;
    if (!controller.isAlive()) throw new Error(`${controller.name} has ended`);
  }
  return performance.now() - controller.startedAt - 2_000;
}

interface Begun {
  readonly controller: Controller;
  readonly killed: string | undefined;
  readonly calmMs: number;
}

/** Under the chart's limit; where the kernel ends it there, once more without, so that the other figures are known too. */
async function begin(bench: Bench, limitBytes: number): Promise<Begun> {
  const limited = bench.start('controller-1', limitBytes);
  try {
    await limited.whenReady(READY_LIMIT_MS);
    return { controller: limited, killed: undefined, calmMs: await untilCalm(limited) };
  } catch (error) {
    if (!limited.isKilledForMemory()) throw error;
    bench.say('the controller was killed for its memory while it started; starting it without a limit');
    await limited.stop();
    // Nobody waits for the lease of one that is dead: that is not what is measured.
    await bench.admin.delete(LEASES, { name: 'kubelet-medic-controller', namespace: NAMESPACE });
  }
  const free = bench.start('controller-2', NO_LIMIT);
  await free.whenReady(READY_LIMIT_MS);
  return { controller: free, killed: 'for its memory at its start', calmMs: await untilCalm(free) };
}

interface Rest {
  readonly bytes: number;
  readonly cpu: number;
  readonly writes: Writes;
  readonly seconds: number;
}

async function rest({ plane }: Bench, controller: Controller): Promise<Rest> {
  await sleep(SETTLE_MS);
  const [writes, { cpuMs }, from] = [await readWrites(plane), controller.usage(), performance.now()];
  const sizes: number[] = [];
  while (performance.now() - from < REST_MS) {
    await sleep(500);
    sizes.push(controller.usage().residentBytes);
  }
  const ms = performance.now() - from;
  const used = controller.usage().cpuMs - cpuMs;
  const grown = writesBetween(writes, await readWrites(plane));
  return { bytes: quantile(sizes, 0.5), cpu: used / ms, writes: grown, seconds: ms / 1_000 };
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
}

async function isTripped(admin: Cluster): Promise<boolean> {
  const policy = await admin.get(POLICIES, { name: 'default' });
  const available = policy?.status.conditions?.find(({ type }) => type === 'BudgetAvailable');
  return available?.reason === 'TooManyUnhealthy';
}

/** Waits for what may not come. @returns whether it has. */
async function comes(
  what: string,
  holds: () => boolean | Promise<boolean>,
  limitMs: number,
  say: Say,
): Promise<boolean> {
  try {
    await eventually(what, holds, limitMs);
    return true;
  } catch (error) {
    say(error instanceof Error ? error.message : String(error));
    return false;
  }
}

/** @returns the 99th percentile, in milliseconds; undefined: not all incidents were opened within two minutes. */
async function breachSome({ fleet, nodes, admin, say }: Bench): Promise<number | undefined> {
  const count = Math.min(BREACHES, Math.floor(nodes / 2));
  await fleet.breach(count, 100);
  const all = await comes('all incidents are open', () => fleet.state().openedMs.length === count, 120_000, say);
  const { openedMs } = fleet.state();
  const [median, p99] = [quantile(openedMs, 0.5), quantile(openedMs, 0.99)];
  say(`${openedMs.length} of ${count} breaches at once: median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
  await sleep(10_000);
  fleet.tell({ kind: 'heal' });
  await comes('the breaker is closed', async () => !(await isTripped(admin)), 90_000, say);
  return all ? p99 : undefined;
}

async function storm(bench: Bench, controller: Controller): Promise<Storm> {
  const { fleet, nodes, admin, plane, say } = bench;
  const breached = Math.ceil(nodes * STORM_SHARE);
  const before = await readWrites(plane);
  const from = performance.now();
  await fleet.breach(breached, 900);
  let breakerMs: number | undefined;
  let openedAllMs: number | undefined;
  let peakWritesPerS = 0;
  let last = { at: from, writes: before };
  let lookAt = from + 5_000;
  const elapsed = (): number => performance.now() - from;
  while (elapsed() < STORM_LIMIT_MS && controller.isAlive()) {
    await sleep(250);
    if (breakerMs === undefined && (await isTripped(admin))) breakerMs = elapsed();
    const { openedMs, verdictMs } = fleet.state();
    if (openedMs.length >= breached) openedAllMs ??= elapsed();
    if (performance.now() > lookAt) {
      const now = { at: performance.now(), writes: await readWrites(plane) };
      const rate = sumOf(writesBetween(last.writes, now.writes)) / ((now.at - last.at) / 1_000);
      peakWritesPerS = Math.max(peakWritesPerS, rate);
      last = now;
      lookAt = now.at + 5_000;
      const { lagMs, failures, lastFailure } = fleet.state();
      say(
        `storm ${(elapsed() / 1_000).toFixed(0)} s: ${openedMs.length} open, ${verdictMs.length} verdicts of ${breached}, ` +
          `${rate.toFixed(0)} writes/s, ${mib(controller.usage().residentBytes)}, nodes late ${lagMs.toFixed(0)} ms, ` +
          `${failures} failures ${lastFailure}`,
      );
    }
    if (verdictMs.length >= breached && breakerMs !== undefined) break;
  }
  const seconds = elapsed() / 1_000;
  const writes = writesBetween(before, await readWrites(plane));
  const { verdictMs } = fleet.state();
  return {
    breached,
    openedAllMs,
    verdicts: verdictMs.length,
    verdictsMs: verdictMs.length >= breached ? Math.max(...verdictMs) : undefined,
    breakerMs,
    writesPerS: sumOf(writes) / seconds,
    peakWritesPerS,
    writes: writesText(writes, seconds),
    peakBytes: controller.usage().peakBytes,
  };
}

/**
 * A pod that ends in order, beside one that waits, as a rollout has them.
 * @returns how long nobody led, in milliseconds; undefined: the next one did not take over.
 */
async function takeOver(bench: Bench, old: Controller): Promise<number | undefined> {
  const next = bench.start('controller-9', NO_LIMIT);
  await sleep(4_000);
  const from = performance.now();
  old.signal('SIGTERM');
  const over = (): boolean => next.inSyncAt() !== undefined || !next.isAlive();
  await comes('the next controller is in sync', over, READY_LIMIT_MS, bench.say);
  const at = next.inSyncAt();
  return at === undefined ? undefined : at - from;
}

/** What ended a controller that was not told to end; undefined: it runs. */
function endOf(controller: Controller, when: string): string | undefined {
  if (controller.isAlive()) return undefined;
  return controller.isKilledForMemory() ? `for its memory ${when}` : `${when}: ${controller.lines().at(-1) ?? ''}`;
}

async function measure(nodes: number, started: Started, say: Say): Promise<FleetResult> {
  const bench = await prepare(nodes, started, say);
  const { limitBytes } = bench.shipped;
  const { controller, killed, calmMs } = await begin(bench, limitBytes);
  const readyMs = (controller.inSyncAt() ?? Number.NaN) - controller.startedAt;
  const startPeakBytes = controller.usage().peakBytes;
  say(`in sync after ${readyMs.toFixed(0)} ms, calm after ${calmMs.toFixed(0)} ms, peak ${mib(startPeakBytes)}`);
  const quiet = await rest(bench, controller);
  const restWrites = writesText(quiet.writes, quiet.seconds);
  say(`at rest: ${mib(quiet.bytes)}, ${(quiet.cpu * 100).toFixed(1)} % of a core, writes a second: ${restWrites}`);
  const openedP99Ms = await breachSome(bench);
  const measured = await storm(bench, controller);
  const ended = endOf(controller, 'in the storm');
  const takeOverMs = ended === undefined ? await takeOver(bench, controller) : undefined;
  const bytes = (await etcdBytes(bench.plane)) - bench.bareBytes;
  say(`take-over ${String(takeOverMs)} ms; etcd holds ${mib(bytes)} of ours`);
  return {
    ...{ nodes, limitBytes, startPeakBytes, readyMs, calmMs },
    killed: [killed, ended].filter((one) => one !== undefined),
    ...{ restBytes: quiet.bytes, restCpu: quiet.cpu, restWritesPerS: sumOf(quiet.writes) / quiet.seconds },
    ...{ openedP99Ms, takeOverMs, storm: measured, etcdBytes: bytes, load: loadavg()[0] ?? 0 },
    notes: [`Writes a second at rest: ${restWrites}.`, `Writes a second in the storm: ${measured.writes}.`],
  };
}

/** One fleet after another: whatever was started is ended, also when the run is. */
export async function runFleet(nodes: number, say: Say): Promise<FleetResult> {
  const started = new Started();
  const onEnd = (): void => {
    started.end().then(
      () => process.exit(1),
      () => process.exit(1),
    );
  };
  process.once('SIGINT', onEnd).once('SIGTERM', onEnd);
  try {
    return await measure(nodes, started, say);
  } finally {
    process.off('SIGINT', onEnd).off('SIGTERM', onEnd);
    await started.end();
  }
}

function mib(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
