/** When an agent writes: at changes, when it is asked, and by chance. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { HEALTHS } from '../../src/api/resources.ts';
import { type Bench, createBench, NODE } from '../support/agent-harness.ts';
import type { CallFault } from '../support/faulty-cluster.ts';

const MINUTE = 60_000;

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

async function reporting(): Promise<ReturnType<Bench['start']>> {
  bench = createBench();
  bench.createHealth();
  const agent = bench.start();
  await bench.clock.advance(MINUTE);
  return agent;
}

const reportedAt = (): number => Date.parse(bench.health()?.status.agent?.reportedAt ?? '');

function writes(): number {
  return bench.local.writes.filter(({ plural }) => plural === 'kubelethealths').length;
}

/** Refuses the agent's reports. @returns when it has tried. */
function refuse(fault: CallFault): readonly number[] {
  const tries: number[] = [];
  bench.faults.onCall(({ plural, verb }) => {
    if (plural !== 'kubelethealths' || verb !== 'apply') return undefined;
    tries.push(bench.clock.now());
    return fault;
  });
  return tries;
}

function inquire(inquiry: string): void {
  bench.createHealth({ policy: 'default', mode: 'Remediate', inquiry });
}

describe('an agent at rest', () => {
  test('reports every five minutes, a tenth more or less', async () => {
    await reporting();
    const gaps: number[] = [];
    let last = reportedAt();
    while (gaps.length < 12) {
      await bench.clock.advanceUntil(() => reportedAt() !== last, 400_000, 1_000);
      gaps.push(reportedAt() - last);
      last = reportedAt();
    }
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(269_000);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(331_000);
    expect(new Set(gaps.map((ms) => Math.round(ms / 2_000))).size).toBeGreaterThan(4);
  });

  test('counts its heartbeats by no wall clock', async () => {
    await reporting();
    const before = writes();
    bench.nodeClock.jump(86_400_000);
    await bench.clock.advance(2 * MINUTE);
    bench.nodeClock.jump(-2 * 86_400_000);
    await bench.clock.advance(2 * MINUTE);
    expect(writes() - before).toBeLessThanOrEqual(1);
  });

  test.each([
    ['that PLEG is suspected', 'runtime-hung', 20_000],
    ['that the kubelet is frozen', 'kubelet-frozen', 20_000],
  ] as const)('reports %s at once', async (_name, fault, limitMs) => {
    await reporting();
    const before = writes();
    bench.sim.inject(fault);
    await bench.clock.advanceUntil(() => writes() > before, limitMs, 500);
  });

  test('reports at once that a frozen kubelet does not answer', async () => {
    await reporting();
    expect(bench.health()?.status.kubelet?.answers).toBe(true);
    bench.sim.inject('kubelet-frozen');
    await bench.clock.advanceUntil(() => bench.health()?.status.kubelet?.answers === false, 30_000, 500);
  });

  test('answers at once, between two heartbeats', async () => {
    await reporting();
    await bench.clock.advance(2 * MINUTE);
    inquire('are you there');
    await bench.clock.advance(1_000);
    expect(bench.health()?.status.agent?.inquiry).toBe('are you there');
  });
});

describe('an agent whose object was deleted', () => {
  test('waits for another one, and does nothing meanwhile, however late its heartbeat is', async () => {
    await reporting();
    bench.local.seeds.remove(HEALTHS, { name: NODE });
    await bench.clock.advance(20 * MINUTE);
    const before = writes();
    bench.createHealth();
    await bench.clock.advance(1_000);
    expect(writes()).toBeGreaterThan(before);
  });
});

describe('while an incident of its node is open', () => {
  test('an agent reports every 30 s, and then at rest again', async () => {
    await reporting();
    bench.openIncident();
    await bench.clock.advance(2_000);
    const during = writes();
    await bench.clock.advance(5 * MINUTE);
    expect(writes() - during).toBeGreaterThanOrEqual(9);
    bench.complete();
    await bench.clock.advance(5 * MINUTE);
    const after = writes();
    await bench.clock.advance(20 * MINUTE);
    expect(writes() - after).toBeLessThanOrEqual(5);
  });
});

