import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { EVIDENCES, HEALTHS, INCIDENTS } from '../../../src/api/resources.ts';
import type { EvidenceEntry } from '../../../src/api/v1alpha1/parts/evidence.ts';
import { locateEntry } from '../../../src/cli/evidence/locate-entry.ts';
import { requestUploads } from '../../../src/cli/evidence/request-uploads.ts';
import { evidenceName } from '../../../src/core/evidence/evidence-objects.ts';
import { sha256 } from '../../../src/core/evidence/manifest.ts';
import { createSystemClock } from '../../../src/platform/clock.ts';
import type { Manifest } from '../../../src/ports/cluster.ts';
import { createObjectStore, ownerOf } from '../../../src/stores/object-store.ts';
import { objectAt } from '../../support/api-server/json.ts';
import { aHealth, anIncident, at } from '../../support/builders/objects.ts';
import { NOW, runOffline, startBench, type Bench } from './cli-harness.ts';

const NAME = 'node-a-x7k2q';
const LATER_MS = NOW - Date.parse(at(0));
const DUMP = gzipSync('goroutine 1 [running]:\nmain.main()\n\t/main.go:1 +0x1\n');
const LOG = gzipSync('I1124 10:00:00.000000       1 kubelet.go:1] PLEG is not healthy\n');
const DUMP_FILE = 'goroutines-1.txt.gz';
const LOG_FILE = 'kubelet.log.gz';
/** An agent that does not answer is not waited for in tests. */
const SOON = ['--timeout', '1s'] as const;

