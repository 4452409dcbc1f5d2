/** Nodes that go ill: some at once, and a tenth of the fleet. */
import { setTimeout as sleep } from 'node:timers/promises';
import { INCIDENTS, OPEN_INCIDENTS, POLICIES } from '../../../src/api/resources.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import type { Bench } from './bench.ts';
import type { Controller } from './machine/controller.ts';
import { readWrites, sumOf, writesBetween, writesText } from './machine/writes.ts';
import { comes, mib, quantile } from './measures.ts';

export interface Storm {
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

const STORM_LIMIT_MS = 300_000;
const BREACHES = 50;
const STORM_SHARE = 0.1;

async function isTripped(admin: Cluster): Promise<boolean> {
  const policy = await admin.get(POLICIES, { name: 'default' });
  const available = policy?.status.conditions?.find(({ type }) => type === 'BudgetAvailable');
  return available?.reason === 'TooManyUnhealthy';
}

/** @returns the 99th percentile, in milliseconds; undefined: not all incidents were opened within two minutes. */
export async function breachSome({ fleet, nodes, admin, say }: Bench): Promise<number | undefined> {
  const count = Math.min(BREACHES, Math.floor(nodes / 2));
  await fleet.breach(count, 100);
  const all = await comes('all incidents are open', () => fleet.state().openedMs.length === count, 120_000, say);
  const { openedMs } = fleet.state();
  const [median, p99] = [quantile(openedMs, 0.5), quantile(openedMs, 0.99)];
  say(`${openedMs.length} of ${count} breaches at once: median ${median.toFixed(0)} ms, p99 ${p99.toFixed(0)} ms`);
  await sleep(10_000);
  fleet.tell({ kind: 'heal' });
  await comes('the breaker is closed', async () => !(await isTripped(admin)), 90_000, say);
  // The storm is to come upon a fleet at rest.
  const isOver = async (): Promise<boolean> =>
    (await admin.list(INCIDENTS, { fieldSelector: OPEN_INCIDENTS })).items.length === 0;
  await comes('all of their incidents are over', isOver, 90_000, say);
  return all ? p99 : undefined;
}

export async function storm(bench: Bench, controller: Controller): Promise<Storm> {
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
