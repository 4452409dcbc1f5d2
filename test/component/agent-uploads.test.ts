import { afterEach, describe, expect, test } from '@jest/globals';
import { EVIDENCES, INCIDENTS } from '../../src/api/resources.ts';
import type { KubeletEvidence } from '../../src/api/v1alpha1/kinds/kubelet-evidence.ts';
import type { BucketRecord } from '../../src/api/v1alpha1/parts/bucket.ts';
import type { EvidenceEntry } from '../../src/api/v1alpha1/parts/evidence.ts';
import { LABEL_NODE, LABEL_UPLOAD } from '../../src/api/v1alpha1/words/names.ts';
import { objectName } from '../../src/core/evidence/bucket-objects.ts';
import { BucketSettings } from '../../src/core/evidence/bucket-settings.ts';
import { evidenceName } from '../../src/core/evidence/evidence-objects.ts';
import { sha256 } from '../../src/core/evidence/manifest.ts';
import { fromTime, toPreciseTime } from '../../src/core/time/timestamp.ts';
import { networkError } from '../../src/kube/errors.ts';
import type { PutAnswer } from '../../src/ports/bucket.ts';
import { MedicError } from '../../src/ports/errors.ts';
import { createObjectStore, ownerOf } from '../../src/stores/object-store.ts';
import { type JsonObject, objectAt } from '../support/api-server/json.ts';
import { type Bench, createBench, INCIDENT, NODE } from '../support/agent-harness.ts';

const HOUR_MS = 3_600_000;
const LOG = Buffer.from('I1124 10:00:00 kubelet.go:1] PLEG is not healthy\n');
const SIGNAL = new AbortController().signal;

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

function entry(name: string, change: Partial<EvidenceEntry> = {}): EvidenceEntry {
  return {
    name,
    kind: 'KubeletLog',
    by: 'Agent',
    state: 'Captured',
    at: toPreciseTime(bench.clock.now()),
    source: 'journald:kubelet.service',
    location: `spool://${NODE}/${INCIDENT}/${name}`,
    bytes: LOG.length,
    sha256: sha256(LOG),
    ...change,
  };
}

/** An incident that is over, with these lines in its manifest. */
async function startWith(...entries: readonly EvidenceEntry[]): Promise<void> {
  await prepare(entries);
  bench.start();
  await bench.clock.advance(2_000);
}

/** @param record what it says of the bucket. */
async function prepare(entries: readonly EvidenceEntry[], record?: BucketRecord): Promise<void> {
  bench.createHealth();
  bench.openIncident();
  bench.local.seeds.edit(INCIDENTS, { name: INCIDENT }, (draft) => {
    draft['status'] = JSON.parse(JSON.stringify({ evidence: entries, bucket: record })) as JsonObject;
  });
  bench.complete();
  await save('kubelet.log.gz', LOG);
}

async function save(file: string, bytes: Buffer): Promise<void> {
  await bench.sim.host.spool.write(INCIDENT, file, bytes, new Set());
}

/** @returns when it was asked for. */
function ask(...files: readonly string[]): string {
  const at = toPreciseTime(bench.clock.now());
  return askAt(at, ...files);
}

function askAt(at: string, ...files: readonly string[]): string {
  bench.local.seeds.edit(INCIDENTS, { name: INCIDENT }, (draft) => {
    draft['spec'] = { ...objectAt(draft, 'spec'), uploads: files.map((file) => ({ file, at })) };
  });
  return at;
}

async function uploads(): Promise<readonly KubeletEvidence[]> {
  return (await bench.local.cluster.list(EVIDENCES)).items;
}

function uploadOf(file: string, askedAt: string): KubeletEvidence | undefined {
  return bench.local.read(EVIDENCES, evidenceName(ownerOf(bench.incident()), file, askedAt, 0));
}

/** What a reader gets. */
async function readBack(askedAt: string, wanted: EvidenceEntry): Promise<Buffer | undefined> {
  const upload = { askedAt, expiresAt: askedAt };
  const store = createObjectStore({
    cluster: bench.local.cluster,
    incident: bench.incident(),
    manager: 'test',
    upload,
  });
  return await store.get(wanted, SIGNAL);
}

