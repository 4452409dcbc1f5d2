/** The Node of a platform: the npm package of package-lock.json, by its checksum. */
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseTar } from 'nanotar';
import { lockedPackage } from './project.ts';

const CACHE = join(process.env['KUBELET_MEDIC_CACHE'] ?? join(homedir(), '.cache/kubelet-medic'), 'release/node');

/** @throws where npm cannot get the package, or what it gets is not what package-lock.json says. */
export function nodeBinary(name: string, path: string): Uint8Array {
  const { version, integrity } = lockedPackage(name);
  const file = join(CACHE, `${name}-${version}.tgz`);
  if (!existsSync(file)) download(`${name}@${version}`, file);
  const archive = readFileSync(file);
  const found = `sha512-${createHash('sha512').update(archive).digest('base64')}`;
  if (found !== integrity) {
    rmSync(file);
    throw new Error(`${name}@${version} has the checksum ${found}, and package-lock.json has ${integrity}`);
  }
  // nanotar reads the whole memory that a view is of: this one has its own.
  const binary = parseTar(new Uint8Array(gunzipSync(archive)), {
    filter: (entry) => entry.name === `package/${path}`,
  })[0]?.data;
  if (binary === undefined) throw new Error(`${name}@${version} has no ${path} in it`);
  return binary;
}

/** By npm, which knows the registry that this machine uses. */
function download(id: string, file: string): void {
  mkdirSync(CACHE, { recursive: true });
  const folder = mkdtempSync(join(CACHE, 'new-'));
  try {
    const argv = ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder, id];
    const packed = execFileSync('npm', argv, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
    renameSync(join(folder, packed.trim()), file);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
