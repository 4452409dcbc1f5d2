/** One look at both clocks. The wall clock can jump, so ages and waits are measured on the other one. */
export interface Moment {
  /** Wall clock, milliseconds since 1970. */
  readonly wallMs: number;
  /** A clock that never goes back, milliseconds from an arbitrary start. */
  readonly monotonicMs: number;
}
