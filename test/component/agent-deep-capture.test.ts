import { afterEach, describe, expect, test } from '@jest/globals';
import { gunzipSync } from 'node:zlib';
import type { EvidenceEntry } from '../../src/api/v1alpha1/parts/evidence.ts';
import { EVIDENCES } from '../../src/api/resources.ts';
import { type Bench, createBench, INCIDENT, NODE } from '../support/agent-harness.ts';
import type { FaultKind } from '../support/host/scenario.ts';

const MINUTE_MS = 60_000;
const STUCK = `goroutine 7 [semacquire, 3 minutes]:
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist(0xc000123456)
\t/src/pkg/kubelet/pleg/generic.go:261 +0x1
`;
const HEALTHY = STUCK.replace('semacquire, 3 minutes', 'select').replace(':261', ':150');

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

/** The first capture of a stuck node is reported. */
async function captured(strategy: 'DiagnoseFirst' | 'RestoreFirst', fault: FaultKind = 'runtime-hung'): Promise<void> {
  const text = (debug2: string): { debug1: string; debug2: string } => ({ debug1: '', debug2 });
  bench = createBench({ dumps: { stuck: text(STUCK), healthy: text(HEALTHY) } });
  bench.createHealth();
  bench.start();
  await bench.clock.advance(30_000);
  bench.sim.inject(fault);
  await bench.clock.advance(20_000);
  bench.openIncident({ plan: { strategy } });
  await bench.step({ name: 'capture-host', type: 'CaptureHost' });
  await bench.clock.advanceUntil(() => bench.record('capture-host') !== undefined, 120_000, 250);
}

function deep(): readonly EvidenceEntry[] {
  return (bench.incident().status.evidence ?? []).filter(({ kind }) => kind === 'DeepCapture');
}

function names(): readonly string[] {
  return deep().map(({ name }) => name);
}

async function summary(): Promise<string> {
  const bytes = await bench.sim.host.spool.read(INCIDENT, 'deep-capture.txt.gz');
  return gunzipSync(bytes!).toString('utf8');
}

async function files(): Promise<readonly string[] | undefined> {
  return (await bench.sim.host.spool.list()).find(({ bundle }) => bundle === INCIDENT)?.files;
}

const SAMPLES = ['deep-samples-kubelet.folded.gz', 'deep-samples-runtime.folded.gz'];

/** With the samples, which follow the first. */
function roundNames(...rounds: readonly number[]): readonly string[] {
  return rounds.flatMap((round) => [
    `deep-goroutines-${String(round)}.txt.gz`,
    `deep-runtime-goroutines-${String(round)}.txt.gz`,
    ...(round === 1 ? SAMPLES : []),
  ]);
}

