/** A disk that hangs: a call that was begun never comes back, and holds what came after it. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { closeSync, mkdirSync, openSync, rmSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSpool } from '../../../src/host/disk/spool.ts';
import { createStateStore } from '../../../src/host/disk/state-store.ts';

const NONE: ReadonlySet<string> = new Set();
const BYTES = Buffer.from('x');

/** Of pipes: closed when everybody who waited has been let in. */
const ends: number[] = [];
const begun: Promise<unknown>[] = [];
let folder: string;
let pipe: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medic-hung-'));
  pipe = '';
});
afterEach(async () => {
  mend();
  await new Promise((resolve) => {
    setTimeout(resolve, 50);
  });
  for (const end of ends.splice(0)) closeSync(end);
  await Promise.allSettled(begun.splice(0));
  await rm(folder, { recursive: true, force: true });
});

/** Whoever opens the file waits in the kernel until somebody opens its other end. */
function hang(path: string): void {
  mkdirSync(join(path, '..'), { recursive: true });
  execFileSync('mkfifo', [path]);
  pipe = path;
}

/** In this thread: those for files may all be waiting. A pipe that is open at both ends lets everybody in. */
function mend(): void {
  if (pipe === '') return;
  ends.push(openSync(pipe, 'r+'));
  rmSync(pipe);
  pipe = '';
}

/** How each call has ended by now, after the disk has had time for hundreds. */
async function endsOf(calls: readonly Promise<unknown>[]): Promise<readonly string[]> {
  begun.push(...calls);
  const seen = calls.map(() => 'waits');
  calls.forEach((call, index) => {
    call.then(
      () => (seen[index] = 'done'),
      (error: unknown) => (seen[index] = error instanceof Error ? error.message : String(error)),
    );
  });
  await new Promise((resolve) => {
    setTimeout(resolve, 100);
  });
  return seen;
}

describe('a spool whose disk hangs', () => {
  test('lets 32 calls wait, tells all others so at once, and is as before when the disk is back', async () => {
    const spool = createSpool({ folder, limitBytes: 1_000_000 });
    hang(join(folder, 'a', '.tmp-file'));
    const writes = Array.from({ length: 40 }, () => spool.write('a', 'file', BYTES, NONE));
    const others = [spool.read('a', 'file'), spool.rename('a', 'b'), spool.remove('a'), spool.list(), spool.usage()];
    const seen = await endsOf([...writes, ...others]);
    const told = `${folder}: the disk does not answer: 32 calls wait for it already`;
    expect(seen.slice(0, 33)).toEqual(Array.from({ length: 33 }, () => 'waits'));
    expect(seen.slice(33)).toEqual(Array.from({ length: 12 }, () => told));
    mend();
    await Promise.allSettled(writes);
    await spool.write('b', 'file', BYTES, NONE);
    expect(await spool.read('b', 'file')).toEqual(BYTES);
  });

  test('holds one thread of the process, however many calls it was given', async () => {
    const spool = createSpool({ folder, limitBytes: 1_000_000 });
    hang(join(folder, 'a', 'file'));
    const reads = Array.from({ length: 20 }, () => spool.read('a', 'file'));
    // With four threads for files, and each read in one of them, this would wait too.
    const other = createSpool({ folder: join(folder, 'other'), limitBytes: 1_000_000 });
    await other.write('b', 'file', BYTES, NONE);
    expect(await other.read('b', 'file')).toEqual(BYTES);
    expect(new Set(await endsOf(reads))).toEqual(new Set(['waits']));
  });
});

test('a state folder whose disk hangs lets 32 calls wait, and tells all others so at once', async () => {
  const state = createStateStore(folder);
  hang(join(folder, '.tmp-watch'));
  const seen = await endsOf(Array.from({ length: 40 }, () => state.write('watch', 'x')));
  expect(seen.filter((end) => end === 'waits')).toHaveLength(33);
  expect(seen.at(-1)).toBe(`${folder}: the disk does not answer: 32 calls wait for it already`);
});
