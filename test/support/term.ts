/** A term that lasts until a signal, for what a leader runs. */
import { TERM_TIMES, type Term } from '../../src/runtime/leader-election.ts';

export function termUntil(signal: AbortSignal): Term {
  return { signal, leads: () => !signal.aborted, writeDeadlineMs: TERM_TIMES.writeDeadlineMs };
}
