/**
 * Counts runs of an unhealthy PLEG, never lines: the kubelet prints one every 5 s, and whoever counted lines has
 * rebooted nodes in loops (gardener#861).
 *
 * Three facts keep the count right:
 * - a breach line says when its relist began (its time minus `elapsed`), so two lines of one relist are one episode
 *   however far apart they are, in whatever order and however often they come;
 * - ages of what is read as it happens are measured on the monotonic clock, so a jump of the wall clock is no gap, and no
 *   episode lies in the future;
 * - what is older than the last close opens nothing: it is a replay.
 */
import type { Moment } from '../time/moment.ts';
import type { PlegLine } from './pleg-line.ts';
import {
  EPISODE_AGE_MS,
  LIVE_MS,
  MAX_EPISODES,
  NEVER_RELISTED_MS,
  QUIET_MS,
  SAME_RELIST_MS,
  START_GRACE_MS,
} from './settings.ts';

/** What a line of an episode says of PLEG. */
export type Fault = Extract<PlegLine['kind'], 'breach' | 'never-relisted' | 'evented-full'>;

/** One episode; times in milliseconds since 1970. */
export interface EpisodeRecord {
  readonly startedAt: number;
  /** undefined: it is open. */
  readonly endedAt: number | undefined;
  readonly lastLineAt: number;
  readonly lines: number;
  /** What its newest line says. */
  readonly lastFault: Fault;
  readonly lastElapsedMs: number | undefined;
  readonly maxElapsedMs: number | undefined;
  readonly thresholdMs: number | undefined;
  /** When the relist that its lines speak of began; undefined: not known, or that kubelet process has ended. */
  readonly relistAt: number | undefined;
}

export interface EpisodeState {
  /** Oldest first; only the last one can be open. At most 50, of 24 hours. */
  readonly episodes: readonly EpisodeRecord[];
  /** Lines up to here open no episode. Milliseconds since 1970. */
  readonly boundaryAt: number;
  /** Identity of the kubelet process as last observed. */
  readonly kubelet: string | undefined;
  /** The present run of `has yet to be successful`. */
  readonly neverRelisted: NeverRelisted | undefined;
  /** Monotonic: when the last breach line came; undefined after a start of the agent. */
  readonly seenAtMs: number | undefined;
  /** Monotonic: since when nothing but quiet was seen; undefined: the next tick begins to count. */
  readonly quietFromMs: number | undefined;
}

interface NeverRelisted {
  readonly lastLineAt: number;
  readonly seenAtMs: number | undefined;
  /** How long it has lasted, counted line by line. */
  readonly forMs: number;
}

export type EpisodeEvent =
  /** A line of the kubelet log. `at`: when it was written, milliseconds since 1970. */
  | { readonly kind: 'line'; readonly at: number; readonly line: PlegLine }
  /** The kubelet process, as its unit or /proc shows it; `identity` is new for each process (InvocationID and PID). */
  | { readonly kind: 'kubelet'; readonly identity: string; readonly startedAt: number | undefined }
  /**
   * Time goes by; to be sent every second or so.
   * - `logCurrent`: the log is being read, and its end was reached;
   * - `kubeletAlive`: the process exists and is neither stopped nor a zombie.
   * Only a quiet time in which both hold closes an episode.
   */
  | { readonly kind: 'tick'; readonly logCurrent: boolean; readonly kubeletAlive: boolean };

export const NO_EPISODES: EpisodeState = {
  episodes: [],
  boundaryAt: 0,
  kubelet: undefined,
  neverRelisted: undefined,
  seenAtMs: undefined,
  quietFromMs: undefined,
};

/** The episode that is open. */
export function openEpisode(state: EpisodeState): EpisodeRecord | undefined {
  const last = state.episodes.at(-1);
  return last?.endedAt === undefined ? last : undefined;
}

/** The next state. Pure; unknown or late events change nothing. */
export function reduceEpisodes(state: EpisodeState, event: EpisodeEvent, now: Moment): EpisodeState {
  const current = withoutFuture(state, now);
  switch (event.kind) {
    case 'line':
      // A line from the future was written before a step back of the clock.
      return event.at > now.wallMs + SAME_RELIST_MS ? current : onLine(current, event.at, event.line, now);
    case 'kubelet':
      return onKubelet(current, event.identity, event.startedAt, now);
    case 'tick':
      return onTick(current, event.logCurrent && event.kubeletAlive, now);
    default:
      return event satisfies never;
  }
}