describe('an artifact that a person asks for', () => {
  test('is uploaded at once, also when the incident is over, and lives for an hour', async () => {
    bench = createBench();
    const log = entry('kubelet.log.gz');
    await startWith(log);
    const askedAt = ask('kubelet.log.gz');
    await bench.clock.advance(100);
    expect(await readBack(askedAt, log)).toEqual(LOG);
    const [object] = await uploads();
    const { uid } = bench.incident().metadata;
    expect(object?.metadata.labels).toEqual({ [LABEL_NODE]: NODE, [LABEL_UPLOAD]: 'true' });
    expect(object?.metadata.ownerReferences).toMatchObject([{ kind: 'KubeletIncident', name: INCIDENT, uid }]);
    expect(object?.spec).toMatchObject({ nodeName: NODE, incident: INCIDENT, incidentUID: uid, parts: 1 });
    const lifeMs = fromTime(object?.spec.expiresAt)! - bench.clock.now();
    expect(lifeMs).toBeGreaterThan(HOUR_MS - 1_000);
    expect(lifeMs).toBeLessThanOrEqual(HOUR_MS);
  });

  test('is uploaded once, and again when it is asked for again', async () => {
    bench = createBench();
    await startWith(entry('kubelet.log.gz'));
    ask('kubelet.log.gz');
    await bench.clock.advance(60_000);
    const creates = (): number => bench.local.writes.filter(({ plural }) => plural === EVIDENCES.plural).length;
    expect(creates()).toBe(1);
    ask('kubelet.log.gz');
    await bench.clock.advance(60_000);
    expect(creates()).toBe(2);
    expect(await uploads()).toHaveLength(2);
  });

  test('is there once after the agent died in between: the second one finds it', async () => {
    bench = createBench();
    const log = entry('kubelet.log.gz');
    await startWith(log);
    const askedAt = ask('kubelet.log.gz');
    await bench.clock.advance(1_000);
    bench.start();
    await bench.clock.advance(30_000);
    expect(await uploads()).toHaveLength(1);
    expect(await readBack(askedAt, log)).toEqual(LOG);
    expect(bench.log.entries.filter(({ message }) => message.includes('cannot be uploaded'))).toEqual([]);
  });

  test('is no longer uploaded when the request is an hour old, or of a time to come', async () => {
    bench = createBench();
    await startWith(entry('kubelet.log.gz'));
    for (const at of [-HOUR_MS - 60_000, HOUR_MS + 60_000]) {
      askAt(toPreciseTime(bench.clock.now() + at), 'kubelet.log.gz');
      await bench.clock.advance(30_000);
    }
    expect(await uploads()).toEqual([]);
    askAt(toPreciseTime(bench.clock.now() - HOUR_MS + 60_000), 'kubelet.log.gz');
    await bench.clock.advance(30_000);
    expect(await uploads()).toHaveLength(1);
  });

  test('is asked for and expires by the clock of the API server, where that of the node is wrong', async () => {
    bench = createBench();
    await startWith(entry('kubelet.log.gz'));
    bench.nodeClock.jump(3 * HOUR_MS);
    askAt(toPreciseTime(bench.nodeClock.now()), 'kubelet.log.gz');
    await bench.clock.advance(50);
    expect(await uploads()).toEqual([]);
    const askedAt = ask('kubelet.log.gz');
    await bench.clock.advance(50);
    const expiresAt = fromTime(uploadOf('kubelet.log.gz', askedAt)?.spec.expiresAt)!;
    expect(Math.abs(expiresAt - (bench.clock.now() + HOUR_MS))).toBeLessThan(3_000);
  });

  test('comes when the API server is back', async () => {
    bench = createBench();
    const log = entry('kubelet.log.gz');
    await startWith(log);
    let failures = 3;
    bench.local.onWrite(({ plural }) => {
      if (plural === EVIDENCES.plural && failures-- > 0) throw networkError('create', new Error('connection refused'));
    });
    const askedAt = ask('kubelet.log.gz');
    await bench.clock.advance(10_000);
    expect(await readBack(askedAt, log)).toEqual(LOG);
  });
});

