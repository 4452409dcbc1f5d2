import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { parse as parseYaml } from 'yaml';
import { stackLines } from '../../../src/cli/diagnose/content/stack-lines.ts';
import { printable } from '../../../src/cli/terminal.ts';
import { runOffline } from './cli-harness.ts';

/** The dump of the article that names this fault: kubelet 1.12.10, `?debug=1`. */
const DEADLOCK = `goroutine profile: total 2814

1 @ 0x42fcaa 0x42fd5e 0x4066cb 0x406465 0x30d4f3e 0x45d2f1
#	0x30d4f3d	k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).relist+0x74d	/go/src/k8s.io/kubernetes/_output/dockerized/go/src/k8s.io/kubernetes/pkg/kubelet/pleg/generic.go:261
#	0xad7473	k8s.io/kubernetes/vendor/k8s.io/apimachinery/pkg/util/wait.JitterUntil.func1+0x53	/go/src/k8s.io/kubernetes/_output/dockerized/go/src/k8s.io/kubernetes/vendor/k8s.io/apimachinery/pkg/util/wait/wait.go:133
`;
const HUNG = `goroutine 368 [select, 1 minutes]:
google.golang.org/grpc/internal/transport.(*ClientStream).waitOnHeader(0xc000)
	google.golang.org/grpc@v1.83.2/internal/transport/client_stream.go:129 +0x9c
k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient).ListPodSandbox(0xc000)
	k8s.io/cri-api@v0.36.3/pkg/apis/runtime/v1/api_grpc.pb.go:331 +0xb9
k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist(0xc000)
	k8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:310 +0x1a5
`;
const LOG_LINE =
  'I1105 09:50:27.583544  548093 kubelet.go:1829] skipping pod synchronization - [PLEG is not healthy: pleg was last seen active 58h29m3.04s ago; threshold is 3m0s]\n';

interface Printed {
  readonly verdict: Readonly<Record<string, unknown>>;
  readonly input: {
    readonly read: readonly { readonly name: string; readonly usedAs: readonly string[]; readonly message: string }[];
    readonly unread: readonly { readonly name: string; readonly message: string }[];
    readonly probe: string;
    readonly kubeletVersion?: string;
  };
}

let folder = '';
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'medic-diagnose-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

