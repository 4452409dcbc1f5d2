/** `kubectl medic report`, on an API server in memory. */
import { existsSync, mkdtempSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { INCIDENTS } from '../../../../src/api/resources.ts';
import type { EvidenceEntry } from '../../../../src/api/v1alpha1/parts/evidence.ts';
import { evidenceName } from '../../../../src/core/evidence/evidence-objects.ts';
import { sha256 } from '../../../../src/core/evidence/manifest.ts';
import type { Manifest } from '../../../../src/ports/cluster.ts';
import { createObjectStore, ownerOf } from '../../../../src/stores/object-store.ts';
import { anIncident, at } from '../../../support/builders/objects.ts';
import { startBench, type Bench } from '../cli-harness.ts';

const NAME = 'node-a-x7k2q';
const DUMP = gzipSync('goroutine 7 [chan send]:\npleg.relist(0x1)\n\t/generic.go:261 +0x1\n');
const ENTRY: EvidenceEntry = {
  name: 'goroutines-1.txt.gz',
  kind: 'GoroutineDump',
  by: 'Agent',
  state: 'Captured',
  at: at(0),
  source: 'memory of PID 1',
  location: `evidence://${evidenceName(ownerOf(anIncident({ name: NAME })), 'goroutines-1.txt.gz', sha256(DUMP), 0)}`,
  bytes: DUMP.length,
  sha256: sha256(DUMP),
};
const LOG: EvidenceEntry = {
  ...ENTRY,
  name: 'kubelet.log.gz',
  kind: 'KubeletLog',
  location: `spool://node-a/${NAME}/kubelet.log.gz`,
};

let bench: Bench;
let folder = '';
let file = '';
beforeEach(async () => {
  bench = await startBench();
  folder = mkdtempSync(join(tmpdir(), 'medic-report-'));
  file = join(folder, 'x.html');
  const incident = anIncident({ name: NAME, status: { evidence: [ENTRY, LOG] } });
  bench.server.seed(INCIDENTS, JSON.parse(JSON.stringify(incident)) as Manifest);
});
afterEach(async () => {
  await bench.server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function saveDump(bytes = DUMP): Promise<void> {
  const incident = bench.server.list(INCIDENTS)[0]!;
  await createObjectStore({ cluster: bench.cluster, incident, manager: 'agent' }).put(
    ENTRY,
    bytes,
    new AbortController().signal,
  );
}

test('writes to standard output, without -o and with -o -', async () => {
  for (const flags of [[], ['-o', '-']]) {
    const { code, out } = await bench.run('report', NAME, '--no-upload', ...flags);
    expect(code).toBe(0);
    expect(out).toMatch(/^<!DOCTYPE html>[^]*<\/html>\s*$/);
  }
});

test('quotes the dump, and says why there is no log', async () => {
  await saveDump();
  const { out } = await bench.run('report', NAME, '--no-upload');
  expect(out).toContain('pleg.relist');
  expect(out).toContain(
    `kubelet.log.gz is not shown: it is on node-a at /var/lib/kubelet-medic/spool/${NAME}/kubelet.log.gz`,
  );
});

test('quotes no dump that is not what was sealed, and none that is gone', async () => {
  expect((await bench.run('report', NAME, '--no-upload')).out).toContain('somebody has deleted it');
  await saveDump(gzipSync('goroutine 7 [chan send]:\nforged.call(0x1)\n\t/x.go:1 +0x1\n'));
  const { out } = await bench.run('report', NAME, '--no-upload');
  expect(out).toContain('was sealed');
  expect(out).not.toContain('forged.call');
});

test('writes a file for its owner alone', async () => {
  const { code, out } = await bench.run('report', NAME, '--no-upload', '-o', file);
  expect(code).toBe(0);
  expect(out).toMatch(/x\.html: node-a-x7k2q, \d+ KiB\n$/);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readFileSync(file, 'utf8')).toContain('</html>');
});

test('replaces a file only with --force', async () => {
  writeFileSync(file, 'mine');
  const refused = await bench.run('report', NAME, '--no-upload', '-o', file);
  expect(refused.code).toBe(2);
  expect(refused.err).toContain('is there already: --force replaces it');
  expect(readFileSync(file, 'utf8')).toBe('mine');
  expect((await bench.run('report', NAME, '--no-upload', '-o', file, '--force')).code).toBe(0);
  expect(readFileSync(file, 'utf8')).toContain('</html>');
});

test('follows no link that somebody has put there', async () => {
  const target = join(folder, 'target');
  symlinkSync(target, file);
  expect((await bench.run('report', NAME, '--no-upload', '-o', file)).code).toBe(2);
  expect((await bench.run('report', NAME, '--no-upload', '-o', file, '--force')).code).toBe(0);
  expect(existsSync(target)).toBe(false);
});

test('says what is wrong with a name or a folder that is not there', async () => {
  expect(await bench.run('report', 'nobody')).toMatchObject({ code: 1, out: '' });
  const { code, err } = await bench.run('report', NAME, '--no-upload', '-o', join(folder, 'no', 'x.html'));
  expect(code).toBe(2);
  expect(err).toContain('cannot write to');
});
