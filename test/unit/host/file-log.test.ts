import {
  appendFile,
  copyFile,
  mkdtemp,
  rename,
  rm,
  stat,
  symlink,
  truncate,
  unlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { LogRecord } from '../../../src/ports/host.ts';
import { createFileLogSource } from '../../../src/host/log/file-log.ts';
import { ON_HOST } from '../../../src/host/namespaces.ts';
import { REAL_CLOCK } from './real-clock.ts';

let folder: string;
let stop: AbortController;
const open: AsyncIterator<LogRecord>[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medic-log-'));
  stop = new AbortController();
});
afterEach(async () => {
  stop.abort();
  for (const records of open.splice(0)) await records.return?.();
  await rm(folder, { recursive: true, force: true });
});

const at = (name: string): string => join(folder, name);
const FAST = { ...REAL_CLOCK, sleep: (ms: number, signal: AbortSignal) => REAL_CLOCK.sleep(Math.min(ms, 20), signal) };

function follow(
  pattern: string,
  from: { readonly since: number; readonly cursor?: string } = { since: 0 },
): AsyncIterator<LogRecord> {
  const source = createFileLogSource({ namespaces: ON_HOST, clock: FAST, pattern: at(pattern) });
  const records = source.follow(from, stop.signal)[Symbol.asyncIterator]();
  open.push(records);
  return records;
}

async function take(records: AsyncIterator<LogRecord>, count: number): Promise<readonly string[]> {
  return (await takeRecords(records, count)).map((r) => (r.kind === 'line' ? r.text : r.kind));
}

async function takeRecords(records: AsyncIterator<LogRecord>, count: number): Promise<readonly LogRecord[]> {
  const found: LogRecord[] = [];
  while (found.length < count) {
    const next = await records.next();
    if (next.done === true) break;
    found.push(next.value);
  }
  return found;
}

test('a log that was opened while the clock was six hours ahead is heard when it is right again', async () => {
  const line = (ms: number, text: string): string => `${new Date(ms).toISOString()} ${text}\n`;
  await writeFile(at('kubelet.log'), line(Date.now() - 60_000, 'old'));
  const log = follow('kubelet.log', { since: Date.now() + 5.5 * 3_600_000 });
  expect(await take(log, 1)).toEqual(['caught-up']);
  await appendFile(at('kubelet.log'), line(Date.now(), 'new'));
  expect(await take(log, 1)).toEqual([expect.stringContaining('new')]);
}, 5_000);

describe('rotation', () => {
  test('by rename: the old file is read to its end, also what came after the rename, then the new one', async () => {
    await writeFile(at('kubelet.log'), 'one\n');
    const log = follow('kubelet.log');
    expect(await take(log, 2)).toEqual(['one', 'caught-up']);
    await appendFile(at('kubelet.log'), 'two\n');
    await rename(at('kubelet.log'), at('kubelet.log.1'));
    await appendFile(at('kubelet.log.1'), 'three\nfour');
    await writeFile(at('kubelet.log'), 'five\n');
    expect(await take(log, 4)).toEqual(['two', 'three', 'four', 'five']);
  });

  test('by rename and removal: what is open is still read', async () => {
    await writeFile(at('kubelet.log'), 'one\n');
    const log = follow('kubelet.log');
    expect(await take(log, 2)).toEqual(['one', 'caught-up']);
    await appendFile(at('kubelet.log'), 'two\n');
    await unlink(at('kubelet.log'));
    await writeFile(at('kubelet.log'), 'three\n');
    expect(await take(log, 2)).toEqual(['two', 'three']);
  });

  test('as glog does: a link that shows to the next file', async () => {
    await writeFile(at('kubelet.host.1'), 'one\n');
    await symlink('kubelet.host.1', at('kubelet.INFO'));
    const log = follow('kubelet.INFO');
    expect(await take(log, 2)).toEqual(['one', 'caught-up']);
    await writeFile(at('kubelet.host.2'), 'two\n');
    await unlink(at('kubelet.INFO'));
    await symlink('kubelet.host.2', at('kubelet.INFO'));
    expect(await take(log, 1)).toEqual(['two']);
  });

  test('by copytruncate: the file begins anew', async () => {
    await writeFile(at('kubelet.log'), 'one is a long line\n');
    const log = follow('kubelet.log');
    expect(await take(log, 2)).toEqual(['one is a long line', 'caught-up']);
    await copyFile(at('kubelet.log'), at('kubelet.log.1'));
    await truncate(at('kubelet.log'), 0);
    await appendFile(at('kubelet.log'), 'two\n');
    expect(await take(log, 1)).toEqual(['two']);
  });

  test('of a pattern: files follow in the order of writing', async () => {
    const now = Date.now() / 1000;
    await writeFile(at('kubelet-b.log'), 'first\n');
    await utimes(at('kubelet-b.log'), now - 100, now - 100);
    await writeFile(at('kubelet-a.log'), 'second\n');
    await utimes(at('kubelet-a.log'), now - 50, now - 50);
    await writeFile(at('other.log'), 'other\n');
    await writeFile(at('kubelet-0.log.gz'), 'zipped\n');
    const log = follow('kubelet*.log*');
    expect(await take(log, 3)).toEqual(['first', 'second', 'caught-up']);
    await writeFile(at('kubelet-c.log'), 'third\n');
    expect(await take(log, 1)).toEqual(['third']);
  });

  test('files of a pattern that are both written to are each read once', async () => {
    await writeFile(at('kubelet-a.log'), 'a1\n');
    const log = follow('kubelet*.log');
    expect(await take(log, 2)).toEqual(['a1', 'caught-up']);
    await writeFile(at('kubelet-b.log'), 'b1\n');
    expect(await take(log, 1)).toEqual(['b1']);
    await appendFile(at('kubelet-a.log'), 'a2\n');
    expect(await take(log, 1)).toEqual(['a2']);
  });
});

