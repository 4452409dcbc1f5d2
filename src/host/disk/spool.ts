/** Evidence on the node's own disk: a folder of bundles, with a bound on all of them together. */
import { access, readdir, rename, rm, stat } from 'node:fs/promises';
import { MedicError } from '../../ports/errors.ts';
import type { Spool } from '../../ports/host.ts';
import { createDiskQueue } from './disk-queue.ts';
import { makeFolder, syncFolder, TEMPORARY, writeDurably } from './durable-file.ts';
import { readBounded, readPart } from './bounded-read.ts';
import { hasCode, messageOf } from '../system-error.ts';

export interface SpoolOptions {
  readonly folder: string;
  readonly limitBytes: number;
}

interface Bundle {
  readonly bundle: string;
  readonly bytes: number;
  readonly files: readonly string[];
  readonly modifiedAt: number;
}

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/;
const MAX_FILE = 268_435_456;

/** Calls follow each other: two writers never count the same free space, and a disk that hangs holds one thread. */
export function createSpool({ folder, limitBytes }: SpoolOptions): Spool {
  const queue = createDiskQueue(folder, 'E_SPOOL_IO');

  async function inTurn<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await queue(work);
    } catch (error) {
      throw toSpoolError(folder, error);
    }
  }

  async function removable(bundle: string, keep: ReadonlySet<string>): Promise<readonly Bundle[]> {
    return (await listBundles(folder)).filter((b) => b.bundle !== bundle && !keep.has(b.bundle));
  }

  async function makeRoom(needed: number, bundle: string, keep: ReadonlySet<string>): Promise<void> {
    const bundles = await listBundles(folder);
    let free = limitBytes - bundles.reduce((sum, b) => sum + b.bytes, 0);
    for (const old of await removable(bundle, keep)) {
      if (free >= needed) return;
      await rm(`${folder}/${old.bundle}`, { recursive: true, force: true });
      free += old.bytes;
    }
    if (free >= needed) return;
    throw full(`the spool's bound of ${String(limitBytes)} bytes is reached, and no old bundle may go`);
  }

  async function write(bundle: string, file: string, bytes: Buffer, keep: ReadonlySet<string>): Promise<void> {
    const bundleFolder = `${folder}/${bundle}`;
    const replaced = (await sizeOf(`${bundleFolder}/${file}`)) ?? 0;
    await makeRoom(bytes.length - replaced, bundle, keep);
    for (;;) {
      try {
        await makeFolder(bundleFolder);
        await writeDurably(bundleFolder, file, bytes);
        await syncFolder(folder);
        return;
      } catch (error) {
        // Others fill the disk too: then the bound does not help, but removing old bundles may.
        const old = isDiskFull(error) ? (await removable(bundle, keep))[0] : undefined;
        if (old === undefined) throw error;
        await rm(`${folder}/${old.bundle}`, { recursive: true, force: true });
      }
    }
  }

  return {
    async write(bundle, file, bytes, keep): Promise<void> {
      checkNames(bundle, file);
      await inTurn(() => write(bundle, file, bytes, keep));
    },
    async read(bundle, file): Promise<Buffer | undefined> {
      checkNames(bundle, file);
      return await inTurn(async () => (await readBounded(`${folder}/${bundle}/${file}`, MAX_FILE))?.bytes);
    },
    async readPart(bundle, file, offset, length): Promise<Buffer | undefined> {
      checkNames(bundle, file);
      return await inTurn(() => readPart(`${folder}/${bundle}/${file}`, offset, length));
    },
    async rename(from, to): Promise<void> {
      checkNames(from, to);
      await inTurn(async () => {
        if ((await sizeOf(`${folder}/${to}`)) !== undefined) {
          throw new MedicError('E_SPOOL_IO', 'conflict', `the bundle ${to} exists`);
        }
        await rename(`${folder}/${from}`, `${folder}/${to}`);
        await syncFolder(folder);
      });
    },
    async remove(bundle): Promise<void> {
      checkNames(bundle);
      await inTurn(() => rm(`${folder}/${bundle}`, { recursive: true, force: true }));
    },
    list: () =>
      inTurn(async () => (await listBundles(folder)).map(({ bundle, bytes, files }) => ({ bundle, bytes, files }))),
    usage: () =>
      inTurn(async () => {
        await makeFolder(folder);
        await access(folder, 2);
        const bundles = await listBundles(folder);
        return { usedBytes: bundles.reduce((sum, b) => sum + b.bytes, 0), limitBytes };
      }),
  };
}

/** Oldest first, by the last change. Left-overs of a crash count, and are not shown as files. */
async function listBundles(folder: string): Promise<readonly Bundle[]> {
  const bundles: Bundle[] = [];
  for (const bundle of await namesIn(folder)) {
    if (!NAME.test(bundle)) continue;
    const bundleFolder = `${folder}/${bundle}`;
    const files = await namesIn(bundleFolder);
    let bytes = 0;
    for (const file of files) bytes += (await sizeOf(`${bundleFolder}/${file}`)) ?? 0;
    bundles.push({
      bundle,
      bytes,
      files: files.filter((file) => !file.startsWith(TEMPORARY)).sort(),
      modifiedAt: (await stat(bundleFolder)).mtimeMs,
    });
  }
  return bundles.sort((a, b) => a.modifiedAt - b.modifiedAt || (a.bundle < b.bundle ? -1 : 1));
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return [];
    throw error;
  }
}

/** undefined: it is not there. */
async function sizeOf(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).size;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ENOTDIR')) return undefined;
    throw error;
  }
}

function checkNames(...names: readonly string[]): void {
  for (const name of names) {
    if (!NAME.test(name)) throw new MedicError('E_SPOOL_IO', 'bug', `not a name: ${JSON.stringify(name)}`);
  }
}

function isDiskFull(error: unknown): boolean {
  return hasCode(error, 'ENOSPC', 'EDQUOT');
}

function full(message: string, cause?: unknown): MedicError {
  return new MedicError('E_SPOOL_FULL', 'terminal', message, { cause });
}

function toSpoolError(folder: string, error: unknown): unknown {
  if (error instanceof MedicError) return error;
  if (isDiskFull(error)) return full(`no space is left for ${folder}`, error);
  return new MedicError('E_SPOOL_IO', 'transient', `${folder}: ${messageOf(error)}`, { cause: error });
}
