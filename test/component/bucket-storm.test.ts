/** A storm of 500 incidents, by the controller's part alone: its agents are there, and never end an upload. */
import { afterEach, expect, test } from '@jest/globals';
import { HEALTHS } from '../../src/api/resources.ts';
import { type ArchiveBench, startArchive } from '../support/archive-bench.ts';

const NODE_COUNT = 500;

let bench: ArchiveBench;
afterEach(() => {
  bench.stop();
});

test('of 500 incidents that wait, eight have a grant at any time, and each gets one in its turn', async () => {
  bench = await startArchive(NODE_COUNT, () => ({ agent: 'busy' }));
  const { clock, local, metrics } = bench;
  let most = 0;
  for (let minutes = 0; minutes < 60; minutes++) {
    await clock.advance(60_000);
    most = Math.max(most, local.list(HEALTHS).filter(({ spec }) => spec.bucket !== undefined).length);
  }
  expect(most).toBe(8);
  const granted = new Set(bench.granted());
  // Each of the eight waits 11 minutes for an agent that never ends: nobody has two turns before others have one.
  expect(granted.size).toBeGreaterThanOrEqual(40);
  expect(bench.granted()).toHaveLength(granted.size);
  expect(metrics.values.get('bucket_waiting_incidents')).toBe(NODE_COUNT);
  expect(metrics.values.get('bucket_waiting_age_seconds')).toBeGreaterThan(3_500);
  const own = local.writes.filter(({ manager }) => manager === 'kubelet-medic-controller-bucket');
  expect(own.length).toBeLessThan(4 * granted.size);
});