/** After a step back of the wall clock, marks that lie in the future would hide what is new. */
function withoutFuture(state: EpisodeState, now: Moment): EpisodeState {
  const { wallMs } = now;
  const run = state.neverRelisted;
  const isAhead = state.episodes.some((episode) => isFuture(episode, wallMs));
  const future = isAhead || state.boundaryAt > wallMs || (run !== undefined && run.lastLineAt > wallMs);
  if (!future) return state;
  return {
    ...state,
    episodes: isAhead ? setBack(state, now) : state.episodes,
    boundaryAt: Math.min(state.boundaryAt, wallMs),
    neverRelisted: run && { ...run, lastLineAt: Math.min(run.lastLineAt, wallMs) },
  };
}

function isFuture({ lastLineAt }: EpisodeRecord, wallMs: number): boolean {
  return lastLineAt > wallMs + SAME_RELIST_MS;
}

/**
 * Episodes of the time before the step back, by the clock as it is now: both clocks at the last line tell how far it was
 * set. After a start of the agent nobody knows that: what is over then is forgotten, and what is open has begun now.
 */
function setBack({ episodes, seenAtMs }: EpisodeState, { wallMs, monotonicMs }: Moment): readonly EpisodeRecord[] {
  const last = episodes.at(-1);
  if (last !== undefined && seenAtMs !== undefined) {
    const byMs = wallMs - (monotonicMs - seenAtMs) - last.lastLineAt;
    return episodes.map((episode) => (isFuture(episode, wallMs) ? shifted(episode, byMs, wallMs) : episode));
  }
  return episodes.flatMap((episode) => {
    if (!isFuture(episode, wallMs)) return [episode];
    return episode.endedAt === undefined ? [{ ...episode, startedAt: wallMs, lastLineAt: wallMs }] : [];
  });
}

function shifted(episode: EpisodeRecord, byMs: number, wallMs: number): EpisodeRecord {
  const { startedAt: began, lastLineAt, endedAt, relistAt } = episode;
  // What began before the clock was ahead has a right time already.
  const startedAt = began > wallMs ? began + byMs : began;
  return {
    ...episode,
    startedAt,
    lastLineAt: Math.max(startedAt, lastLineAt + byMs),
    endedAt: endedAt === undefined ? undefined : Math.max(startedAt, endedAt + byMs),
    relistAt: relistAt === undefined ? undefined : relistAt + byMs,
  };
}

function onLine(state: EpisodeState, at: number, line: PlegLine, now: Moment): EpisodeState {
  switch (line.kind) {
    case 'breach':
      return onBreach(state, { at, fault: line.kind, elapsedMs: line.elapsedMs, thresholdMs: line.thresholdMs }, now);
    case 'evented-full':
      return onBreach(state, { at, fault: line.kind, elapsedMs: undefined, thresholdMs: undefined }, now);
    case 'never-relisted':
      return onNeverRelisted(state, at, now);
    case 'kubelet-start':
      return onStartLine(state, at);
    case 'runtime-down':
    case 'relist-failed':
    case 'none':
      return state;
    default:
      return line satisfies never;
  }
}

interface BreachLine {
  readonly at: number;
  readonly fault: Fault;
  readonly elapsedMs: number | undefined;
  readonly thresholdMs: number | undefined;
}

function onBreach(state: EpisodeState, line: BreachLine, now: Moment): EpisodeState {
  const last = state.episodes.at(-1);
  if (last === undefined) return line.at <= state.boundaryAt ? state : open(state, line, now);
  if (line.at <= last.lastLineAt && line.at <= state.boundaryAt) return state;
  if (isSameRelist(last, line)) return extend(state, last, line, now);
  if (last.endedAt !== undefined) return line.at <= state.boundaryAt ? state : open(state, line, now);
  if (gap(last.lastLineAt, line.at, state.seenAtMs, now) < QUIET_MS) return extend(state, last, line, now);
  return open(close(state, last.lastLineAt + QUIET_MS), line, now);
}

function relistStart(line: BreachLine): number | undefined {
  return line.elapsedMs === undefined ? undefined : line.at - line.elapsedMs;
}

function isSameRelist(episode: EpisodeRecord, line: BreachLine): boolean {
  const began = relistStart(line);
  if (began === undefined || episode.relistAt === undefined) return false;
  return Math.abs(began - episode.relistAt) <= SAME_RELIST_MS;
}

/** Time between two lines: as they came in, or, of lines that were written long ago, as they were written. */
function gap(lastLineAt: number, at: number, seenAtMs: number | undefined, now: Moment): number {
  const live = Math.abs(now.wallMs - at) <= LIVE_MS;
  return live && seenAtMs !== undefined ? now.monotonicMs - seenAtMs : at - lastLineAt;
}

function open(state: EpisodeState, line: BreachLine, now: Moment): EpisodeState {
  const record: EpisodeRecord = {
    startedAt: line.at,
    endedAt: undefined,
    lastLineAt: line.at,
    lines: 1,
    lastFault: line.fault,
    lastElapsedMs: line.elapsedMs,
    maxElapsedMs: line.elapsedMs,
    thresholdMs: line.thresholdMs,
    relistAt: relistStart(line),
  };
  return seen({ ...state, episodes: bounded([...state.episodes, record], now.wallMs), boundaryAt: line.at }, now);
}

