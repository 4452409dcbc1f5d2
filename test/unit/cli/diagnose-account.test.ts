/** What was not read is said, long texts of any kind are read, and copies count once. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { runOffline } from './cli-harness.ts';

interface Printed {
  readonly verdict: { readonly class: string; readonly cause: string; readonly evidence: readonly string[] };
  readonly input: {
    readonly read: readonly { readonly name: string; readonly message: string; readonly usedAs: readonly string[] }[];
    readonly unread: readonly { readonly name: string; readonly message: string }[];
  };
}

let root = '';
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'medic-account-'));
});
afterAll(() => {
  rmSync(root, { recursive: true, force: true });
});

function folderOf(files: Readonly<Record<string, string | Buffer>>): string {
  const folder = mkdtempSync(join(root, 'd-'));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

async function judged(...paths: readonly string[]): Promise<Printed> {
  const { out } = await runOffline(['diagnose', ...paths, '-o', 'json']);
  return JSON.parse(out) as Printed;
}

const HUNG_TASK = 'INFO: task jbd2/sda1-8:412 blocked for more than 120 seconds.';
const FAULT =
  'E1124 10:09:30.514715     95 generic.go:310] "GenericPLEG: Unable to retrieve pods" err="rpc error: code = ResourceExhausted desc = grpc: trying to send message larger than max (16791221 vs. 16777216)"\n';

describe('a text of more than 256 KiB', () => {
  test.each([
    ['dmesg -T', '[Sat Nov 28 12:00:00 2026] usb 1-1: new device\n', `[Sat Nov 28 12:30:00 2026] ${HUNG_TASK}\n`],
    ['an application', '2026/11/28 12:00:00 worker: done\n', `2026/11/28 12:00:01 relay: ${FAULT}`],
    ['lines of no form at all', 'all is well here, and goes on and on\n', FAULT],
  ])('of %s is read to its end', async (_, line, last) => {
    const path = join(folderOf({ 'long.txt': line.repeat(400_000 / line.length) + last }), 'long.txt');
    const { verdict } = await judged(path);
    expect(verdict.class).not.toBe('Unknown');
  });
});

describe('the account', () => {
  test('has each thing that was given', async () => {
    const folder = folderOf({ '.hidden.log': FAULT, 'a.log': FAULT, 'notes.txt': 'call me\n', 'odd\nname.log': FAULT });
    mkdirSync(join(folder, '.git'));
    spawnSync('mkfifo', [join(folder, 'pipe')]);
    symlinkSync('loop', join(folder, 'loop'));
    symlinkSync('a.log', join(folder, 'same.log'));
    const { input } = await judged(folder);
    expect(input.read.map(({ name }) => name)).toEqual(['a.log', 'notes.txt', 'odd\nname.log']);
    expect(input.read[1]?.message).toContain('give it alone');
    expect(Object.fromEntries(input.unread.map(({ name, message }) => [name, message]))).toEqual({
      '.git': 'it is hidden',
      '.hidden.log': 'it is hidden',
      pipe: 'it is a pipe, a socket or a device',
      loop: 'its links go round',
      'same.log': 'it is the same as a.log',
    });
  });

  test('counts what is too much to be named', async () => {
    const folder = folderOf({ 'a.log': FAULT });
    for (let at = 0; at < 300; at++) writeFileSync(join(folder, `.${String(at)}`), '');
    const { input } = await judged(folder);
    expect(input.unread).toHaveLength(201);
    expect(input.unread.at(-1)?.message).toBe('100 more: it is hidden');
  });
});

test('copies of a log count once', async () => {
  const timesIn = ({ verdict }: Printed): string => /\((\d+) times\)/.exec(verdict.evidence.join())?.[1] ?? '1';
  const log = [0, 1, 2, 3].map((at) => FAULT.replace('10:09:30', `10:0${String(at)}:30`)).join('');
  const alone = await judged(folderOf({ 'kubelet.log': log }));
  const copied = await judged(folderOf({ 'kubelet.log': log, 'copy.log': log, 'kubelet.log.1.gz': gzipSync(log) }));
  expect(timesIn(copied)).toBe(timesIn(alone));
});
