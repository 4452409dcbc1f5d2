/** Bounded reads of files that may block, vanish, or be larger than they say, as those of /proc do. */
import { type FileHandle, open, readdir, readlink } from 'node:fs/promises';
import { MedicError } from '../../ports/errors.ts';
import { untilAborted } from '../../runtime/deadline.ts';
import { hasCode, messageOf, systemCode } from '../system-error.ts';

export interface ReadResult {
  readonly bytes: Buffer;
  readonly truncated: boolean;
}

const STEP = 65_536;

/** undefined: there is no such file or process (any more). @throws `E_HOST_READ`. */
export async function readBounded(
  path: string,
  maxBytes: number,
  signal?: AbortSignal,
): Promise<ReadResult | undefined> {
  return await gone(path, untilAborted(signal, read(path, maxBytes)));
}

/** The bytes of a file from `offset` on, `length` at most. undefined: there is no such file. @throws `E_HOST_READ`. */
export async function readPart(path: string, offset: number, length: number): Promise<Buffer | undefined> {
  return await gone(path, readFrom(path, offset, length));
}

async function readFrom(path: string, offset: number, length: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}

/** The first 64 KiB of a small file as text, or undefined where there is none. */
export async function readText(path: string, signal?: AbortSignal): Promise<string | undefined> {
  return (await readBounded(path, STEP, signal))?.bytes.toString('utf8');
}

/** Names in a folder; empty where there is none. */
export async function listNames(path: string, signal?: AbortSignal): Promise<readonly string[]> {
  return (await gone(path, untilAborted(signal, readdir(path)))) ?? [];
}

/** Target of a symbolic link; undefined: it is none, or is not there. */
export async function linkTarget(path: string, signal?: AbortSignal): Promise<string | undefined> {
  try {
    return await untilAborted(signal, readlink(path));
  } catch (error) {
    if (hasCode(error, 'EINVAL', 'ENOENT', 'ENOTDIR', 'ESRCH', 'EACCES')) return undefined;
    throw readError(path, error);
  }
}

/** A failure of the file system as ours; anything else as it is. */
export function readError(path: string, error: unknown): unknown {
  if (systemCode(error) === undefined || error instanceof MedicError) return error;
  return new MedicError('E_HOST_READ', 'transient', `cannot read ${path}: ${messageOf(error)}`, { cause: error });
}

async function gone<T>(path: string, result: Promise<T>): Promise<T | undefined> {
  try {
    return await result;
  } catch (error) {
    if (hasCode(error, 'ENOENT', 'ESRCH', 'ENOTDIR')) return undefined;
    throw readError(path, error);
  }
}

async function read(path: string, maxBytes: number): Promise<ReadResult> {
  return await readStart(await open(path, 'r'), maxBytes);
}

/** Reads an open file from its start, and closes it. */
export async function readStart(file: FileHandle, maxBytes: number): Promise<ReadResult> {
  try {
    const chunks: Buffer[] = [];
    let size = 0;
    for (;;) {
      const chunk = Buffer.alloc(Math.min(STEP, maxBytes + 1 - size));
      const { bytesRead } = await file.read(chunk, 0, chunk.length, null);
      if (bytesRead === 0) break;
      chunks.push(chunk.subarray(0, bytesRead));
      size += bytesRead;
      if (size > maxBytes) break;
    }
    return { bytes: Buffer.concat(chunks).subarray(0, maxBytes), truncated: size > maxBytes };
  } finally {
    await file.close();
  }
}
