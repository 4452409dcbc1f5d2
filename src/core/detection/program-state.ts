/**
 * How the kubelet or the runtime is as a program of the host: what systemd says of its unit, the kernel of its main process,
 * and whether it answers where it can be asked. A program that does nothing writes no log, so silence is no sign of health.
 *
 * Sources: org.freedesktop.systemd1(5) (ActiveState, SubState, LoadState, Result, NRestarts), proc(5) (State, TracerPid, wchan).
 */
import type { ProgramInfo, ProgramState } from '../../api/v1alpha1/kinds/health.ts';
import { type Moment, wallOf } from '../time/moment.ts';

/** What systemd says. */
export interface UnitWords {
  readonly unit: string;
  readonly loadState: string;
  readonly activeState: string;
  readonly subState: string;
  /** `success`, `exit-code`, `signal`, `watchdog`, `start-limit-hit`, ...; empty: not known. */
  readonly result: string;
  readonly mainPID: number;
  readonly restarts: number;
  /** `Restart=`. */
  readonly restart: string;
  /** systemd has something to do with it: it starts or stops it in a moment. */
  readonly hasJob: boolean;
}

/** What the kernel says of the main process. */
export interface ProcessWords {
  /** R, S, D, T, t, Z, ... */
  readonly state: string;
  /** 0: nobody traces it. */
  readonly tracerPID: number;
  /** Its control group is frozen. */
  readonly frozen: boolean;
  /** What the main thread waits in; empty: not known. */
  readonly wchan: string;
}

export interface ProgramFacts {
  /** undefined: no unit was found, or it cannot be read. */
  readonly unit: UnitWords | undefined;
  /** undefined: there is no main process, or it cannot be read. */
  readonly process: ProcessWords | undefined;
  /** For how long it has not answered, in milliseconds; 0: it answers; undefined: it cannot be asked. */
  readonly silentMs: number | undefined;
  /** The unit with which systemd has stopped it; undefined: none. */
  readonly fallenWith?: string | undefined;
}

export interface ProgramRecord {
  readonly state: ProgramState;
  /** For a person; empty: nothing to say. */
  readonly message: string;
  /** Since when it is in this state, milliseconds since 1970, and on the monotonic clock. */
  readonly since: number;
  readonly sinceMs: number;
  /** When it last did nothing (stopped, frozen, or this host stood still), on the monotonic clock; undefined: never seen. */
  readonly idleAtMs: number | undefined;
  /** Restarts by systemd itself, as they were counted, newest last. */
  readonly restarts: readonly { readonly count: number; readonly atMs: number }[];
  readonly lookedAtMs: number;
}

/** Restarts by systemd within this time, and so many of them, are a loop. One may be systemd's watchdog. */
const LOOP_MS = 300_000;
const LOOP_RESTARTS = 2;
/** Not to answer for so long is silence. */
const SILENT_MS = 10_000;
/** Between two looks there are 10 s; a longer gap is one of the whole host. */
const GAP_MS = 60_000;

interface Judged {
  readonly state: ProgramState;
  readonly message: string;
}

const FIRST_D = 'its main thread waits in the kernel';

function held({ process, unit }: ProgramFacts): Judged | undefined {
  if (process === undefined) return undefined;
  const pid = String(unit?.mainPID ?? 0);
  if (process.tracerPID > 0)
    return { state: 'Debugged', message: `process ${pid} is traced by process ${String(process.tracerPID)}` };
  if ('Tt'.includes(process.state)) return { state: 'Frozen', message: `process ${pid} is stopped (SIGSTOP)` };
  return process.frozen ? { state: 'Frozen', message: `the control group of process ${pid} is frozen` } : undefined;
}