describe('a deep capture', () => {
  test('takes five rounds, a minute apart, and says once what stood still in all dumps', async () => {
    await captured('DiagnoseFirst');
    await bench.clock.advance(MINUTE_MS - 5_000);
    expect(names()).toEqual([]);
    await bench.clock.advance(40_000);
    expect(names()).toEqual(roundNames(1));
    await bench.clock.advance(MINUTE_MS);
    expect(names()).toEqual(roundNames(1, 2));
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toEqual([...roundNames(1, 2, 3, 4, 5), 'deep-capture.txt.gz']);
    for (const { state, location, name } of deep()) {
      expect({ state, location }).toEqual({ state: 'Captured', location: `spool://${NODE}/${INCIDENT}/${name}` });
    }
    const text = await summary();
    expect(text).toContain('1 of 1 goroutines have not moved: same id, frames and wait in 7 dumps.');
    expect(text).toMatch(/# kubelet: memory of process \d+ \(kubelet\.service\), 20.* to 20/);
    expect(text).toContain('1 [semacquire, up to 3 minutes]: goroutine 7\n');
    expect(text).toContain('# runtime: memory of process');
  });

  test('takes samples of what runs, for ten seconds each, once the first round is reported', async () => {
    await captured('DiagnoseFirst');
    await bench.clock.advanceUntil(() => names().length > 0, 2 * MINUTE_MS, 250);
    expect(names()).toEqual(roundNames(1).slice(0, 2));
    await bench.clock.advance(11_000);
    expect(names()).toEqual(roundNames(1).slice(0, 3));
    await bench.clock.advance(11_000);
    expect(names()).toEqual(roundNames(1));
    const [, , kubelet, runtime] = deep();
    expect(kubelet).toMatchObject({
      state: 'Captured',
      source: expect.stringMatching(/^memory of process \d+ \(kubelet\.service\)/),
      message: expect.stringMatching(/^100 samples, .*; no goroutine ran, or waited for a CPU, in any of them\.$/),
    });
    expect(runtime).toMatchObject({ source: expect.stringContaining('containerd.service') });
    const bytes = await bench.sim.host.spool.read(INCIDENT, 'deep-samples-kubelet.folded.gz');
    expect(gunzipSync(bytes!).toString('utf8')).toBe(`# ${kubelet!.message!}\n`);
  });

  test('holds up no act, and takes no more samples once one is asked for', async () => {
    await captured('DiagnoseFirst');
    await bench.clock.advanceUntil(() => names().length > 0, 2 * MINUTE_MS, 250);
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
    await bench.clock.advance(1000);
    expect(bench.incident().status.actions?.map(({ name }) => name)).toEqual(['capture-host', 'act-1']);
    expect(names()).toEqual(roundNames(1).slice(0, 2));
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toEqual(roundNames(1).slice(0, 3));
  });

  test('leaves the first capture as it is, and uploads nothing', async () => {
    await captured('DiagnoseFirst');
    await bench.clock.advance(12_000);
    const before = bench.incident().status;
    const objects = (await bench.local.cluster.list(EVIDENCES)).items.length;
    await bench.clock.advance(10 * MINUTE_MS);
    const after = bench.incident().status;
    const added = after.evidence?.filter(({ name }) => before.evidence?.every((entry) => entry.name !== name));
    expect(after.evidence).toEqual(expect.arrayContaining([...(before.evidence ?? [])]));
    expect(new Set(added?.map(({ kind }) => kind))).toEqual(new Set(['DeepCapture', 'ShimStacks']));
    expect(after.actions).toEqual(before.actions);
    expect((await bench.local.cluster.list(EVIDENCES)).items).toHaveLength(objects);
    const manifest = await bench.sim.host.spool.read(INCIDENT, 'manifest.json');
    expect(manifest?.toString()).toContain('deep-capture.txt.gz');
  });

  test('is not taken where the node is restored first', async () => {
    await captured('RestoreFirst');
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toEqual([]);
  });

  test('stops when an act is asked for', async () => {
    await captured('DiagnoseFirst');
    await bench.clock.advance(MINUTE_MS + 40_000);
    await bench.step({ name: 'act-1', type: 'Act', action: 'RestartRuntime' });
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toEqual(roundNames(1));
  });

  test('stops when the incident ends', async () => {
    await captured('DiagnoseFirst');
    await bench.clock.advance(MINUTE_MS + 40_000);
    const before = await files();
    expect(before).toContain('deep-samples-runtime.folded.gz');
    bench.complete();
    await bench.clock.advance(10 * MINUTE_MS);
    expect(await files()).toEqual(before);
  });

  test('is gone on with by an agent that starts anew', async () => {
    await captured('DiagnoseFirst');
    await bench.clock.advance(2 * MINUTE_MS + 15_000);
    expect(names()).toEqual(roundNames(1, 2));
    bench.start();
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toEqual([...roundNames(1, 2, 3, 4, 5), 'deep-capture.txt.gz']);
  });

  test('compares dumps of one process only', async () => {
    await captured('DiagnoseFirst', 'frozen-connection');
    await bench.clock.advance(2 * MINUTE_MS + 15_000);
    void bench.sim.host.services.restart('kubelet.service', new AbortController().signal);
    await bench.clock.advance(10 * MINUTE_MS);
    const [kubelet = '', runtime = ''] = (await summary()).split('# runtime');
    expect(kubelet).toContain('in 3 dumps');
    expect(runtime).toContain('in 7 dumps');
  });

  test('says why a dump could not be had', async () => {
    await captured('DiagnoseFirst');
    bench.sim.breakStacks('no right to read the memory');
    await bench.clock.advance(10 * MINUTE_MS);
    expect(names()).toEqual([...roundNames(1, 2, 3, 4, 5), 'deep-capture.txt.gz']);
    expect(deep()[0]).toMatchObject({ state: 'Failed', message: 'no right to read the memory' });
    expect(await summary()).toContain('in 2 dumps');
  });
});
