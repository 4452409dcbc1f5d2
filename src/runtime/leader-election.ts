/**
 * Leader election over a coordination.k8s.io/v1 Lease, as client-go's `tools/leaderelection` does it: at most one leader,
 * as long as the electors' monotonic clocks run at about the same speed. A leader gives up `leaseDurationMs -
 * renewDeadlineMs` before anybody else may take over. In that margin its last writes arrive, its work ends, and so does
 * the process.
 */
import type { Clock, Random } from '../ports/clock.ts';
import type { Cluster, Ref } from '../ports/cluster.ts';
import { isMedicError, MedicError } from '../ports/errors.ts';
import type { Log } from '../ports/log.ts';
import { type Limit, withDeadline } from './deadline.ts';
import { createLeaseRecord, type Attempt, type LeaseRecord } from './lease-record.ts';

export interface TermTimes {
  readonly leaseDurationMs: number;
  /** A leader that has not renewed for so long no longer is one. */
  readonly renewDeadlineMs: number;
  /** Time between the tries of a leader, plus up to a fifth by chance. */
  readonly retryPeriodMs: number;
  /** Of one that waits to lead: how long a lease may be free before it is seen. */
  readonly followPeriodMs: number;
  /** How long a write of the work may be on its way. */
  readonly writeDeadlineMs: number;
  /** How long the work may take to end after its signal. */
  readonly workGraceMs: number;
}

/**
 * Twice the patience of client-go's defaults (15 s, 10 s, 2 s). Its margin of 5 s is shorter than a write that a busy
 * API server takes 8 s for, and its deadline of 10 s deposes a leader whose API server is away for that long. What that
 * costs: after a crash the next leader begins after up to 33 s instead of 17 s. An incident takes minutes, and a leader
 * that is told to stop frees its lease at once.
 */
export const TERM_TIMES: TermTimes = {
  leaseDurationMs: 30_000,
  renewDeadlineMs: 15_000,
  retryPeriodMs: 2_000,
  followPeriodMs: 1_000,
  writeDeadlineMs: 8_000,
  // 3 s of the margin are left for the process to end.
  workGraceMs: 12_000,
};

/** What the work of a leader needs to keep to its term. */
export interface Term {
  /** Aborts when leadership is lost, and when the leader is told to stop. */
  readonly signal: AbortSignal;
  /** By the clock. A process that was stopped may find it sooner than its signal tells. */
  readonly leads: () => boolean;
  readonly writeDeadlineMs: number;
}

export interface LeaderElectionOptions extends Partial<TermTimes> {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly lease: Ref & { readonly namespace: string };
  /** Unique to this process: two that share it would both lead. */
  readonly identity: string;
  /** Field manager. */
  readonly manager: string;
  /** Ends it: the signal of the work is aborted, and the lease is freed when the work has ended. */
  readonly signal: AbortSignal;
}

type Settings = Required<LeaderElectionOptions>;
/** How a term ended. After `lost` end the process at once: work that did not end within its grace still runs. */
export type TermEnd = 'lost' | 'stopped';

const JITTER = 0.2;
/** Of the renew deadline that one try may take, as client-go has it: a second one, on a new connection, has the rest. */
const TRY_SHARE = 0.5;
/** Of the time between two tries that is kept after one that took as long. */
const HURRY = 0.25;
const RELEASE_DEADLINE_MS = 5_000;

/**
 * Waits to lead, then runs `work` once, which ends with the signal of its term.
 * @returns `stopped` when the work has ended or `signal` came; `lost` when leadership was.
 * @throws what the work throws of itself; `E_LEADER_SETTINGS`.
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  work: (term: Term) => Promise<void>,
): Promise<TermEnd> {
  const settings = withDefaults(options);
  const record = createLeaseRecord(settings);
  const leadsSince = await acquire(settings, record);
  if (leadsSince === undefined) return 'stopped';
  settings.log.info('leading', { identity: settings.identity });
  return await lead(settings, record, { leadsSince, work });
}

function withDefaults(options: LeaderElectionOptions): Settings {
  const settings = { ...TERM_TIMES, ...options };
  const { leaseDurationMs, renewDeadlineMs, retryPeriodMs, writeDeadlineMs, workGraceMs } = settings;
  const rules: readonly (readonly [holds: boolean, rule: string])[] = [
    [leaseDurationMs > renewDeadlineMs, 'lease duration > renew deadline'],
    [renewDeadlineMs > retryPeriodMs * (1 + JITTER), 'renew deadline > retry period with its jitter'],
    [workGraceMs < leaseDurationMs - renewDeadlineMs, 'work grace < lease duration - renew deadline'],
    // Otherwise a leader that is told to stop would free its lease while a write of it is on its way.
    [writeDeadlineMs <= workGraceMs, 'write deadline <= work grace'],
  ];
  const broken = rules.filter(([holds]) => !holds).map(([, rule]) => rule);
  if (broken.length === 0) return settings;
  const times = `${leaseDurationMs}, ${renewDeadlineMs}, ${retryPeriodMs}, ${writeDeadlineMs} and ${workGraceMs} ms`;
  const message = `lease, renewal, retry, write and grace of ${times}: this must hold: ${broken.join('; ')}`;
  throw new MedicError('E_LEADER_SETTINGS', 'bug', message);
}

/** @returns when the try began that took the lease, on the monotonic clock; undefined: the signal came first. */
async function acquire(settings: Settings, record: LeaseRecord): Promise<number | undefined> {
  const { clock, signal, log } = settings;
  let holder = '';
  while (!signal.aborted) {
    const startedAt = clock.monotonic();
    const { attempt, askedMs } = await tryOnce(settings, record, settings.renewDeadlineMs * TRY_SHARE);
    const isTimely = clock.monotonic() - startedAt < settings.renewDeadlineMs;
    if (attempt === 'taken' && isTimely) return startedAt;
    if (record.holder() !== holder) {
      holder = record.holder();
      log.info('waiting to lead', { holder });
    }
    await clock.sleep(Math.max(askedMs, pause(settings, settings.followPeriodMs)), signal).catch(() => undefined);
  }
  if (record.holder() === settings.identity) await release(settings, record);
  return undefined;
}