/** For a moment every process is in D; and of a Go program it is one thread of many: one that answers is not held up. */
function uninterruptible(
  { process, unit, silentMs }: ProgramFacts,
  previous: ProgramRecord | undefined,
): Judged | undefined {
  if (process?.state !== 'D' || (silentMs ?? SILENT_MS) < SILENT_MS) return undefined;
  if (previous?.state !== 'Uninterruptible' && previous?.message !== FIRST_D)
    return { state: 'Running', message: FIRST_D };
  const where = ['', '0'].includes(process.wchan) ? '' : ` in ${process.wchan}`;
  const message = `process ${String(unit?.mainPID ?? 0)} waits in the kernel${where} and cannot be killed`;
  return { state: 'Uninterruptible', message };
}

/** How often systemd has started it again within the time; 0: not again and again. */
function loops(restarts: ProgramRecord['restarts']): number {
  const count = (restarts.at(-1)?.count ?? 0) - (restarts[0]?.count ?? 0);
  return count >= LOOP_RESTARTS ? count : 0;
}

/** systemd starts such a unit again whatever it ended with, unless it was told to stop it. */
export function wasStoppedBadly({
  activeState,
  restart,
  restarts,
}: Pick<UnitWords, 'activeState' | 'restart' | 'restarts'>): boolean {
  return activeState === 'failed' && restart === 'always' && restarts === 0;
}

/** LoadState of a unit whose file systemd refuses. One that ran before goes on running, and cannot be started again. */
export function isBroken({ loadState }: Pick<UnitWords, 'loadState'>): boolean {
  return loadState === 'bad-setting' || loadState === 'error';
}

export function brokenText({ unit, loadState }: Pick<UnitWords, 'unit' | 'loadState'>): string {
  return `systemd cannot load ${unit} (${loadState})`;
}

const IN_TRANSIT: readonly string[] = ['activating', 'deactivating', 'reloading', 'refreshing'];

/** What is between the two halves of a restart, whoever asked for it, is not stopped. */
function ofEnd(unit: UnitWords, because: string, fallen: string | undefined): Judged | undefined {
  const { unit: name, activeState, hasJob } = unit;
  if (activeState !== 'inactive' && activeState !== 'failed') return undefined;
  if (fallen !== undefined)
    return { state: 'Failed', message: `${name} was stopped by systemd as ${fallen}, which it needs, ended by itself` };
  if (hasJob) return { state: 'Starting', message: `${name} is ${activeState}, and about to be started` };
  if (wasStoppedBadly(unit)) return { state: 'Stopped', message: `${name} was stopped, and ended badly${because}` };
  return activeState === 'failed'
    ? { state: 'Failed', message: `${name} has failed${because}` }
    : { state: 'Stopped', message: `${name} is stopped` };
}

function ofUnit({ unit, fallenWith }: ProgramFacts, restarts: ProgramRecord['restarts']): Judged | undefined {
  if (unit === undefined) return { state: 'Unknown', message: '' };
  const { unit: name, mainPID } = unit;
  const because = unit.result === '' || unit.result === 'success' ? '' : ` (${unit.result})`;
  if (mainPID === 0 && unit.loadState === 'masked') return { state: 'Masked', message: `${name} is masked` };
  if (mainPID === 0 && isBroken(unit)) return { state: 'Broken', message: brokenText(unit) };
  const again = loops(restarts);
  if (again > 0)
    return {
      state: 'CrashLooping',
      message: `${name} was started again ${String(again)} times in 5 minutes${because}`,
    };
  return ofActiveState(unit, because, fallenWith);
}

function ofActiveState(unit: UnitWords, because: string, fallen: string | undefined): Judged | undefined {
  const { unit: name, activeState, subState, mainPID } = unit;
  const over = ofEnd(unit, because, fallen);
  if (over !== undefined) return over;
  if (IN_TRANSIT.includes(activeState))
    return { state: 'Starting', message: `${name} is ${activeState} (${subState})${because}` };
  return mainPID === 0 ? { state: 'Failed', message: `${name} has no main process` } : undefined;
}

function ofAnswers({ silentMs }: ProgramFacts): Judged {
  if ((silentMs ?? 0) < SILENT_MS) return { state: 'Running', message: '' };
  return { state: 'Silent', message: 'it runs, and does not answer' };
}

