import { afterEach, describe, expect, test } from '@jest/globals';
import { EVIDENCES, HEALTHS, INCIDENTS, NODES } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { fetchArtifacts, type Fetched } from '../../src/cli/evidence/fetch-artifacts.ts';
import { toPreciseTime } from '../../src/core/time/timestamp.ts';
import { objectAt } from '../support/api-server/json.ts';
import { runtimeHungDumps } from '../demo/dumps.ts';
import {
  type ControllerBench,
  type ControllerBenchOptions,
  createControllerBench,
} from '../support/controller-harness.ts';
import { type BucketFault, createFakeBucket, type FakeBucket, folderIn } from '../support/fake-bucket.ts';

const HOUR_MS = 3_600_000;

let bench: ControllerBench;
let bucket: FakeBucket;
afterEach(async () => {
  await bench.finish();
});

async function well(options: ControllerBenchOptions = {}): Promise<void> {
  bench = createControllerBench({
    dumps: runtimeHungDumps(),
    policy: { mode: 'Remediate', budget: { maxUnhealthy: '100%', cooldown: '0s' } },
    bucket: (clock) => (bucket = createFakeBucket(clock)),
    ...options,
  });
  bench.startController();
  for (const node of bench.hosts.keys()) bench.startAgent(node);
  await bench.clock.advance(20_000);
}

async function recovered(node = 'node-a'): Promise<KubeletIncident> {
  bench.host(node).inject('runtime-hung');
  return await bench.until(node, ({ status }) => status.outcome !== undefined);
}

function isCopied({ status }: KubeletIncident): boolean {
  return status.bucket?.state === 'Complete';
}

function captured({
  status,
}: KubeletIncident): readonly { readonly name: string; readonly sha256?: string | undefined }[] {
  return (status.evidence ?? []).filter(({ state, by }) => state === 'Captured' && by === 'Agent');
}

/** Everything that anybody has written, as it went to the API server. */
function written(): string {
  return JSON.stringify(bench.local.writes.map(({ body }) => body));
}

describe('evidence of an incident', () => {
  test('is copied into the bucket, and the record says where, of what size and with which checksum', async () => {
    await well();
    await recovered();
    const incident = await bench.until('node-a', isCopied);
    const { bucket: record } = incident.status;
    const folder = folderIn(bucket, 'node-a', incident.metadata.name);
    expect(record?.uri).toBe(`s3://evidence/${folder}`);
    expect(record?.objects.map(({ sha256 }) => sha256).sort()).toEqual(
      captured(incident)
        .map((one) => one.sha256)
        .sort(),
    );
    expect([...bucket.objects.keys()].sort()).toEqual(record?.objects.map(({ key }) => `${folder}/${key}`).sort());
    for (const { key, bytes } of record?.objects ?? [])
      expect(bucket.objects.get(`${folder}/${key}`)).toHaveLength(bytes);
    await bench.clock.advance(6_000);
    expect(bench.metrics.values.get('bucket_waiting_incidents')).toBe(0);
    expect(bench.metrics.values.get('bucket_waiting_age_seconds')).toBe(0);
    expect(bench.metrics.values.get('bucket_objects_total')).toBe(record?.objects.length);
  });

  test('is put once, by requests that nobody can read, and no grant is left', async () => {
    await well();
    await recovered();
    const incident = await bench.until('node-a', isCopied);
    await bench.clock.advance(60_000);
    expect(bucket.puts).toHaveLength(captured(incident).length);
    expect(new Set(bucket.puts).size).toBe(bucket.puts.length);
    expect(written()).toContain('"sealed":"');
    expect(written()).not.toContain(bucket.secret);
    expect(written()).not.toContain('[REDACTED]');
    expect(bench.health('node-a')?.spec.bucket).toBeUndefined();
  });

  test('is not written while the incident is open, beside the grants in KubeletHealth', async () => {
    await well();
    await recovered();
    await bench.until('node-a', isCopied);
    const of = bench.local.writes.filter(({ manager }) => manager === 'kubelet-medic-controller-bucket');
    expect(of.filter(({ plural }) => plural === INCIDENTS.plural)).toHaveLength(1);
    expect(new Set(of.map(({ plural }) => plural))).toEqual(new Set([INCIDENTS.plural, HEALTHS.plural]));
  });
});

