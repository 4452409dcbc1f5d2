/**
 * Whether the agent of a node is there, as the process that decides sees it: its status changes, or it answers an inquiry.
 * All times are of that process's own monotonic clock, so that nobody's wrong clock makes an agent look present or silent.
 */

/**
 * What it said last is believed as of lately for so long, in milliseconds. At rest an agent writes every 5 minutes: who needs
 * to know more asks.
 */
const QUIET_MS = 95_000;
/** Where something is open or looks ill it is asked after so long without a word, in milliseconds, so that it stays in touch. */
const LATELY_MS = 60_000;
/** A heartbeat of an agent at rest, which is by chance a tenth longer, and time to be late, in milliseconds. */
const EVER_MS = 390_000;
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
  /**
   * For how long it has been heard without a gap of more than 35 s, in milliseconds: it writes every 30 s while an incident of its
   * node is open, and answers when it is asked.
   */
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

/**
 * For what its word is needed:
 * - `now`: an act, or what leads to it.
 * - `steadily`: a row of answers, which shows that it was there all the time.
 * - `lately`: something is open, or looks ill; one that this process has not heard yet, as after a change of leaders, at once.
 * - `ever`: the node is well, and its agent is to be there.
 */
export type Need = 'now' | 'steadily' | 'lately' | 'ever';

const ASKED_IN_MS: Readonly<Record<Need, (contact: AgentContact) => number>> = {
  now: (contact) => (isFresh(contact) ? FRESH_MS - (contact.answeredMs ?? 0) : 0),
  steadily: ({ answeredMs }) => STEADY_MS - (answeredMs ?? STEADY_MS),
  lately: (contact) => (contact.isHeard ? LATELY_MS - contact.quietMs : ASKED_IN_MS.now(contact)),
  ever: ({ quietMs }) => EVER_MS - quietMs,
};

/**
 * In how many milliseconds it is to be asked if nothing is heard of it, 0 for now. undefined: it is asked already, and once is
 * enough, since it answers the newest inquiry whenever it is back; or it has never reported.
 */
export function askInMs(contact: AgentContact, need: Need): number | undefined {
  if (!contact.hasReported || contact.unansweredMs !== undefined) return undefined;
  return Math.max(0, ASKED_IN_MS[need](contact));
}

/** When an inquiry that is open turns into silence, in milliseconds from now; undefined: none is, or it has. */
export function silentInMs({ unansweredMs }: AgentContact): number | undefined {
  return unansweredMs === undefined || unansweredMs >= ANSWER_MS ? undefined : ANSWER_MS - unansweredMs;
}

/** What asks it, where it is to be asked. */
export function askCommands(contact: AgentContact, need: Need): readonly AskAgent[] {
  return askInMs(contact, need) === 0 ? [{ kind: 'AskAgent' }] : [];
}
