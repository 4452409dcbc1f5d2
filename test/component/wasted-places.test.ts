/** An agent that reports a stuck node, answers, and never acts: it does not keep the only place from the others. */
import { afterEach, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { hasReservation } from '../../src/core/decision/policy/places.ts';
import { createFakeClock } from '../support/clock.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';
import { smallDumps } from '../support/host/small-dumps.ts';

const MINUTE = 60_000;

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

function placesOf(node: string): readonly KubeletIncident[] {
  return bench.incidents(node).filter(({ status }) => hasReservation(status));
}

/** No record of an act arrives: of the agent's words it is the only one that it would have to keep. */
function lies(node: string): void {
  bench.party(node).faults.onCall(({ verb, plural, body }) => {
    const isRecord = verb === 'apply' && plural === 'kubeletincidents' && JSON.stringify(body).includes('"act-');
    return isRecord ? { kind: 'refused', status: 403 } : undefined;
  });
}

test('it is given three places within two hours, and another node is recovered then', async () => {
  bench = createControllerBench({
    nodes: ['node-a', 'node-b'],
    dumps: smallDumps(),
    clock: createFakeClock(undefined, { grainMs: 250 }),
    policy: {
      mode: 'Remediate',
      detection: { earlyCapture: false },
      budget: { maxConcurrent: 1, maxUnhealthy: '100%', cooldown: '0s' },
      remediation: { verify: { timeout: '2m', stableFor: '5s' } },
    },
  });
  lies('node-a');
  await bench.clock.advance(2_000);
  bench.host('node-a').inject('frozen-connection');
  await bench.clock.advance(160_000);
  bench.startController();
  for (const node of bench.hosts.keys()) bench.startAgent(node);
  const isRefused = (): boolean => bench.incidents('node-a').some(({ status }) => status.outcome === 'BudgetExhausted');
  await bench.clock.advanceUntil(isRefused, 120 * MINUTE, 5_000);

  expect(placesOf('node-a').map(({ status }) => status.outcome)).toEqual(['HandedOver', 'HandedOver', 'HandedOver']);
  expect(bench.incident('node-a').status.conditions).toContainEqual(
    expect.objectContaining({
      type: 'ActionTaken',
      reason: 'PlacesWasted',
      message: 'budget: this node was given 3 places within 2h0m0s, and its agent did nothing with them',
    }),
  );

  bench.host('node-b').inject('frozen-connection');
  const other = await bench.until('node-b', ({ status }) => status.outcome !== undefined, 20 * MINUTE);
  expect(other.status.outcome).toBe('Recovered');
  expect(placesOf('node-a')).toHaveLength(3);
  expect(bench.host('node-a').restarts).toEqual([]);
});
