import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Lease } from '../../../src/api/kubernetes/objects.ts';
import { LEASES } from '../../../src/api/resources.ts';
import { clusterOfTerm } from '../../../src/controller/cluster-of-term.ts';
import {
  runAsLeader,
  type LeaderElectionOptions,
  type Term,
  type TermEnd,
} from '../../../src/runtime/leader-election.ts';
import { toMicroTime } from '../../../src/core/time/timestamp.ts';
import type { Clock } from '../../../src/ports/clock.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import { createRecordingLog } from '../../support/builders/recording.ts';
import { createFakeClock, createSeededRandom, type FakeClock } from '../../support/clock.ts';
import { createLeaseStore, type Faults, type LeaseStore } from './lease-store.ts';

const LEASE = { name: 'lead', namespace: 'medic' };
const CALM: Faults = { slow: 0, fail: 0 };
const never = new AbortController().signal;

interface Elector {
  readonly options: LeaderElectionOptions;
  readonly stop: AbortController;
}

function elector(
  identity: string,
  store: LeaseStore,
  clock: Clock,
  { faults = CALM, seed = 1 }: { readonly faults?: Faults; readonly seed?: number } = {},
): Elector {
  const stop = new AbortController();
  const random = createSeededRandom(seed);
  const cluster = store.clusterFor(clock, random, faults);
  const options = {
    cluster,
    clock,
    random,
    log: createRecordingLog(),
    lease: LEASE,
    identity,
    manager: 'test',
    signal: stop.signal,
  };
  return { options, stop };
}

/** Work that lasts until it is told to end, and what became of it. */
function endless(): { readonly work: (term: Term) => Promise<void>; signal: () => AbortSignal | undefined } {
  let given: AbortSignal | undefined;
  return {
    signal: () => given,
    work: ({ signal }) => {
      given = signal;
      return new Promise((resolve) => {
        signal.addEventListener('abort', () => {
          resolve();
        });
      });
    },
  };
}

function stored(store: LeaseStore): Lease['spec'] {
  return Lease.parse(store.raw()).spec;
}

