/** One fleet from its start to its storm: what the controller and the agents cost the cluster. */
import { loadavg } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { INCIDENTS, LEASES } from '../../../src/api/resources.ts';
import { DEFAULT_BOUNDS } from '../../../src/core/decision/storage/bounds.ts';
import { type Bench, prepare, Started } from './bench.ts';
import { breachSome, type Storm, storm } from './breaches.ts';
import type { Controller } from './machine/controller.ts';
import { etcdBytes } from './machine/etcd.ts';
import { NAMESPACE } from './machine/plane.ts';
import { readWrites, sumOf, type Writes, writesBetween, writesText } from './machine/writes.ts';
import { comes, mib, quantile, type Say } from './measures.ts';

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
  /** Old incidents that go, once, until the history is within its total. */
  readonly trimmedPerS: number;
  /** Of one core, 0 to 1 and more. */
  readonly restCpu: number;
  readonly openedP99Ms: number | undefined;
  readonly takeOverMs: number | undefined;
  readonly storm: Storm;
  readonly etcdBytes: number;
  /** Of these, old incidents that go within minutes, since they are beyond their total. */
  readonly beyondBytes: number;
  readonly load: number;
  readonly notes: readonly string[];
}

const REST_MS = 40_000;
const SETTLE_MS = 10_000;
const READY_LIMIT_MS = 180_000;
const NO_LIMIT = 8 * 2 ** 30;

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
  const trimmed = quiet.writes.get('DELETE kubeletincidents') ?? 0;
  const openedP99Ms = await breachSome(bench);
  const measured = await storm(bench, controller);
  const ended = endOf(controller, 'in the storm');
  const takeOverMs = ended === undefined ? await takeOver(bench, controller) : undefined;
  const beyondBytes = await beyondTotal(bench);
  const bytes = (await etcdBytes(bench.plane)) - bench.bareBytes;
  say(`take-over ${String(takeOverMs)} ms; etcd holds ${mib(bytes)} of ours`);
  return {
    ...{ nodes, limitBytes, startPeakBytes, readyMs, calmMs },
    killed: [killed, ended].filter((one) => one !== undefined),
    ...{ restBytes: quiet.bytes, restCpu: quiet.cpu },
    restWritesPerS: (sumOf(quiet.writes) - trimmed) / quiet.seconds,
    trimmedPerS: trimmed / quiet.seconds,
    ...{ openedP99Ms, takeOverMs, storm: measured, etcdBytes: bytes, beyondBytes, load: loadavg()[0] ?? 0 },
    notes: [`Writes a second at rest: ${restWrites}.`, `Writes a second in the storm: ${measured.writes}.`],
  };
}

/** What is left of the history beyond what the product keeps of it. */
async function beyondTotal({ admin }: Bench): Promise<number> {
  const { items } = await admin.list(INCIDENTS);
  const bytes = items.reduce((sum, incident) => sum + JSON.stringify(incident).length, 0);
  return Math.max(0, bytes - DEFAULT_BOUNDS.incidentBytes);
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
