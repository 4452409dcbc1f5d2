/** The files that the arguments of `diagnose` name. */
import { readdir, stat } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { reasonOf } from './read-file.ts';

interface FoundFile {
  readonly path: string;
  /** As the verdict cites it. */
  readonly name: string;
}

export interface Unread {
  readonly name: string;
  readonly message: string;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly unread: readonly Unread[];
}

const MAX_FILES = 1_000;

/** Files in the order of the arguments; those of a folder by name, so that `goroutines-2` comes after `goroutines-1`. */
export async function findFiles(paths: readonly string[]): Promise<FoundFiles> {
  const found = await Promise.all(paths.map(findFile));
  const files = found.flatMap((one) => one.files);
  const left = files.slice(MAX_FILES).map(({ name }) => ({ name, message: `only ${MAX_FILES} files are read` }));
  return { files: files.slice(0, MAX_FILES), unread: [...found.flatMap((one) => one.unread), ...left] };
}

async function findFile(path: string): Promise<FoundFiles> {
  try {
    const facts = await stat(path);
    if (!facts.isDirectory())
      return { files: [{ path, name: path.startsWith('/dev/') ? basename(path) : path }], unread: [] };
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries
      .filter((entry) => entry.isFile() && !entry.name.startsWith('.'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((file) => ({ path: file, name: relative(path, file) }))
      .sort((a, b) => a.name.localeCompare(b.name, 'en', { numeric: true }));
    return { files, unread: files.length === 0 ? [{ name: path, message: 'the folder has no files' }] : [] };
  } catch (error) {
    return { files: [], unread: [{ name: path, message: reasonOf(error) }] };
  }
}
