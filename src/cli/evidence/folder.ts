/** The folder that evidence is written to. */
import { constants } from 'node:fs';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { MedicError } from '../../ports/errors.ts';

export const MANIFEST = 'manifest.json';

/** A link that somebody has put into a shared folder would lead the node's bytes into any file of the caller. */
const NO_LINK = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;

export interface Folder {
  /** `name` must be a file's name without a path. @throws `E_CLI_OUTPUT`. */
  write(name: string, bytes: Buffer | string): Promise<void>;
}

/**
 * Makes the folder. One that has files of something else is refused, so that two bundles never mix.
 * @throws `E_CLI_OUTPUT`.
 */
export async function openFolder(path: string, incident: string): Promise<Folder> {
  const files = await orFail(path, async () => {
    await mkdir(path, { recursive: true, mode: 0o700 });
    return await readdir(path);
  });
  if (files.length > 0 && (await incidentIn(path)) !== incident) {
    throw new MedicError('E_CLI_OUTPUT', 'invalid', `${path} is not empty, and not a bundle of ${incident}`);
  }
  return {
    // Dumps and logs of a node are not for everybody who has an account here.
    write: (name, bytes) => orFail(path, () => writeFile(join(path, name), bytes, { mode: 0o600, flag: NO_LINK })),
  };
}

async function incidentIn(path: string): Promise<string | undefined> {
  try {
    const manifest: unknown = JSON.parse(await readFile(join(path, MANIFEST), 'utf8'));
    if (typeof manifest !== 'object' || manifest === null || !('incident' in manifest)) return undefined;
    return typeof manifest.incident === 'string' ? manifest.incident : undefined;
  } catch {
    return undefined;
  }
}

async function orFail<T>(path: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new MedicError('E_CLI_OUTPUT', 'invalid', `cannot write to ${path}: ${why}`, { cause });
  }
}
