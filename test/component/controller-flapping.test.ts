import { afterEach, describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
import { type ControllerBench, createControllerBench, isUnschedulable } from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;

async function well(policy: { readonly [field: string]: unknown }): Promise<void> {
  bench = createControllerBench({
    dumps: smallDumps(),
    policy: {
      mode: 'Remediate',
      remediation: { verify: { timeout: '2m', stableFor: '5s' } },
      ...policy,
    },
  });
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advance(5_000);
}

function isOver({ status }: KubeletIncident): boolean {
  return status.outcome !== undefined;
}

function restarts(): readonly string[] {
  return bench.host('node-a').restarts.map(({ unit }) => unit);
}

/** The kubelet's connection is dead. @returns the incident of it, when it is over. */
async function stuckUntilOver(): Promise<KubeletIncident> {
  const before = bench.incidents().length;
  bench.host('node-a').inject('frozen-connection');
  await bench.clock.advanceUntil(() => bench.incidents().length > before, 300_000, 500);
  return bench.until('node-a', isOver);
}

describe('a node that is Ready again after its restart, and stuck again', () => {
  // What helped is done again; the fourth time is no accident.
  test.each([
    [1, 'BudgetExhausted'],
    [2, 'BudgetExhausted'],
    [3, 'HandedOver'],
    [9, 'HandedOver'],
  ])(
    'may be acted on %d times in an hour, and is then left to a person as it is (%s)',
    async (attempts, outcome) => {
      const budget = { maxUnhealthy: '100%', cooldown: '0s', perNode: { attempts, within: '1h' } };
      await well({ budget });
      const recoveries = Math.min(attempts, 3);
      for (let count = 1; count <= recoveries; count++) {
        expect((await stuckUntilOver()).status).toMatchObject({ outcome: 'Recovered', action: 'RestartKubelet' });
        await bench.clock.advance(60_000);
      }
      expect((await stuckUntilOver()).status.outcome).toBe(outcome);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
      await bench.clock.advance(15 * 60_000);
      expect(restarts()).toEqual(Array.from({ length: recoveries }, () => 'kubelet.service'));
      expect(bench.incidents()).toHaveLength(recoveries + 1);
    },
    LIMIT_MS,
  );

  test(
    'is taken up again when its attempts are free again',
    async () => {
      const budget = { maxUnhealthy: '100%', cooldown: '0s', perNode: { attempts: 1, within: '15m' } };
      await well({ budget });
      await stuckUntilOver();
      expect((await stuckUntilOver()).status.outcome).toBe('BudgetExhausted');
      await bench.clock.advanceUntil(() => bench.incidents().length > 2, 16 * 60_000, 1_000);
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'Recovered', action: 'RestartKubelet' });
      expect(restarts()).toEqual(['kubelet.service', 'kubelet.service']);
    },
    LIMIT_MS,
  );
});

describe('a PLEG that recovers by itself and breaches again', () => {
  test(
    'is an incident by the number of its episodes, though none lasts as long as the policy asks for',
    async () => {
      const detection = { sustainedFor: '5m', flapping: { episodes: 3, within: '30m' } };
      await well({ detection, budget: { maxUnhealthy: '100%', cooldown: '0s' } });
      for (let count = 1; count <= 3; count++) {
        bench.host('node-a').inject('frozen-connection');
        await bench.clock.advanceUntil(() => bench.health('node-a')?.status.pleg?.state === 'Unhealthy', 300_000, 500);
        if (count === 3) break;
        expect(bench.incidents()).toEqual([]);
        // What heals it is none of ours.
        await bench.clock.advance(20_000);
        const healed = bench.host('node-a').host.services.restart('kubelet.service', new AbortController().signal);
        await bench.clock.advance(60_000);
        await healed;
      }
      const { spec, status } = await bench.until('node-a', isOver);
      expect(spec.trigger).toMatchObject({ type: 'PLEGFlapping' });
      expect(spec.trigger.message).toMatch(/^3 episodes of an unhealthy PLEG within 30m; the last: /);
      expect(status.outcome).toBe('Recovered');
      expect(restarts()).toHaveLength(3);
    },
    LIMIT_MS,
  );
});