describe('an elector', () => {
  test('creates the lease, leads, and writes times with six digits', async () => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    const a = elector('a', store, clock);
    const job = endless();
    const end = runAsLeader(a.options, job.work);
    await clock.advanceUntil(() => job.signal() !== undefined, 5_000, 100);
    expect(stored(store)).toMatchObject({ holderIdentity: 'a', leaseDurationSeconds: 30, leaseTransitions: 0 });
    expect(stored(store).renewTime).toMatch(/^2026-11-24T10:00:00\.\d{6}Z$/);
    a.stop.abort();
    await clock.advance(1_000);
    expect(await end).toBe('stopped');
  });

  test('frees the lease when it is stopped, so that the next one need not wait', async () => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    const [a, b] = [elector('a', store, clock), elector('b', store, clock, { seed: 2 })];
    const [first, second] = [endless(), endless()];
    const end = runAsLeader(a.options, first.work);
    await clock.advanceUntil(() => first.signal() !== undefined, 5_000, 100);
    const other = runAsLeader(b.options, second.work);
    await clock.advance(30_000);
    expect(second.signal()).toBeUndefined();
    a.stop.abort();
    const waited = await clock.advanceUntil(() => second.signal() !== undefined, 5_000, 100);
    expect([await end, waited <= 1_500]).toEqual(['stopped', true]);
    expect(stored(store)).toMatchObject({ holderIdentity: 'b', leaseTransitions: 1 });
    b.stop.abort();
    await clock.advance(1_000);
    expect(await other).toBe('stopped');
    expect(stored(store)).toMatchObject({ holderIdentity: '', leaseDurationSeconds: 1 });
  });

  test('a leader that a busy server asks to wait tries again then, and before its time is over', async () => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    const a = elector('a', store, clock);
    const tries: number[] = [];
    let askedMs = 0;
    const cluster: Cluster = {
      ...a.options.cluster,
      replace: (resource, object, how) => {
        tries.push(clock.monotonic());
        if (askedMs === 0) return a.options.cluster.replace(resource, object, how);
        const busy = new MedicError('E_KUBE_THROTTLED', 'throttled', 'busy', { retryAfterMs: askedMs });
        return Promise.reject(busy);
      },
    };
    const work = endless();
    void runAsLeader({ ...a.options, cluster }, work.work);
    await clock.advance(5_000);
    const gaps = (): readonly number[] => tries.map((at, index) => at - (tries[index - 1] ?? at));
    askedMs = 5_000;
    await clock.advance(9_000);
    expect(Math.max(...gaps().slice(1))).toBeGreaterThanOrEqual(5_000);
    askedMs = 0;
    await clock.advance(5_000);
    askedMs = 300_000;
    await clock.advance(3_000);
    const before = tries.length;
    await clock.advance(7_000);
    expect(tries.length - before).toBeGreaterThanOrEqual(1);
    askedMs = 0;
    await clock.advance(60_000);
    expect(work.signal()?.aborted).toBe(false);
    a.stop.abort();
  });

  test.each([6_000, 7_000])('keeps its lease where each answer takes %d ms', async (latencyMs) => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    const a = elector('a', store, clock);
    let isSlow = false;
    const cluster: Cluster = {
      ...a.options.cluster,
      async replace(resource, object, how) {
        const { deadlineMs = 0 } = how;
        const written = a.options.cluster.replace(resource, object, how);
        if (!isSlow) return await written;
        // It has arrived at once, and the answer is late.
        await clock.sleep(Math.min(latencyMs, deadlineMs), never);
        if (latencyMs > deadlineMs) throw new MedicError('E_KUBE_DEADLINE', 'transient', 'no answer');
        return await written;
      },
    };
    const work = endless();
    void runAsLeader({ ...a.options, cluster }, work.work);
    await clock.advance(5_000);
    isSlow = true;
    await clock.advance(120_000);
    expect(work.signal()?.aborted).toBe(false);
    a.stop.abort();
    await clock.advance(20_000);
  });

  test('loses no lease where one answer in two does not come', async () => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    const a = elector('a', store, clock);
    let count = 0;
    const cluster: Cluster = {
      ...a.options.cluster,
      async replace(resource, object, how) {
        const written = await a.options.cluster.replace(resource, object, how);
        count += 1;
        if (count % 2 === 0) return written;
        await clock.sleep(how.deadlineMs ?? 0, never);
        throw new MedicError('E_KUBE_DEADLINE', 'transient', 'no answer');
      },
    };
    const work = endless();
    void runAsLeader({ ...a.options, cluster }, work.work);
    await clock.advance(180_000);
    expect(work.signal()?.aborted).toBe(false);
    a.stop.abort();
    await clock.advance(20_000);
  });

  test("takes over from one that is gone after the lease's time on its own clock, whatever the times in it say", async () => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    const gone = elector('gone', store, clock);
    const spec = { holderIdentity: 'gone', leaseDurationSeconds: 15, renewTime: toMicroTime(0) };
    await Promise.all([
      gone.options.cluster.create(
        { apiVersion: '', kind: '', plural: '', namespaced: true, parse: (raw) => Lease.parse(raw) },
        { metadata: LEASE, spec },
        { manager: 'test' },
      ),
      clock.advance(1_000),
    ]);
    const b = elector('b', store, clock);
    const job = endless();
    const end = runAsLeader(b.options, job.work);
    const waited = await clock.advanceUntil(() => job.signal() !== undefined, 30_000, 100);
    expect(waited).toBeGreaterThanOrEqual(15_000);
    expect(waited).toBeLessThan(18_000);
    b.stop.abort();
    await clock.advance(1_000);
    await end;
  });

  test('that cannot renew gives up at its deadline, and tells its work', async () => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    let fail = 0;
    const a = elector('a', store, clock);
    const { cluster, random } = a.options;
    const replace: typeof cluster.replace = (resource, object, options) =>
      store.clusterFor(clock, random, { slow: 0, fail }).replace(resource, object, options);
    const job = endless();
    const end = runAsLeader({ ...a.options, cluster: { ...cluster, replace } }, job.work);
    await clock.advanceUntil(() => job.signal() !== undefined, 5_000, 100);
    fail = 1;
    const waited = await clock.advanceUntil(() => job.signal()?.aborted === true, 30_000, 100);
    expect(waited).toBeLessThanOrEqual(15_100);
    expect(job.signal()?.reason).toMatchObject({ code: 'E_LEADER_LOST' });
    expect(await end).toBe('lost');
  });

  test('ends with the error that its work throws, and frees the lease', async () => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    const a = elector('a', store, clock);
    const end = expect(runAsLeader(a.options, () => Promise.reject(new Error('a bug')))).rejects.toThrow('a bug');
    await clock.advance(20_000);
    await end;
    expect(stored(store).holderIdentity).toBe('');
  });

  test('whose process was stopped no longer leads by the clock, before its signal says so', async () => {
    const clock = createFakeClock();
    let isStopped = false;
    const stoppable: Clock = {
      ...clock,
      sleep: (ms, signal) => clock.sleep(ms, signal).then(() => (isStopped ? new Promise(() => undefined) : undefined)),
    };
    const a = elector('a', createLeaseStore(clock), stoppable);
    let term: Term | undefined;
    void runAsLeader(a.options, (given) => {
      term = given;
      return new Promise(() => undefined);
    });
    await clock.advance(60_000);
    expect(term?.leads()).toBe(true);
    isStopped = true;
    await clock.advance(15_000);
    expect([term?.leads(), term?.signal.aborted]).toEqual([false, false]);
  });

  test.each([
    [{ renewDeadlineMs: 30_000 }, 'lease duration > renew deadline'],
    [{ retryPeriodMs: 12_500 }, 'renew deadline > retry period with its jitter'],
    [{ workGraceMs: 15_000 }, 'work grace < lease duration - renew deadline'],
    [{ writeDeadlineMs: 12_001 }, 'write deadline <= work grace'],
  ])('refuses times that leave no margin: %j', async (times, rule) => {
    const clock = createFakeClock();
    const { options } = elector('a', createLeaseStore(clock), clock);
    const run = runAsLeader({ ...options, ...times }, async () => undefined);
    await expect(run).rejects.toMatchObject({ code: 'E_LEADER_SETTINGS' });
    await expect(run).rejects.toThrow(rule);
  });

  test('that lost the lease waits for its work, no longer than its grace', async () => {
    const clock = createFakeClock();
    const store = createLeaseStore(clock);
    const a = elector('a', store, clock);
    const never = (): Promise<never> => new Promise(() => undefined);
    let end: TermEnd | undefined;
    let told: AbortSignal | undefined;
    const { cluster } = a.options;
    const replace: typeof cluster.replace = () => Promise.reject(new Error('the API server is away'));
    void runAsLeader({ ...a.options, cluster: { ...cluster, replace } }, ({ signal }) => {
      told = signal;
      return never();
    }).then((how) => {
      end = how;
    });
    await clock.advanceUntil(() => told?.aborted === true, 30_000, 100);
    const graceMs = await clock.advanceUntil(() => end === 'lost', 30_000, 100);
    expect(graceMs).toBeLessThanOrEqual(12_100);
  });
});

