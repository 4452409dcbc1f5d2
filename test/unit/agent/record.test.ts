/** What the agent writes of an incident: under which conditions, how often, and for how long. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { agentPartOf, changeIncident, reportUntilWritten } from '../../../src/agent/record.ts';
import { runLane } from '../../../src/agent/run-steps.ts';
import type { World } from '../../../src/agent/world.ts';
import { MedicError } from '../../../src/ports/errors.ts';
import { createMutex } from '../../../src/runtime/mutex.ts';
import { createWakeUp } from '../../../src/runtime/wake-up.ts';
import { at } from '../../support/builders/objects.ts';
import { type ActBench, createActBench, REF } from './act-bench.ts';

const MINUTE = 60_000;
let bench: ActBench;

beforeEach(async () => {
  bench = await createActBench();
});

afterEach(async () => {
  await bench.finish();
});

/** A world whose API server takes no write of an incident, ever. */
function frozen(): World {
  const { world } = bench.parts;
  const apply = (): Promise<never> => Promise.reject(new MedicError('E_KUBE_INVALID', 'invalid', 'status is frozen'));
  return { ...world, cluster: { ...world.cluster, apply } };
}

describe('a change of an incident', () => {
  const change = () => ({ kind: 'write', part: agentPartOf(bench.incident()) }) as const;

  test('is not made where the incident is gone, another one or over', async () => {
    expect(await changeIncident(bench.parts.world, REF, change, bench.life.signal)).toEqual({
      kind: 'left',
      reason: 'the incident is gone',
    });
    bench.seed({});
    expect(await changeIncident(bench.parts.world, { ...REF, uid: 'other' }, change, bench.life.signal)).toMatchObject({
      kind: 'left',
    });
    const complete = { type: 'Complete', status: 'True', reason: 'x', message: '', lastTransitionTime: at(0) } as const;
    bench.seed({ conditions: [complete] });
    expect(await changeIncident(bench.parts.world, REF, change, bench.life.signal)).toEqual({
      kind: 'left',
      reason: 'the incident is complete',
    });
  });

  test('is tried ten times where somebody else writes first', async () => {
    bench.seed({});
    let tries = 0;
    bench.faults.onCall(({ verb }) => {
      if (verb !== 'apply') return undefined;
      tries += 1;
      return { kind: 'refused', status: 409 };
    });
    const failed = expect(changeIncident(bench.parts.world, REF, change, bench.life.signal)).rejects.toMatchObject({
      code: 'E_AGENT_CONFLICTS',
    });
    await bench.clock.advance(10_000);
    await failed;
    expect(tries).toBe(10);
  });

  test('keeps what is the agent’s in it, and nothing else', () => {
    const entry = { name: 'x', kind: 'KubeletLog', state: 'Captured', at: at(0), source: 's' } as const;
    const evidence = [
      { ...entry, by: 'Agent' },
      { ...entry, name: 'y', by: 'Controller' },
    ] as const;
    const seen = bench.seed({ evidence: [...evidence], steps: [bench.asked()] });
    expect(agentPartOf(seen)).toEqual({ actions: [], evidence: [evidence[0]], host: undefined });
  });
});

describe('a report', () => {
  const report = async (world = bench.parts.world): Promise<string> => {
    const written = await reportUntilWritten(world, REF, (part) => part, bench.life.signal);
    return written.kind === 'left' ? written.reason : written.kind;
  };

  test.each([
    [59, 'written'],
    [61, 'it could not be written'],
  ])('is written when the API server is back after %i minutes: %s', async (minutes, expected) => {
    bench.seed({});
    bench.faults.setDown('connect ECONNREFUSED');
    const reported = report();
    await bench.clock.advance(minutes * MINUTE);
    bench.faults.setDown(undefined);
    await bench.clock.advance(MINUTE);
    expect(await reported).toBe(expected);
  });

  test('that the API server will never take is dropped', async () => {
    bench.seed({});
    expect(await report(frozen())).toBe('it could not be written');
  });

  test('ends with the agent', async () => {
    bench.seed({});
    bench.faults.setDown('connect ECONNREFUSED');
    const failed = expect(report()).rejects.toThrow('killed');
    await bench.clock.advance(1_000);
    bench.life.abort(new Error('killed'));
    await failed;
  });
});

test('what is asked for and never recorded is done three times at most, a minute apart', async () => {
  const executor = { ...bench.parts, world: frozen(), hostWakeUp: createWakeUp(bench.clock), mutex: createMutex() };
  const captures = (): number => bench.log.entries.filter(({ message }) => message === 'Host evidence').length;
  bench.seed({ steps: [{ name: 'capture-host', type: 'CaptureHost', state: 'Requested', startedAt: at(0) }] });
  await bench.clock.settle();
  runLane('captures', executor, bench.life.signal).catch(() => undefined);
  const counts: number[] = [];
  for (let minute = 0; minute < 8; minute++) {
    await bench.clock.advance(MINUTE);
    counts.push(captures());
  }
  expect(counts[0]).toBe(1);
  expect(Math.max(...counts)).toBe(3);
  // Each takes some time of its own.
  expect(counts.findIndex((count) => count === 3)).toBeGreaterThanOrEqual(2);
});
