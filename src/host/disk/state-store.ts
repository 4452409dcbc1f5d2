/** Small values in files of one folder. */
import { MedicError } from '../../ports/errors.ts';
import type { StateStore } from '../../ports/host.ts';
import { createDiskQueue } from './disk-queue.ts';
import { makeFolder, writeDurably } from './durable-file.ts';
import { readBounded } from './bounded-read.ts';
import { messageOf } from '../system-error.ts';

const KEY = /^[a-z0-9][a-z0-9.-]{0,62}$/;
const MAX_BYTES = 1_048_576;

/** Writes of one key follow each other; the last one wins. @throws `E_STATE_KEY`, `E_STATE_IO`. */
export function createStateStore(folder: string): StateStore {
  const queue = createDiskQueue(folder, 'E_STATE_IO');

  async function write(key: string, value: string): Promise<void> {
    try {
      await makeFolder(folder);
      await writeDurably(folder, key, value);
    } catch (error) {
      throw ioError(key, error);
    }
  }

  return {
    async read(key): Promise<string | undefined> {
      checkKey(key);
      const found = await queue(() => readBounded(`${folder}/${key}`, MAX_BYTES));
      return found?.bytes.toString('utf8');
    },
    async write(key, value): Promise<void> {
      checkKey(key);
      if (Buffer.byteLength(value) > MAX_BYTES) throw new MedicError('E_STATE_IO', 'bug', `${key} is over 1 MiB`);
      await queue(() => write(key, value));
    },
  };
}

function checkKey(key: string): void {
  if (!KEY.test(key)) throw new MedicError('E_STATE_KEY', 'bug', `not a key: ${JSON.stringify(key)}`);
}

function ioError(key: string, error: unknown): MedicError {
  return new MedicError('E_STATE_IO', 'transient', `cannot store ${key}: ${messageOf(error)}`, { cause: error });
}
