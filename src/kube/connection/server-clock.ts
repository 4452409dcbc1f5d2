/** The API server's clock, as the `Date` header of its answers tells it (RFC 9110, section 6.6.1). */
import type { Clock } from '../../ports/clock.ts';

export interface ServerClock {
  /** Notes that a request goes out. Call what it returns with the `Date` of the head of the answer. */
  ask(): (date: string | undefined) => void;
  /** How far our wall clock is ahead of the server's, in milliseconds; undefined: no quick answer yet. */
  aheadMs(): number | undefined;
}

/** A slower answer tells nothing: it may be off by half of its round trip. */
const SLOW_MS = 2_000;
/** The header names the second in which the head was written. Its middle is off by half a second at most. */
const HALF_A_SECOND_MS = 500;

/**
 * The newest quick answer counts. It is kept as the difference to the monotonic clock, so that a jump of our own wall
 * clock shows at once, and not only with the next answer.
 */
export function createServerClock(clock: Clock): ServerClock {
  let beyondMonotonicMs: number | undefined;
  return {
    ask() {
      const askedAt = clock.monotonic();
      return (date) => {
        const answeredAt = clock.monotonic();
        const serverTime = Date.parse(date ?? '');
        if (Number.isNaN(serverTime) || answeredAt - askedAt > SLOW_MS) return;
        beyondMonotonicMs = serverTime + HALF_A_SECOND_MS - (askedAt + answeredAt) / 2;
      };
    },
    aheadMs() {
      return beyondMonotonicMs === undefined ? undefined : clock.now() - clock.monotonic() - beyondMonotonicMs;
    },
  };
}
