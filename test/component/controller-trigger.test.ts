import { afterEach, describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, NODES } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
import { type ControllerBench, createControllerBench, isUnschedulable } from '../support/controller-harness.ts';
import type { FaultKind } from '../support/host/scenario.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;

/** The fault is on, its breach is near, and controller and agent begin to watch. */
async function nearBreach(
  policy: { readonly [field: string]: unknown } = {},
  fault: FaultKind = 'runtime-hung',
): Promise<void> {
  bench = createControllerBench({
    dumps: smallDumps(),
    policy: {
      mode: 'Remediate',
      detection: { earlyCapture: false },
      budget: { maxUnhealthy: '100%', cooldown: '0s' },
      remediation: { verify: { timeout: '2m', stableFor: '5s' } },
      ...policy,
    },
  });
  await bench.clock.advance(2_000);
  bench.host('node-a').inject(fault);
  await bench.clock.advance(160_000);
  bench.startController();
  bench.startAgent('node-a');
}

function isOver({ status }: KubeletIncident): boolean {
  return status.outcome !== undefined;
}

function isUntouched(): boolean {
  return bench.host('node-a').restarts.length === 0 && !isUnschedulable(bench.node('node-a'));
}

describe('the gate Required', () => {
  test(
    'leaves the node alone when the evidence is missing, and takes the same trouble up again after 15 minutes',
    async () => {
      await nearBreach();
      bench.host('node-a').breakStacks('ptrace_scope is 3');
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('EvidenceMissing');
      expect(isUntouched()).toBe(true);
      expect(bench.events('EvidenceMissing')[0]?.message).toContain('ptrace_scope is 3');
      await bench.clock.advance(14 * 60_000);
      expect(bench.incidents()).toHaveLength(1);
      bench.host('node-a').breakStacks(undefined);
      await bench.clock.advanceUntil(() => bench.incidents().length > 1, 150_000, 1_000);
      expect((await bench.until('node-a', isOver)).status.outcome).toBe('Recovered');
      expect(bench.incidents()).toHaveLength(2);
    },
    LIMIT_MS,
  );
});

