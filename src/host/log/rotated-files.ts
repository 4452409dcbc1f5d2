/** The files of a rotated log: one path, or a pattern with `*` and `?` in its last part. */
import { lstat } from 'node:fs/promises';
import { hostPath } from '../disk/host-path.ts';
import { listNames, readError } from '../disk/bounded-read.ts';
import { distrust } from '../disk/plain-file.ts';
import { hasCode } from '../system-error.ts';

export interface LogFile {
  readonly path: string;
  /** `device:inode`: what stays the same when a file is renamed. */
  readonly identity: string;
  readonly modifiedAt: number;
  readonly size: number;
}

/** All files that match, the one that is written to last. Compressed ones are left out, and what anybody may have put there. */
export async function matchingFiles(
  hostRoot: string,
  pattern: string,
  signal: AbortSignal,
): Promise<readonly LogFile[]> {
  const slash = pattern.lastIndexOf('/');
  const name = pattern.slice(slash + 1);
  if (!/[*?]/.test(name)) return await statAll([await hostPath(hostRoot, pattern, signal)]);
  const matches = globPattern(name);
  const folder = await hostPath(hostRoot, pattern.slice(0, slash), signal);
  const names = (await listNames(folder, signal)).filter((n) => matches.test(n) && !isCompressed(n));
  const paths = await Promise.all(names.map((n) => hostPath(hostRoot, `${pattern.slice(0, slash)}/${n}`, signal)));
  return await statAll(paths);
}

/** The file of this identity, whatever its name is now: beside the log's own name. */
export async function findByIdentity(
  hostRoot: string,
  pattern: string,
  identity: string,
  signal: AbortSignal,
): Promise<LogFile | undefined> {
  const folder = await hostPath(hostRoot, pattern.slice(0, pattern.lastIndexOf('/')), signal);
  const names = (await listNames(folder, signal)).filter((n) => !isCompressed(n)).slice(0, 10_000);
  return (await statAll(names.map((n) => `${folder}/${n}`))).find((file) => file.identity === identity);
}

function isCompressed(name: string): boolean {
  return /\.(?:gz|xz|zst|bz2|lz4)$/.test(name);
}

function globPattern(name: string): RegExp {
  const escaped = name.replace(/[.+^${}()|[\]\\]/g, '\\$&');
  return new RegExp(`^${escaped.replaceAll('*', '.*').replaceAll('?', '.')}$`);
}

async function statAll(paths: readonly string[]): Promise<readonly LogFile[]> {
  const files = new Map<string, LogFile>();
  for (const path of paths) {
    const file = await statFile(path);
    // A symbolic link and its target are one file.
    if (file !== undefined) files.set(file.identity, file);
  }
  return [...files.values()].sort((a, b) => a.modifiedAt - b.modifiedAt || (a.path < b.path ? -1 : 1));
}

async function statFile(path: string): Promise<LogFile | undefined> {
  try {
    // Links were followed under the host's root, where they may be followed at all.
    const facts = await lstat(path);
    if (distrust(facts) !== undefined) return undefined;
    const { dev, ino, mtimeMs, size } = facts;
    return { path, identity: `${String(dev)}:${String(ino)}`, modifiedAt: mtimeMs, size };
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw readError(path, error);
  }
}
