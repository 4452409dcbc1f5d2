import { afterEach, expect, test } from '@jest/globals';
import { EVIDENCES, INCIDENTS, NODES } from '../../src/api/resources.ts';
import { toTime } from '../../src/core/time/timestamp.ts';
import { anIncident } from '../support/builders/objects.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';
import { smallDumps } from '../support/host/small-dumps.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

/** A false alarm of node-a that ended then. */
function seed(minutesAgo: number): void {
  const time = toTime(bench.clock.now() - minutesAgo * 60_000);
  const complete = { type: 'Complete', status: 'True', reason: 'NotConfirmed', message: '', lastTransitionTime: time };
  const { spec } = anIncident({ trigger: { at: time } });
  const nodeUID = bench.local.read(NODES, 'node-a')?.metadata.uid;
  const status = { conditions: [complete], outcome: 'NotConfirmed', timings: { completedAt: time } };
  const metadata = { name: `ago-${String(minutesAgo)}`, creationTimestamp: time };
  bench.local.seeds.seed(INCIDENTS, { metadata, spec: { ...spec, nodeUID }, status });
}

test.each<[string, readonly number[], number]>([
  ['an hour after one false alarm opens an incident', [61], 1],
  ['an hour after the second one in a row opens none, and captures nothing', [61, 125], 0],
  ['two hours after the second one opens an incident', [121, 185], 1],
  ['two hours after the third one opens none', [121, 245, 310], 0],
])('a line that nobody else confirms, %s', async (_name, before, count) => {
  const detection = { earlyCapture: false };
  bench = createControllerBench({ dumps: smallDumps(), policy: { mode: 'Remediate', detection } });
  before.forEach(seed);
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advance(20_000);
  bench.host('node-a').forge();
  await bench.clock.advance(40_000);
  expect(bench.incidents('node-a').length - before.length).toBe(count);
  expect(bench.local.list(EVIDENCES).length > 0).toBe(count > 0);
});