/** When what was done, as the record has it. */
async function timesWith(fault: BucketFault | 'no bucket' | 'a good one'): Promise<readonly unknown[]> {
  await well(fault === 'no bucket' ? { bucket: () => undefined } : {});
  if (fault !== 'no bucket' && fault !== 'a good one') bucket.fail(fault);
  const { status } = await recovered();
  const acts = (status.actions ?? []).map(({ name, issuedAt }) => [name, issuedAt]);
  const conditions = (status.conditions ?? []).map(({ type, status: is, lastTransitionTime: at }) => [type, is, at]);
  return [status.outcome, acts, conditions];
}

const FAULTS: readonly BucketFault[] = ['unreachable', 'hanging', 'denied', 'skewed', 'moved', 'full', 'lying'];

describe('a bucket that fails', () => {
  let without: readonly unknown[] | undefined;

  test.each(FAULTS)('(%s) delays no recovery, is said, and is made up for when it is well', async (fault) => {
    if (without === undefined) {
      without = await timesWith('no bucket');
      await bench.finish();
    }
    expect(await timesWith(fault)).toEqual(without);
    expect(without[0]).toBe('Recovered');
    const waiting = await bench.until('node-a', ({ status }) => status.bucket?.state === 'Waiting');
    expect(waiting.status.bucket?.message).toMatch(/^\d+ of \d+ objects are missing: .+/);
    const words = { skewed: 'RequestTimeTooSkewed', denied: 'AccessDenied', moved: 'status 307' } as const;
    const word = fault in words ? words[fault as keyof typeof words] : '';
    expect(waiting.status.bucket?.message).toContain(word);
    expect(written()).not.toContain(bucket.secret);
    bucket.fail(undefined);
    await bench.until('node-a', isCopied, HOUR_MS);
  });

  test('(not at all) delays none either', async () => {
    const before = await timesWith('no bucket');
    await bench.finish();
    expect(await timesWith('a good one')).toEqual(before);
  });

  test('is asked seldom, however many incidents wait', async () => {
    await well();
    bucket.fail('denied');
    await recovered();
    await bench.clock.advance(HOUR_MS);
    const failures = bench.metrics.values.get('bucket_failures_total{reason="Bucket"}') ?? 0;
    expect(failures).toBeGreaterThan(2);
    expect(failures).toBeLessThan(80);
  });

  test('is given up after a day, and the record says so', async () => {
    await well();
    bucket.fail('full');
    const { metadata } = await recovered();
    await bench.until('node-a', ({ status }) => status.bucket?.state === 'Waiting');
    bench.local.seeds.edit(INCIDENTS, { name: metadata.name }, (draft) => {
      const status = objectAt(draft, 'status');
      const completedAt = toPreciseTime(bench.clock.now() - 24 * HOUR_MS);
      draft['status'] = { ...status, timings: { ...objectAt(status, 'timings'), completedAt } };
    });
    const incident = await bench.until('node-a', ({ status }) => status.bucket?.state === 'GivenUp', HOUR_MS);
    expect(incident.status.bucket?.message).toMatch(/after 24 hours: .*InsufficientStorage/);
    const puts = bucket.puts.length;
    bucket.fail(undefined);
    await bench.clock.advance(HOUR_MS);
    expect(bucket.puts).toHaveLength(puts);
  });
});

