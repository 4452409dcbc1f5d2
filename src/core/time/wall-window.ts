/** What was written in the last minutes bears the wall times of then, also where the clock was set since. */
import { type Moment, SET_MS } from './moment.ts';

/** From a moment of the monotonic clock on, the wall clock was ahead of that by so much, in milliseconds. */
export interface ClockSetting {
  readonly sinceMs: number;
  readonly offsetMs: number;
}

/** Milliseconds since 1970. */
export interface WallWindow {
  readonly since: number;
  readonly until: number;
}

/** A clock that is set more often within a window is not worth more. */
const MAX_SETTINGS = 16;

/** @param known oldest first; the same where the clock was not set. */
export function withSetting(known: readonly ClockSetting[], { wallMs, monotonicMs }: Moment): readonly ClockSetting[] {
  const offsetMs = wallMs - monotonicMs;
  const newest = known.at(-1);
  if (newest !== undefined && Math.abs(offsetMs - newest.offsetMs) <= SET_MS) return known;
  return [...known, { sinceMs: monotonicMs, offsetMs }].slice(-MAX_SETTINGS);
}

/** All wall times that there were in the last `lengthMs` milliseconds. The oldest setting counts for the time before it. */
export function wallWindow(settings: readonly ClockSetting[], now: Moment, lengthMs: number): WallWindow {
  const from = now.monotonicMs - lengthMs;
  const parts = settings.flatMap(({ sinceMs, offsetMs }, index) => {
    const begins = index === 0 ? from : Math.max(from, sinceMs);
    const ends = settings[index + 1]?.sinceMs ?? now.monotonicMs;
    return ends < from ? [] : [{ since: begins + offsetMs, until: ends + offsetMs }];
  });
  return {
    since: Math.min(now.wallMs - lengthMs, ...parts.map(({ since }) => since)),
    until: Math.max(now.wallMs, ...parts.map(({ until }) => until)),
  };
}
