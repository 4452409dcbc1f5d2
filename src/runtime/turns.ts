/** Long work in pieces, so that timers and answers have their turn: a lease is renewed while thousands of objects are read. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Clock } from '../ports/clock.ts';

/** The longest piece, in milliseconds, but for its last step. */
const PIECE_MS = 15;

/** Ends the turn of who awaits it, where it has lasted long enough. */
export type EndTurn = () => Promise<void>;

export function createTurns(clock: Pick<Clock, 'monotonic'>): EndTurn {
  let since = clock.monotonic();
  /** Of all who share it: each would otherwise begin a piece of its own in the same turn. */
  let next: Promise<void> | undefined;

  async function wait(): Promise<void> {
    await nextTurn();
    next = undefined;
    since = clock.monotonic();
  }

  return async () => {
    if (clock.monotonic() - since < PIECE_MS) return;
    next ??= wait();
    await next;
  };
}

/** Takes all steps. @throws what a step throws, and the signal's reason. */
export async function inTurns(steps: Generator, clock: Pick<Clock, 'monotonic'>, signal?: AbortSignal): Promise<void> {
  const endTurn = createTurns(clock);
  while (steps.next().done !== true) {
    await endTurn();
    signal?.throwIfAborted();
  }
}
