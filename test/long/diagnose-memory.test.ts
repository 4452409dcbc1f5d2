/** `diagnose` of very large input holds little of it at once: in a process of its own, whose memory is its own as well. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, expect, test } from '@jest/globals';

const MIB = 1_048_576;
/** The sources take 130 MiB to load, the program that ships less: it needs 200 to 215. */
const MOST_MIB = 300;
const NOISE = 'I1124 10:08:31.514715     95 kubelet.go:2500] "SyncLoop ADD" source="api" pods=["default/a"]\n';
const FAULT =
  'E1124 10:09:30.514715     95 generic.go:310] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"\n';
const RSS = 'data:text/javascript,process.on("exit",()=>console.error("rss "+process.resourceUsage().maxRSS))';

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'medic-memory-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

interface Printed {
  readonly verdict: { readonly class: string; readonly cause: string };
}

function diagnosed(path: string): Printed['verdict'] & { readonly rssMiB: number } {
  const { stdout, stderr } = spawnSync(
    process.execPath,
    ['--import', RSS, 'src/bin/kubectl-medic.ts', 'diagnose', path, '-o', 'json'],
    { encoding: 'utf8', maxBuffer: 64 * MIB },
  );
  const kib = Number(/rss (\d+)/.exec(stderr)?.[1] ?? Infinity);
  return { ...(JSON.parse(stdout) as Printed).verdict, rssMiB: kib / 1_024 };
}

function repeated(line: string, bytes: number): string {
  return line.repeat(Math.ceil(bytes / line.length));
}

/** Written in pieces of 20 MiB. */
function large(name: string, line: string, pieces: number): string {
  const path = join(folder, name);
  for (let n = 0; n < pieces; n++) writeFileSync(path, repeated(line, 20 * MIB), { flag: 'a' });
  return path;
}

function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const path = mkdtempSync(join(folder, 'd-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

test('a log of 200 MiB, packed and not, and many files take less than 300 MiB', () => {
  const log = large('big.log', NOISE, 10);
  writeFileSync(log, `${FAULT}“${NOISE}`, { flag: 'a' });
  const one = diagnosed(log);
  expect(one.cause).toBe('cri-message-too-large');
  expect(one.rssMiB).toBeLessThan(MOST_MIB);
  const many = folderOf({ 'big.log.gz': gzipSync(repeated(NOISE, 60 * MIB)) });
  symlinkSync(log, join(many, 'big.log'));
  for (let n = 0; n < 300; n++) writeFileSync(join(many, `${String(n)}.log`), repeated(NOISE, 40_000));
  const all = diagnosed(many);
  expect(all.cause).toBe('cri-message-too-large');
  expect(all.rssMiB).toBeLessThan(MOST_MIB);
});

test('one line of 100 MiB is no work', () => {
  const verdict = diagnosed(large('line.log', 'E1124 10:08:31 failed: timed out {"a":"b"} ', 5));
  expect(verdict.class).toBe('Unknown');
  expect(verdict.rssMiB).toBeLessThan(MOST_MIB);
});

test.each([
  ['wide characters', (text: string) => Buffer.from(text.replaceAll('SyncLoop', 'Schleife „SyncLoop“'))],
  ['UTF-16', (text: string) => Buffer.from(`\ufeff${text}`, 'utf16le')],
])('a folder of long logs in %s takes less than 300 MiB', (_, write) => {
  const log = write(NOISE.repeat(180_000));
  expect(diagnosed(folderOf({ 'a.log': log, 'b.log': log, 'c.log': log })).rssMiB).toBeLessThan(MOST_MIB);
});