describe('an agent that starts', () => {
  /** @returns how long its first report took. */
  async function restart(change: () => void = () => undefined): Promise<number> {
    await bench.clock.advance(10_000);
    bench.kill();
    change();
    const startedAt = bench.clock.now();
    const before = writes();
    bench.start();
    await bench.clock.advanceUntil(() => writes() > before, MINUTE, 100);
    return bench.clock.now() - startedAt;
  }

  test('reports within 30 s by chance, where the one before has said it all', async () => {
    await reporting();
    const waits: number[] = [];
    for (let times = 0; times < 12; times++) waits.push(await restart());
    expect(Math.max(...waits)).toBeLessThanOrEqual(32_000);
    expect(Math.max(...waits) - Math.min(...waits)).toBeGreaterThan(10_000);
  });

  test.each([
    [
      'has an inquiry to answer',
      (): void => {
        inquire('are you there');
      },
    ],
    [
      'finds an incident',
      (): void => {
        bench.openIncident();
      },
    ],
    [
      'finds a runtime that hangs',
      (): void => {
        bench.sim.inject('runtime-hung');
      },
    ],
  ])('reports at once where it %s', async (_name, change) => {
    await reporting();
    for (let times = 0; times < 3; times++) expect(await restart(change)).toBeLessThanOrEqual(11_000);
  });

  test('reports at once to an object that nobody has reported to', async () => {
    bench = createBench();
    bench.createHealth();
    bench.start();
    await bench.clock.advance(2_000);
    expect(bench.health()?.status.agent).toBeDefined();
  });
});

describe('an agent that cannot report', () => {
  test('tries a heartbeat again within two minutes by chance, and news at once', async () => {
    await reporting();
    const tries = refuse({ kind: 'reset', arrived: false });
    await bench.clock.advance(20 * MINUTE);
    expect(tries.length).toBeGreaterThan(5);
    expect(tries.length).toBeLessThan(40);
    bench.faults.onCall(undefined);
    const before = writes();
    bench.sim.inject('kubelet-frozen');
    await bench.clock.advanceUntil(() => writes() > before, 20_000, 500);
  });

  test('leaves the API server alone for as long as it asks for, whatever there is to say', async () => {
    await reporting();
    const tries = refuse({ kind: 'refused', status: 429, retryAfterSeconds: 60 });
    inquire('first');
    await bench.clock.advance(5_000);
    expect(tries).toHaveLength(1);
    for (let times = 0; times < 5; times++) {
      inquire(`again ${String(times)}`);
      await bench.clock.advance(10_000);
    }
    expect(tries).toHaveLength(1);
    bench.faults.onCall(undefined);
    // By chance a little longer.
    await bench.clock.advance(20_000);
    expect(bench.health()?.status.agent?.inquiry).toBe('again 4');
  });

  test('leaves it alone with a heartbeat, too', async () => {
    await reporting();
    const tries = refuse({ kind: 'refused', status: 429, retryAfterSeconds: 60 });
    await bench.clock.advance(20 * MINUTE);
    expect(tries.length).toBeGreaterThan(3);
    const gaps = tries.slice(1).map((at, index) => at - (tries[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(60_000);
  });

  test('is not ready any more after 95 s, and is when it has reported', async () => {
    const agent = await reporting();
    refuse({ kind: 'refused', status: 403 });
    inquire('are you there');
    await bench.clock.advance(94_000);
    expect(agent.readiness().ok).toBe(true);
    await bench.clock.advance(3_000);
    expect(agent.readiness()).toEqual({ ok: false, message: 'nothing could be reported for 97 s' });
    bench.faults.onCall(undefined);
    await bench.clock.advance(MINUTE);
    expect(agent.readiness()).toEqual({ ok: true, message: 'reporting' });
  });

  test('is not ready where the API server is away between two heartbeats', async () => {
    const agent = await reporting();
    bench.local.setDown('connect ECONNREFUSED');
    await bench.clock.advance(125_000);
    expect(agent.readiness().ok).toBe(false);
    bench.local.setDown(undefined);
    await bench.clock.advance(10_000);
    expect(agent.readiness().ok).toBe(true);
  });
});
