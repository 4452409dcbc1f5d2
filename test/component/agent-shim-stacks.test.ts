import { afterEach, describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import type { EvidenceEntry } from '../../src/api/v1alpha1/parts/evidence.ts';
import { EVIDENCES } from '../../src/api/resources.ts';
import type { Shim } from '../../src/ports/host.ts';
import { type Bench, createBench, INCIDENT, NODE } from '../support/agent-harness.ts';

const MINUTE_MS = 60_000;

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

/** `10 000 000 000 0` and so on: the first digits tell them apart. */
function sandboxOf(n: number): string {
  return n.toString(16).padEnd(64, '0');
}

function aShim(n: number, isStopped: boolean): Shim {
  const sandbox = sandboxOf(n);
  return {
    pid: 1_000 + n,
    startTicks: n,
    unit: 'containerd.service',
    sandbox,
    containers: [sandbox],
    signs: isStopped ? [{ kind: 'stopped', text: 'it is stopped (state T)' }] : [],
  };
}

function shims(stopped: number, others: number): readonly Shim[] {
  return Array.from({ length: stopped + others }, (_, i) => aShim(0x10 + i, i < stopped));
}

interface Story {
  readonly shims: readonly Shim[] | string;
  readonly strategy?: 'DiagnoseFirst' | 'RestoreFirst';
  readonly mode?: 'Capture' | 'Remediate';
  /** Of the kubelet's log. */
  readonly line?: string;
  /** How long the reading of a shim takes. */
  readonly shimMs?: number;
}

/** The first capture of a node whose runtime hangs is reported. */
async function captured({
  shims: all,
  strategy = 'RestoreFirst',
  mode = 'Remediate',
  line,
  shimMs,
}: Story): Promise<void> {
  bench = createBench();
  bench.createHealth();
  bench.start();
  await bench.clock.advance(30_000);
  bench.sim.inject('runtime-hung');
  bench.sim.setShims(all, shimMs);
  if (line !== undefined) bench.sim.journal.write(line);
  await bench.clock.advance(1_000);
  bench.openIncident({ plan: { strategy, mode } });
  await bench.step({ name: 'capture-host', type: 'CaptureHost' });
  await bench.clock.advanceUntil(() => bench.record('capture-host') !== undefined, 120_000, 250);
}

function entries(): readonly EvidenceEntry[] {
  return (bench.incident().status.evidence ?? []).filter(({ kind }) => kind === 'ShimStacks');
}

function names(): readonly string[] {
  return entries().map(({ name }) => name);
}

function stackNames(round: number, count: number): readonly string[] {
  return Array.from(
    { length: count },
    (_, i) => `goroutines-shim-${sandboxOf(0x10 + i).slice(0, 12)}-${String(round)}.txt.gz`,
  );
}

async function textOf(file: string): Promise<string> {
  return gunzipSync((await bench.sim.host.spool.read(INCIDENT, file))!).toString('utf8');
}

describe('the stacks of shims', () => {
  test('are taken some seconds after the first capture was reported, three at most, and stay in the spool', async () => {
    await captured({ shims: shims(4, 2) });
    await bench.clock.advance(4_000);
    expect(names()).toEqual([]);
    const objects = (await bench.local.cluster.list(EVIDENCES)).items.length;
    await bench.clock.advance(12_000);
    expect(names()).toEqual(['shims-1.txt.gz', ...stackNames(1, 3)]);
    for (const { state, location, name } of entries()) {
      expect({ state, location }).toEqual({ state: 'Captured', location: `spool://${NODE}/${INCIDENT}/${name}` });
    }
    expect(entries()[1]).toMatchObject({
      source: 'memory of process 1016 (containerd.service)',
      message: 'it is stopped (state T)',
    });
    expect(await textOf(stackNames(1, 1)[0]!)).toContain('runtime/v2/shim.run(...)');
    const list = await textOf('shims-1.txt.gz');
    expect(list).toContain('shims: 6; with a sign that one is waited for: 4; read: 3');
    expect(list).toContain(`process 1016, sandbox ${sandboxOf(0x10)}\n  it is stopped (state T)`);
    expect(list).toContain(`process 1021, sandbox ${sandboxOf(0x15)}\n  no sign`);
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toHaveLength(4);
    expect((await bench.local.cluster.list(EVIDENCES)).items).toHaveLength(objects);
    expect((await bench.sim.host.spool.read(INCIDENT, 'manifest.json'))?.toString()).toContain('shims-1.txt.gz');
  });

  test('do not keep an act waiting', async () => {
    async function restartsAfter(all: readonly Shim[]): Promise<number> {
      await captured({ shims: all, shimMs: 9_000 });
      await bench.clock.advance(10_500);
      await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
      const askedAt = bench.clock.now();
      await bench.clock.advanceUntil(() => bench.sim.restarts.length > 0, 30_000, 50);
      return bench.clock.now() - askedAt;
    }
    const without = await restartsAfter([]);
    await bench.finish();
    expect(await restartsAfter(shims(3, 0))).toBe(without);
    expect(bench.sim.shimReads()).toBeGreaterThan(0);
    expect(names()).toEqual([]);
    await bench.clock.advance(60_000);
    expect(bench.record('act-1')?.state).toBe('Succeeded');
    expect(names()).toContain('shims-1.txt.gz');
  });

  test('are those of containers that a log names too', async () => {
    const all = shims(0, 3);
    await captured({ shims: all, line: `"StopPodSandbox" err="context deadline exceeded" id="${all[1]!.sandbox}"` });
    await bench.clock.advance(12_000);
    expect(names()).toEqual(['shims-1.txt.gz', `goroutines-shim-${all[1]!.sandbox.slice(0, 12)}-1.txt.gz`]);
    expect(entries()[1]?.message).toBe('calls of it took too long, by 1 lines of kubelet.log.gz');
  });

  test('are listed alone where nothing says that one is waited for', async () => {
    await captured({ shims: shims(0, 2) });
    await bench.clock.advance(12_000);
    expect(names()).toEqual(['shims-1.txt.gz']);
    expect(entries()[0]?.message).toContain('shims: 2; with a sign that one is waited for: 0');
  });

  test('are in the capture itself where nothing follows it', async () => {
    await captured({ shims: shims(1, 0), mode: 'Capture' });
    expect(names()).toEqual(['shims-1.txt.gz', ...stackNames(1, 1)]);
    await bench.clock.advance(5 * MINUTE_MS);
    expect(names()).toHaveLength(2);
  });

  test('are taken twice, and of eight, while a node is held to be diagnosed', async () => {
    await captured({ shims: shims(9, 0), strategy: 'DiagnoseFirst' });
    await bench.clock.advance(12_000);
    expect(names()).toEqual(['shims-1.txt.gz', ...stackNames(1, 3)]);
    await bench.clock.advance(3 * MINUTE_MS);
    expect(names()).toEqual(expect.arrayContaining(['shims-2.txt.gz', ...stackNames(2, 8)]));
    expect(names()).toHaveLength(4 + 9);
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toHaveLength(4 + 9);
  });

  test('are not taken a second time once an act was asked for', async () => {
    await captured({ shims: shims(1, 0), strategy: 'DiagnoseFirst' });
    await bench.clock.advance(12_000);
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toEqual(['shims-1.txt.gz', ...stackNames(1, 1)]);
  });

  test('say why they could not be had', async () => {
    await captured({ shims: shims(1, 0) });
    bench.sim.breakStacks('no right to read the memory');
    await bench.clock.advance(12_000);
    expect(entries()).toEqual([
      expect.objectContaining({ name: 'shims-1.txt.gz', state: 'Captured' }),
      expect.objectContaining({ name: stackNames(1, 1)[0], state: 'Failed', message: 'no right to read the memory' }),
    ]);
  });

  test('are tried once where the shims cannot be listed', async () => {
    await captured({ shims: 'cannot read /proc' });
    await bench.clock.advance(10 * MINUTE_MS);
    expect(entries()).toEqual([
      expect.objectContaining({ name: 'shims-1.txt.gz', state: 'Failed', message: 'cannot read /proc' }),
    ]);
  });

  test('are taken by an agent that starts anew', async () => {
    await captured({ shims: shims(1, 0) });
    bench.start();
    await bench.clock.advance(15_000);
    expect(names()).toEqual(['shims-1.txt.gz', ...stackNames(1, 1)]);
  });
});
