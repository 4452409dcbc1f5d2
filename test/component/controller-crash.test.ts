import { afterEach, describe, expect, test } from '@jest/globals';
import { CONTROLLER_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
import { type ControllerBench, createControllerBench, isUnschedulable } from '../support/controller-harness.ts';
import { IS_LONG } from '../support/sizes.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const QUICK = { verify: { timeout: '2m', stableFor: '5s' } };

/** A second before the breach, all that runs is in place; the next controller writes are those of the incident. */
async function nearBreach(): Promise<void> {
  bench = createControllerBench({
    dumps: smallDumps(),
    policy: { mode: 'Remediate', detection: { earlyCapture: false }, remediation: QUICK, budget: { maxUnhealthy: 1 } },
  });
  await bench.clock.advance(5_000);
  bench.host('node-a').inject('runtime-hung');
  await bench.clock.advance(150_000);
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advanceUntil(() => bench.health('node-a')?.status.pleg?.state === 'Suspected', 60_000, 500);
}

/** The controller's writes in a life that nobody disturbs, counted once. */
async function writesOfALife(): Promise<number> {
  await nearBreach();
  const before = bench.local.writes.length;
  await bench.until('node-a', ({ status }) => status.outcome !== undefined);
  await bench.clock.advance(5_000);
  const count = bench.local.writes
    .slice(before)
    .filter(({ manager, verb }) => manager === CONTROLLER_MANAGER || verb === 'delete').length;
  await bench.finish();
  return count;
}

/** Of real time, for a machine that is busy. */
const LIMIT_MS = 60_000;
/** More than a life has; see the last test. */
const MOST_WRITES = 36;
/** Each third in `npm test`. */
const MOMENTS = Array.from({ length: MOST_WRITES }, (_, count) => count).filter((count) => IS_LONG || count % 3 === 0);

describe('a controller that dies', () => {
  // That write arrives, its answer does not. Death before a write leaves what death after the one before it leaves.
  test.each(MOMENTS)(
    'at its write number %d is followed by one that ends the incident with one restart',
    async (count) => {
      await nearBreach();
      const isDead = bench.killAtWrite(count);
      await bench.clock.advanceUntil(
        () => isDead() || bench.incidents()[0]?.status.outcome !== undefined,
        300_000,
        500,
      );
      // The next leader is late: on a node of its own that has to be started first.
      await bench.clock.advance(40_000);
      bench.startController();
      const { status } = await bench.until('node-a', (incident) => incident.status.outcome !== undefined);
      expect(status).toMatchObject({ outcome: 'Recovered', action: 'RestartRuntime' });
      await bench.clock.advance(20_000);
      expect(bench.incidents()).toHaveLength(1);
      expect(bench.host('node-a').restarts.map(({ unit }) => unit)).toEqual(['containerd.service']);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'is killed above at each write that a life has',
    async () => {
      const count = await writesOfALife();
      expect(count).toBeGreaterThan(20);
      expect(count).toBeLessThanOrEqual(MOST_WRITES);
    },
    LIMIT_MS,
  );
});
