import { execFileSync } from 'node:child_process';
import { chmod, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { distrust, openPlain } from '../../../src/host/disk/plain-file.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medic-plain-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

async function planted(name: string): Promise<string> {
  const path = join(folder, name);
  await writeFile(join(folder, 'target'), 'x');
  if (name === 'link') await symlink(join(folder, 'target'), path);
  if (name === 'pipe') execFileSync('mkfifo', [path]);
  if (name === 'open') await writeFile(path, 'x').then(() => chmod(path, 0o666));
  if (name === 'device') return '/dev/zero';
  return path;
}

describe('a file of the host', () => {
  test('is opened if it is plain', async () => {
    const file = await openPlain(await planted('target'));
    expect(await file.readFile('utf8')).toBe('x');
    await file.close();
  });

  test.each([
    ['link', /ELOOP|symbolic links/],
    ['pipe', /no regular file/],
    ['device', /no regular file/],
    ['open', /anybody may write/],
    ['none', /ENOENT/],
  ])('is not opened, and holds nobody up: %s', async (name, message) => {
    await expect(openPlain(await planted(name))).rejects.toMatchObject({
      code: 'E_HOST_READ',
      message: expect.stringMatching(message),
    });
  });

  test.each([
    [0, 0o644, undefined],
    [104, 0o640, undefined],
    [1000, 0o644, 'user 1000'],
    [65534, 0o644, 'user 65534'],
  ])('of user %d and mode %o', (uid, mode, reason) => {
    const found = distrust({ uid, mode, isFile: () => true });
    if (reason === undefined) expect(found).toBeUndefined();
    else expect(found).toContain(reason);
  });
});
