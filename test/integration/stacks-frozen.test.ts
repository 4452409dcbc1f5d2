/** A program whose threads wait for a disk that gives no answer, in state D: no signal reaches them. Needs root and loop devices. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { readStacks } from '../../src/host/stacks/read-stacks.ts';
import type { StackReading } from '../../src/ports/stacks.ts';
import { realClock } from '../support/real-time.ts';
import { buildProgram, type GoProcess, startProgram } from '../support/stacks/go-program.ts';

const LIMIT_MS = 120_000;
const TIMEOUT_MS = 8000;

let folder = '';
let mount = '';
let isFrozen = false;
let running: GoProcess | undefined;

function run(program: string, ...argv: readonly string[]): void {
  execFileSync(program, argv, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function freeze(): void {
  run('fsfreeze', '--freeze', mount);
  isFrozen = true;
}

function thaw(): void {
  if (isFrozen) run('fsfreeze', '--unfreeze', mount);
  isFrozen = false;
}

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'frozen-'));
  mount = join(folder, 'mount');
  mkdirSync(mount);
  run('truncate', '--size=16M', join(folder, 'image'));
  run('mkfs.ext4', '-q', join(folder, 'image'));
  run('mount', '-o', 'loop', join(folder, 'image'), mount);
});
afterEach(async () => {
  thaw();
  await running?.stop();
  running = undefined;
  run('umount', mount);
  rmSync(folder, { recursive: true });
});

async function start(...words: readonly string[]): Promise<GoProcess> {
  running = await startProgram(buildProgram({ program: 'frozen' }), ['-folder', mount, ...words]);
  await sleep(300);
  return running;
}

async function stacksOf(pid: number): Promise<StackReading & { readonly text: string }> {
  const signal = new AbortController().signal;
  const reading = await readStacks({ procRoot: '/proc', pid, timeoutMs: TIMEOUT_MS, clock: realClock, signal });
  return { ...reading, text: gunzipSync(reading.gzip).toString('utf8') };
}

function blockedThreads(pid: number): number {
  const states = readdirSync(`/proc/${pid}/task`).map((thread) =>
    readFileSync(`/proc/${pid}/task/${thread}/stat`, 'latin1').replace(/^.*\) /s, ''),
  );
  return states.filter((stat) => stat.startsWith('D')).length;
}

async function untilBlocked(pid: number, threads: number): Promise<void> {
  for (let round = 0; blockedThreads(pid) < threads; round++) {
    if (round > 100) throw new Error(`the process has ${blockedThreads(pid)} threads in state D`);
    await sleep(50);
  }
}

describe('a program on a file system that is frozen', () => {
  test(
    'shows which goroutine waits for it',
    async () => {
      const { pid } = await start();
      freeze();
      await untilBlocked(pid, 1);
      const { text, ...reading } = await stacksOf(pid);
      expect(reading).toMatchObject({ kind: 'goroutines' });
      expect(text).toMatch(/^goroutine \d+ \[syscall.*\]:\n(?:.*\n)*?main\.writeFile\(\.\.\.\)$/m);
    },
    LIMIT_MS,
  );

  test(
    'that holds the lock of its memory is shown by its threads in time, and by its goroutines once it goes on',
    async () => {
      const { pid } = await start('-mmap');
      freeze();
      await untilBlocked(pid, 3);
      const begin = performance.now();
      const hung = await stacksOf(pid);
      expect(performance.now() - begin).toBeLessThan(TIMEOUT_MS + 3500);
      expect(hung).toMatchObject({ kind: 'threads', why: { code: 'E_STACKS_DEADLINE' } });
      expect(hung.text).toMatch(/state {4}D\n/);
      await expect(stacksOf(pid)).resolves.toMatchObject({
        kind: 'threads',
        why: { message: expect.stringMatching(/still hangs in the kernel|no answer within/) },
      });
      expect(hung.text).toMatch(/\[<0>\] .*(?:ext4|freeze|sb_start|mprotect|rwsem)/);
      thaw();
      await sleep(500);
      expect((await stacksOf(pid)).kind).toBe('goroutines');
    },
    LIMIT_MS,
  );
});
