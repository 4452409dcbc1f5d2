/** A Secret that is mounted as files: the kubelet puts another version there when it changes, so that each use reads it anew. */
import { open } from 'node:fs/promises';
import { join } from 'node:path';

/** Bytes. A bundle of certificates is the largest. */
const MAX_FILE = 512 * 1024;

/** @returns the text of a key; undefined: it cannot be read, or is larger than 512 KiB. */
export type SecretFiles = (key: string) => Promise<string | undefined>;

/** @param folder where the Secret is mounted. */
export function createSecretFiles(folder: string): SecretFiles {
  return async (key) => {
    try {
      const file = await open(join(folder, key), 'r');
      try {
        const { buffer, bytesRead } = await file.read(Buffer.alloc(MAX_FILE + 1), 0, MAX_FILE + 1, 0);
        return bytesRead > MAX_FILE ? undefined : buffer.toString('utf8', 0, bytesRead);
      } finally {
        await file.close();
      }
    } catch {
      return undefined;
    }
  };
}