function file(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

async function asJson(...argv: readonly string[]): Promise<Printed> {
  const { out } = await runOffline(['diagnose', ...argv, '-o', 'json']);
  return JSON.parse(out) as Printed;
}

describe('diagnose', () => {
  test('tells a person what is stuck, why, where and what to do', async () => {
    const { code, out } = await runOffline(['diagnose', file('dump.txt', DEADLOCK)]);
    expect(code).toBe(0);
    expect(out).toContain('PLEG is stuck: relist is blocked');
    expect(out).toMatch(/Cause +pleg-event-channel-deadlock/);
    expect(out).toMatch(/Where +pleg\.\(\*GenericPLEG\)\.relist +pkg\/kubelet\/pleg\/generic\.go:261/);
    expect(out).toMatch(/Do +\S/);
    expect(out).toMatch(/Restart of +kubelet: helps/);
    expect(out).toMatch(/Fixed in +1\.14/);
  });

  test('names the goroutine that is stuck, and who waits as well', async () => {
    const others = `goroutine 370 [select, 2 minutes]:
google.golang.org/grpc/internal/transport.(*ClientStream).waitOnHeader(0xc000)
	google.golang.org/grpc@v1.83.2/internal/transport/client_stream.go:129 +0x9c
k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient).Status(0xc000)
	k8s.io/cri-api@v0.36.3/pkg/apis/runtime/v1/api_grpc.pb.go:900 +0xb9
k8s.io/kubernetes/pkg/kubelet.(*Kubelet).updateRuntimeUp(0xc000)
	k8s.io/kubernetes@v1.36.3/pkg/kubelet/kubelet.go:3100 +0x1a5
`;
    const { out } = await runOffline(['diagnose', file('dump.txt', `${HUNG}\n${others}`)]);
    expect(out).toMatch(/Where +goroutine 368 \[select, 1 minutes\], CRI ListPodSandbox\n/);
    expect(out).toMatch(/Others +1 more goroutine waits for the container runtime: runtime status\n/);
  });

  test('prints one JSON document and nothing else, which has the whole verdict', async () => {
    const { out, err } = await runOffline(['diagnose', file('dump.txt', DEADLOCK), '-o', 'json']);
    expect(err).toBe('');
    expect((JSON.parse(out) as Printed).verdict).toMatchObject({
      cause: 'pleg-event-channel-deadlock',
      class: 'KubeletDeadlock',
      confidence: 'High',
      restartKubelet: 'Helps',
      restartRuntime: 'DoesNotHelp',
      fixedIn: '1.14',
      summary: expect.any(String),
      references: expect.any(Array),
      evidence: expect.any(Array),
    });
  });

  test('says the same in YAML', async () => {
    const path = file('dump.txt', DEADLOCK);
    const { out } = await runOffline(['diagnose', path, '-o', 'yaml']);
    expect(parseYaml(out)).toEqual(await asJson(path));
  });

  test.each([
    ['as it is', (text: string) => text],
    ['compressed', (text: string) => gzipSync(text)],
  ])('reads standard input %s', async (_how, form) => {
    const { code, out } = await runOffline(['diagnose', '-', '-o', 'json'], { stdin: form(DEADLOCK) });
    expect(code).toBe(0);
    expect((JSON.parse(out) as Printed).verdict['cause']).toBe('pleg-event-channel-deadlock');
  });

  test('is told by a CRI call whether the runtime or the connection is dead', async () => {
    const path = file('hung.txt', HUNG);
    const causes = await Promise.all(
      ['Timeout', 'Answered'].map(async (probe) => (await asJson(path, '--probe', probe)).verdict['cause']),
    );
    expect(causes[0]).toBe('runtime-hung');
    expect(causes[1]).not.toBe('runtime-hung');
  });

  test('takes each file of a folder for what its content says it is', async () => {
    const bundle = mkdtempSync(join(folder, 'bundle-'));
    const put = (name: string, content: string | Buffer): void => {
      writeFileSync(join(bundle, name), content);
    };
    put('a.gz', gzipSync(HUNG));
    put('b.txt', LOG_LINE);
    put('c.json', `${JSON.stringify({ __REALTIME_TIMESTAMP: '1', MESSAGE: LOG_LINE.trim() })}\n`);
    put(
      'd.txt',
      `Nov 24 10:00:00 node-1 kubelet[1]: SIGQUIT: quit\nNov 24 10:00:00 node-1 kubelet[1]: goroutine 1 [running]:\n`,
    );
    put('e.txt', 'kubernetes_build_info{build_date="2026",git_version="v1.36.3",major="1"} 1\n');
    put('f.bin', Buffer.from([0, 1, 2, 3, 4, 5, 6, 7]));
    put(
      'manifest.json',
      JSON.stringify({ version: 1, entries: [], probe: 'Timeout', runtimeVersion: 'containerd 1.6.20' }),
    );
    const { input } = await asJson(bundle);
    expect(input.read.map(({ name, usedAs }) => [name, ...usedAs])).toEqual([
      ['a.gz', 'dump'],
      ['b.txt', 'log'],
      ['c.json', 'log'],
      ['d.txt', 'dump', 'log'],
      ['e.txt', 'text'],
      ['manifest.json', 'manifest'],
    ]);
    expect(input.unread).toMatchObject([{ name: 'f.bin', message: expect.stringContaining('binary') }]);
    expect(input).toMatchObject({ probe: 'Timeout', kubeletVersion: 'v1.36.3' });
  });

  test('reads goroutines-10 after goroutines-9', async () => {
    const bundle = mkdtempSync(join(folder, 'order-'));
    for (const number of [10, 9, 1]) writeFileSync(join(bundle, `goroutines-${number}.txt`), HUNG);
    const names = (await asJson(bundle)).input.read.map(({ name }) => name);
    expect(names).toEqual(['goroutines-1.txt', 'goroutines-9.txt', 'goroutines-10.txt']);
  });

  test("reads what a process left to systemd's watchdog, unless there are stacks of the one that followed", async () => {
    const bundle = mkdtempSync(join(folder, 'watchdog-'));
    writeFileSync(join(bundle, 'watchdog-kubelet.txt'), `systemd[1]: kubelet.service: Watchdog timeout\n\n${HUNG}`);
    writeFileSync(join(bundle, 'runtime-goroutines-1.txt'), HUNG.replaceAll('k8s.io/kubernetes', 'example.com/x'));
    expect((await asJson(bundle)).verdict).toMatchObject({ cause: 'runtime-hung' });
    writeFileSync(join(bundle, 'goroutines-1.txt'), DEADLOCK);
    expect((await asJson(bundle)).verdict).toMatchObject({ cause: 'pleg-event-channel-deadlock' });
  });

  test('goes by a text that is neither a dump nor a log where it names a cause', async () => {
    const { out, code } = await runOffline(['diagnose', '-', '-o', 'json'], {
      stdin: [
        'root     57630  0.0  0.0 1233528 15460 ?     D    16:39   0:00 runc init',
        'cat /proc/57630/stack',
        '[<ffffffff9b0e2d2a>] __refrigerator+0x5a/0x130',
      ].join('\n'),
    });
    expect(code).toBe(0);
    expect((JSON.parse(out) as Printed).verdict['cause']).toBe('runc-frozen-cgroup');
  });

  test('ends with 3 where no cause is found, and still prints the verdict', async () => {
    const { code, out } = await runOffline(['diagnose', '-', '-o', 'json'], {
      stdin: 'goroutine 1 [chan receive]:\nmain.main()\n\t/tmp/main.go:3 +0x1\n',
    });
    expect(code).toBe(3);
    expect((JSON.parse(out) as Printed).verdict['class']).toBe('Unknown');
  });

  test('ends with 3 where there is only a hint, which who goes by the exit code must not take for the cause', async () => {
    const hint = await runOffline(['diagnose', '-', '-o', 'json'], { stdin: '10:32 bob: docker ps hangs on node-7\n' });
    expect(hint.code).toBe(3);
    expect((JSON.parse(hint.out) as Printed).verdict).toMatchObject({ class: 'RuntimeHung', confidence: 'Low' });
    const own = 'Nov 24 10:00:00 n1 dockerd[7]: Cannot connect to the Docker daemon at unix:///var/run/docker.sock\n';
    expect((await runOffline(['diagnose', '-'], { stdin: own })).code).toBe(0);
  });

  test.each<readonly [what: string, content: string | Buffer, message: string]>([
    ['an empty file', '', 'it is empty'],
    ['a file of gzip that is empty', gzipSync(''), 'it is empty'],
    ['a binary', Buffer.alloc(100, 1), 'binary'],
    ['a gzip file that is none', Buffer.from([0x1f, 0x8b, 8, 0, 9, 9, 9, 9, 9, 9, 9, 9]), 'unreadable.txt'],
    ['a zip archive', Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(100)]), 'unzip'],
    ['a file of xz', Buffer.concat([Buffer.from([0xfd]), Buffer.from('7zXZ\0'), Buffer.alloc(100)]), 'xz -dk'],
  ])('refuses %s, says what it is, and gives a verdict all the same', async (_what, content, message) => {
    const path = file('unreadable.txt', content);
    const { code, out, err } = await runOffline(['diagnose', path, '-o', 'json']);
    expect(code).toBe(2);
    expect((JSON.parse(out) as Printed).verdict['class']).toBe('Unknown');
    expect(err).toContain(path);
    expect(err).toContain(message);
  });

  test('gives a verdict for a text that is something else', async () => {
    const { code, out } = await runOffline(['diagnose', file('diary.txt', 'Dear diary\n'), '-o', 'json']);
    expect(code).toBe(3);
    const { verdict, input } = JSON.parse(out) as Printed;
    expect(verdict).toMatchObject({ class: 'Unknown', recommendation: expect.stringContaining('goroutine dump') });
    expect(input.read).toMatchObject([{ usedAs: ['text'] }]);
  });

  test('refuses what is not there', async () => {
    const { code, err } = await runOffline(['diagnose', join(folder, 'absent.txt')]);
    expect({ code, err }).toEqual({
      code: 2,
      err: `error: ${join(folder, 'absent.txt')}: no such file or directory\n`,
    });
  });

  test('reads what there is of a compressed file that was cut, and says so', async () => {
    const whole = gzipSync(DEADLOCK + '\n'.repeat(5_000), { level: 0 });
    const { code, out, err } = await runOffline(['diagnose', file('cut.gz', whole.subarray(0, 3_000))]);
    expect(code).toBe(0);
    expect(out).toContain('pleg-event-channel-deadlock');
    expect(err).toMatch(/only the first \d+ bytes could be read/);
  });

  test('reads a dump that is too large to be kept as it does a small one', async () => {
    const many = Array.from(
      { length: 30_000 },
      (_, id) => `goroutine ${id + 1000} [chan receive]:\nmain.f(0x${id.toString(16)})\n\t/main.go:7 +0x1\n`,
    );
    const { verdict, input } = await asJson(file('large.txt', `${HUNG}\n${many.join('\n')}`));
    expect(input.read[0]).toMatchObject({ usedAs: ['dump'] });
    expect(verdict).toMatchObject({ cause: 'runtime-hung', class: 'RuntimeHung' });
    expect((verdict['evidence'] as string[]).join()).toContain('large.txt:1');
  });

  test('goes on with the files that it can read, and names the others', async () => {
    const { code, err } = await runOffline(['diagnose', file('dump.txt', DEADLOCK), join(folder, 'absent.txt')]);
    expect(code).toBe(0);
    expect(err).toContain('absent.txt: no such file or directory');
  });

  test('never fails on content, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), fc.nat(DEADLOCK.length), async (noise, at) => {
        const stdin = Buffer.concat([Buffer.from(DEADLOCK.slice(0, at)), noise, Buffer.from(DEADLOCK.slice(at))]);
        const { code } = await runOffline(['diagnose', '-', '-o', 'json'], { stdin });
        expect([0, 2, 3]).toContain(code);
      }),
      { numRuns: 200 },
    );
  });

  test('writes no control character of its input to a terminal', async () => {
    const evil = HUNG.replace('pleg/generic.go', 'pleg/\u001b]0;gone\u0007\u001bowned\u0007.go');
    const { out } = await runOffline(['diagnose', '-', '--verbose'], { stdin: evil });
    expect(out).not.toContain('\u001b');
    expect(out).toContain('\\x1bowned\\x07');
  });
});

