import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { HEALTHS, INCIDENTS, PODS, SECRETS } from '../../../src/api/resources.ts';
import type { EvidenceEntry } from '../../../src/api/v1alpha1/evidence.ts';
import { locate } from '../../../src/cli/evidence/location.ts';
import { sha256 } from '../../../src/core/evidence/manifest.ts';
import type { Manifest } from '../../../src/ports/cluster.ts';
import { aHealth, anIncident, at } from '../../support/builders/objects.ts';
import { runOffline, startBench, type Bench } from './cli-harness.ts';

const NAME = 'node-a-x7k2q';
const SPOOL = `/var/lib/kubelet-medic/spool/${NAME}`;
const DUMP = gzipSync('goroutine 1 [running]:\nmain.main()\n\t/main.go:1 +0x1\n');
const LOG = gzipSync('I1124 10:00:00.000000       1 kubelet.go:1] PLEG is not healthy\n');

let bench: Bench;
let folder = '';
beforeEach(async () => {
  bench = await startBench();
  folder = join(mkdtempSync(join(tmpdir(), 'medic-evidence-')), 'bundle');
  seed(
    HEALTHS,
    aHealth({ status: { agent: { version: '1', startedAt: at(0), reportedAt: at(0), namespace: 'medic' } } }),
  );
  const labels = { 'app.kubernetes.io/name': 'kubelet-medic', 'app.kubernetes.io/component': 'agent' };
  for (const node of ['node-a', 'node-b']) {
    const metadata = { name: `agent-${node}`, namespace: 'medic', labels };
    bench.server.seed(PODS, { metadata, spec: { nodeName: node }, status: { phase: 'Running' } });
  }
  seedSecret(`uid-${NAME}`);
});
afterEach(async () => {
  await bench.server.close();
  rmSync(join(folder, '..'), { recursive: true, force: true });
});

function seed(resource: Parameters<Bench['server']['seed']>[0], object: unknown): void {
  bench.server.seed(resource, JSON.parse(JSON.stringify(object)) as Manifest);
}

function seedSecret(owner: string): void {
  const ownerReferences = [{ apiVersion: 'v1', kind: 'KubeletIncident', name: NAME, uid: owner }];
  const data = { 'goroutines-1.txt.gz': DUMP.toString('base64') };
  bench.server.seed(SECRETS, { metadata: { name: 'stacks', namespace: 'medic', ownerReferences }, data });
}

function entry(change: Partial<EvidenceEntry> = {}): EvidenceEntry {
  return {
    name: 'goroutines-1.txt.gz',
    kind: 'GoroutineDump',
    by: 'Controller',
    state: 'Captured',
    at: at(0),
    source: '/debug/pprof',
    location: 'secret://medic/stacks#goroutines-1.txt.gz',
    bytes: DUMP.length,
    sha256: sha256(DUMP),
    ...change,
  };
}

function logEntry(change: Partial<EvidenceEntry> = {}): EvidenceEntry {
  return entry({
    name: 'kubelet.log.gz',
    kind: 'KubeletLog',
    by: 'Agent',
    location: `spool://node-a/${NAME}/kubelet.log.gz`,
    bytes: LOG.length,
    sha256: sha256(LOG),
    ...change,
  });
}

function seedIncident(...evidence: readonly EvidenceEntry[]): void {
  seed(INCIDENTS, anIncident({ name: NAME, status: { evidence: [...evidence] } }));
}

interface WrittenManifest {
  readonly incident: string;
  readonly node: string;
  readonly entries: readonly { readonly name: string; readonly fetched: { readonly kind: string } }[];
}

function manifest(): WrittenManifest {
  return JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as WrittenManifest;
}

