/** Files that are whole or not there, and stay when the power fails. */
import { mkdir, open, rename, rm } from 'node:fs/promises';

/** Written beside its place, synced, moved into it, and the folder synced. Errors are those of the file system. */
export async function writeDurably(folder: string, name: string, bytes: Buffer | string): Promise<void> {
  const temporary = `${folder}/${TEMPORARY}${name}`;
  try {
    const file = await open(temporary, 'w', 0o600);
    try {
      await file.writeFile(bytes);
      await file.sync();
    } finally {
      await file.close();
    }
    await rename(temporary, `${folder}/${name}`);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  await syncFolder(folder);
}

/** Names with this beginning are left-overs of a crash. */
export const TEMPORARY = '.tmp-';

export async function syncFolder(folder: string): Promise<void> {
  const file = await open(folder, 'r');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** Makes a folder with its parents, for its owner only. */
export async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
}
