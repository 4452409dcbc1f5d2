/** Time and chance, as parameters. */
export interface Clock {
  /** Wall clock, milliseconds since 1970 in UTC. It can jump. */
  now(): number;
  /** A clock that never goes back, in milliseconds from an arbitrary start. Use it to measure. */
  monotonic(): number;
  /** Resolves after `ms` milliseconds, or rejects with the signal's reason. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
}

export interface Random {
  /** From 0 (included) to 1 (excluded). */
  next(): number;
}
