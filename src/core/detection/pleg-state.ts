/** What the log, the episodes and the CRI probe say together of PLEG: the `pleg` of KubeletHealth. */
import type { Episode, PlegInfo, PlegState, ProbeState, ProgramState } from '../../api/v1alpha1/kinds/health.ts';
import { formatDuration, formatSeconds } from '../time/duration.ts';
import type { Moment } from '../time/moment.ts';
import { type EpisodeRecord, type EpisodeState, type Fault, openEpisode } from './episodes.ts';
import type { PlegLine } from './pleg-line.ts';
import type { ProgramRecord } from './program-state.ts';
import { LOG_GRACE_MS, PROBE_FAILING_MS, RELIST_FAILED_HOLD_MS, RESUMED_MS, RUNTIME_DOWN_HOLD_MS } from './settings.ts';

/** Reasons of PlegInfo. */
type PlegReason =
  /** The kubelet does not run, or does nothing, so that its log says nothing: see `status.kubelet.program`. */
  | `Kubelet${Exclude<ProgramState, 'Running' | 'Starting' | 'Unknown'>}`
  /** The kubelet did nothing until just now: what it says is of that time. */
  | 'JustResumed'
  /** No breach line since the kubelet started or since the last episode closed. */
  | 'RelistRecent'
  /** The last relist began longer ago than the threshold. */
  | 'ThresholdExceeded'
  /** PLEG has not relisted once in the minutes since the kubelet started. */
  | 'NeverRelisted'
  /** The channel of EventedPLEG is full. */
  | 'EventChannelFull'
  /** A CRI call of our own has failed for 10 s or more. */
  | 'RuntimeProbeFailing'
  /** The kubelet says that the container runtime is down. */
  | 'RuntimeDown'
  /** The kubelet says that a relist has failed. */
  | 'RelistFailed'
  /** The kubelet log cannot be read. */
  | 'LogUnreadable'
  /** The kubelet log has not been read to its end yet. */
  | 'LogNotReadYet';

/** The newest line that names a fault of the runtime or of a relist. */
export interface Suspicion {
  readonly kind: 'runtime-down' | 'relist-failed';
  /** When it was written, milliseconds since 1970. */
  readonly at: number;
  /** Age of the line when it came, for what is read late. */
  readonly ageMs: number;
  readonly seenAtMs: number;
}

/** Keeps the newest suspicious line; a start of the kubelet forgets it. */
export function noteSuspicion(
  previous: Suspicion | undefined,
  event: { readonly at: number; readonly line: PlegLine },
  now: Moment,
): Suspicion | undefined {
  const { at, line } = event;
  if (line.kind === 'kubelet-start') return undefined;
  if (line.kind !== 'runtime-down' && line.kind !== 'relist-failed') return previous;
  return { kind: line.kind, at, ageMs: Math.max(0, now.wallMs - at), seenAtMs: now.monotonicMs };
}

/** What is known of the CRI probe. */
interface ProbeSummary {
  readonly state: ProbeState;
  /** Monotonic: start of the first probe of the present run of failures; undefined: the last one was answered. */
  readonly failingSinceMs: number | undefined;
  readonly message: string;
}

export type LogStatus =
  /** Being read, and its end was reached. */
  | { readonly kind: 'current' }
  /** Being read, the end not reached yet. */
  | { readonly kind: 'reading' }
  /** `sinceMs`: monotonic, start of the present failure. */
  | { readonly kind: 'failed'; readonly sinceMs: number; readonly message: string };

export interface PlegInputs {
  readonly episodes: EpisodeState;
  readonly suspicion: Suspicion | undefined;
  readonly probe: ProbeSummary;
  readonly log: LogStatus;
  /** The newest breach line as it was written; empty: none. */
  readonly breachText: string;
  /** undefined: it has not been looked at yet. */
  readonly kubelet: ProgramRecord | undefined;
}

interface Verdict {
  readonly state: PlegState;
  readonly reason: PlegReason;
  readonly message: string;
  /** Milliseconds since 1970; undefined: now. */
  readonly since: number | undefined;
}

/** Whether this is all that an agent can say that has just started: it has still to read what is there. */
export function isNotReadYet(pleg: PlegInfo | undefined): boolean {
  const reason: PlegReason = 'LogNotReadYet';
  return pleg === undefined || pleg.reason === reason;
}

/** Combines all of it. `previous`: what was said last; a state that goes on keeps its `since`. */
export function plegInfo(inputs: PlegInputs, previous: PlegInfo | undefined, now: Moment): PlegInfo {
  const verdict = judge(inputs, previous, now);
  const last = openEpisode(inputs.episodes);
  const goesOn = previous?.state === verdict.state && verdict.state !== 'Unhealthy';
  return {
    state: verdict.state,
    reason: verdict.reason,
    message: verdict.message.slice(0, 1024),
    since: rfc3339(Math.min(goesOn ? Date.parse(previous.since) : (verdict.since ?? now.wallMs), now.wallMs)),
    ...(last?.lastElapsedMs === undefined ? {} : { elapsed: unsigned(last.lastElapsedMs) }),
    ...(last?.thresholdMs === undefined ? {} : { threshold: formatDuration(last.thresholdMs) }),
    episodes: inputs.episodes.episodes.map(toEpisode),
  };
}

