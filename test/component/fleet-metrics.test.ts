/** The figures that alerts rest on, as a controller with real agents makes them. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { POLICIES } from '../../src/api/resources.ts';
import { ALL_WAITS } from '../../src/core/decision/fleet/waits.ts';
import { TROUBLES } from '../../src/core/decision/fleet/troubles.ts';
import { createFakeClock } from '../support/clock.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';
import { smallDumps } from '../support/host/small-dumps.ts';

const NODE_NAMES = ['node-a', 'node-b', 'node-c', 'node-d'];
const LOOK_MS = 16_000;

let bench: ControllerBench;
const value = (name: string): number | undefined => bench.metrics.values.get(name);
const trouble = (name: string): number | undefined => value(`nodes_with_trouble{trouble="${name}"}`);

beforeEach(async () => {
  bench = createControllerBench({
    nodes: NODE_NAMES,
    dumps: smallDumps(),
    clock: createFakeClock(undefined, { grainMs: 20 }),
    policy: { mode: 'Remediate', budget: { maxUnhealthy: 1 } },
  });
  bench.startController();
  for (const name of NODE_NAMES) bench.startAgent(name);
  await bench.clock.advance(60_000);
});

afterEach(async () => {
  await bench.finish();
});

describe('the figures of the fleet', () => {
  test('are all there at rest, zeros included', () => {
    expect(value('nodes')).toBe(NODE_NAMES.length);
    expect(value('policies')).toBe(1);
    expect(Object.keys(TROUBLES).map(trouble)).toEqual(Object.keys(TROUBLES).map(() => 0));
    for (const wait of ALL_WAITS) {
      expect(value(`waiting_incidents{waits_for="${wait}"}`)).toBe(0);
      expect(value(`oldest_incident_age_seconds{waits_for="${wait}"}`)).toBe(0);
    }
    expect(value('breaker_open{policy="default"}')).toBe(0);
    expect(value('budget_left{policy="default"}')).toBe(1);
    expect(value('view_age_seconds')).toBeLessThan(180);
    expect(bench.clock.now() / 1000 - (value('last_look_timestamp_seconds') ?? 0)).toBeLessThan(16);
  });

  test('show an agent that is gone, once it has not answered', async () => {
    bench.killAgent('node-b');
    await bench.clock.advance(10 * 60_000);
    expect(trouble('AgentMissing')).toBe(1);
    bench.startAgent('node-b');
    await bench.clock.advance(60_000);
    expect(trouble('AgentMissing')).toBe(0);
  });

  test('show an open breaker, and what waits for a place, and forget a policy that is deleted', async () => {
    for (const name of ['node-a', 'node-b']) bench.host(name).inject('runtime-hung');
    await bench.clock.advanceUntil(() => value('breaker_open{policy="default"}') === 1, 600_000, 1_000);
    await bench.clock.advanceUntil(() => (value('waiting_incidents{waits_for="Budget"}') ?? 0) > 0, 120_000, 1_000);
    const age = (): number => value('oldest_incident_age_seconds{waits_for="Budget"}') ?? 0;
    const before = age();
    await bench.clock.advance(60_000);
    expect(age()).toBeGreaterThanOrEqual(before + 45);
    expect(trouble('NotReady')).toBe(2);

    bench.local.seeds.remove(POLICIES, { name: 'default' });
    await bench.clock.advance(LOOK_MS);
    expect(value('breaker_open{policy="default"}')).toBeUndefined();
    expect(value('budget_left{policy="default"}')).toBeUndefined();
    expect(value('policies')).toBe(0);
  });

  test('show a node that recovered as stored by cause and outcome, with the times to evidence, act and Ready', async () => {
    bench.host('node-a').inject('runtime-hung');
    await bench.until('node-a', ({ status }) => status.outcome !== undefined, 900_000);
    await bench.clock.advance(LOOK_MS);
    const { diagnosis, outcome } = bench.incident('node-a').status;
    expect(outcome).toBe('Recovered');
    expect(value(`incidents{cause="${diagnosis?.cause ?? ''}",outcome="Recovered"}`)).toBe(1);
    for (const name of ['breach_to_evidence_seconds', 'breach_to_restart_seconds', 'recovery_seconds'])
      expect(value(name)).toBe(1);
  });
});

test('a controller whose clock is off says by how much', async () => {
  bench.party('controller-1').clock.jump(12_000);
  await bench.clock.advance(2 * 60_000);
  expect(Math.abs((value('clock_ahead_seconds') ?? 0) - 12)).toBeLessThanOrEqual(2);
});
