/** One look at both clocks. The wall clock can jump, so ages and waits are measured on the other one. */
export interface Moment {
  /** Wall clock, milliseconds since 1970. */
  readonly wallMs: number;
  /** A clock that never goes back, milliseconds from an arbitrary start. */
  readonly monotonicMs: number;
}

/** A wall clock that is off by less, in milliseconds, was not set, but corrected, or read in whole seconds. */
export const SET_MS = 2_000;

/**
 * A moment of the past by the wall clock as it is set now.
 * @param written the same as it was written down then, and kept where the clock was not set since; undefined: it was not.
 */
export function wallOf(monotonicMs: number, written: number | undefined, now: Moment): number {
  const wallMs = now.wallMs - (now.monotonicMs - monotonicMs);
  return written !== undefined && Math.abs(written - wallMs) <= SET_MS ? written : wallMs;
}
