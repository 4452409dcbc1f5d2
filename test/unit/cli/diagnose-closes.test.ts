/** `diagnose` leaves no file open, whatever it makes of it. */
import { execFileSync } from 'node:child_process';
import { readdirSync, readlinkSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { createTempFolder } from '../../support/temp-folder.ts';
import { runOffline } from './cli-harness.ts';

const folder = createTempFolder();
const LOG = 'I1124 10:08:31.514715     95 kubelet.go:2500] "SyncLoop ADD" source="api"\n'.repeat(40_000);

/** Files of that folder that this process has open. */
function open(): readonly string[] {
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder.path) ? [path] : [];
    } catch {
      return [];
    }
  });
}

function tar(name: string): Buffer {
  folder.write(name, LOG);
  return Buffer.concat([
    execFileSync('tar', ['-C', folder.path, '-cf', '-', name], { maxBuffer: 16 * 1_048_576 }),
    // What an archive ends with is followed by more: nobody reads it.
    Buffer.alloc(2 * 1_048_576, 'x'),
  ]);
}

test.each<[string, () => Buffer | string]>([
  ['a log', () => LOG],
  ['nothing', () => ''],
  ['what is packed by another program', () => Buffer.concat([Buffer.from('PK\u0003\u0004'), Buffer.alloc(1_048_576)])],
  ['an archive', () => tar('kubelet.log')],
  ['a packed archive', () => gzipSync(tar('packed.log'))],
  ['a damaged gzip', () => gzipSync(LOG).fill(7, 40, 90)],
  ['a cut gzip', () => gzipSync(LOG).subarray(0, 200)],
  ['binary data', () => Buffer.alloc(3 * 1_048_576, 1)],
])('%s is closed', async (_, content) => {
  await runOffline(['diagnose', folder.write('given', content())]);
  expect(open()).toEqual([]);
});