function judge(inputs: PlegInputs, previous: PlegInfo | undefined, now: Moment): Verdict {
  return (
    unreadable(inputs.log, now) ??
    resumed(inputs, now) ??
    unhealthy(inputs) ??
    silent(inputs.kubelet) ??
    suspectedByProbe(inputs.probe, now) ??
    suspectedByLine(inputs.suspicion, now) ??
    notReadYet(inputs.log, previous) ?? {
      state: 'Healthy',
      reason: 'RelistRecent',
      message: 'the kubelet log names no breach of the PLEG threshold',
      since: inputs.episodes.episodes.at(-1)?.endedAt,
    }
  );
}

function unreadable(log: LogStatus, now: Moment): Verdict | undefined {
  if (log.kind !== 'failed' || now.monotonicMs - log.sinceMs < LOG_GRACE_MS) return undefined;
  const message = `the kubelet log cannot be read: ${log.message}`;
  return { state: 'Unknown', reason: 'LogUnreadable', message, since: undefined };
}

/** An agent that has just started knows nothing before it has read what is there. */
function notReadYet(log: LogStatus, previous: PlegInfo | undefined): Verdict | undefined {
  if (log.kind === 'current' || (previous !== undefined && previous.state !== 'Unknown')) return undefined;
  const message = log.kind === 'reading' ? 'the kubelet log is being read' : `the kubelet log: ${log.message}`;
  return { state: 'Unknown', reason: 'LogNotReadYet', message, since: undefined };
}

/**
 * A kubelet that did nothing for minutes says at once that its relist is too old, and is well a second later: whether it stays
 * ill shows when the next relists are due.
 */
function resumed({ kubelet, episodes }: PlegInputs, now: Moment): Verdict | undefined {
  const idleAtMs = kubelet?.idleAtMs;
  if (idleAtMs === undefined || now.monotonicMs - idleAtMs >= RESUMED_MS) return undefined;
  const episode = openEpisode(episodes);
  // One that was open before it stopped goes on.
  if (episode === undefined || episode.startedAt < now.wallMs - RESUMED_MS) return undefined;
  const message = 'the kubelet, or its host, did nothing until just now: whether PLEG is well again shows in a moment';
  return { state: 'Suspected', reason: 'JustResumed', message, since: undefined };
}

/** Its log is silent since it is: that says nothing of PLEG. */
function silent(kubelet: ProgramRecord | undefined): Verdict | undefined {
  if (kubelet === undefined) return undefined;
  const { state, message, since } = kubelet;
  if (state === 'Running' || state === 'Starting' || state === 'Unknown') return undefined;
  return { state: 'Unknown', reason: `Kubelet${state}`, message: `the kubelet: ${message}`, since };
}

function unhealthy(inputs: PlegInputs): Verdict | undefined {
  const episode = openEpisode(inputs.episodes);
  if (episode === undefined) return undefined;
  const message = inputs.breachText === '' ? describe(episode) : inputs.breachText;
  return { state: 'Unhealthy', reason: REASONS[episode.lastFault], message, since: episode.startedAt };
}

const REASONS: Readonly<Record<Fault, PlegReason>> = {
  breach: 'ThresholdExceeded',
  'never-relisted': 'NeverRelisted',
  'evented-full': 'EventChannelFull',
};

function describe(episode: EpisodeRecord): string {
  if (episode.lastElapsedMs === undefined) return 'PLEG is not healthy';
  return `PLEG was last seen active ${formatSeconds(episode.lastElapsedMs)} ago`;
}

function suspectedByProbe(probe: ProbeSummary, now: Moment): Verdict | undefined {
  if (probe.failingSinceMs === undefined || probe.state === 'Answered' || probe.state === 'Unknown') return undefined;
  const failingFor = now.monotonicMs - probe.failingSinceMs;
  if (failingFor < PROBE_FAILING_MS) return undefined;
  const detail = probe.message === '' ? '' : `: ${probe.message}`;
  const message = `CRI probe failing (${probe.state})${detail}`;
  return { state: 'Suspected', reason: 'RuntimeProbeFailing', message, since: now.wallMs - failingFor };
}

function suspectedByLine(suspicion: Suspicion | undefined, now: Moment): Verdict | undefined {
  if (suspicion === undefined) return undefined;
  const hold = suspicion.kind === 'runtime-down' ? RUNTIME_DOWN_HOLD_MS : RELIST_FAILED_HOLD_MS;
  if (suspicion.ageMs + now.monotonicMs - suspicion.seenAtMs > hold) return undefined;
  const since = Math.min(suspicion.at, now.wallMs);
  if (suspicion.kind === 'runtime-down') {
    return { state: 'Suspected', reason: 'RuntimeDown', message: 'kubelet: container runtime is down', since };
  }
  return {
    state: 'Suspected',
    reason: 'RelistFailed',
    message: 'kubelet: GenericPLEG: Unable to retrieve pods',
    since,
  };
}

function toEpisode(record: EpisodeRecord): Episode {
  return {
    startedAt: rfc3339(record.startedAt),
    ...(record.endedAt === undefined ? {} : { endedAt: rfc3339(record.endedAt) }),
    lastLineAt: rfc3339(record.lastLineAt),
    lines: Math.min(record.lines, 1_000_000_000),
    ...(record.maxElapsedMs === undefined ? {} : { maxElapsed: unsigned(record.maxElapsedMs) }),
    ...(record.thresholdMs === undefined ? {} : { threshold: formatDuration(record.thresholdMs) }),
  };
}

/** The API's durations have no sign. */
function unsigned(ms: number): string {
  return formatDuration(Math.max(0, ms));
}

/** A time beyond what a Date can hold becomes the nearest that it can. */
function rfc3339(ms: number): string {
  return new Date(Math.min(Math.max(ms, 0), 253_402_300_799_000)).toISOString();
}
