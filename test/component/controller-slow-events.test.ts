import { afterEach, expect, test } from '@jest/globals';
import { smallDumps } from '../support/host/small-dumps.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';
import { ANSWER_LOST } from '../support/faulty-cluster.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

/** Milliseconds from the breach line to the restart. */
async function breachToRestart(areEventsAnswered: boolean): Promise<number> {
  bench = createControllerBench({
    dumps: smallDumps(),
    policy: { mode: 'Remediate', budget: { maxUnhealthy: 1 } },
  });
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advance(20_000);
  if (!areEventsAnswered) {
    bench.party('controller-1').faults.onCall(({ plural }) => (plural === 'events' ? ANSWER_LOST : undefined));
  }
  bench.host('node-a').inject('runtime-hung');
  const { status } = await bench.until('node-a', ({ status }) => status.timings?.actedAt !== undefined);
  return Date.parse(status.timings?.actedAt ?? '') - Date.parse(status.timings?.detectedAt ?? '');
}

test('Events that the API server does not answer hold up no recovery', async () => {
  const quick = await breachToRestart(true);
  await bench.finish();
  expect(await breachToRestart(false)).toBeLessThanOrEqual(quick + 500);
});
