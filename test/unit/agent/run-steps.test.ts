/** How the agent comes to its work, and how often it does the same. */
import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { type ExecutorParts, type Lane, runLane } from '../../../src/agent/run-steps.ts';
import type { World } from '../../../src/agent/world.ts';
import { INCIDENTS } from '../../../src/api/resources.ts';
import type { ActionRecord } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { createMutex } from '../../../src/runtime/mutex.ts';
import { createWakeUp } from '../../../src/runtime/wake-up.ts';
import { type ActBench, createActBench } from './act-bench.ts';

const SECOND = 1_000;
let bench: ActBench;

beforeEach(async () => {
  bench = await createActBench();
});

afterEach(async () => {
  await bench.finish();
});

function start(lane: Lane, world: World = bench.parts.world): void {
  const parts: ExecutorParts = {
    ...bench.parts,
    world,
    hostWakeUp: createWakeUp(bench.clock),
    mutex: createMutex(),
  };
  runLane(lane, parts, bench.life.signal).catch(() => undefined);
}

test('an act that is reported is not taken up again while the watch still shows its reservation', async () => {
  const { mainPID: pid, invocationID } = bench.sim.kubelet();
  const reserved: ActionRecord = {
    name: 'act-1',
    action: 'RestartKubelet',
    state: 'Reserved',
    unit: 'kubelet.service',
    reservedAt: bench.asked().startedAt,
    issuedAt: bench.asked().startedAt,
    before: { pid, invocationID, bootID: 'boot-1' },
  };
  bench.seed({ steps: [bench.asked()], actions: [reserved] });
  await bench.clock.settle();
  bench.faults.mirror(INCIDENTS.plural, { kind: 'held' });
  bench.seed({ steps: [bench.asked()], actions: [{ ...reserved, state: 'Failed', message: 'crash-loops' }] });
  start('acts');
  await bench.clock.advance(60 * SECOND);
  expect(bench.parts.requests.openIncidents()[0]?.status.actions?.[0]?.state).toBe('Reserved');
  expect(bench.record()).toMatchObject({ state: 'Failed', message: 'crash-loops' });
});

test('an agent that has just started acts when it has looked for PLEG for half a minute, and captures at once', async () => {
  const capture = { name: 'capture-host', type: 'CaptureHost', state: 'Requested' } as const;
  bench.seed({ steps: [{ ...capture, startedAt: bench.asked().startedAt }, bench.asked()] });
  await bench.clock.settle();
  const recorded = (): readonly string[] => (bench.incident().status.actions ?? []).map(({ name }) => name);
  start('acts');
  await bench.clock.advance(29 * SECOND);
  expect(recorded()).toEqual([]);
  await bench.clock.advance(2 * SECOND);
  expect(recorded()).toEqual(['act-1']);
  start('captures');
  await bench.clock.advance(15 * SECOND);
  expect(recorded()).toEqual(['act-1', 'capture-host']);
  expect(bench.record()).toMatchObject({ state: 'Succeeded' });
  expect(bench.sim.restarts).toHaveLength(1);
});