let bench: Bench;
let folder = '';
beforeEach(async () => {
  bench = await startBench();
  folder = join(mkdtempSync(join(tmpdir(), 'medic-evidence-')), 'bundle');
  seed(HEALTHS, aHealth());
});
afterEach(async () => {
  await bench.server.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

function seed(resource: Parameters<Bench['server']['seed']>[0], object: unknown): void {
  bench.server.seed(resource, JSON.parse(JSON.stringify(object)) as Manifest);
}

/** Keeps an artifact as the agent does. `upload`: when it was asked for. */
async function put(entry: EvidenceEntry, bytes: Buffer, askedAt?: string): Promise<void> {
  const incident = bench.server.list(INCIDENTS)[0]!;
  const upload = askedAt === undefined ? {} : { upload: { askedAt, expiresAt: at(LATER_MS + 3_600_000) } };
  const store = createObjectStore({ cluster: bench.cluster, incident, manager: 'agent', ...upload });
  await store.put(entry, bytes, new AbortController().signal);
}

/** An agent with these files in its spool; what it does not have it says. @returns what it was asked for. */
function startAgent(files: Readonly<Record<string, Buffer>>): string[] {
  const answered: string[] = [];
  bench.server.onChange(() => {
    for (const { spec, status } of bench.server.list(INCIDENTS)) {
      for (const { file, at: askedAt } of spec.uploads ?? []) {
        if (answered.includes(`${file} ${askedAt}`)) continue;
        answered.push(`${file} ${askedAt}`);
        const known = status.evidence?.find(({ name }) => name === file) ?? logEntry();
        const bytes = files[file];
        const gone: EvidenceEntry = { ...known, state: 'Failed', message: 'it is gone from the spool' };
        void put(bytes === undefined ? gone : known, bytes ?? Buffer.alloc(0), askedAt);
      }
    }
  });
  return answered;
}

const DUMP_OBJECT = evidenceName(ownerOf(anIncident({ name: NAME })), DUMP_FILE, sha256(DUMP), 0);

function entry(change: Partial<EvidenceEntry> = {}): EvidenceEntry {
  return {
    name: DUMP_FILE,
    kind: 'GoroutineDump',
    by: 'Agent',
    state: 'Captured',
    at: at(0),
    source: 'memory of PID 1',
    location: `evidence://${DUMP_OBJECT}`,
    bytes: DUMP.length,
    sha256: sha256(DUMP),
    ...change,
  };
}

function logEntry(change: Partial<EvidenceEntry> = {}): EvidenceEntry {
  return entry({
    name: LOG_FILE,
    kind: 'KubeletLog',
    location: `spool://node-a/${NAME}/${LOG_FILE}`,
    bytes: LOG.length,
    sha256: sha256(LOG),
    ...change,
  });
}

async function seedIncident(...evidence: readonly EvidenceEntry[]): Promise<void> {
  seed(INCIDENTS, anIncident({ name: NAME, status: { evidence: [...evidence] } }));
  for (const line of evidence) if (line.location?.startsWith('evidence:') === true) await put(line, DUMP);
}

function uploads(): readonly { readonly file: string; readonly at: string }[] {
  return bench.server.list(INCIDENTS)[0]?.spec.uploads ?? [];
}

/** Writes requests of somebody else. */
function seedUploads(...requests: readonly { file: string; at: string }[]): void {
  bench.server.edit(INCIDENTS, { name: NAME }, (draft) => {
    draft['spec'] = { ...objectAt(draft, 'spec'), uploads: [...requests] };
  });
}

interface WrittenManifest {
  readonly incident: string;
  readonly node: string;
  readonly entries: readonly { readonly name: string; readonly fetched: { readonly kind: string } }[];
}

function manifest(): WrittenManifest {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as WrittenManifest;
}

async function fetchAll(...flags: readonly string[]): ReturnType<Bench['run']> {
  return await bench.run('evidence', NAME, '-o', folder, ...flags);
}

describe('evidence', () => {
  test('is read from the API server, and from the spool of the node by asking its agent, and verified', async () => {
    await seedIncident(entry(), logEntry());
    const asked = startAgent({ [LOG_FILE]: LOG });
    const { code, out, err } = await fetchAll();
    expect(code).toBe(0);
    expect(out).toContain(`2 of 2 artifacts are in ${folder}, checksums verified`);
    expect(err).toContain('the agent of node-a is asked for 1 artifacts');
    expect(readFileSync(join(folder, DUMP_FILE))).toEqual(DUMP);
    expect(readFileSync(join(folder, LOG_FILE))).toEqual(LOG);
    expect(asked).toEqual([`${LOG_FILE} ${at(LATER_MS)}`]);
    expect(manifest()).toMatchObject({ incident: NAME, node: 'node-a' });
  });

  test('is read where the node is gone, and the rest is named with its place', async () => {
    await seedIncident(entry(), logEntry());
    const { code, out } = await fetchAll(...SOON);
    expect(code).toBe(1);
    expect(out).toMatch(/verified +goroutines-1/);
    const place = `it is on node-a at /var/lib/kubelet-medic/spool/${NAME}/${LOG_FILE}`;
    expect(out).toContain(`the agent of node-a did not answer within 1s; ${place}`);
  });

  test('is not asked for with --no-upload, and that is no failure', async () => {
    await seedIncident(entry(), logEntry());
    const { code, out } = await fetchAll('--no-upload');
    expect(code).toBe(0);
    expect(out).toMatch(/left +kubelet\.log\.gz +it is on node-a at /);
    expect(uploads()).toEqual([]);
  });

  test('that was trimmed is asked of the agent too, and told so where it has it no more', async () => {
    const trimmed = { at: at(0), reason: 'Budget', message: 'its dumps were taken out of the API server' } as const;
    seed(INCIDENTS, anIncident({ name: NAME, status: { evidence: [entry()], trimmed } }));
    const left = await fetchAll('--no-upload');
    expect(left.out).toMatch(/left +goroutines-1\S+ +its dumps were taken out of the API server; it is on node-a at /);
    startAgent({ [DUMP_FILE]: DUMP });
    const { code, out } = await fetchAll();
    expect([code, readFileSync(join(folder, DUMP_FILE))]).toEqual([0, DUMP]);
    expect(out).toContain('checksums verified');
  });

  test('that was trimmed and is gone from the node says both', async () => {
    const trimmed = { at: at(0), reason: 'Budget', message: 'its dumps were taken out of the API server' } as const;
    seed(INCIDENTS, anIncident({ name: NAME, status: { evidence: [entry()], trimmed } }));
    startAgent({});
    const { code, out } = await fetchAll();
    expect(code).toBe(1);
    expect(out).toMatch(/taken out of the API server; the agent of node-a says: it is gone from the spool/);
  });

  test('is for its reader alone', async () => {
    await seedIncident(entry());
    await fetchAll();
    expect(statSync(folder).mode & 0o077).toBe(0);
    expect(statSync(join(folder, DUMP_FILE)).mode & 0o077).toBe(0);
  });

  test('that is not what was sealed is kept apart, and ends with 4', async () => {
    await seedIncident(entry(), logEntry());
    startAgent({ [LOG_FILE]: Buffer.from('something else') });
    const { code, out } = await fetchAll();
    expect(code).toBe(4);
    expect(out).toMatch(/CORRUPT +kubelet\.log\.gz/);
    expect(readdirSync(folder).sort()).toEqual([DUMP_FILE, `${LOG_FILE}.corrupt`, 'manifest.json']);
    expect(manifest().entries.map(({ fetched }) => fetched.kind)).toEqual(['verified', 'corrupt']);
  });

  test('that is gone is named, and why, and ends with 1', async () => {
    await seedIncident(entry(), logEntry());
    bench.server.remove(EVIDENCES, { name: DUMP_OBJECT });
    startAgent({});
    const { code, out } = await fetchAll();
    expect(code).toBe(1);
    expect(out).toContain(`its KubeletEvidence ${DUMP_OBJECT} is gone`);
    expect(out).toContain('the agent of node-a says: it is gone from the spool');
  });

  test('that was never had is no failure', async () => {
    await seedIncident(entry(), logEntry({ state: 'Failed', message: 'the journal is unreadable' }));
    const { code, out } = await fetchAll();
    expect(code).toBe(0);
    expect(out).toContain('the journal is unreadable');
  });

  test('may be fetched again into its own folder, and into no other that has files', async () => {
    await seedIncident(entry());
    expect((await fetchAll()).code).toBe(0);
    expect((await fetchAll()).code).toBe(0);
    writeFileSync(join(folder, 'manifest.json'), '{"incident":"other"}');
    const { code, err } = await fetchAll();
    expect(code).toBe(2);
    expect(err).toContain('not a bundle of');
  });

  test('is what diagnose reads', async () => {
    await seedIncident(entry(), logEntry());
    startAgent({ [LOG_FILE]: LOG });
    await fetchAll();
    const { out } = await runOffline(['diagnose', folder, '-o', 'json']);
    expect(JSON.parse(out)).toMatchObject({
      input: {
        read: [
          { name: DUMP_FILE, usedAs: ['dump'] },
          { name: LOG_FILE, usedAs: ['log'] },
          { name: 'manifest.json', usedAs: ['manifest'] },
        ],
        runtimeVersion: 'containerd 1.6.20',
      },
    });
  });
});

describe('a request to the agent', () => {
  test('leaves those of others, and what was uploaded within the hour is not asked for again', async () => {
    await seedIncident(logEntry());
    const theirs = { file: 'units.txt.gz', at: at(LATER_MS - 60_000) };
    seedUploads(theirs, { file: 'old', at: at(LATER_MS - 7_200_000) });
    startAgent({ [LOG_FILE]: LOG });
    expect((await fetchAll()).code).toBe(0);
    const first = uploads();
    expect(first).toEqual([theirs, { file: LOG_FILE, at: at(LATER_MS) }]);
    expect((await fetchAll()).err).toBe('');
    expect(uploads()).toEqual(first);
  });

  test('that somebody made a moment ago is joined; an older one that was not answered is made anew', async () => {
    await seedIncident(logEntry());
    const young = { file: LOG_FILE, at: at(LATER_MS - 5_000) };
    seedUploads(young);
    await fetchAll(...SOON);
    expect(uploads()).toEqual([young]);
    seedUploads({ file: LOG_FILE, at: at(LATER_MS - 120_000) });
    await fetchAll(...SOON);
    expect(uploads()).toEqual([{ file: LOG_FILE, at: at(LATER_MS) }]);
  });

  test('is made again after a conflict', async () => {
    await seedIncident(logEntry());
    startAgent({ [LOG_FILE]: LOG });
    bench.server.fail({
      with: 409,
      times: 2,
      only: ({ verb, resource }) => verb === 'patch' && resource === INCIDENTS.plural,
    });
    expect((await fetchAll()).code).toBe(0);
  });

  test('without the right to patch incidents says so, and still reads what can be read', async () => {
    await seedIncident(entry(), logEntry());
    bench.server.deny(({ verb, resource }) => verb === 'patch' && resource === INCIDENTS.plural);
    const { code, out } = await fetchAll();
    expect(code).toBe(1);
    expect(out).toMatch(/verified +goroutines-1/);
    expect(out).toMatch(/missing +kubelet\.log\.gz .*no right to patch kubeletincidents.*; it is on node-a at /);
  });

  test('is not made without the right to read the answer', async () => {
    await seedIncident(entry(), logEntry());
    bench.server.deny(({ resource }) => resource === EVIDENCES.plural);
    const { code, out } = await fetchAll();
    expect(code).toBe(1);
    expect(out).toMatch(/missing +goroutines-1\S+ +you have no right to get kubeletevidences/);
    expect(out).toMatch(/missing +kubelet\.log\S+ +you have no right to get kubeletevidences/);
    expect(uploads()).toEqual([]);
  });

  test('carries the time of the API server, where the clock here is wrong', async () => {
    await seedIncident(logEntry());
    const clock = { ...createSystemClock(), now: () => NOW - 86_400_000 };
    const terminal = { out: () => undefined, note: () => undefined, paint: (_: string, text: string) => text };
    const asked = await requestUploads({ cluster: bench.cluster, clock, terminal }, NAME, [LOG_FILE]);
    expect(Math.abs(Date.parse(asked.get(LOG_FILE) ?? '') - NOW)).toBeLessThan(1_000);
    expect(uploads()).toEqual([{ file: LOG_FILE, at: asked.get(LOG_FILE) }]);
  });
});

describe('a node that lies', () => {
  test.each<readonly [what: string, lie: EvidenceEntry, words: string]>([
    ['a path in a name', logEntry({ name: '../../.ssh/authorized_keys' }), 'not a name of a file'],
    ['the name of the manifest', logEntry({ name: 'manifest.json' }), 'not a name of a file'],
    ['a Secret of its own choice', logEntry({ location: 'secret://kube-system/admin#token' }), 'nothing is known'],
    ['the spool of another node', logEntry({ location: `spool://node-b/${NAME}/kubelet.log.gz` }), 'on another node'],
    ['a path out of the spool', logEntry({ location: 'spool://node-a/../shadow' }), 'nothing is known'],
    ['a location of another kind', logEntry({ location: 'file:///etc/shadow' }), 'nothing is known'],
    ['an object that is not there', logEntry({ location: 'evidence://node-b-0a1b2c3d4e5f' }), 'is gone'],
  ])('gets nothing for %s', async (_what, lie, words) => {
    seed(INCIDENTS, anIncident({ name: NAME, status: { evidence: [lie] } }));
    startAgent({ [LOG_FILE]: LOG });
    const { code, out } = await fetchAll();
    expect(code).toBe(1);
    expect(out).toContain(words);
    expect(uploads()).toEqual([]);
    expect(readdirSync(folder)).toEqual(['manifest.json']);
  });

  test('gets no object into the folder that is not of the incident', async () => {
    await seedIncident(entry());
    bench.server.edit(EVIDENCES, { name: DUMP_OBJECT }, (draft) => {
      draft['spec'] = { ...objectAt(draft, 'spec'), incidentUID: 'of-another' };
    });
    const { code, out } = await fetchAll();
    expect(code).toBe(4);
    expect(out).toContain('is not of this incident');
    expect(readdirSync(folder)).toEqual(['manifest.json']);
  });

  test('never gets a path out of the folder or the spool, whatever it writes', () => {
    const incident = anIncident({ name: NAME });
    const text = fc.oneof(fc.string(), fc.stringMatching(/^(spool|evidence):\/\/[\w./#%-]{1,40}$/));
    fc.assert(
      fc.property(fc.string(), text, (name, location) => {
        const found = locateEntry(logEntry({ name, location }), incident);
        if (found.kind === 'refused') return;
        expect(name).toMatch(/^[A-Za-z0-9][\w.-]*$/);
        expect(['spool', 'evidence']).toContain(found.kind);
        if (found.kind === 'evidence') expect(found.name).toMatch(/^[a-z0-9][a-z0-9.-]*$/);
        if (found.kind === 'spool') expect(found.path.replace('/var/lib/', '')).not.toMatch(/\/\.|\0/);
      }),
    );
  });
});