/** Those of the last minutes, and the newest before them: a count alone says nothing of when. */
function counted(facts: ProgramFacts, previous: ProgramRecord | undefined, now: Moment): ProgramRecord['restarts'] {
  const count = facts.unit?.restarts;
  const known = previous?.restarts ?? [];
  if (count === undefined) return known;
  const last = known.at(-1);
  // A unit that a person starts counts from 0 again.
  if (last === undefined || count < last.count) return [{ count, atMs: now.monotonicMs }];
  const next = count === last.count ? known : [...known, { count, atMs: now.monotonicMs }];
  const recent = next.filter(({ atMs }) => now.monotonicMs - atMs < LOOP_MS);
  const before = next.filter(({ atMs }) => now.monotonicMs - atMs >= LOOP_MS).at(-1);
  return before === undefined ? recent : [{ ...before }, ...recent];
}

/** Whether it does nothing at all, so that what it says next may be of the time before. */
function isIdle(state: ProgramState): boolean {
  return state === 'Frozen' || state === 'Debugged' || state === 'Uninterruptible' || state === 'Silent';
}

/** When it last did nothing. Where nobody looked for a minute the whole host stood still. */
function idleAt(state: ProgramState, previous: ProgramRecord | undefined, nowMs: number): number | undefined {
  const stoodStill = previous !== undefined && nowMs - previous.lookedAtMs > GAP_MS;
  return isIdle(state) || stoodStill ? nowMs : previous?.idleAtMs;
}

/** What the agent before this one has published of a program. */
export interface PublishedProgram extends ProgramInfo {
  /** Of the unit then; empty: not known. */
  readonly invocationID: string;
}

/**
 * Where the agent before this one had come to: a state that goes on has begun when it began. undefined: it was of another run of
 * the program, which is another trouble, or nothing is known of it.
 */
export function resumedRecord(
  published: PublishedProgram | undefined,
  unit: (UnitWords & { readonly invocationID: string }) | undefined,
  now: Moment,
): ProgramRecord | undefined {
  if (published === undefined || unit === undefined) return undefined;
  const { state, message = '', invocationID } = published;
  const since = Date.parse(published.since);
  const isLoop = state === 'CrashLooping';
  // Each turn of a loop is a run of its own; one that has run for long is none any more.
  const goesOn = isLoop ? unit.activeState !== 'active' : invocationID !== '' && invocationID === unit.invocationID;
  if (!goesOn || Number.isNaN(since) || since > now.wallMs) return undefined;
  return {
    state,
    message,
    since,
    sinceMs: now.monotonicMs - (now.wallMs - since),
    idleAtMs: isIdle(state) ? now.monotonicMs : undefined,
    restarts: isLoop ? [{ count: unit.restarts - LOOP_RESTARTS, atMs: now.monotonicMs }] : [],
    lookedAtMs: now.monotonicMs,
  };
}

/** One more look. @param previous the last one, of the same program; undefined: there was none. */
export function nextProgramRecord(
  facts: ProgramFacts,
  previous: ProgramRecord | undefined,
  now: Moment,
): ProgramRecord {
  const restarts = counted(facts, previous, now);
  // A program that is held while systemd starts or stops it, as one may be for ever, is held.
  const unit = ofUnit(facts, restarts);
  const byUnit = unit?.state === 'Starting' ? (held(facts) ?? unit) : unit;
  const judged = byUnit ?? held(facts) ?? uninterruptible(facts, previous) ?? ofAnswers(facts);
  const { state } = judged;
  const seen = { state, idleAtMs: idleAt(state, previous, now.monotonicMs), restarts, lookedAtMs: now.monotonicMs };
  if (previous?.state !== state) return { ...seen, ...judged, since: now.wallMs, sinceMs: now.monotonicMs };
  // The words of the first look stay, so that a look is not a write.
  const message = state === 'Running' ? judged.message : previous.message;
  return { ...seen, message, since: wallOf(previous.sinceMs, previous.since, now), sinceMs: previous.sinceMs };
}
