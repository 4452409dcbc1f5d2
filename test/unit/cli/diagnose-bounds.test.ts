/** Any input, whatever its size and form: an answer. How much memory it takes: test/long/diagnose-memory.test.ts. */
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runOffline } from './cli-harness.ts';

const MIB = 1_048_576;
const HUNG = `goroutine 10 [running]:
runtime/pprof.writeGoroutineStacks({0x1, 0x2})
	runtime/pprof/pprof.go:778 +0x76

goroutine 368 [select, 1 minutes]:
google.golang.org/grpc/internal/transport.(*ClientStream).waitOnHeader(0xc000a53a40)
	google.golang.org/grpc@v1.83.2/internal/transport/client_stream.go:129 +0x9c
k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient).ListPodSandbox(0xc000, 0x0)
	k8s.io/cri-api@v0.36.3/pkg/apis/runtime/v1/api_grpc.pb.go:331 +0xb9
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist(0xc000)
	k8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:310 +0x1a5
`;
const NOISE = 'I1124 10:08:31.514715     95 kubelet.go:2500] "SyncLoop ADD" source="api" pods=["default/a"]\n';
const FAULT =
  'E1124 10:09:30.514715     95 generic.go:310] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"\n';

interface Printed {
  readonly verdict: {
    readonly class: string;
    readonly cause: string;
    readonly confidence: string;
    readonly summary: string;
  };
  readonly input: {
    readonly read: readonly { readonly name: string; readonly message: string; readonly usedAs: readonly string[] }[];
    readonly unread: readonly { readonly name: string; readonly message: string }[];
  };
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'medic-bounds-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const path = mkdtempSync(join(folder, 'd-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(path, name), content);
  return path;
}

async function asJson(...argv: readonly string[]): Promise<Printed> {
  const { out } = await runOffline(['diagnose', ...argv, '-o', 'json']);
  return JSON.parse(out) as Printed;
}

function repeated(line: string, bytes: number): string {
  return line.repeat(Math.ceil(bytes / line.length));
}

describe('hostile files', () => {
  test.each([
    ['objects', '{"a":', '1', '}'],
    ['lists', '[', '', ']'],
    ['a message of a journal', '{"MESSAGE":' + '['.repeat(1_000), '', ']'],
  ])('JSON of %s, nested 200,000 deep, does not end the run of its folder', async (_, open, middle, close) => {
    const deep =
      open.length > 100
        ? `{"MESSAGE":${'['.repeat(200_000)}${']'.repeat(200_000)}}`
        : open.repeat(200_000) + middle + close.repeat(200_000);
    const { verdict } = await asJson(folderOf({ 'a.json': deep, 'manifest.json': deep, 'z.log': FAULT }));
    expect(verdict.cause).toBe('cri-message-too-large');
  });

  test('a pipe within a folder is not waited for', async () => {
    const path = folderOf({ 'z.log': FAULT });
    spawnSync('mkfifo', [join(path, 'a.pipe')]);
    const { verdict, input } = await asJson(path);
    expect(verdict.cause).toBe('cri-message-too-large');
    expect(input.unread).toMatchObject([{ name: 'a.pipe', message: expect.stringContaining('pipe') }]);
  });

  test('a pipe that is given is read, and one that stays silent is waited for some seconds', async () => {
    const path = join(folder, 'given.pipe');
    spawnSync('mkfifo', [path]);
    const writer = spawn('sh', ['-c', `exec 3>"$1"; printf %s "$2" >&3; exec sleep 60`, 'sh', path, FAULT]);
    const { verdict, input } = await asJson(path);
    writer.kill();
    expect(verdict.cause).toBe('cri-message-too-large');
    expect(input.read[0]?.message).toContain('time for reading was up');
  }, 30_000);

  test('a file of /proc that waits for what is to come gives what it has', async () => {
    expect(['Unknown', 'Storage', 'KernelOrHost', 'ShimOrRunc']).toContain(
      (await asJson('/proc/kmsg', file('x.log', NOISE))).verdict.class,
    );
  });

  test('links in a folder are followed, each file is read once, and a circle ends', async () => {
    const logs = folderOf({ 'kubelet.log': FAULT });
    const links = folderOf({});
    symlinkSync(join(logs, 'kubelet.log'), join(links, 'a.log'));
    symlinkSync(join(logs, 'kubelet.log'), join(links, 'b.log'));
    symlinkSync('absent', join(links, 'c.log'));
    mkdirSync(join(links, 'down'));
    symlinkSync(links, join(links, 'down', 'up'));
    const { verdict, input } = await asJson(links);
    expect(verdict.cause).toBe('cri-message-too-large');
    expect(input.read.map(({ name }) => name)).toEqual(['a.log']);
    expect(input.unread.map(({ name, message }) => `${name}: ${message}`).sort()).toEqual([
      'b.log: it is the same as a.log',
      'c.log: no such file or directory',
      expect.stringMatching(/^down\/up: it is the same as /),
    ]);
  });
});