describe('modes that stop short', () => {
  test(
    'Observe records when it began and when it was over, and saves and touches nothing',
    async () => {
      await nearBreach({ mode: 'Observe' });
      await bench.until('node-a', () => true);
      await bench.clock.advance(60_000);
      expect(bench.incident('node-a').status.steps).toBeUndefined();
      const restarted = bench.host('node-a').host.services.restart('containerd.service', new AbortController().signal);
      const { status } = await bench.until('node-a', isOver);
      await restarted;
      expect(status.outcome).toBe('Observed');
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'Capture saves the evidence, names the cause, and touches nothing',
    async () => {
      await nearBreach({ mode: 'Capture' });
      const { status } = await bench.until('node-a', isOver);
      expect(status).toMatchObject({ outcome: 'CaptureOnly', diagnosis: { class: 'RuntimeHung' } });
      await bench.clock.advance(20 * 60_000);
      expect(isUntouched()).toBe(true);
      expect(bench.incidents()).toHaveLength(1);
    },
    LIMIT_MS,
  );
});

describe('a node', () => {
  test(
    'that recovers by itself is left alone',
    async () => {
      await nearBreach({ paused: true }, 'frozen-connection');
      await bench.until(
        'node-a',
        ({ status }) => findCondition(status.conditions, 'Complete')?.reason === 'PolicyPaused',
      );
      const restarted = bench.host('node-a').host.services.restart('kubelet.service', new AbortController().signal);
      await bench.clock.advance(10_000);
      await restarted;
      bench.editPolicy((spec) => {
        spec['paused'] = false;
      });
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('SelfHealed');
      // The one that a person did.
      expect(bench.host('node-a').restarts).toHaveLength(1);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'that is deleted ends its incident, and its place in the budget is free',
    async () => {
      await nearBreach({ strategy: 'DiagnoseFirst' });
      await bench.until('node-a', ({ status }) => findCondition(status.conditions, 'Complete')?.reason === 'Held');
      bench.local.seeds.remove(NODES, { name: 'node-a' });
      bench.local.seeds.remove(HEALTHS, { name: 'node-a' });
      const { status } = await bench.until('node-a', isOver, 2_000);
      expect(status.outcome).toBe('NodeGone');
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'whose agent is silent gets no action: its Ready condition opens the incident, and the gate stays shut',
    async () => {
      await nearBreach();
      bench.killAgent('node-a');
      await bench.clock.advance(60_000);
      expect(bench.incidents()).toEqual([]);
      const { spec, status } = await bench.until('node-a', isOver);
      expect(spec.trigger.message).toMatch(/^Node condition Ready: .*PLEG is not healthy/);
      expect(status.outcome).toBe('EvidenceMissing');
      expect(findCondition(status.conditions, 'EvidenceCaptured')?.message).toContain('the kubelet log');
      expect(isUntouched()).toBe(true);
    },
    LIMIT_MS,
  );
});

describe('suspicion', () => {
  test(
    'saves stacks at once, which the incident then has as its own',
    async () => {
      await nearBreach({ detection: { earlyCapture: true } });
      await bench.clock.advanceUntil(() => bench.health('node-a')?.status.pleg?.state === 'Suspected', 60_000, 500);
      await bench.clock.advance(3_000);
      expect(bench.incidents()).toEqual([]);
      const suspectedAt = bench.clock.now();
      const { status } = await bench.until('node-a', isOver);
      const dumps = status.evidence?.filter(({ kind }) => kind === 'GoroutineDump') ?? [];
      expect(dumps).toHaveLength(2);
      expect(Date.parse(dumps[0]?.at ?? '')).toBeLessThan(suspectedAt);
      expect(dumps[0]?.message).toContain('taken early');
    },
    LIMIT_MS,
  );

  test.each([20, 21, 22, 23, 24])(
    'heals a hung runtime before the node turns NotReady, where the policy opts in after %d s',
    async (afterS) => {
      bench = createControllerBench({
        dumps: smallDumps(),
        policy: {
          mode: 'Remediate',
          detection: { runtimeHungAfter: `${String(afterS)}s` },
          budget: { maxUnhealthy: '100%' },
          remediation: { verify: { timeout: '2m', stableFor: '5s' } },
        },
      });
      bench.startController();
      bench.startAgent('node-a');
      await bench.clock.advance(10_000);
      const hungAt = bench.clock.now();
      bench.host('node-a').inject('runtime-hung');
      const { metadata, spec, status } = await bench.until('node-a', isOver, 120_000);
      expect(spec.trigger.type).toBe('RuntimeHung');
      // Up to 5 s until the first probe that fails, and 5 s until the one that has failed for long enough.
      expect(Date.parse(metadata.creationTimestamp) - hungAt).toBeLessThanOrEqual(afterS * 1_000 + 11_000);
      expect(status).toMatchObject({ outcome: 'Recovered', action: 'RestartRuntime' });
      expect(status.timings?.notReadySince).toBeUndefined();
    },
    LIMIT_MS,
  );
});

test(
  'an incident that was deleted before the watch showed it is soon forgotten, and followed by another',
  async () => {
    await nearBreach();
    bench.party('controller-1').faults.mirror(INCIDENTS.plural, { kind: 'held' });
    await bench.clock.advanceUntil(() => bench.incidents().length > 0, LIMIT_MS, 100);
    const { name, uid } = bench.incident('node-a').metadata;
    bench.local.seeds.remove(INCIDENTS, { name });
    bench.party('controller-1').faults.mirror(INCIDENTS.plural, undefined);
    await bench.clock.advanceUntil(() => bench.incidents().length > 0, LIMIT_MS, 1_000);
    expect(bench.incident('node-a').metadata.uid).not.toBe(uid);
  },
  LIMIT_MS,
);
