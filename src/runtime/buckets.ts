/** Token buckets, one a key: so many at once, and one more after each time. */
import type { Clock } from '../ports/clock.ts';

export interface BucketBounds {
  readonly burst: number;
  /** Until there is one more, in milliseconds. */
  readonly refillMs: number;
}

export interface Buckets {
  /** @returns whether there was one left. */
  take(key: string): boolean;
}

/** Of these the oldest is forgotten, and is full again. */
const REMEMBERED = 4_096;

interface Bucket {
  readonly tokens: number;
  readonly at: number;
}

export function createBuckets({ monotonic }: Pick<Clock, 'monotonic'>, { burst, refillMs }: BucketBounds): Buckets {
  const known = new Map<string, Bucket>();
  return {
    take(key) {
      const now = monotonic();
      const { tokens, at } = known.get(key) ?? { tokens: burst, at: now };
      const filled = Math.min(burst, tokens + (now - at) / refillMs);
      known.delete(key);
      known.set(key, { tokens: filled >= 1 ? filled - 1 : filled, at: now });
      const oldest = known.keys().next();
      if (known.size > REMEMBERED && oldest.done !== true) known.delete(oldest.value);
      return filled >= 1;
    },
  };
}
