/** A node whose clock is wrong, or is set: the agent compares its times with each other only. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Bench, createBench } from '../support/agent-harness.ts';

const HOUR = 3_600_000;
const MINUTE = 60_000;

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

type Pleg = NonNullable<NonNullable<ReturnType<Bench['health']>>['status']['pleg']>;

function pleg(): Pleg {
  return bench.health()!.status.pleg!;
}

async function until(state: Pleg['state'], limitMs = 4 * MINUTE): Promise<void> {
  await bench.clock.advanceUntil(() => bench.health()?.status.pleg?.state === state, limitMs, 500);
}

function start(): void {
  bench = createBench();
  bench.createHealth();
  bench.start();
}

/** A time that the agent has written, from now by its own clock, in milliseconds. */
function fromNow(time: string | undefined): number {
  return Date.parse(time ?? '') - bench.nodeClock.now();
}

function expectNothingInTheFuture(): void {
  const { episodes, since } = pleg();
  const { early } = bench.health()!.status.spool!;
  const times = [since, ...episodes.flatMap((e) => [e.startedAt, e.lastLineAt, e.endedAt ?? e.startedAt])];
  for (const time of [...times, ...(early === undefined ? [] : [early.at])]) {
    expect(fromNow(time)).toBeLessThanOrEqual(1_000);
  }
}

describe('a clock that is six hours ahead once, and then right', () => {
  test('in the middle of a fault leaves the fault as old as it is', async () => {
    start();
    bench.nodeClock.jump(6 * HOUR);
    await bench.clock.advance(20_000);
    bench.sim.inject('frozen-connection');
    await until('Unhealthy');
    await bench.clock.advance(MINUTE);
    bench.nodeClock.jump(-6 * HOUR);
    await bench.clock.advance(31_000);
    expect(pleg().state).toBe('Unhealthy');
    expect(pleg().episodes).toHaveLength(1);
    expect(fromNow(pleg().episodes[0]?.startedAt)).toBeLessThanOrEqual(-MINUTE);
    expect(fromNow(pleg().episodes[0]?.startedAt)).toBeGreaterThanOrEqual(-2 * MINUTE);
    expectNothingInTheFuture();
  });

  test('between two faults makes it deaf to neither, and leaves it no evidence of another time', async () => {
    start();
    bench.nodeClock.jump(6 * HOUR);
    await bench.clock.advance(20_000);
    bench.sim.inject('runtime-hung');
    await until('Unhealthy');
    bench.sim.heal();
    await until('Healthy');
    const old = bench.health()?.status.spool?.early?.id;
    expect(old).toBeDefined();
    bench.nodeClock.jump(-6 * HOUR);
    await bench.clock.advance(10 * MINUTE);
    expect(bench.health()?.status.spool?.early).toBeUndefined();
    expectNothingInTheFuture();
    bench.sim.inject('runtime-hung');
    await until('Unhealthy');
    expect(pleg().episodes).toHaveLength(2);
    expectNothingInTheFuture();
    const early = bench.health()?.status.spool?.early;
    expect(early?.id).not.toBe(old);
    expect(fromNow(early?.at)).toBeGreaterThanOrEqual(-4 * MINUTE);
    await bench.clock.advance(6 * MINUTE);
    const bundles = (await bench.sim.host.spool.list()).map(({ bundle }) => bundle);
    expect(bundles).toContain(early?.id);
    expect(bundles).not.toContain(old);
  });

  test('leaves an agent that starts then with no evidence of another time', async () => {
    start();
    bench.nodeClock.jump(6 * HOUR);
    await bench.clock.advance(20_000);
    bench.sim.inject('runtime-hung');
    await until('Unhealthy');
    bench.sim.heal();
    await until('Healthy');
    bench.kill();
    bench.nodeClock.jump(-6 * HOUR);
    bench.start();
    await bench.clock.advance(5_000);
    bench.openIncident({ elapsed: '3m3s' });
    await bench.step({ name: 'capture-host', type: 'CaptureHost' });
    await bench.clock.advanceUntil(() => bench.record('capture-host') !== undefined, MINUTE);
    const { evidence = [] } = bench.incident().status;
    expect(evidence.length).toBeGreaterThan(8);
    expect(evidence.filter(({ message }) => message?.includes('taken early'))).toEqual([]);
    for (const { at } of evidence) expect(fromNow(at)).toBeLessThanOrEqual(0);
  });
});

describe('a clock that is set while the runtime is silent', () => {
  test.each([2 * HOUR, -6 * HOUR])('by %d ms leaves the silence as long as it is', async (jump) => {
    start();
    await bench.clock.advance(20_000);
    bench.sim.inject('runtime-hung');
    await bench.clock.advance(30_000);
    bench.nodeClock.jump(jump);
    await bench.clock.advance(30_000);
    bench.createHealth({ policy: 'default', mode: 'Remediate', inquiry: 'how long' });
    await bench.clock.advance(1_000);
    const { at, failingSince } = bench.health()!.status.runtime!.probe;
    const silentMs = Date.parse(at!) - Date.parse(failingSince!);
    expect(silentMs).toBeGreaterThanOrEqual(30_000);
    expect(silentMs).toBeLessThanOrEqual(62_000);
  });
});

test('a clock that is two hours slow is a clock like another: one fault is one episode', async () => {
  start();
  bench.nodeClock.jump(-2 * HOUR);
  await bench.clock.advance(20_000);
  bench.sim.inject('frozen-connection');
  await until('Unhealthy');
  await bench.clock.advance(2 * MINUTE);
  expect(pleg().episodes).toHaveLength(1);
  bench.sim.heal();
  await until('Healthy');
  await bench.clock.advance(5 * MINUTE);
  expect(pleg().episodes).toHaveLength(1);
});