// Of a text its last 16 MiB are kept.
describe('large files', () => {
  test('of a long log the end is read, and it says so', async () => {
    const { verdict, input } = await asJson(file('long.log', repeated(NOISE, 20 * MIB) + FAULT));
    expect(verdict.cause).toBe('cri-message-too-large');
    expect(input.read[0]?.message).toMatch(/only the last \d+ of its \d+ bytes were read/);
  });

  test('goroutines are found wherever they stand in a long log', async () => {
    const text = repeated(NOISE, 6 * MIB) + HUNG + repeated(NOISE, 17 * MIB);
    expect((await asJson(file('within.log', text))).verdict.cause).toBe('runtime-hung');
  });
});

describe('what is there of a dump', () => {
  test.each([
    ['a packed copy', gzipSync(HUNG)],
    ['a copy within a journal', HUNG.replaceAll(/^/gm, 'Nov 24 10:11:49 node-1 kubelet[95]: ')],
    ['a copy that is cut', HUNG.slice(0, -60)],
  ])('a dump and %s are one look', async (_, copy) => {
    const path = folderOf({ 'a.txt': HUNG, 'b.txt': copy });
    const alone = await asJson(file('alone.txt', HUNG), '--probe', 'Answered');
    expect((await asJson(path, '--probe', 'Answered')).verdict.confidence).toBe(alone.verdict.confidence);
  });

  test('two looks are two', async () => {
    const later = HUNG.replace('goroutine 10 ', 'goroutine 12 ');
    const { verdict } = await asJson(folderOf({ 'a.txt': HUNG, 'b.txt': later }), '--probe', 'Answered');
    expect(verdict).toMatchObject({ cause: 'kubelet-cri-connection-dead', confidence: 'High' });
  });

  test.each([
    ['whose last line is cut', (dump: string) => dump.slice(0, -30)],
    ['of a compressed file that is cut', (dump: string) => gzipSync(dump, { level: 0 }).subarray(0, -50)],
  ])('a dump %s is not said to show no relist', async (_, cut) => {
    const other = `goroutine 5 [select]:\nk8s.io/kubernetes/pkg/kubelet.(*Kubelet).syncNodeStatus(0x1)\n\tk8s.io/kubernetes/pkg/kubelet/kubelet_node_status.go:10 +0x1\n`;
    const { verdict } = await asJson(file('cut.txt', cut(`${other}\n${other.replace('5', '6')}`)));
    expect(verdict.summary).toContain('cut');
  });

  test('a debug=1 dump with fewer goroutines than it announces is cut', async () => {
    const dump = `goroutine profile: total 400\n1 @ 0x1 0x2\n#\t0x1\tk8s.io/kubernetes/pkg/kubelet.(*Kubelet).syncNodeStatus+0x1\tk8s.io/kubernetes/pkg/kubelet/kubelet_node_status.go:10\n`;
    expect((await asJson(file('cut1.txt', dump))).verdict.summary).toContain('cut');
  });
});
