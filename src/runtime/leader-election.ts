/**
 * Leader election over a coordination.k8s.io/v1 Lease, as client-go's `tools/leaderelection` does it: at most one leader,
 * as long as the electors' monotonic clocks run at about the same speed. A leader gives up `leaseDurationMs -
 * renewDeadlineMs` before anybody else may take over; that margin is for work that is slow to end.
 */
import type { Clock, Random } from '../ports/clock.ts';
import type { Cluster, Ref } from '../ports/cluster.ts';
import { MedicError } from '../ports/errors.ts';
import type { Log } from '../ports/log.ts';
import { type Limit, withDeadline } from './deadline.ts';
import { createLeaseRecord, type Attempt, type LeaseRecord } from './lease-record.ts';

export interface LeaderElectionOptions {
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
  /** Default 15 s. */
  readonly leaseDurationMs?: number;
  /** Default 10 s. A leader that has not renewed for so long no longer is one. */
  readonly renewDeadlineMs?: number;
  /** Time between tries, plus up to a fifth by chance. Default 2 s. */
  readonly retryPeriodMs?: number;
  /** How long work may take to end after its signal. Default 20 s. */
  readonly workGraceMs?: number;
}

type Settings = Required<LeaderElectionOptions>;
/** How a term ended. The work may still run after `lost` if it did not end within its grace: end the process then. */
export type TermEnd = 'lost' | 'stopped';

const JITTER = 0.2;
/** A single try; the next one may fare better on a new connection. */
const TRY_DEADLINE_MS = 5_000;
const RELEASE_DEADLINE_MS = 5_000;

/**
 * Waits to lead, then runs `work` once, with a signal that aborts when leadership is lost or `signal` aborts.
 * @returns `stopped` when the work has ended or `signal` came; `lost` when leadership was.
 * @throws what the work throws of itself; `E_LEADER_SETTINGS`.
 */
export async function runAsLeader(
  options: LeaderElectionOptions,
  work: (signal: AbortSignal) => Promise<void>,
): Promise<TermEnd> {
  const settings = withDefaults(options);
  const record = createLeaseRecord(settings);
  const leadsSince = await acquire(settings, record);
  if (leadsSince === undefined) return 'stopped';
  settings.log.info('leading', { identity: settings.identity });
  return await lead(settings, record, { leadsSince, work });
}

function withDefaults(options: LeaderElectionOptions): Settings {
  const { leaseDurationMs = 15_000, renewDeadlineMs = 10_000, retryPeriodMs = 2_000, workGraceMs = 20_000 } = options;
  if (leaseDurationMs <= renewDeadlineMs || renewDeadlineMs <= retryPeriodMs * (1 + JITTER)) {
    throw new MedicError(
      'E_LEADER_SETTINGS',
      'bug',
      `lease duration ${leaseDurationMs} ms > renew deadline ${renewDeadlineMs} ms > retry period ${retryPeriodMs} ms with its jitter: this must hold`,
    );
  }
  return { ...options, leaseDurationMs, renewDeadlineMs, retryPeriodMs, workGraceMs };
}

/** @returns when the try began that took the lease, on the monotonic clock; undefined: the signal came first. */
async function acquire(settings: Settings, record: LeaseRecord): Promise<number | undefined> {
  const { clock, signal, log } = settings;
  let holder = '';
  while (!signal.aborted) {
    const startedAt = clock.monotonic();
    const attempt = await tryOnce(settings, record, TRY_DEADLINE_MS);
    const isTimely = clock.monotonic() - startedAt < settings.renewDeadlineMs;
    if (attempt === 'taken' && isTimely) return startedAt;
    if (record.holder() !== holder) {
      holder = record.holder();
      log.info('waiting to lead', { holder });
    }
    await clock.sleep(pause(settings), signal).catch(() => undefined);
  }
  if (record.holder() === settings.identity) await release(settings, record);
  return undefined;
}

function pause({ retryPeriodMs, random }: Settings): number {
  return retryPeriodMs * (1 + JITTER * random.next());
}

async function tryOnce({ log }: Settings, record: LeaseRecord, deadlineMs: number): Promise<Attempt | 'failed'> {
  try {
    return await record.attempt(deadlineMs);
  } catch (error) {
    log.warn('the lease cannot be taken or renewed', { err: error });
    return 'failed';
  }
}

interface Term {
  readonly leadsSince: number;
  readonly work: (signal: AbortSignal) => Promise<void>;
}

type WorkEnd = { readonly kind: 'ended' } | { readonly kind: 'failed'; readonly error: unknown };

async function lead(settings: Settings, record: LeaseRecord, term: Term): Promise<TermEnd> {
  const { signal, log } = settings;
  const told = new AbortController();
  const stop = (): void => {
    told.abort(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  if (signal.aborted) stop();
  const renewing = new AbortController();
  const working = settle(term.work(told.signal), told.signal);
  const lost = renewUntilLost(settings, record, { since: term.leadsSince, signal: renewing.signal });
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

/** Resolves at the renew deadline after the last good renewal, or when somebody else holds the lease, or with the signal. */
async function renewUntilLost(
  settings: Settings,
  record: LeaseRecord,
  term: { readonly since: number; readonly signal: AbortSignal },
): Promise<'lost'> {
  const { clock, renewDeadlineMs } = settings;
  let renewedAt = term.since;
  // After a pause of the whole process this is found late, and then nothing is tried any more.
  const left = (): number => renewDeadlineMs - (clock.monotonic() - renewedAt);
  const isOver = (): boolean => left() <= 0 || term.signal.aborted;
  while (!isOver()) {
    await clock.sleep(Math.min(pause(settings), left()), term.signal).catch(() => undefined);
    if (isOver()) break;
    const startedAt = clock.monotonic();
    const attempt = await tryOnce(settings, record, Math.min(TRY_DEADLINE_MS, left()));
    if (attempt === 'held' || left() <= 0) break;
    if (attempt === 'taken') renewedAt = startedAt;
  }
  return 'lost';
}

async function release(settings: Settings, record: LeaseRecord): Promise<void> {
  try {
    await record.release(RELEASE_DEADLINE_MS);
    settings.log.info('the lease is free', { identity: settings.identity });
  } catch (error) {
    settings.log.warn('the lease cannot be freed; it will expire', { err: error });
  }
}