interface Span {
  readonly from: number;
  readonly to: number;
}

/** A process that is stopped now and then (SIGSTOP, a frozen virtual machine): nothing that it waits for comes meanwhile. */
function pausing(clock: FakeClock, pauses: readonly Span[]): Clock {
  return {
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal);
      const pause = pauses.find(({ from, to }) => clock.monotonic() >= from && clock.monotonic() < to);
      if (pause !== undefined) await clock.sleep(pause.to - clock.monotonic(), never);
    },
  };
}

interface Course {
  /** Times in which it believed that it leads. */
  readonly spans: Span[];
  /** When writes of its work took effect. */
  readonly landed: number[];
}

/** Leads again and again until it is stopped, and writes all the time while it does. */
async function campaign(elected: Elector, clock: Clock, { spans, landed }: Course): Promise<void> {
  const { options, stop } = elected;
  const { clock: local, random } = options;
  const write = async (): Promise<never> => {
    const latencyMs = 7_900 * random.next();
    await clock.sleep(latencyMs / 2, never);
    landed.push(clock.monotonic());
    await clock.sleep(latencyMs / 2, never);
    await local.sleep(0, never);
    throw new Error('nobody needs the answer');
  };
  while (!stop.signal.aborted) {
    const end: TermEnd = await runAsLeader(options, async (term) => {
      const from = clock.monotonic();
      const cluster = clusterOfTerm({ ...options.cluster, delete: write }, term);
      while (!term.signal.aborted) {
        await cluster.delete(LEASES, LEASE).catch(() => undefined);
        await local.sleep(300 * random.next(), term.signal).catch(() => undefined);
      }
      spans.push({ from, to: clock.monotonic() });
    });
    if (end === 'stopped') return;
  }
}

