/** Two agents of one node at the same moment: the one of a pod that should have ended, and the one of the next pod. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { runActStep } from '../../../src/agent/act/act-step.ts';
import type { ActParts } from '../../../src/agent/act/judge-act.ts';
import { runResumeStep } from '../../../src/agent/act/resume-step.ts';
import { isAct } from '../../../src/core/decision/actions.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { type ActBench, createActBench } from './act-bench.ts';

let bench: ActBench;
beforeEach(async () => {
  bench = await createActBench();
});
afterEach(async () => {
  await bench.finish();
});

/** What the old agent does with the request. */
function act(parts: ActParts = bench.parts): Promise<void> {
  const step = bench.asked();
  const incident = bench.seed({ steps: [step] });
  return runActStep(parts, { incident, step }, bench.life.signal);
}

/** What the next one does with a record that it finds reserved. */
function takeUp(parts: ActParts = bench.parts): Promise<void> {
  const incident = bench.incident();
  const record = incident.status.actions?.find(isAct);
  if (record === undefined) throw new Error('nothing is reserved');
  return runResumeStep(parts, { incident, record }, bench.life.signal);
}

/** The first command of the host waits for so long before systemd is told: its process gets no processor. */
function delayFirstRestart(ms: number): void {
  const { services } = bench.sim.host;
  let isFirst = true;
  bench.services.restart = async (unit, signal) => {
    const isSlow = isFirst;
    isFirst = false;
    if (isSlow) await bench.clock.sleep(ms, signal);
    return await services.restart(unit, signal);
  };
}

/** The node's clock is so far ahead of the API server's, which the agent knows. */
function withClockAhead(ms: number): ActParts {
  const { world, requests } = bench.parts;
  const clock = { ...world.clock, now: () => world.clock.now() + ms };
  return { ...bench.parts, world: { ...world, clock }, requests: { ...requests, clockAheadMs: () => ms } };
}

/** The answer to a write comes late: so late does the old agent learn that it has reserved. */
function withLateAnswers(ms: number): ActParts {
  const { cluster } = bench.parts.world;
  const apply: Cluster['apply'] = async (resource, object, how) => {
    const written = await cluster.apply(resource, object, how);
    await bench.clock.sleep(ms, bench.life.signal);
    return written;
  };
  return { ...bench.parts, world: { ...bench.parts.world, cluster: { ...cluster, apply } } };
}

describe('an act that is reserved', () => {
  test('is issued by who reserved it, however slow he is at it, and by nobody else', async () => {
    delayFirstRestart(3_000);
    const old = act();
    await bench.clock.advance(500);
    expect(bench.record()?.state).toBe('Reserved');
    const next = takeUp();
    await bench.clock.advance(60_000);
    await Promise.all([old, next]);
    expect(bench.sim.restarts).toHaveLength(1);
    expect(bench.record()).toMatchObject({ state: 'Succeeded', message: expect.stringMatching(/^pid \d+ -> \d+$/) });
  });

  test('by a write whose answer was late is not issued on it, and then once', async () => {
    const old = act(withLateAnswers(6_000));
    await bench.clock.advance(6_500);
    await old;
    expect(bench.sim.restarts).toHaveLength(0);
    expect(bench.record()?.state).toBe('Reserved');
    const both = [takeUp(), takeUp()];
    await bench.clock.advance(60_000);
    await Promise.all(both);
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('is issued once, also where the clock of the node is set forward meanwhile', async () => {
    delayFirstRestart(3_000);
    const old = act();
    await bench.clock.advance(500);
    const next = takeUp(withClockAhead(3_600_000));
    await bench.clock.advance(60_000);
    await Promise.all([old, next]);
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('is taken up ten seconds later, also where the clock of the node was set back', async () => {
    const old = act(withLateAnswers(6_000));
    await bench.clock.advance(6_500);
    await old;
    bench.clock.jump(-3_600_000);
    const next = takeUp();
    await bench.clock.advance(9_000);
    expect(bench.sim.restarts).toHaveLength(0);
    await bench.clock.advance(30_000);
    await next;
    expect(bench.sim.restarts).toHaveLength(1);
  });
});
