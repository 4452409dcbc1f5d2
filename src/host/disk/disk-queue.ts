/**
 * One call at a time to a folder of the node's disk, with a bound on those that wait. On a disk that hangs a call never comes
 * back and holds a thread of the process: one is held then, and what is asked for later fails at once.
 */
import type { ErrorCode } from '../../api/v1alpha1/words/error-codes.ts';
import { MedicError } from '../../ports/errors.ts';
import { createMutex } from '../../runtime/mutex.ts';

/** Far more than the agent asks for at once. */
const MAX_WAITING = 32;

/** Runs the work in its turn. @throws `code` (transient) if too many wait already; what the work throws. */
export type DiskQueue = <T>(work: () => Promise<T>) => Promise<T>;

export function createDiskQueue(folder: string, code: ErrorCode): DiskQueue {
  const mutex = createMutex();
  let unfinished = 0;
  return async (work) => {
    if (unfinished > MAX_WAITING) {
      const message = `${folder}: the disk does not answer: ${String(MAX_WAITING)} calls wait for it already`;
      throw new MedicError(code, 'transient', message);
    }
    unfinished += 1;
    try {
      return await mutex(work);
    } finally {
      unfinished -= 1;
    }
  };
}
