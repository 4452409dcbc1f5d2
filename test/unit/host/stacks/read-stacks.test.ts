/** Processes of this machine that are no Go programs, or none at all: what is said of them, and by when. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { describe, expect, jest, test } from '@jest/globals';
import { parseStat } from '../../../../src/host/process/proc-parse.ts';
import { readStacks } from '../../../../src/host/stacks/read-stacks.ts';
import { readThreads } from '../../../../src/host/stacks/thread-evidence.ts';
import { createFakeClock } from '../../../support/clock.ts';
import { realClock } from '../../../support/real-time.ts';

/** Each of them starts a process or two. */
jest.setTimeout(60_000);

const target = { procRoot: '/proc', timeoutMs: 20_000, clock: realClock, signal: new AbortController().signal };

describe('the stacks of a process', () => {
  test('that is no Go program cannot be read', async () => {
    await expect(readStacks({ ...target, pid: process.pid })).rejects.toMatchObject({
      code: 'E_STACKS_NOT_GO',
      message: `process ${String(process.pid)}: the program has no table of Go functions`,
    });
  });

  test('that is not there cannot be read', async () => {
    await expect(readStacks({ ...target, pid: 4_194_305 })).rejects.toMatchObject({ code: 'E_STACKS_GONE' });
  });

  test('that has ended cannot be read, though its parent has not asked for its end yet', async () => {
    // The shell does not wait for its child.
    const shell = spawn('sh', ['-c', 'true & echo $!; exec sleep 30'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const [line] = (await once(shell.stdout, 'data')) as [Buffer];
    await expect(readStacks({ ...target, pid: Number(line.toString()) })).rejects.toMatchObject({
      code: 'E_STACKS_GONE',
    });
    shell.kill('SIGKILL');
  });

  test('are not those of another one that has its id now', async () => {
    const { startTicks } = parseStat(readFileSync(`/proc/${String(process.pid)}/stat`, 'latin1'))!;
    await expect(readStacks({ ...target, pid: process.pid, startTicks: startTicks + 1 })).rejects.toMatchObject({
      code: 'E_STACKS_GONE',
      message: expect.stringContaining('another process has its id'),
    });
    await expect(readStacks({ ...target, pid: process.pid, startTicks })).rejects.toMatchObject({
      code: 'E_STACKS_NOT_GO',
    });
  });

  test('are the threads, and why, where the time is over', async () => {
    const clock = createFakeClock();
    const reading = readStacks({ ...target, pid: process.pid, timeoutMs: 5000, clock });
    await clock.advance(5000);
    await expect(reading).resolves.toMatchObject({
      kind: 'threads',
      why: {
        code: 'E_STACKS_DEADLINE',
        message: `the stacks of process ${String(process.pid)}: no answer within 5s`,
      },
    });
    expect(gunzipSync((await reading).gzip).toString()).toContain(`threads of process ${String(process.pid)}: `);
  });

  test('are waited for by the clock that is given, and no other', async () => {
    const clock = createFakeClock();
    await expect(readStacks({ ...target, pid: process.pid, timeoutMs: 1, clock })).rejects.toMatchObject({
      code: 'E_STACKS_NOT_GO',
    });
  });

  test('are not read once the signal has come, and end with its reason', async () => {
    const reason = new Error('the agent stops');
    await expect(readStacks({ ...target, pid: process.pid, signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const controller = new AbortController();
    const reading = readStacks({ ...target, pid: process.pid, signal: controller.signal });
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });
});

describe('the threads of a process', () => {
  test('have a name, a state and what they wait in', () => {
    const { text, threads } = readThreads('/proc', process.pid);
    expect(threads).toBeGreaterThan(1);
    expect(text.match(/^thread \d+ \(.+\)\n {2}state {4}[A-Z]\n {2}wchan {4}.*\n {2}syscall {2}.*$/gm)).toHaveLength(
      threads,
    );
  });
});