test('a log that grows faster than it is read is read on from its end, and the loss is said', async () => {
  await writeFile(at('k.log'), 'one\n');
  const records = follow('k.log');
  expect(await take(records, 2)).toEqual(['one', 'caught-up']);
  // A hole in the file: 300 MiB that take no room on the disk.
  await truncate(at('k.log'), 300 * 1_048_576);
  await appendFile(at('k.log'), '\ntwo\n');
  const [lost, rest] = await takeRecords(records, 2);
  expect(lost).toMatchObject({ kind: 'lost', message: expect.stringContaining('grows faster than it is read') });
  // What is read of the hole is a line that is too long.
  expect(rest).toMatchObject({ kind: 'unreadable' });
  expect(await take(records, 1)).toEqual(['two']);
});

describe('a cursor', () => {
  async function cursorAfter(pattern: string, count: number): Promise<string> {
    const found = await takeRecords(follow(pattern), count);
    return found.flatMap((r) => (r.kind === 'line' ? [r.cursor] : [])).at(-1) ?? '';
  }

  test('is device, inode and offset', async () => {
    await writeFile(at('kubelet.log'), 'one\ntwo\n');
    const { dev, ino } = await stat(at('kubelet.log'));
    expect(await cursorAfter('kubelet.log', 1)).toBe(`${String(dev)}:${String(ino)}:4`);
  });

  test('finds its file after a rotation, and the new file after that', async () => {
    await writeFile(at('kubelet.log'), 'one\ntwo\n');
    const cursor = await cursorAfter('kubelet.log', 1);
    await rename(at('kubelet.log'), at('kubelet.log.1'));
    await new Promise((resolve) => setTimeout(resolve, 20));
    await writeFile(at('kubelet.log'), 'three\n');
    expect(await take(follow('kubelet.log', { since: 0, cursor }), 3)).toEqual(['two', 'three', 'caught-up']);
  });

  test('of a file that is gone: the loss is said', async () => {
    await writeFile(at('kubelet.log'), 'one\n');
    const cursor = await cursorAfter('kubelet.log', 1);
    await writeFile(at('new'), 'two\n');
    await rename(at('new'), at('kubelet.log'));
    expect(await take(follow('kubelet.log', { since: 0, cursor }), 3)).toEqual(['lost', 'two', 'caught-up']);
  });

  test('beyond the end, or inside a line, is of a file that began anew', async () => {
    await writeFile(at('kubelet.log'), 'a line of some length\n');
    const cursor = await cursorAfter('kubelet.log', 1);
    await truncate(at('kubelet.log'), 0);
    await appendFile(at('kubelet.log'), 'two\n');
    expect(await take(follow('kubelet.log', { since: 0, cursor }), 2)).toEqual(['two', 'caught-up']);
    await appendFile(at('kubelet.log'), 'a much longer line than there was before\n');
    expect(await take(follow('kubelet.log', { since: 0, cursor }), 2)).toEqual([
      'two',
      'a much longer line than there was before',
    ]);
  });
});

describe('lines', () => {
  test('that have no end yet are waited for', async () => {
    await writeFile(at('kubelet.log'), 'one\ntw');
    const log = follow('kubelet.log');
    expect(await take(log, 2)).toEqual(['one', 'caught-up']);
    await appendFile(at('kubelet.log'), 'o\n');
    expect(await take(log, 1)).toEqual(['two']);
  });

  test('of more than a mebibyte are unreadable, and the next one is not', async () => {
    await writeFile(at('kubelet.log'), `${'x'.repeat(1_200_000)}\nshort\n`);
    expect(await take(follow('kubelet.log'), 2)).toEqual(['unreadable', 'short']);
  });

  test('that are no text do no harm', async () => {
    await writeFile(at('kubelet.log'), Buffer.from([0xff, 0xfe, 0x0a, 0x6f, 0x6b, 0x0a]));
    expect((await take(follow('kubelet.log'), 3)).slice(1)).toEqual(['ok', 'caught-up']);
  });

  test('that were written before the time asked for are left out', async () => {
    const day = 86_400_000;
    const stamp = (ms: number): string => new Date(ms).toISOString();
    const now = Date.now();
    await writeFile(at('kubelet.log'), `${stamp(now - 2 * day)} old\nof the old one\n${stamp(now)} new\n`);
    const log = follow('kubelet.log', { since: now - day });
    expect(await take(log, 2)).toEqual([`${stamp(now)} new`, 'caught-up']);
  });
});

test('a log that is not there is a failure that names it', async () => {
  await expect(take(follow('nope.log'), 1)).rejects.toMatchObject({
    code: 'E_LOG_UNREADABLE',
    message: expect.stringContaining('nope.log'),
  });
});
