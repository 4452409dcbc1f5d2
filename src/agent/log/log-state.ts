/** The kubelet log as the agent knows it, and what follows from each record of it. Pure. */
import type { PlegInfo } from '../../api/v1alpha1/kinds/health.ts';
import {
  type EpisodeEvent,
  type EpisodeState,
  NO_EPISODES,
  openEpisode,
  reduceEpisodes,
} from '../../core/detection/episodes.ts';
import { plegWords, type Telling, tellsOfPleg } from '../../core/detection/pleg-words.ts';
import { parseKubeletRecord, signerOf } from '../../core/detection/kubelet-record.ts';
import {
  isForeign,
  noteSignature,
  NO_SIGNATURES,
  type Signatures,
  type Signed,
} from '../../core/detection/signatures.ts';
import { joinLine, type OpenRecord } from '../../core/detection/record-lines.ts';
import type { PlegLine } from '../../core/detection/pleg-line.ts';
import { type LogStatus, noteSuspicion, plegInfo, type Suspicion } from '../../core/detection/pleg-state.ts';
import type { ProgramRecord } from '../../core/detection/program-state.ts';
import { LIVE_MS } from '../../core/detection/settings.ts';
import type { Moment } from '../../core/time/moment.ts';
import type { LogRecord } from '../../ports/host.ts';
import type { LogObservation, ProbeObservation } from '../health/observation.ts';
import { cleanText, redact } from '../../core/redaction/redact.ts';

export interface WatchState {
  readonly episodes: EpisodeState;
  readonly suspicion: Suspicion | undefined;
  /** The newest breach line as it was written; empty: none. */
  readonly breachText: string;
  readonly status: LogStatus;
  /**
   * Whether the open episode was seen to go on now: by a line that is fresh, or that came after all old ones were read.
   * Old lines alone open no case: their fault may have passed long before this agent started.
   */
  readonly confirmed: boolean;
  readonly cursor: string | undefined;
  readonly lastLineAt: number | undefined;
  readonly lagSeconds: number | undefined;
  readonly lostLines: number;
  readonly unreadableLines: number;
  /** A record of several lines whose end has not been read; undefined: none. */
  readonly openRecord: OpenRecord | undefined;
  /** By what ids those sign who write into this log. */
  readonly signatures: Signatures;
  /** Starts of a kubelet that were read. */
  readonly starts: number;
}

export function beginWatch(stored: {
  readonly cursor: string | undefined;
  readonly episodes: EpisodeState | undefined;
}): WatchState {
  return {
    episodes: stored.episodes ?? NO_EPISODES,
    suspicion: undefined,
    breachText: '',
    status: { kind: 'reading' },
    confirmed: false,
    cursor: stored.cursor,
    lastLineAt: undefined,
    lagSeconds: undefined,
    lostLines: 0,
    unreadableLines: 0,
    openRecord: undefined,
    signatures: NO_SIGNATURES,
    starts: 0,
  };
}

export function onRecord(state: WatchState, record: LogRecord, now: Moment): WatchState {
  switch (record.kind) {
    case 'line': {
      const { open, record: text = '' } = joinLine(state.openRecord, record);
      return onLine({ ...state, openRecord: open }, { ...record, text }, now);
    }
    case 'lost':
      return { ...state, lostLines: state.lostLines + record.lines };
    case 'unreadable':
      return { ...state, unreadableLines: state.unreadableLines + 1 };
    case 'caught-up':
      return { ...state, status: { kind: 'current' } };
    default:
      return record satisfies never;
  }
}

const NONE: PlegLine = { kind: 'none' };

type Line = Extract<LogRecord, { kind: 'line' }>;

function onLine(before: WatchState, record: Line, now: Moment): WatchState {
  const { at, text, cursor } = record;
  const signed = signatureOf(record);
  const signatures = signed === undefined ? before.signatures : noteSignature(before.signatures, signed);
  const state = { ...before, signatures };
  // One that is signed otherwise than its sender signs stands in the text of another record.
  const isPlanted = signed !== undefined && isForeign(signatures, signed);
  const line = isPlanted ? NONE : parseKubeletRecord(text);
  const ageMs = Math.max(0, now.wallMs - at);
  const read = { ...state, cursor, lastLineAt: at, lagSeconds: Math.floor(ageMs / 1000) };
  if (line.kind === 'none') return read;
  const episodes = reduceEpisodes(state.episodes, { kind: 'line', at, line }, now);
  const isNow = state.status.kind === 'current' || ageMs <= LIVE_MS;
  return withEpisodes(
    {
      ...read,
      suspicion: noteSuspicion(state.suspicion, { at, line }, now),
      breachText: tellsOfPleg(line) ? cleanWords(text, line) : state.breachText,
      starts: state.starts + (line.kind === 'kubelet-start' ? 1 : 0),
    },
    episodes,
    tellsOfPleg(line) && isNow,
  );
}

/** By whom a record is signed, and who sent it; undefined: one of the two is not known. */
function signatureOf({ pid, text, at }: Line): Signed | undefined {
  const signer = pid === undefined ? undefined : signerOf(text);
  return pid === undefined || signer === undefined ? undefined : { pid, signer, at };
}

/** Of the line without its secrets: the parser cuts out of it what it tells. */
function cleanWords(text: string, line: Telling): string {
  const clean = parseKubeletRecord(redact(text).text);
  return plegWords(tellsOfPleg(clean) ? clean : line);
}

function withEpisodes(state: WatchState, episodes: EpisodeState, breachNow: boolean): WatchState {
  const open = openEpisode(episodes);
  return { ...state, episodes, confirmed: open !== undefined && (breachNow || state.confirmed) };
}

/** A tick, or a change of the kubelet's process. */
export function onEvent(state: WatchState, event: Exclude<EpisodeEvent, { kind: 'line' }>, now: Moment): WatchState {
  const episodes = reduceEpisodes(state.episodes, event, now);
  return episodes === state.episodes ? state : withEpisodes(state, episodes, false);
}

/** The source has ended or failed. */
export function onFailure(state: WatchState, message: string, now: Moment): WatchState {
  const sinceMs = state.status.kind === 'failed' ? state.status.sinceMs : now.monotonicMs;
  return { ...state, status: { kind: 'failed', sinceMs, message } };
}

/** The source was started again; a failure counts on until it has been read to its end. */
export function onRestart(state: WatchState): WatchState {
  return state.status.kind === 'failed' ? state : { ...state, status: { kind: 'reading' } };
}

/** What else is seen of the node. */
export interface Beside {
  readonly probe: ProbeObservation;
  readonly kubelet: ProgramRecord | undefined;
  /** What was said of PLEG last. */
  readonly previous: PlegInfo | undefined;
}

export function plegOf(state: WatchState, { probe, kubelet, previous }: Beside, now: Moment): PlegInfo {
  const hidden = !state.confirmed && openEpisode(state.episodes) !== undefined;
  const episodes = hidden ? { ...state.episodes, episodes: state.episodes.episodes.slice(0, -1) } : state.episodes;
  const log: LogStatus = hidden && state.status.kind === 'current' ? { kind: 'reading' } : state.status;
  const { suspicion, breachText } = state;
  return plegInfo({ episodes, suspicion, probe, log, breachText, kubelet }, previous, now);
}

export function logObservationOf(state: WatchState): LogObservation {
  const { status, lagSeconds, lastLineAt, lostLines, unreadableLines } = state;
  return {
    state: status.kind,
    lagSeconds,
    lastLineAt,
    lostLines,
    unreadableLines,
    error: status.kind === 'failed' ? cleanText(status.message, 1024) : undefined,
  };
}
