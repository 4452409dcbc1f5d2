/** Ways in which a kubelet stops managing pods, without a word of it in its log. */
import { afterEach, describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../src/api/v1alpha1/incident.ts';
import { isTrue } from '../../src/core/decision/record/conditions-and-steps.ts';
import { runtimeHungDumps } from '../demo/dumps.ts';
import { isObject, listAt, objectAt } from '../support/api-server/json.ts';
import { type ControllerBench, createControllerBench, isUnschedulable } from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;

async function well(detection: { readonly [field: string]: unknown } = {}): Promise<void> {
  bench = createControllerBench({
    dumps: runtimeHungDumps(),
    policy: {
      mode: 'Remediate',
      detection,
      budget: { maxUnhealthy: '100%', cooldown: '0s' },
      remediation: { verify: { timeout: '2m', stableFor: '5s' } },
    },
  });
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advance(60_000);
}

function restarts(): readonly { readonly unit: string; readonly at: number }[] {
  return bench.host('node-a').restarts;
}
function isOver({ status }: KubeletIncident): boolean {
  return status.outcome !== undefined;
}
function stuck(): unknown {
  const conditions = listAt(objectAt(bench.node('node-a'), 'status'), 'conditions').filter(isObject);
  return conditions.find(({ type }) => type === 'KubeletStuck')?.['status'];
}

describe('a frozen kubelet', () => {
  test(
    'is seen within 20 s, and restarted within a minute',
    async () => {
      await well();
      const began = bench.clock.now();
      bench.host('node-a').inject('kubelet-frozen');
      await bench.clock.advanceUntil(() => bench.incidents().length > 0, 30_000, 500);
      expect(stuck()).toBe('True');
      expect(restarts()).toEqual([]);
      const { spec, status } = await bench.until('node-a', isOver);
      expect(spec.trigger).toMatchObject({ type: 'KubeletSilent', source: 'Kernel' });
      expect(status).toMatchObject({
        outcome: 'Recovered',
        action: 'RestartKubelet',
        diagnosis: { cause: 'kubelet-frozen', class: 'KubeletSilent' },
      });
      expect(restarts().map(({ unit }) => unit)).toEqual(['kubelet.service']);
      expect((restarts()[0]?.at ?? 0) - began).toBeLessThanOrEqual(60_000);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'is restarted before the Node turns Unknown where the policy asks for it',
    async () => {
      await well({ kubeletSilentAfter: '20s' });
      const began = bench.clock.now();
      bench.host('node-a').inject('kubelet-frozen');
      const { status } = await bench.until('node-a', isOver);
      expect(status.conditions?.find(({ type }) => type === 'Confirmed')).toMatchObject({ reason: 'KubeletProbe' });
      expect((restarts()[0]?.at ?? 0) - began).toBeLessThanOrEqual(45_000);
      expect(status.outcome).toBe('Recovered');
    },
    LIMIT_MS,
  );

  test(
    'that goes on by itself is left alone',
    async () => {
      await well();
      bench.host('node-a').inject('kubelet-frozen');
      await bench.clock.advance(25_000);
      bench.host('node-a').heal();
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('SelfHealed');
      await bench.clock.advance(120_000);
      expect(restarts()).toEqual([]);
      expect(bench.incidents()).toHaveLength(1);
    },
    LIMIT_MS,
  );
});

describe('a kubelet that runs and does not report', () => {
  test(
    'is looked at, and left alone while nobody else says that it is stuck',
    async () => {
      await well();
      bench.host('node-a').inject('not-reporting');
      const { spec, status } = await bench.until('node-a', isOver);
      expect(spec.trigger).toMatchObject({ type: 'KubeletSilent', source: 'NodeReady' });
      expect(status).toMatchObject({ outcome: 'NotConfirmed', diagnosis: { cause: 'kubelet-not-reporting' } });
      expect(restarts()).toEqual([]);
    },
    LIMIT_MS,
  );
});

describe('a kubelet that does not run', () => {
  test.each([
    ['stopped', {}, 'kubelet-stopped'],
    ['masked', { loadState: 'masked' }, 'kubelet-masked'],
  ])(
    'since somebody has %s it is left as it is, and says so',
    async (_name, how, cause) => {
      await well();
      bench.host('node-a').endKubelet(how);
      const { spec, status } = await bench.until('node-a', isOver);
      expect(spec.trigger).toMatchObject({ type: 'KubeletDown', source: 'ServiceManager' });
      expect(status).toMatchObject({ outcome: 'HandedOver', diagnosis: { cause, class: 'HeldByPerson' } });
      const taken = status.conditions?.find(({ type }) => type === 'ActionTaken');
      expect(taken).toMatchObject({ status: 'False', reason: 'HeldByPerson' });
      expect(isTrue(status.conditions, 'NodeCordoned')).toBe(false);
      expect(bench.health('node-a')?.status.summary?.wouldRecover).toMatch(
        /^no: kubelet\.service is (?:stopped|masked)$/,
      );
      await bench.clock.advance(30 * 60_000);
      expect(restarts()).toEqual([]);
      expect(bench.incidents()).toHaveLength(1);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'since it has failed is started once',
    async () => {
      await well();
      bench
        .host('node-a')
        .endKubelet({ activeState: 'failed', subState: 'failed', result: 'exit-code', restart: 'on-failure' });
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'Recovered', diagnosis: { cause: 'kubelet-failed' } });
      expect(restarts().map(({ unit }) => unit)).toEqual(['kubelet.service']);
    },
    LIMIT_MS,
  );
});
