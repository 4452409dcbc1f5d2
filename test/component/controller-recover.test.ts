import { afterEach, describe, expect, test } from '@jest/globals';
import { runtimeHungDumps } from '../demo/dumps.ts';
import {
  type ControllerBench,
  type ControllerBenchOptions,
  createControllerBench,
  isUnschedulable,
} from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

/** Controller and agents run, and all is well. */
async function well(options: ControllerBenchOptions = {}): Promise<void> {
  bench = createControllerBench({ dumps: runtimeHungDumps(), ...options });
  bench.startController();
  for (const node of bench.hosts.keys()) bench.startAgent(node);
  await bench.clock.advance(20_000);
}

describe('a hung runtime', () => {
  test('is restarted after the evidence is saved, the node is uncordoned, and the record says so', async () => {
    await well({ policy: { mode: 'Remediate', budget: { maxUnhealthy: 1 } } });
    bench.host('node-a').inject('runtime-hung');
    const incident = await bench.until('node-a', ({ status }) => status.outcome !== undefined);
    expect(incident.status).toMatchObject({ outcome: 'Recovered', action: 'RestartRuntime' });
    expect(bench.host('node-a').restarts.map(({ unit }) => unit)).toEqual(['containerd.service']);
    expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    expect(incident.status.evidence?.filter(({ kind }) => kind === 'GoroutineDump')).toHaveLength(2);
  });
});
