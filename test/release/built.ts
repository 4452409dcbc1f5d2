/** What `npm run release` has built, for the tests of it. test/release/main.ts says where it is. */
import { execFileSync, type ExecFileSyncOptions } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { parse } from 'yaml';
import { readProject, ROOT } from '../../tools/release/project.ts';
import { archiveName, type Target, TARGETS } from '../../tools/release/targets.ts';

export const RELEASE = process.env['KUBELET_MEDIC_RELEASE'] ?? join(ROOT, 'release');
export const { version: VERSION } = readProject();

function target(name: string): Target {
  const found = TARGETS.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`there is no target ${name}`);
  return found;
}

export function released(name: string): Buffer {
  return readFileSync(join(RELEASE, name));
}

export function sha256(data: Uint8Array): string {
  return createHash('sha256').update(data).digest('hex');
}

/** Standard output. */
export function run(program: string, argv: readonly string[], options: ExecFileSyncOptions = {}): string {
  const settings: ExecFileSyncOptions = { stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 256 * 1024 * 1024, ...options };
  return execFileSync(program, argv, { ...settings, encoding: 'utf8' });
}

/** A folder that is gone with the value. */
export function scratch(): Disposable & { readonly path: string } {
  const path = mkdtempSync(join(tmpdir(), 'kubelet-medic-release-'));
  return {
    path,
    [Symbol.dispose]: () => {
      rmSync(path, { recursive: true, force: true });
    },
  };
}

/**
 * The sources as they are here, without the tests. Run no `npm ci` there: its node_modules are ours.
 * @param modules a link to the folder is quick; paths in a bundle are the same only where its files are linked.
 */
export function copySources(folder: string, modules: 'folder' | 'files' = 'folder'): void {
  const files = run('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { cwd: ROOT })
    .trim()
    .split('\n');
  for (const file of files.filter((path) => !path.startsWith('test/'))) {
    mkdirSync(dirname(join(folder, file)), { recursive: true });
    cpSync(join(ROOT, file), join(folder, file));
  }
  if (modules === 'folder') symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
  else if (!hasLinkedFiles(folder)) run('cp', ['--archive', join(ROOT, 'node_modules'), folder]);
}

/** @returns false where the folder is on another file system. */
function hasLinkedFiles(folder: string): boolean {
  try {
    run('cp', ['--archive', '--link', join(ROOT, 'node_modules'), folder]);
    return true;
  } catch {
    rmSync(join(folder, 'node_modules'), { recursive: true, force: true });
    return false;
  }
}

/** Unpacks an archive as people do: GNU tar, or Python for a zip. */
export function unpack(file: string, folder: string): void {
  const path = join(RELEASE, file);
  if (file.endsWith('.zip')) run('python3', ['-m', 'zipfile', '-e', path, folder]);
  else run('tar', ['-xzf', path, '-C', folder]);
}

/** The path of a target's program, unpacked into the folder. */
export function programOf(name: string, folder: string): string {
  unpack(archiveName(target(name), VERSION), folder);
  return join(folder, target(name).program);
}

export function yamlOf(name: string): unknown {
  return parse(released(name).toString('utf8'));
}

/** A dump of a real kubelet whose runtime hangs. */
export const HUNG = join(ROOT, 'test/fixtures/kubelet/1.36.3-runtime-hung');
