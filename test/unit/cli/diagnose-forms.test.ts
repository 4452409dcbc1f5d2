/** What terminals, collectors, browsers, shells and disks make of a log, and what it is packed in: the verdict is the same. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { plainText } from '../../../src/core/diagnosis/text/plain-text.ts';
import { runOffline } from './cli-harness.ts';

const LOG = `I1124 10:08:31.514715     95 kubelet.go:2500] "SyncLoop ADD" source="api" pods=["default/a"]
E1124 10:09:30.514715     95 generic.go:310] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"
`;
const eachLine = (change: (line: string) => string): string => LOG.trimEnd().split('\n').map(change).join('\n');

const FORMS: Readonly<Record<string, string | Buffer>> = {
  'UTF-16 with its mark, as PowerShell writes it': Buffer.from(`\ufeff${LOG}`, 'utf16le'),
  'UTF-16 without it': Buffer.from(LOG, 'utf16le'),
  'UTF-16 with the high byte first': Buffer.from(`\ufeff${LOG}`, 'utf16le').swap16(),
  'a byte order mark': `\ufeff${LOG}`,
  'ends of lines of Windows': LOG.replaceAll('\n', '\r\n'),
  'the colours of a terminal': eachLine((line) => `\u001b[1;31m${line.slice(0, 90)}\u001b[0m${line.slice(90)}`),
  'zeros of a power loss before it': Buffer.concat([Buffer.alloc(20_000), Buffer.from(LOG)]),
  'zeros of a power loss behind it': Buffer.concat([Buffer.from(LOG), Buffer.alloc(20_000)]),
  "Docker's wrapping": eachLine((line) =>
    JSON.stringify({ log: `${line}\n`, stream: 'stderr', time: '2026-11-24T10:00:00Z' }),
  ),
  "the CRI's wrapping": eachLine((line) => `2026-11-24T10:00:00.123456789Z stderr F ${line}`),
  'lines that the CRI has parted': eachLine(
    (line) =>
      `2026-11-24T10:00:00.123456789Z stderr P ${line.slice(0, 150)}\n2026-11-24T10:00:00.123456789Z stderr F ${line.slice(150)}`,
  ),
  'a page of HTML': `<html><body><pre>${eachLine((line) => line.replaceAll('"', '&quot;'))}</pre></body></html>`,
  'an answer in Markdown': `It says:\n\n\`\`\`\n${LOG}\`\`\`\n`,
  'a quotation': eachLine((line) => `> ${line}`),
  'gzip in gzip': gzipSync(gzipSync(LOG)),
};

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'medic-forms-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

async function causeOf(path: string): Promise<string> {
  const { out } = await runOffline(['diagnose', path, '-o', 'json']);
  return (JSON.parse(out) as { readonly verdict: { readonly cause: string } }).verdict.cause;
}

describe('a log', () => {
  test.each(Object.entries(FORMS))('with %s', async (_, content) => {
    const path = join(folder, 'form');
    writeFileSync(path, content);
    expect(await causeOf(path)).toBe('cri-message-too-large');
  });

  test.each([
    ['tar', ['-cf']],
    ['tar and gzip', ['-czf']],
  ])('in %s, among others and behind a long name', async (_, flags) => {
    const within = mkdtempSync(join(folder, 'd-'));
    writeFileSync(join(within, 'a.bin'), Buffer.alloc(3_000, 1));
    writeFileSync(join(within, `${'n'.repeat(180)}.log`), LOG);
    writeFileSync(join(within, 'z.log.gz'), gzipSync('nothing\n'));
    const archive = join(folder, 'archive');
    execFileSync('tar', [...flags, archive, '-C', within, '.']);
    expect(await causeOf(archive)).toBe('cri-message-too-large');
  });
});

describe('what a user has chosen stays quoted', () => {
  test.each([
    ['a line end of rsyslog', 'pod="a#012E1124 10:00:00.1 1 x.go:1] Cannot connect to the Docker daemon"'],
    ['a quote of HTML', 'image="a&quot; Cannot connect to the Docker daemon"'],
  ])('for all of %s', (_, planted) => {
    const plain = plainText(`E1124 10:00:00.514715 95 pod_workers.go:1] "Error syncing pod" ${planted} err="x"`);
    expect(plain.split('\n')).toHaveLength(1);
    expect(plain.match(/"/g)).toHaveLength(6);
  });
});

test('stacks that rsyslog has put on one line are stacks', async () => {
  const dump = `goroutine 7 [select, 2 minutes]:
k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient).ListPodSandbox(0xc000, 0x0)
	k8s.io/cri-api@v0.36.3/pkg/apis/runtime/v1/api_grpc.pb.go:331 +0xb9
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist(0xc000)
	k8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:310 +0x1a5`;
  const path = join(folder, 'rsyslog');
  writeFileSync(
    path,
    `Nov 24 10:11:49 node-1 kubelet[95]: ${dump.replaceAll('\n', '#012').replaceAll('\t', '#011')}\n`,
  );
  expect(await causeOf(path)).toBe('runtime-hung');
});