describe('evidence', () => {
  test('is fetched from the Secret and from the spool of the node, and verified', async () => {
    seedIncident(entry(), logEntry());
    bench.files.set(`${SPOOL}/kubelet.log.gz`, LOG);
    const { code, out } = await bench.run('evidence', NAME, '-o', folder);
    expect(code).toBe(0);
    expect(out).toContain(`2 of 2 artifacts are in ${folder}, checksums verified`);
    expect(readFileSync(join(folder, 'goroutines-1.txt.gz'))).toEqual(DUMP);
    expect(readFileSync(join(folder, 'kubelet.log.gz'))).toEqual(LOG);
    expect(bench.ran).toEqual([`medic/agent-node-a/agent: cat -- ${SPOOL}/kubelet.log.gz`]);
    expect(manifest()).toMatchObject({ incident: NAME, node: 'node-a' });
  });

  test('is for its reader alone', async () => {
    seedIncident(entry());
    await bench.run('evidence', NAME, '-o', folder);
    expect(statSync(folder).mode & 0o077).toBe(0);
    expect(statSync(join(folder, 'goroutines-1.txt.gz')).mode & 0o077).toBe(0);
  });

  test('that is not what was sealed is kept apart, and ends with 4', async () => {
    seedIncident(entry(), logEntry());
    bench.files.set(`${SPOOL}/kubelet.log.gz`, Buffer.from('something else'));
    const { code, out } = await bench.run('evidence', NAME, '-o', folder);
    expect(code).toBe(4);
    expect(out).toMatch(/CORRUPT +kubelet\.log\.gz/);
    expect(readdirSync(folder).sort()).toEqual(['goroutines-1.txt.gz', 'kubelet.log.gz.corrupt', 'manifest.json']);
    expect(manifest().entries.map(({ fetched }) => fetched.kind)).toEqual(['verified', 'corrupt']);
  });

  test('that is gone is named, and why, and ends with 1', async () => {
    seedIncident(entry({ location: 'secret://medic/other#a' }), logEntry());
    const { code, out } = await bench.run('evidence', NAME, '-o', folder);
    expect(code).toBe(1);
    expect(out).toContain('the Secret medic/other is gone');
    expect(out).toContain('No such file');
  });

  test('that was never had is no failure', async () => {
    seedIncident(entry(), logEntry({ state: 'Failed', message: 'the journal is unreadable' }));
    const { code, out } = await bench.run('evidence', NAME, '-o', folder);
    expect(code).toBe(0);
    expect(out).toContain('the journal is unreadable');
  });

  test('of a node without an agent says so', async () => {
    seedIncident(logEntry());
    bench.server.remove(PODS, { name: 'agent-node-a', namespace: 'medic' });
    const { code, out } = await bench.run('evidence', NAME, '-o', folder);
    expect(code).toBe(1);
    expect(out).toContain('no agent runs on node node-a');
  });

  test('may be fetched again into its own folder, and into no other that has files', async () => {
    seedIncident(entry());
    expect((await bench.run('evidence', NAME, '-o', folder)).code).toBe(0);
    expect((await bench.run('evidence', NAME, '-o', folder)).code).toBe(0);
    writeFileSync(join(folder, 'manifest.json'), '{"incident":"other"}');
    const { code, err } = await bench.run('evidence', NAME, '-o', folder);
    expect(code).toBe(2);
    expect(err).toContain('not a bundle of');
  });

  test('is what diagnose reads', async () => {
    seedIncident(entry(), logEntry());
    bench.files.set(`${SPOOL}/kubelet.log.gz`, LOG);
    await bench.run('evidence', NAME, '-o', folder);
    const { out } = await runOffline(['diagnose', folder, '-o', 'json']);
    expect(JSON.parse(out)).toMatchObject({
      input: {
        read: [
          { name: 'goroutines-1.txt.gz', usedAs: ['dump'] },
          { name: 'kubelet.log.gz', usedAs: ['log'] },
          { name: 'manifest.json', usedAs: ['manifest'] },
        ],
        runtimeVersion: 'containerd 1.6.20',
      },
    });
  });
});

describe('a node that lies', () => {
  test.each<readonly [what: string, lie: EvidenceEntry, words: string]>([
    ['a path in a name', logEntry({ name: '../../.ssh/authorized_keys' }), 'not a name of a file'],
    ['the name of the manifest', logEntry({ name: 'manifest.json' }), 'not a name of a file'],
    [
      'a Secret of its own choice',
      logEntry({ location: 'secret://kube-system/admin#token' }),
      'does not keep evidence in Secrets',
    ],
    ['the spool of another node', logEntry({ location: `spool://node-b/${NAME}/kubelet.log.gz` }), 'on another node'],
    ['a path out of the spool', logEntry({ location: 'spool://node-a/../shadow' }), 'not a path of a spool'],
    ['a location of another kind', logEntry({ location: 'file:///etc/shadow' }), 'nothing is known'],
  ])('gets nothing for %s', async (_what, lie, words) => {
    seedIncident(lie);
    bench.files.set(`${SPOOL}/kubelet.log.gz`, LOG);
    const { code, out } = await bench.run('evidence', NAME, '-o', folder);
    expect(code).toBe(1);
    expect(out).toContain(words);
    expect(bench.ran).toEqual([]);
    expect(readdirSync(folder)).toEqual(['manifest.json']);
  });

  test('gets no Secret that is not of the incident', async () => {
    seedSecret('uid-of-another');
    seedIncident(entry());
    expect((await bench.run('evidence', NAME, '-o', folder)).out).toContain('is not one of this incident');
  });

  test('never gets a path out of the folder or the spool, whatever it writes', () => {
    const incident = anIncident({ name: NAME });
    const text = fc.oneof(fc.string(), fc.stringMatching(/^(spool|secret):\/\/[\w./#%-]{1,40}$/));
    fc.assert(
      fc.property(fc.string(), text, (name, location) => {
        const found = locate(logEntry({ name, location }), incident);
        if (found.kind === 'none') return;
        expect(name).toMatch(/^[A-Za-z0-9][\w.-]*$/);
        expect(found.kind).toBe('spool');
        if (found.kind === 'spool') expect(`${found.bundle}${found.file}`).not.toMatch(/\/|^\.|\0/);
      }),
    );
  });
});