describe('in a storm', () => {
  test('eight agents upload at once, and all is copied', async () => {
    const nodes = Array.from({ length: 12 }, (_, at) => `node-${String(at)}`);
    await well({ nodes, bucket: (clock) => (bucket = createFakeBucket(clock, 2_000)) });
    bench.editPolicy((spec) => {
      spec['mode'] = 'Capture';
    });
    for (const node of nodes) bench.host(node).inject('runtime-hung');
    for (const node of nodes) {
      await bench.until(
        node,
        ({ status }) => status.conditions?.some(({ type }) => type === 'EvidenceCaptured') === true,
      );
    }
    await bench.clock.advanceUntil(
      () =>
        nodes.every((node) => bench.incidents(node).every((incident) => isCopied(incident) || countOf(incident) > 0)),
      4 * HOUR_MS,
      5_000,
    );
    expect(bucket.mostAtOnce()).toBeLessThanOrEqual(8);
    expect(bucket.mostAtOnce()).toBeGreaterThan(2);
    expect(new Set(bucket.puts).size).toBe(bucket.puts.length);
  });
});

function countOf(incident: KubeletIncident): number {
  const folder = folderIn(bucket, incident.spec.nodeName, incident.metadata.name);
  return [...bucket.objects.keys()].filter((key) => key.startsWith(`${folder}/`)).length;
}

describe('programs that die in between', () => {
  test.each([0, 1, 2, 3])(
    'a controller after write %d of the bucket: the next one goes on, with the same keys and bytes',
    async (count) => {
      await well();
      await recovered();
      let left = count;
      let died = false;
      bench.local.onWrite(({ manager }) => {
        if (died || manager !== 'kubelet-medic-controller-bucket' || left-- > 0) return;
        died = true;
        bench.killController();
      });
      await bench.clock.advance(30_000);
      bench.startController();
      const incident = await bench.until('node-a', isCopied, HOUR_MS);
      expect(new Set(bucket.puts).size).toBe(captured(incident).length);
      expect(bench.health('node-a')?.spec.bucket).toBeUndefined();
    },
  );

  test('an agent that is started again has another key, and gets a grant for it', async () => {
    await well({ bucket: (clock) => (bucket = createFakeBucket(clock, 5_000)) });
    await recovered();
    await bench.clock.advanceUntil(() => bench.health('node-a')?.spec.bucket !== undefined, HOUR_MS, 200);
    const before = bench.health('node-a')?.status.bucket?.key;
    bench.startAgent('node-a');
    const incident = await bench.until('node-a', isCopied, HOUR_MS);
    expect(bench.health('node-a')?.status.bucket?.key).not.toBe(before);
    expect(new Set(bucket.puts).size).toBe(captured(incident).length);
  });
});

/** What `kubectl medic evidence` gets. */
async function fetchAll(incident: KubeletIncident, notes: string[] = []): Promise<readonly Fetched[]> {
  const { cluster } = bench.local;
  const terminal = { note: (text: string) => notes.push(text) } as never;
  const found: Fetched[] = [];
  const fetching = (async () => {
    const options = { upload: true, timeoutMs: 60_000 };
    for await (const one of fetchArtifacts({ cluster, clock: bench.clock, terminal }, incident, options))
      found.push(one);
  })();
  let isOver = false;
  void fetching.finally(() => {
    isOver = true;
  });
  await bench.clock.advanceUntil(() => isOver, HOUR_MS, 500);
  await fetching;
  return found;
}

/** Its agent is gone, and so is its Node. */
function lose(node: string): void {
  bench.killAgent(node);
  bench.local.seeds.remove(NODES, { name: node });
}