describe('what its node no longer has and the bucket has', () => {
  const settings = BucketSettings.parse({ name: 'evidence', region: 'eu-central-1' });
  const put = (): Promise<PutAnswer> => Promise.resolve({ status: 200 });

  async function failReads(): Promise<void> {
    const read = (): Promise<never> =>
      Promise.reject(new MedicError('E_SPOOL_IO', 'transient', 'EIO: i/o error, read'));
    await Promise.resolve(Object.assign(bench.sim.host.spool, { read }));
  }

  async function askWith(
    bucket: Parameters<Bench['start']>[0],
    spoil: () => Promise<void>,
  ): Promise<string | undefined> {
    bench = createBench();
    const log = entry('kubelet.log.gz');
    const objects = [{ key: objectName(log.name, sha256(LOG)), bytes: LOG.length, sha256: sha256(LOG) }];
    const record = { state: 'Complete', at: log.at, uri: `s3://evidence/${NODE}/${INCIDENT}`, objects } as const;
    await prepare([log], record);
    await spoil();
    bench.start(bucket);
    await bench.clock.advance(2_000);
    const askedAt = ask('kubelet.log.gz');
    await bench.clock.advance(30_000);
    return uploadOf('kubelet.log.gz', askedAt)?.spec.entry.message;
  }

  describe.each([
    ['gone', 'is gone', () => bench.sim.host.spool.remove(INCIDENT)],
    ['damaged', 'not what was sealed', () => save('kubelet.log.gz', Buffer.from('damaged by the disk'))],
    ['not readable', 'EIO', failReads],
  ] as const)('(%s)', (_, words, spoil) => {
    test('is left to the controller, which has it from there', async () => {
      expect(await askWith({ bucket: { settings, put } }, spoil)).toBeUndefined();
      expect(await uploads()).toEqual([]);
    });

    test('is answered by an agent that has no bucket: its controller has none either', async () => {
      expect(await askWith({}, spoil)).toContain(words);
    });
  });
});

describe('what cannot be had', () => {
  test.each<readonly [string, string, () => EvidenceEntry[], string]>([
    ['a file that the record does not name', '../../etc/shadow', () => [], 'names no such artifact'],
    ['one that was never had', 'a.gz', () => [entry('a.gz', { state: 'Failed', message: 'no unit' })], 'no unit'],
    ['one that is gone from the spool', 'gone.gz', () => [entry('gone.gz')], 'is gone from the spool'],
    ['one that is damaged', 'kubelet.log.gz', () => [entry('kubelet.log.gz', { sha256: '0' })], 'not what was sealed'],
    [
      'one that is too large',
      'kubelet.log.gz',
      () => [entry('kubelet.log.gz', { bytes: 2 ** 30 })],
      'API server takes',
    ],
    ['one of the controller', 'd.gz', () => [entry('d.gz', { by: 'Controller' })], 'not saved by the agent'],
    ['a path for a name', '../x', () => [entry('../x')], 'not saved by the agent'],
  ])('is answered with the reason: %s', async (_what, file, entries, words) => {
    bench = createBench();
    await startWith(...entries());
    const askedAt = ask(file);
    await bench.clock.advance(100);
    const { spec } = uploadOf(file, askedAt) ?? {};
    expect(spec).toMatchObject({ data: '', entry: { name: file, by: 'Agent', state: 'Failed' } });
    expect(spec?.entry.message).toContain(words);
    expect(spec?.expiresAt).toBeDefined();
  });

  test('keeps nothing else from coming', async () => {
    bench = createBench();
    const log = entry('kubelet.log.gz');
    await startWith(log);
    const askedAt = ask('gone.gz', 'kubelet.log.gz');
    await bench.clock.advance(100);
    expect(await readBack(askedAt, log)).toEqual(LOG);
    expect(uploadOf('gone.gz', askedAt)?.spec.entry.state).toBe('Failed');
  });
});