function extend(state: EpisodeState, last: EpisodeRecord, line: BreachLine, now: Moment): EpisodeState {
  // Beyond the boundary a line is newer even if its time is not: the clock was set back.
  const newer = line.at > last.lastLineAt || line.at > state.boundaryAt;
  const record: EpisodeRecord = {
    ...last,
    endedAt: undefined,
    lastLineAt: newer ? line.at : last.lastLineAt,
    lines: last.lines + 1,
    lastFault: newer ? line.fault : last.lastFault,
    lastElapsedMs: newer ? line.elapsedMs : last.lastElapsedMs,
    maxElapsedMs: maximum(last.maxElapsedMs, line.elapsedMs),
    thresholdMs: line.thresholdMs ?? last.thresholdMs,
    relistAt: newer ? (relistStart(line) ?? last.relistAt) : last.relistAt,
  };
  return seen({ ...replaceLast(state, record), boundaryAt: Math.max(state.boundaryAt, line.at) }, now);
}

function maximum(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return Math.max(a, b);
}

function seen(state: EpisodeState, now: Moment): EpisodeState {
  return { ...state, seenAtMs: now.monotonicMs, quietFromMs: now.monotonicMs };
}

function replaceLast(state: EpisodeState, record: EpisodeRecord): EpisodeState {
  return { ...state, episodes: [...state.episodes.slice(0, -1), record] };
}

function close(state: EpisodeState, at: number): EpisodeState {
  const last = openEpisode(state);
  const boundaryAt = Math.max(state.boundaryAt, at);
  if (last === undefined) return { ...state, boundaryAt };
  return { ...replaceLast(state, { ...last, endedAt: Math.max(at, last.startedAt) }), boundaryAt };
}

function bounded(episodes: readonly EpisodeRecord[], wallMs: number): readonly EpisodeRecord[] {
  return episodes
    .filter((e, i) => i === episodes.length - 1 || wallMs - e.lastLineAt <= EPISODE_AGE_MS)
    .slice(-MAX_EPISODES);
}

/** It becomes a breach after it has been said for minutes without a pause longer than the quiet time. */
function onNeverRelisted(state: EpisodeState, at: number, now: Moment): EpisodeState {
  const run = state.neverRelisted;
  if (run !== undefined && at <= run.lastLineAt) return state;
  const step = run === undefined ? QUIET_MS : gap(run.lastLineAt, at, run.seenAtMs, now);
  const forMs = run !== undefined && step < QUIET_MS ? run.forMs + Math.max(0, step) : 0;
  const next = { ...state, neverRelisted: { lastLineAt: at, seenAtMs: now.monotonicMs, forMs } };
  if (forMs < NEVER_RELISTED_MS) return next;
  return onBreach(next, { at, fault: 'never-relisted', elapsedMs: undefined, thresholdMs: undefined }, now);
}

function onStartLine(state: EpisodeState, at: number): EpisodeState {
  const last = state.episodes.at(-1);
  if (at <= state.boundaryAt || (last !== undefined && at <= last.lastLineAt)) return state;
  return endOfProcess(state, at);
}

function onKubelet(state: EpisodeState, identity: string, startedAt: number | undefined, now: Moment): EpisodeState {
  if (state.kubelet === identity) return state;
  const known = { ...state, kubelet: identity };
  if (state.kubelet === undefined) return known;
  const at = Math.min(startedAt ?? now.wallMs, now.wallMs);
  const ended = endOfProcess(known, at);
  // Start times have whole seconds, and lines of the old process may come late. The new one has none for minutes.
  return { ...ended, boundaryAt: Math.max(ended.boundaryAt, Math.min(at + START_GRACE_MS, now.wallMs)) };
}

/** All that was said of the old process is over: its relist will not be heard of again. */
function endOfProcess(state: EpisodeState, at: number): EpisodeState {
  const closed = { ...close(state, at), neverRelisted: undefined };
  const last = closed.episodes.at(-1);
  return last === undefined ? closed : replaceLast(closed, { ...last, relistAt: undefined });
}

function onTick(state: EpisodeState, quiet: boolean, now: Moment): EpisodeState {
  const episodes = bounded(state.episodes, now.wallMs);
  const current = episodes.length === state.episodes.length ? state : { ...state, episodes };
  if (openEpisode(current) === undefined) return current;
  if (!quiet || current.quietFromMs === undefined) return { ...current, quietFromMs: now.monotonicMs };
  return now.monotonicMs - current.quietFromMs < QUIET_MS ? current : close(current, now.wallMs);
}