describe('a node that is gone', () => {
  test('has left its evidence in the bucket: a person who asks has it through the API server', async () => {
    await well();
    await recovered();
    const incident = await bench.until('node-a', isCopied);
    lose('node-a');
    const found = await fetchAll(incident);
    expect(found.map(({ found: { kind } }) => kind).filter((kind) => kind !== 'never')).toEqual(
      captured(incident).map(() => 'whole'),
    );
    const uploads = (await bench.local.cluster.list(EVIDENCES)).items.filter(
      ({ spec }) => spec.expiresAt !== undefined,
    );
    expect(uploads.length).toBeGreaterThan(0);
  });

  test('is not believed of bytes that somebody has changed in the bucket', async () => {
    await well();
    await recovered();
    const incident = await bench.until('node-a', isCopied);
    lose('node-a');
    for (const [key, bytes] of bucket.objects) bucket.objects.set(key, Buffer.alloc(bytes.length, 7));
    const found = await fetchAll(incident);
    const lost = found.filter(({ found: { kind } }) => kind === 'lost');
    expect(lost.length).toBeGreaterThan(0);
    for (const { found: one } of lost)
      expect(one).toMatchObject({ message: expect.stringContaining('is not what was saved') });
  });

  test('before all was copied: the record says what is there, and why the rest will not come', async () => {
    await well();
    bucket.fail('full');
    await recovered();
    lose('node-a');
    bucket.fail(undefined);
    const { status } = await bench.until('node-a', (one) => one.status.bucket?.state === 'GivenUp', HOUR_MS);
    expect(status.bucket?.message).toMatch(/objects are missing: the node is gone/);
  });

  test('has left it elsewhere: who asks is told so at once, where the settings lead to another bucket by now', async () => {
    await well();
    await recovered();
    const { metadata } = await bench.until('node-a', isCopied);
    const uri = `s3://old/cluster-a/node-a/${metadata.name}`;
    bench.local.seeds.edit(INCIDENTS, { name: metadata.name }, (draft) => {
      const status = objectAt(draft, 'status');
      draft['status'] = { ...status, bucket: { ...objectAt(status, 'bucket'), uri } };
    });
    lose('node-a');
    const askedAt = bench.clock.monotonic();
    const found = await fetchAll(bench.incidents('node-a')[0]!);
    expect(bench.clock.monotonic() - askedAt).toBeLessThan(15_000);
    const lost = found.filter(({ found: { kind } }) => kind === 'lost');
    expect(lost.length).toBeGreaterThan(0);
    for (const { found: one } of lost) expect(one).toMatchObject({ message: expect.stringContaining(uri) });
    for (const { found: one } of lost)
      expect(one).toMatchObject({ message: expect.stringContaining('another bucket') });
  });

  test('a file that the living node has lost is brought back as well', async () => {
    await well();
    await recovered();
    const incident = await bench.until('node-a', isCopied);
    await bench.host('node-a').host.spool.remove(incident.metadata.name);
    const [file] = captured(incident).filter(({ name }) => name.startsWith('kubelet.log'));
    bench.local.seeds.edit(INCIDENTS, { name: incident.metadata.name }, (draft) => {
      const uploads = [{ file: file?.name ?? '', at: toPreciseTime(bench.clock.now()) }];
      draft['spec'] = { ...objectAt(draft, 'spec'), uploads };
    });
    await bench.clock.advance(30_000);
    const uploads = (await bench.local.cluster.list(EVIDENCES)).items.filter(
      ({ spec }) => spec.expiresAt !== undefined,
    );
    expect(uploads.map(({ spec }) => [spec.entry.name, spec.entry.state])).toEqual([[file?.name, 'Captured']]);
  });

  test('a file that the disk of the living node has damaged is brought back as well', async () => {
    await well();
    await recovered();
    const incident = await bench.until('node-a', isCopied);
    const [file] = captured(incident).filter(({ name }) => name.startsWith('kubelet.log'));
    const { spool } = bench.host('node-a').host;
    await spool.write(incident.metadata.name, file?.name ?? '', Buffer.from('damaged by the disk'), new Set());
    const found = await fetchAll(incident);
    expect(found.find(({ entry }) => entry.name === file?.name)?.found.kind).toBe('whole');
  });
});
