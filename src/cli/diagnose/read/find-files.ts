/** The files that the arguments of `diagnose` name. */
import type { Stats } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { reasonOf } from './read-error.ts';

export interface FoundFile {
  readonly path: string;
  /** As the verdict cites it. */
  readonly name: string;
  /** Bytes on the disk; 0 where it has no size, as in /proc. */
  readonly size: number;
}

export interface Unread {
  readonly name: string;
  readonly message: string;
}

export interface FoundFiles {
  readonly files: readonly FoundFile[];
  readonly unread: readonly Unread[];
}

const MAX_FILES = 10_000;
/** Of one argument, folders and other things that are not read among them. */
const MAX_ENTRIES = 100_000;
/** How many entries are asked for at once. */
const BATCH = 64;

/** Of one reason so many are named, and the others counted. */
const NAMED = 200;

interface Walk {
  /** Folders that are still to be listed, and how a file of each is called. */
  readonly folders: { readonly path: string; readonly prefix: string }[];
  readonly files: FoundFile[];
  readonly unread: Unread[];
  /** Device and inode: a file that two links lead to is read once, and links may go round. */
  readonly seen: Map<string, string>;
  entries: number;
}

/** Files in the order of the arguments; those of a folder by name, so that `goroutines-2` comes after `goroutines-1`. */
export async function findFiles(path: string): Promise<FoundFiles> {
  try {
    const facts = await stat(path);
    const name = path.startsWith('/dev/') ? basename(path) : path;
    if (!facts.isDirectory()) return { files: [{ path, name, size: facts.size }], unread: [] };
    const { files, unread } = await walk(path, facts);
    const byName = new Intl.Collator('en', { numeric: true }).compare;
    files.sort((a, b) => byName(a.name, b.name));
    const left = files.slice(MAX_FILES).map(({ name }) => ({ name, message: `only ${MAX_FILES} files are read` }));
    const none = files.length + unread.length === 0 ? [{ name: path, message: 'the folder has no files' }] : [];
    return { files: files.slice(0, MAX_FILES), unread: counted([...unread, ...left, ...none], path) };
  } catch (error) {
    return { files: [], unread: [{ name: path, message: reasonOf(error) }] };
  }
}

async function walk(path: string, facts: Stats): Promise<Walk> {
  const found: Walk = {
    folders: [{ path, prefix: '' }],
    files: [],
    unread: [],
    seen: new Map([[identityOf(facts), path]]),
    entries: 0,
  };
  for (let folder = found.folders.shift(); folder !== undefined; folder = found.folders.shift()) {
    await list(found, folder.path, folder.prefix);
  }
  return found;
}

async function list(found: Walk, path: string, prefix: string): Promise<void> {
  let names: string[];
  try {
    names = (await readdir(path)).sort();
  } catch (error) {
    found.unread.push({ name: prefix === '' ? path : prefix, message: reasonOf(error) });
    return;
  }
  const hidden = names.filter((name) => name.startsWith('.'));
  found.unread.push(...hidden.map((name) => ({ name: join(prefix, name), message: 'it is hidden' })));
  names = names.filter((name) => !name.startsWith('.'));
  const left = found.entries + names.length - MAX_ENTRIES;
  if (left > 0) {
    const message = `${left} of its entries were not looked at: there are more than ${MAX_ENTRIES}`;
    found.unread.push({ name: prefix === '' ? path : prefix, message });
  }
  for (let at = 0; at < names.length && found.entries < MAX_ENTRIES; at += BATCH) {
    const batch = names.slice(at, Math.min(at + BATCH, at + MAX_ENTRIES - found.entries));
    found.entries += batch.length;
    const facts = await Promise.all(batch.map((name) => factsOf(join(path, name))));
    batch.forEach((name, i) => {
      take(found, { path: join(path, name), name: join(prefix, name) }, facts[i]);
    });
  }
}

/** Of what a link leads to; in words, why there are none. */
async function factsOf(path: string): Promise<Stats | string> {
  try {
    return await stat(path);
  } catch (error) {
    return reasonOf(error);
  }
}

function take(found: Walk, entry: Omit<FoundFile, 'size'>, facts: Stats | string | undefined): void {
  if (typeof facts !== 'object') {
    found.unread.push({ name: entry.name, message: facts ?? 'it cannot be read' });
    return;
  }
  if (!facts.isDirectory() && !facts.isFile()) {
    found.unread.push({ name: entry.name, message: 'it is a pipe, a socket or a device' });
    return;
  }
  const identity = identityOf(facts);
  const before = found.seen.get(identity);
  if (before !== undefined) {
    found.unread.push({ name: entry.name, message: `it is the same as ${before}` });
    return;
  }
  found.seen.set(identity, entry.name);
  if (facts.isDirectory()) found.folders.push({ path: entry.path, prefix: entry.name });
  else found.files.push({ ...entry, size: facts.size });
}

function counted(unread: readonly Unread[], path: string): readonly Unread[] {
  return [...Map.groupBy(unread, ({ message }) => message)].flatMap(([message, all]) => {
    const more = all.length - NAMED;
    return more > 0 ? [...all.slice(0, NAMED), { name: path, message: `${more} more: ${message}` }] : all;
  });
}

function identityOf({ dev, ino }: Stats): string {
  return `${dev}:${ino}`;
}
