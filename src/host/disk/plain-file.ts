/** Files that others have put on the host: opened only if nobody but root or an account of the system can have written them. */
import type { Stats } from 'node:fs';
import { constants, type FileHandle, open } from 'node:fs/promises';
import { getuid } from 'node:process';
import { MedicError } from '../../ports/errors.ts';
import { readError } from './bounded-read.ts';

/** Login accounts begin here (login.defs(5): UID_MIN); syslog and its like are below. */
const FIRST_PERSON = 1000;
const ANYBODY_WRITES = 0o002;

/** Whether a person has put it there, and not root or an account of the system. Who runs this program might as well. */
export function isOfPerson({ uid }: Pick<Stats, 'uid'>): boolean {
  return uid >= FIRST_PERSON && uid !== getuid?.();
}

/** Why a file is not read, for a person; undefined: it may be. */
export function distrust(facts: Pick<Stats, 'uid' | 'mode' | 'isFile'>): string | undefined {
  if (!facts.isFile()) return 'it is no regular file';
  if (isOfPerson(facts)) return `it belongs to user ${String(facts.uid)}`;
  return (facts.mode & ANYBODY_WRITES) === 0 ? undefined : 'anybody may write to it';
}

/**
 * Opens a file for reading, and no symbolic link; a pipe or a device does not hold it up. Close it.
 * @throws `E_HOST_READ`, which says why it is not read.
 */
export async function openPlain(path: string): Promise<FileHandle> {
  const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK, O_NOCTTY } = constants;
  let file: FileHandle;
  try {
    file = await open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
  } catch (error) {
    throw readError(path, error);
  }
  const reason = distrust(await file.stat());
  if (reason === undefined) return file;
  await file.close();
  throw new MedicError('E_HOST_READ', 'terminal', `${path} is not read: ${reason}`);
}
