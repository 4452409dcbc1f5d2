/** How far the copies of incidents are: what is known to be in the bucket, and when the rest is looked at again. */
import type { BucketObject } from '../../core/evidence/bucket-objects.ts';
import type { Clock, Random } from '../../ports/clock.ts';
import { backoffMs } from '../../runtime/backoff.ts';

const BACKOFF = { firstMs: 5_000, longestMs: 10 * 60_000 };

export interface Progress {
  /** By key: seen there by this process. */
  readonly confirmed: Map<string, BucketObject>;
  /** Keys that an agent was to upload, since the last look at the bucket. */
  tried: ReadonlySet<string>;
  failures: number;
  /** Monotonic. */
  notBefore: number;
  /** Of the last failure. */
  why: string | undefined;
  /** The incident says that it waits. */
  isTold: boolean;
  /** Nothing is left to be done, whatever the copy of the incident says. */
  isDone: boolean;
}

export interface ProgressBook {
  of(uid: string): Progress;
  keepOnly(uids: ReadonlySet<string>): void;
  fail(progress: Progress, why: string): void;
}

export function createProgressBook(clock: Clock, random: Random): ProgressBook {
  const known = new Map<string, Progress>();
  return {
    of(uid): Progress {
      const progress = known.get(uid) ?? {
        confirmed: new Map(),
        tried: new Set(),
        failures: 0,
        notBefore: Number.NEGATIVE_INFINITY,
        why: undefined,
        isTold: false,
        isDone: false,
      };
      known.set(uid, progress);
      return progress;
    },
    keepOnly(uids): void {
      for (const uid of known.keys()) if (!uids.has(uid)) known.delete(uid);
    },
    fail(progress, why): void {
      progress.failures += 1;
      progress.why = why;
      progress.tried = new Set();
      progress.notBefore = clock.monotonic() + backoffMs(progress.failures, BACKOFF, random);
    },
  };
}
