import { execFileSync } from 'node:child_process';
import { appendFile, chmod, chown, lchown, mkdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { Collected, UnitFacts } from '../../../src/ports/host.ts';
import { firstPart } from '../../../src/host/collect/collector-context.ts';
import { parseDump } from '../../../src/core/dump/parser.ts';
import { createCollectors } from '../../../src/host/collect/collectors.ts';
import { findProcess } from '../../../src/host/process/find-process.ts';
import type { Commands } from '../../../src/host/command.ts';
import { createFakeRoot, type FakeRoot } from './fake-root.ts';
import { REAL_CLOCK } from './real-clock.ts';

const never = new AbortController().signal;
const NOW = Date.now();
const WINDOW = { since: NOW - 900_000, until: NOW + 60_000 };
const UNITS: Readonly<Record<string, string>> = { kubelet: 'kubelet.service', runtime: 'containerd.service' };

let root: FakeRoot;
let calls: string[];
beforeEach(async () => {
  root = await createFakeRoot();
  calls = [];
  await root.process(57, { comm: 'kubelet', cgroup: '/system.slice/kubelet.service', wchan: 'futex_wait' });
  await root.process(43, { comm: 'containerd', cgroup: '/system.slice/containerd.service' });
});
afterEach(() => root.dispose());

interface Setup {
  readonly output?: (argv: readonly string[]) => string;
  readonly logPattern?: string;
  readonly unit?: (role: string) => string | undefined;
}

async function collectIfAny(
  name: string,
  { output = () => '', logPattern, unit }: Setup,
): Promise<Collected | undefined> {
  const commands: Commands = {
    describe: (argv) => argv.join(' '),
    async run(argv) {
      calls.push(argv.join(' '));
      return { stdout: Buffer.from(output(argv)), stderr: '', truncated: false, exitCode: 0 };
    },
    async *stream(argv) {
      calls.push(argv.join(' '));
      yield Buffer.from(output(argv));
    },
  };
  const facts = (role: string): UnitFacts | undefined => {
    const found = (unit ?? ((r: string) => UNITS[r]))(role);
    return found === undefined ? undefined : ({ unit: found } as UnitFacts);
  };
  const collector = createCollectors({
    namespaces: root.namespaces,
    commands,
    clock: REAL_CLOCK,
    unit: async (role) => facts(role),
    process: (role, signal) =>
      findProcess(root.namespaces.procRoot, { role, units: [UNITS[role] ?? ''], isNamed: false }, signal),
    endpoint: async () => undefined,
    logUnit: undefined,
    logPattern,
  }).find((c) => c.name === name);
  if (collector === undefined) throw new Error(`no collector ${name}`);
  return await collector.collect(WINDOW, never);
}

async function collect(name: string, setup: Setup = {}): Promise<Collected> {
  const found = await collectIfAny(name, setup);
  if (found === undefined) throw new Error(`${name} found nothing`);
  return found;
}

describe('the kubelet log', () => {
  test('is a window of its unit in the journal', async () => {
    const log = await collect('kubelet.log', { output: () => 'a line\n' });
    expect(log).toEqual({ bytes: Buffer.from('a line\n'), truncated: false, message: '' });
    expect(calls[0]).toContain(`--unit=kubelet.service --since=@${String(Math.floor(WINDOW.since / 1000))} --until=@`);
  });

  test('that was silent in the window is the newest lines before it, and says so', async () => {
    const log = await collect('kubelet.log', { output: (argv) => (argv.includes('--lines=500') ? 'older\n' : '') });
    expect(log.bytes.toString()).toBe('older\n');
    expect(log.message).toContain('no line in the window');
  });

  test('that is not there at all is a failure, not an empty artifact', async () => {
    await expect(collect('kubelet.log')).rejects.toMatchObject({ code: 'E_LOG_UNREADABLE' });
    await expect(collect('kubelet.log', { unit: () => undefined })).rejects.toMatchObject({ code: 'E_LOG_UNREADABLE' });
  });

  test('in files is the lines of the window, of all files that were written in it', async () => {
    const stamp = (ms: number): string => new Date(ms).toISOString();
    const folder = join(root.namespaces.hostRoot, 'var/log');
    await mkdir(folder, { recursive: true });
    await writeFile(
      join(folder, 'kubelet.1.log'),
      `${stamp(NOW - 9e6)} old\n${stamp(NOW - 60_000)} one\n  more of one\n`,
    );
    await writeFile(join(folder, 'kubelet.2.log'), '');
    await appendFile(join(folder, 'kubelet.2.log'), `${stamp(NOW)} two\n${stamp(NOW + 9e6)} future\n`);
    const log = await collect('kubelet.log', { logPattern: '/var/log/kubelet.*.log' });
    expect(log.bytes.toString()).toBe(`${stamp(NOW - 60_000)} one\n  more of one\n${stamp(NOW)} two\n`);
  });
});

/** M2: a flooded log was read to its end, which never came, and `Required` was never met. */
describe('a log that is flooded', () => {
  const PATTERN = '/var/log/kubelet.log';
  const line = (text: string): string => `${new Date(NOW).toISOString()} ${text}\n`;

  test('as fast as it is read is saved within its bound', async () => {
    const path = join(root.namespaces.hostRoot, PATTERN);
    await root.file(PATTERN, line('a line of the kubelet').repeat(100_000));
    const written = line('flood').repeat(100_000);
    const over = new AbortController();
    const writer = (async () => {
      // It stops by itself before it has filled the disk.
      for (let i = 0; i < 300 && !over.signal.aborted; i++) await appendFile(path, written);
    })();
    const log = await collect('kubelet.log', { logPattern: PATTERN });
    const size = (await stat(path)).size;
    over.abort();
    await writer;
    expect(size).toBeLessThan(200 * written.length);
    expect(log.truncated).toBe(true);
    expect(log.bytes.length).toBeGreaterThan(4_000_000);
    expect(log.bytes.length).toBeLessThan(4_300_000);
    expect(log.bytes.toString()).toMatch(/^\.\.\. \d+ older bytes are left out \.\.\.\n/);
  });

  test('by one line without an end has the lines around it', async () => {
    await root.file(PATTERN, `${line('before')}${'x'.repeat(2_000_000)}\n${line('after')}`);
    const log = await collect('kubelet.log', { logPattern: PATTERN });
    expect(log.bytes.toString()).toBe(
      `${line('before')}... a line of more than 1 MiB is left out ...\n${line('after')}`,
    );
  });
});

/** M4: a link that a user had put beside a log made the agent save a file that only root may read. */
describe('what a user may have put beside a log', () => {
  const LINE = `${new Date(NOW).toISOString()} one\n`;
  const planted = (): string => join(root.namespaces.hostRoot, 'var/log/kubelet-2.log');

  async function saved(plant: () => Promise<void>): Promise<string> {
    await root.file('etc/secret', LINE.replace('one', 'only root may read this'));
    await root.file('var/log/kubelet-1.log', LINE);
    await plant();
    return (await collect('kubelet.log', { logPattern: '/var/log/kubelet-*.log' })).bytes.toString();
  }

  test('is no part of it: a file that everybody may write to, and a pipe', async () => {
    expect(
      await saved(async () => {
        await writeFile(planted(), LINE);
        await chmod(planted(), 0o666);
      }),
    ).toBe(LINE);
    await rm(planted());
    expect(await saved(async () => void execFileSync('mkfifo', [planted()]))).toBe(LINE);
  });

  // Only root can give a file away.
  (process.getuid?.() === 0 ? test : test.skip)('is no part of it: a link, and a file of his', async () => {
    expect(
      await saved(async () => {
        await symlink('/etc/secret', planted());
        await lchown(planted(), 1000, 1000);
      }),
    ).toBe(LINE);
    await rm(planted());
    expect(
      await saved(async () => {
        await writeFile(planted(), LINE);
        await chown(planted(), 1000, 1000);
      }),
    ).toBe(LINE);
  });

  test('is followed where it is a link of root: logs of glog have such names', async () => {
    expect(await saved(() => symlink('/etc/secret', planted()))).toContain('only root may read this');
  });
});

test('the runtime log of k3s is its file', async () => {
  const line = `${new Date(NOW).toISOString()} from the file\n`;
  await root.file('var/lib/rancher/k3s/agent/containerd/containerd.log', line);
  expect((await collect('runtime.log')).bytes.toString()).toBe(line);
});

test('units.txt shows all properties of both units, of one that is both once', async () => {
  await collect('units.txt');
  await collect('units.txt', { unit: () => 'k3s.service' });
  expect(calls).toEqual(['systemctl show kubelet.service containerd.service', 'systemctl show k3s.service']);
});

test('processes.txt says who is blocked, where the kubelet and the runtime wait, and who else runs', async () => {
  await root.process(60, { comm: 'runc', state: 'D', cgroup: '/x', wchan: 'nfs_wait' });
  await root.file('proc/60/task/60/stack', '[<0>] nfs_wait+0x1/0x2\n');
  const text = (await collect('processes.txt')).bytes.toString();
  expect(text).toContain('60 D runc nfs_wait\n    [<0>] nfs_wait+0x1/0x2\n');
  expect(text).toContain('# The kubelet: pid 57, unit kubelet.service');
  expect(text).toContain('57 S kubelet futex_wait');
  expect(text).toContain('# The runtime: pid 43, unit containerd.service');
  expect(text).toContain('1 0 S systemd');
});

test('host.txt takes what is there, and names what is not', async () => {
  await root.file('proc/loadavg', '1.00 2.00 3.00 4/500 6\n');
  const text = (await collect('host.txt')).bytes.toString();
  expect(text).toContain('# /proc/loadavg\n1.00 2.00 3.00 4/500 6\n');
  expect(text).toContain('# /proc/meminfo\nnot there\n');
  expect(text).toMatch(/\n\/: \d+ % used, \d+ MiB free/);
});

test('runtime-info.txt needs an endpoint', async () => {
  await expect(collect('runtime-info.txt')).rejects.toMatchObject({ code: 'E_CRI_ENDPOINT' });
});

describe('what is too long', () => {
  test('is cut at the end, with a mark', () => {
    const cut = firstPart(Buffer.from('0123\n56789'), 8);
    expect(cut).toMatchObject({ truncated: true });
    expect(cut.bytes.toString()).toBe('0123\n... cut at 8 bytes ...\n');
    // Half a secret is not seen as one, so that no half line stays.
    expect(firstPart(Buffer.from('one AKIAIOSFODNN7EXAMPLE'), 12).bytes.toString()).toBe(
      'one\n... cut at 12 bytes ...\n',
    );
    expect(firstPart(Buffer.from('0123'), 4)).toEqual({ bytes: Buffer.from('0123'), truncated: false, message: '' });
  });
});

describe("what systemd's watchdog ended", () => {
  const line = (second: number, ident: string, text: string): string =>
    `2026-11-24T10:00:${String(second).padStart(2, '0')}.000000+0000 node ${ident}: ${text}\n`;
  const systemd = [
    line(10, 'systemd[1]', 'kubelet.service: Watchdog timeout (limit 1min)!'),
    line(10, 'systemd[1]', 'kubelet.service: Killing process 57 (kubelet) with signal SIGABRT.'),
    line(12, 'systemd[1]', 'kubelet.service: Main process exited, code=killed, status=6/ABRT'),
    line(12, 'systemd[1]', "kubelet.service: Failed with result 'watchdog'."),
  ];
  // As a Go program writes it (etcd 3.6, built with Go 1.26).
  const dump = [
    line(10, 'kubelet[57]', 'I1124 10:00:09.000000 57 kubelet.go:1] "well"'),
    line(11, 'kubelet[57]', 'SIGABRT: abort'),
    line(11, 'kubelet[57]', 'PC=0x497041 m=0 sigcode=0'),
    line(11, 'kubelet[57]', ''),
    line(11, 'kubelet[57]', 'goroutine 368 [select, 9 minutes]:'),
    line(11, 'kubelet[57]', 'k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist(0xc0)'),
    line(11, 'kubelet[57]', '\tk8s.io/kubernetes@v1.36.3/pkg/kubelet/pleg/generic.go:205 +0x12a'),
  ];
  const journal =
    (words: readonly string[], left: readonly string[]) =>
    (argv: readonly string[]): string => {
      if (!argv.includes('--unit=kubelet.service')) return '';
      return [...(argv.includes('_PID=1') ? words : left)].reverse().join('');
    };

  test('is its words and the goroutines that the process left, which are read as a dump', async () => {
    const { bytes, message } = await collect('watchdog-kubelet.txt', { output: journal(systemd, dump) });
    expect(message).toBe(
      "systemd's watchdog ended process 57 at 2026-11-24T10:00:10Z (Result=watchdog, WatchdogSec=1min), and it left its goroutines",
    );
    expect(bytes.toString()).toContain('Watchdog timeout (limit 1min)!');
    expect(bytes.toString()).not.toContain('"well"');
    const { goroutines, process, groups } = parseDump(bytes);
    expect({ goroutines, process, minutes: groups[0]?.minutes }).toEqual({
      goroutines: 1,
      process: 'kubelet',
      minutes: 9,
    });
    const since = Date.parse('2026-11-24T10:00:09Z') / 1000;
    expect(calls.at(-1)).toContain(`--since=@${String(since)} --until=@${String(since + 181)} _PID=57`);
  });

  test('may leave nothing, as one that is frozen does', async () => {
    const { message } = await collect('watchdog-kubelet.txt', { output: journal(systemd, dump.slice(0, 1)) });
    expect(message).toMatch(/and it left no goroutines$/);
  });

  test('is the newest, and in the words of old releases too', async () => {
    const old = line(40, 'systemd[1]', 'kubelet.service watchdog timeout (limit 30s)!');
    const { message } = await collect('watchdog-kubelet.txt', { output: journal([...systemd, old], dump) });
    expect(message).toMatch(
      /^systemd's watchdog ended it at 2026-11-24T10:00:40Z \(Result=watchdog, WatchdogSec=30s\)/,
    );
  });

  test.each<[string, Setup]>([
    ['it was not there', { output: journal(systemd.slice(1), dump) }],
    ['there is no unit', { unit: () => undefined }],
  ])('is nothing where %s', async (_name, setup) => {
    expect(await collectIfAny('watchdog-kubelet.txt', setup)).toBeUndefined();
    expect(await collectIfAny('watchdog-runtime.txt', setup)).toBeUndefined();
  });
});