function pause({ random }: Settings, periodMs: number): number {
  return periodMs * (1 + JITTER * random.next());
}

interface Try {
  readonly attempt: Attempt | 'failed';
  /** How long the API server wants to be left alone. */
  readonly askedMs: number;
}

async function tryOnce({ log }: Settings, record: LeaseRecord, deadlineMs: number): Promise<Try> {
  try {
    return { attempt: await record.attempt(deadlineMs), askedMs: 0 };
  } catch (error) {
    log.warn('the lease cannot be taken or renewed', { err: error });
    return { attempt: 'failed', askedMs: isMedicError(error) ? (error.retryAfterMs ?? 0) : 0 };
  }
}

interface Campaign {
  readonly leadsSince: number;
  readonly work: (term: Term) => Promise<void>;
}

type WorkEnd = { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly error: unknown };

async function lead(settings: Settings, record: LeaseRecord, campaign: Campaign): Promise<TermEnd> {
  const { signal, log, writeDeadlineMs } = settings;
  const told = new AbortController();
  const stop = (): void => {
    told.abort(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const renewing = new AbortController();
  const renewal = createRenewal(settings, record, campaign.leadsSince);
  const term: Term = { signal: told.signal, leads: () => renewal.leftMs() > 0, writeDeadlineMs };
  const working = settle(campaign.work(term), told.signal);
  const lost = renewal.untilLost(renewing.signal);
  try {
    const first = await Promise.race([working, lost, stopped(settings)]);
    if (first === 'lost') {
      log.error('leadership is lost', { identity: settings.identity });
      told.abort(new MedicError('E_LEADER_LOST', 'terminal', 'this process no longer leads'));
      await endOfWork(settings, working);
      return 'lost';
    }
    const end = first === 'stopped' ? await Promise.race([endOfWork(settings, working), lost]) : first;
    renewing.abort();
    await lost;
    if (end !== 'lost' && end !== undefined) await release(settings, record);
    if (end !== 'lost' && end?.kind === 'failed') throw end.error;
    return end === 'lost' ? 'lost' : 'stopped';
  } finally {
    renewing.abort();
    signal.removeEventListener('abort', stop);
  }
}

/** Work that fails after its signal has ended. */
async function settle(work: Promise<void>, told: AbortSignal): Promise<WorkEnd> {
  try {
    await work;
    return { kind: 'ended' };
  } catch (error) {
    return told.aborted ? { kind: 'ended' } : { kind: 'failed', error };
  }
}

function stopped({ signal }: Settings): Promise<'stopped'> {
  return new Promise((resolve) => {
    const done = (): void => {
      resolve('stopped');
    };
    if (signal.aborted) done();
    else signal.addEventListener('abort', done, { once: true });
  });
}

/** undefined: the work has not ended within its grace. */
async function endOfWork(settings: Settings, working: Promise<WorkEnd>): Promise<WorkEnd | undefined> {
  const limit: Limit = { ms: settings.workGraceMs, code: 'E_LEADER_LOST', what: 'the work that was told to end' };
  try {
    return await withDeadline(settings.clock, limit, undefined, () => working);
  } catch {
    return undefined;
  }
}

interface Renewal {
  /** Until the renew deadline after the last good renewal. */
  leftMs(): number;
  /** Resolves when none is left, or when somebody else holds the lease, or with the signal. */
  untilLost(signal: AbortSignal): Promise<'lost'>;
}

function createRenewal(settings: Settings, record: LeaseRecord, leadsSince: number): Renewal {
  const { clock, renewDeadlineMs, retryPeriodMs } = settings;
  let renewedAt = leadsSince;
  // After a pause of the whole process this is found late, and then nothing is tried any more.
  const leftMs = (): number => renewDeadlineMs - (clock.monotonic() - renewedAt);
  return {
    leftMs,
    async untilLost(signal) {
      const isOver = (): boolean => leftMs() <= 0 || signal.aborted;
      let waitMs = pause(settings, retryPeriodMs);
      while (!isOver()) {
        await clock.sleep(Math.min(waitMs, leftMs()), signal).catch(() => undefined);
        if (isOver()) break;
        const startedAt = clock.monotonic();
        const { attempt, askedMs } = await tryOnce(settings, record, Math.min(renewDeadlineMs * TRY_SHARE, leftMs()));
        if (attempt === 'held' || leftMs() <= 0) break;
        if (attempt === 'taken') renewedAt = startedAt;
        const restMs = pause(settings, retryPeriodMs) - (clock.monotonic() - startedAt);
        const nextMs = Math.max(restMs, retryPeriodMs * HURRY);
        // A leader that was asked to wait until its end would try no more.
        waitMs = Math.max(nextMs, Math.min(askedMs, leftMs() / 2));
      }
      return 'lost';
    },
  };
}

async function release(settings: Settings, record: LeaseRecord): Promise<void> {
  try {
    await record.release(RELEASE_DEADLINE_MS);
    settings.log.info('the lease is free', { identity: settings.identity });
  } catch (error) {
    settings.log.warn('the lease cannot be freed; it will expire', { err: error });
  }
}