/** What is left of spans outside of the pauses: a stopped process does nothing. */
function without(spans: readonly Span[], pauses: readonly Span[]): readonly Span[] {
  return pauses.reduce<readonly Span[]>(
    (left, pause) =>
      left.flatMap(({ from, to }) =>
        [
          { from, to: Math.min(to, pause.from) },
          { from: Math.max(from, pause.to), to },
        ].filter((span) => span.to > span.from),
      ),
    spans,
  );
}

function overlap(a: readonly Span[], b: readonly Span[]): number {
  const shared = a.flatMap((x) => b.map((y) => Math.min(x.to, y.to) - Math.max(x.from, y.from)));
  return Math.max(0, ...shared);
}

function within(times: readonly number[], spans: readonly Span[]): readonly number[] {
  return times.filter((time) => spans.some(({ from, to }) => time > from && time < to));
}

const pauses = fc.array(fc.record({ from: fc.nat(120_000), length: fc.integer({ min: 1, max: 40_000 }) }), {
  maxLength: 3,
});

test('two electors never lead at the same time, and no write of one lands while the other leads, with delays, failures, conflicts, lost answers and pauses', async () => {
  let terms = 0;
  let writes = 0;
  await fc.assert(
    fc.asyncProperty(
      fc.record({ seed: fc.integer(), slow: fc.double({ min: 0, max: 0.4, noNaN: true }), a: pauses, b: pauses }),
      async ({ seed, slow, ...stops }) => {
        const clock = createFakeClock();
        const store = createLeaseStore(clock);
        const runs = [stops.a, stops.b].map((list, index) => {
          const kept: Course = { spans: [], landed: [] };
          const paused = list.map(({ from, length }) => ({ from: 1_000 + from, to: 1_000 + from + length }));
          const local = pausing(clock, paused);
          const one = elector(`elector-${index}`, store, local, { faults: { slow, fail: 0.1 }, seed: seed + index });
          return { one, kept, paused, done: campaign(one, clock, kept) };
        });
        await clock.advance(100_000);
        runs[0]?.one.stop.abort();
        await clock.advance(50_000);
        runs[1]?.one.stop.abort();
        await clock.advance(120_000);
        await Promise.all(runs.map(({ done }) => done));
        const [a, b] = runs.map(({ kept, paused }) => ({ ...kept, spans: without(kept.spans, paused) }));
        if (a === undefined || b === undefined) throw new Error('there are two electors');
        terms += a.spans.length + b.spans.length;
        writes += a.landed.length + b.landed.length;
        expect(overlap(a.spans, b.spans)).toBe(0);
        expect([...within(a.landed, b.spans), ...within(b.landed, a.spans)]).toEqual([]);
      },
    ),
    { numRuns: 60 },
  );
  // Otherwise it would hold for electors that never lead.
  expect(terms).toBeGreaterThan(60);
  expect(writes).toBeGreaterThan(600);
});
