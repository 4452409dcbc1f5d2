/**
 * Whether the agent of a node is there, as the process that decides sees it: its status changes, or it answers an inquiry.
 * All times are of that process's own monotonic clock, so that nobody's wrong clock makes an agent look present or silent.
 */

/** The agent's status did not change for so long, in milliseconds: it is asked. An agent writes at each change and every 30 s. */
export const QUIET_MS = 95_000;
/** An inquiry that is open for so long, in milliseconds, is silence. An agent answers within a second. */
const ANSWER_MS = 10_000;
/** What the agent said counts as of now for so long, in milliseconds. */
const FRESH_MS = 10_000;
/** One that is asked steadily is asked again when its newest answer is of so long ago, in milliseconds. */
const STEADY_MS = 4_000;

export interface AgentContact {
  /** It has reported at some time; without it nobody is there to be asked. */
  readonly hasReported: boolean;
  /** This process has seen its status change. What was there at the start may be of any age. */
  readonly isHeard: boolean;
  /** Since the newest change that was seen, or since the first look, in milliseconds. */
  readonly quietMs: number;
  /** Since the newest inquiry that was answered was asked, in milliseconds; undefined: none was. What it says is no older. */
  readonly answeredMs: number | undefined;
  /** How long the inquiry of this process has been open, in milliseconds; undefined: there is none, or it is answered. */
  readonly unansweredMs: number | undefined;
  /** For how long it has been heard, without a gap that is much longer than the 30 s between two reports, in milliseconds. */
  readonly heardForMs: number;
  /** A row of answers that goes on, each of which came less than 12 s after the one before was asked for: from the first answer to the last inquiry. */
  readonly answeringForMs: number;
}

/** What it says may be believed, as of lately. */
export function isInTouch({ isHeard, quietMs, unansweredMs }: AgentContact): boolean {
  return isHeard && quietMs < QUIET_MS && (unansweredMs ?? 0) < ANSWER_MS;
}

/** Nobody is there: it has never reported, or has not answered in time. An agent that was not asked yet is neither. */
export function isSilent({ hasReported, unansweredMs }: AgentContact): boolean {
  return !hasReported || (unansweredMs ?? 0) >= ANSWER_MS;
}

/**
 * What it says is of this very moment, near enough to act on. That takes an answer: a change that is seen now may have been
 * made a while ago, where the copy of the API's objects lags.
 */
export function isFresh({ answeredMs, unansweredMs }: AgentContact): boolean {
  return answeredMs !== undefined && answeredMs < FRESH_MS && (unansweredMs ?? 0) < ANSWER_MS;
}

/** An inquiry in the spec of the node's KubeletHealth, which its agent answers. */
export interface AskAgent {
  readonly kind: 'AskAgent';
}

/** It is to be asked now. Once is enough: it answers the newest inquiry whenever it is back. */
export function isToBeAsked(contact: AgentContact, needed: 'now' | 'lately'): boolean {
  if (!contact.hasReported || contact.unansweredMs !== undefined) return false;
  return needed === 'now' ? !isFresh(contact) : contact.quietMs >= QUIET_MS;
}

/** What asks it, where it is to be asked. */
export function askCommands(contact: AgentContact, needed: 'now' | 'lately'): readonly AskAgent[] {
  return isToBeAsked(contact, needed) ? [{ kind: 'AskAgent' }] : [];
}

/** What asks it so often that a row of its answers shows that it was there all the time. */
export function askSteadily({ hasReported, answeredMs, unansweredMs }: AgentContact): readonly AskAgent[] {
  const isDue = hasReported && unansweredMs === undefined && (answeredMs ?? STEADY_MS) >= STEADY_MS;
  return isDue ? [{ kind: 'AskAgent' }] : [];
}

/** What asks it where its word is waited for: one that this process has not heard yet, as after a change of leaders, at once. */
export function askForWord(contact: AgentContact): readonly AskAgent[] {
  return askCommands(contact, contact.isHeard ? 'lately' : 'now');
}
