/** How many agents are asked a second: neither an outage that ends nor a cut that takes a thousand nodes becomes a storm of questions. */
import type { Clock } from '../../ports/clock.ts';

export interface AskPace {
  /** In how many milliseconds it is the node's turn, which is kept for it; 0: it is, and has been taken. */
  turnMs(node: string): number;
  /** The server has asked to be left alone for so long, in milliseconds. */
  hold(ms: number): void;
  forget(node: string): void;
}

/** So many at once, of which nobody waits. */
const BURST = 10;
/** A turn that was not taken so long after its time is void: its node was well by then. Looks come within seconds. */
const MISSED_MS = 5_000;

/** @param everyMs between two turns. */
export function createAskPace(clock: Pick<Clock, 'monotonic'>, everyMs: number): AskPace {
  const turns = new Map<string, number>();
  let next = 0;
  let heldUntil = 0;
  return {
    turnMs(node): number {
      const now = clock.monotonic();
      let at = turns.get(node);
      // What has waited for its turn while the server was left alone does not come all at once.
      // Nor does what it was kept for long ago, and was not taken.
      if (at === undefined || at < heldUntil || at < now - MISSED_MS) {
        at = Math.max(next, now - (BURST - 1) * everyMs);
        next = at + everyMs;
      }
      if (at > now) turns.set(node, at);
      else turns.delete(node);
      return Math.max(0, at - now);
    },
    hold(ms): void {
      heldUntil = Math.max(heldUntil, clock.monotonic() + ms);
      next = Math.max(next, heldUntil);
    },
    forget(node): void {
      turns.delete(node);
    },
  };
}
