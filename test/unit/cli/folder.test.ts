import { mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { MANIFEST, openFolder } from '../../../src/cli/evidence/folder.ts';

test('a link in the folder leads nothing out of it, and a file there is written anew', async () => {
  const root = await mkdtemp(join(tmpdir(), 'medic-'));
  try {
    const [own, folder] = [join(root, 'own'), join(root, 'shared')];
    await writeFile(own, 'mine');
    const first = await openFolder(folder, 'node-a-bcdfg');
    await first.write(MANIFEST, '{"incident":"node-a-bcdfg"}');
    await symlink(own, join(folder, 'kubelet.log.gz'));
    const again = await openFolder(folder, 'node-a-bcdfg');
    await expect(again.write('kubelet.log.gz', 'theirs')).rejects.toMatchObject({ code: 'E_CLI_OUTPUT' });
    expect(await readFile(own, 'utf8')).toBe('mine');
    await again.write(MANIFEST, '{}');
    expect(await readFile(join(folder, MANIFEST), 'utf8')).toBe('{}');
  } finally {
    await rm(root, { recursive: true });
  }
});
