/** A guard that keeps a stuck node from being healed is a fault as well: what goes wrong on the way is got over. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, POLICIES } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { objectAt } from '../support/api-server/json.ts';
import { createFakeClock } from '../support/clock.ts';
import { type ControllerBench, createControllerBench, isUnschedulable } from '../support/controller-harness.ts';
import { smallDumps } from '../support/host/small-dumps.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;
const MINUTE = 60_000;

/** A kubelet is stuck for good, and some seconds from saying so. */
async function nearBreach(policy: object = {}): Promise<void> {
  bench = createControllerBench({
    dumps: smallDumps(),
    clock: createFakeClock(undefined, { grainMs: 250 }),
    policy: {
      mode: 'Remediate',
      detection: { earlyCapture: false },
      budget: { maxUnhealthy: '100%', cooldown: '0s' },
      remediation: { verify: { timeout: '2m', stableFor: '5s' } },
      ...policy,
    },
  });
  await bench.clock.advance(2_000);
  bench.host('node-a').inject('frozen-connection');
  await bench.clock.advance(160_000);
  bench.startController();
  bench.startAgent('node-a');
}

function waitsFor(reason: string): (incident: KubeletIncident) => boolean {
  return ({ status }) => findCondition(status.conditions, 'Complete')?.reason === reason;
}

function expectHealed(): void {
  expect(bench.host('node-a').restarts.map(({ unit }) => unit)).toEqual(['kubelet.service']);
  expect(bench.host('node-a').ready()?.status).toBe('True');
  expect(isUnschedulable(bench.node('node-a'))).toBe(false);
}

describe('a stuck kubelet is restarted all the same', () => {
  test(
    'where its agent is away for seven minutes just as it is needed',
    async () => {
      await nearBreach();
      bench.local.onStored(({ body }) => {
        if (JSON.stringify(body).includes('"evidenceAt"')) bench.killAgent('node-a');
      });
      await bench.until('node-a', ({ status }) => status.diagnosis !== undefined);
      bench.local.onStored(undefined);
      await bench.clock.advance(7 * MINUTE);
      expect(bench.incidents('node-a')[0]?.status.outcome).toBe('HandedOver');
      bench.startAgent('node-a');
      await bench.clock.advance(30 * MINUTE);
      expectHealed();
    },
    LIMIT_MS,
  );

  test(
    'where the API server is away for six minutes in the middle of it',
    async () => {
      await nearBreach();
      await bench.until('node-a', ({ status }) => status.diagnosis !== undefined);
      for (const name of ['controller-1', 'node-a']) bench.party(name).faults.setDown('the API server is away');
      await bench.clock.advance(6 * MINUTE);
      for (const name of ['controller-1', 'node-a']) bench.party(name).faults.setDown(undefined);
      await bench.clock.advance(30 * MINUTE);
      expectHealed();
    },
    LIMIT_MS,
  );

  test(
    'where its policy is replaced by another one while it waits',
    async () => {
      await nearBreach({ paused: true });
      await bench.until('node-a', waitsFor('PolicyPaused'));
      const spec = { ...objectAt(bench.local.seeds.read(POLICIES, { name: 'default' }), 'spec'), paused: false };
      bench.local.seeds.remove(POLICIES, { name: 'default' });
      bench.local.seeds.seed(POLICIES, { metadata: { name: 'production' }, spec });
      await bench.clock.advance(10 * MINUTE);
      expectHealed();
    },
    LIMIT_MS,
  );

  test(
    'where the policy only observed until then',
    async () => {
      await nearBreach({ mode: 'Observe' });
      await bench.until('node-a', waitsFor('Observing'));
      bench.editPolicy((spec) => {
        spec['mode'] = 'Remediate';
      });
      await bench.clock.advance(10 * MINUTE);
      expectHealed();
      expect(bench.incidents('node-a').map(({ status }) => status.outcome)).toEqual(
        expect.arrayContaining(['Observed', 'Recovered']),
      );
    },
    LIMIT_MS,
  );

  test(
    'when nobody decides within a hold of half an hour, whose log cannot be read',
    async () => {
      await nearBreach({ strategy: 'DiagnoseFirst', evidence: { gate: 'BestEffort' } });
      bench.host('node-a').journal.fail('permission denied');
      await bench.until('node-a', waitsFor('Held'));
      await bench.clock.advance(29 * MINUTE);
      expect(bench.host('node-a').restarts).toEqual([]);
      await bench.clock.advance(5 * MINUTE);
      expectHealed();
      expect(bench.incidents('node-a')).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test.each(['the evidence is taken', 'the act is asked for'] as const)(
    'where the KubeletHealth of its node is deleted as %s',
    async (when) => {
      await nearBreach();
      const isNow = ({ status }: KubeletIncident): boolean =>
        when === 'the act is asked for'
          ? status.steps?.some(({ name }) => name === 'act-1') === true
          : status.steps?.some(({ name }) => name === 'capture-host') === true;
      await bench.until('node-a', isNow);
      bench.local.seeds.remove(HEALTHS, { name: 'node-a' });
      await bench.clock.advance(30 * MINUTE);
      expectHealed();
    },
    LIMIT_MS,
  );

  test(
    'when a person approves it after 25 minutes of a hold',
    async () => {
      await nearBreach({ strategy: 'DiagnoseFirst' });
      await bench.until('node-a', waitsFor('Held'));
      await bench.clock.advance(25 * MINUTE);
      expect(bench.incidents('node-a')).toHaveLength(1);
      bench.local.seeds.edit(INCIDENTS, { name: bench.incident('node-a').metadata.name }, (draft) => {
        draft['spec'] = { ...objectAt(draft, 'spec'), approval: { decision: 'Approve', by: 'ann' } };
      });
      await bench.clock.advance(3 * MINUTE);
      expectHealed();
      expect(bench.incidents('node-a').map(({ status }) => status.outcome)).toEqual(['Recovered']);
    },
    LIMIT_MS,
  );
});