describe('the command line', () => {
  test.each([
    [['--version'], 0, '1.2.3'],
    [['--help'], 0, 'kubectl medic diagnose bundle'],
    [['diagnose', '--help'], 0, 'Exit codes'],
  ])('%j prints what is asked for', async (argv, code, text) => {
    const ran = await runOffline(argv);
    expect(ran.code).toBe(code);
    expect(ran.out).toContain(text);
  });

  test.each([
    [['bogus'], 'unknown command'],
    [['diagnose'], 'missing required argument'],
    [['diagnose', '-', '-o', 'xml'], 'Allowed choices are text, json, yaml'],
    [['reject', 'a'], '--reason'],
    [['capture', 'n', '--timeout', 'soon'], 'must be a duration'],
  ])('%j is a mistake, which is named', async (argv, text) => {
    const ran = await runOffline(argv);
    expect({ code: ran.code, out: ran.out }).toEqual({ code: 2, out: '' });
    expect(ran.err).toContain(text);
  });
});

test('a stack is shortened to the frames that tell, and the rest is counted', () => {
  const stack = [
    'google.golang.org/grpc.invoke  google.golang.org/grpc@v1.83.2/call.go:73',
    'google.golang.org/grpc.(*ClientConn).Invoke  google.golang.org/grpc@v1.83.2/call.go:37',
    'k8s.io/cri-api/pkg/apis/runtime/v1.(*runtimeServiceClient).ListPodSandbox  k8s.io/cri-api@v0.36.3/pkg/apis/runtime/v1/api_grpc.pb.go:331',
    'k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist  k8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:310',
  ].join('\n');
  expect(stackLines(stack, false)).toEqual([
    'grpc.invoke                                google.golang.org/grpc@v1.83.2/call.go:73',
    'v1.(*runtimeServiceClient).ListPodSandbox  k8s.io/cri-api@v0.36.3/pkg/apis/runtime/v1/api_grpc.pb.go:331',
    'pleg.(*GenericPLEG).Relist                 pkg/kubelet/pleg/generic.go:310',
    '... 1 more frames (--verbose)',
  ]);
  expect(stackLines(stack, true)).toHaveLength(4);
});

test('printable text has no control character but line ends', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      return !/(?!\n)\p{Cc}/u.test(printable(text));
    }),
  );
});
