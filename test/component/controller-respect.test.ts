import { afterEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { ANNOTATION_CORDONED_BY } from '../../src/api/v1alpha1/words/names.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { objectAt } from '../support/api-server/json.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
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

const LIMIT_MS = 60_000;
const QUICK = { verify: { timeout: '2m', stableFor: '5s' } };
const BUDGET = { maxUnhealthy: '100%', cooldown: '0s' };

/** The runtimes of all nodes hang, and their breach is near. */
async function nearBreach(
  { remediation = {}, ...policy }: { readonly remediation?: object; readonly [field: string]: unknown } = {},
  options: ControllerBenchOptions = {},
): Promise<void> {
  bench = createControllerBench({
    dumps: smallDumps(),
    policy: {
      mode: 'Remediate',
      detection: { earlyCapture: false },
      budget: BUDGET,
      ...policy,
      remediation: { ...QUICK, ...remediation },
    },
    ...options,
  });
  await bench.clock.advance(2_000);
  for (const host of bench.hosts.values()) host.inject('runtime-hung');
  await bench.clock.advance(160_000);
  bench.startController();
  for (const node of bench.hosts.keys()) bench.startAgent(node);
}

function waitsFor(reason: string) {
  return ({ status }: KubeletIncident): boolean =>
    findCondition(status.conditions, 'Complete')?.reason === reason && status.outcome === undefined;
}

function isOver({ status }: KubeletIncident): boolean {
  return status.outcome !== undefined;
}

function restarts(node: string): number {
  return bench.host(node).restarts.length;
}

function decide(decision: 'Approve' | 'Reject'): void {
  const { name } = bench.incident('node-a').metadata;
  bench.local.seeds.edit(INCIDENTS, { name }, (draft) => {
    const approval = { decision, by: 'ada' };
    draft['spec'] = { ...objectAt(draft, 'spec'), approval };
  });
}

describe('the budget', () => {
  test(
    'makes the second node wait, says so, and lets it go on as soon as the first is done',
    async () => {
      await nearBreach({}, { nodes: ['node-a', 'node-b'] });
      await bench.clock.advanceUntil(() => bench.events('RecoverySkipped').length > 0, 120_000, 500);
      const [skipped] = bench.events('RecoverySkipped');
      expect(skipped?.message).toMatch(/^budget: 1 of 1 recoveries in flight \(node-[ab]-\w{5}\); evidence is saved/);
      const second = bench.events('RecoverySkipped').find(({ kind }) => kind === 'Node')?.name === 'node-a' ? 'a' : 'b';
      const first = second === 'a' ? 'b' : 'a';
      const { status: done } = await bench.until(`node-${first}`, isOver);
      await bench.clock.advance(2_000);
      const waitedMs =
        (bench.host(`node-${second}`).restarts[0]?.at ?? 0) - Date.parse(done.timings?.completedAt ?? '');
      expect(waitedMs).toBeGreaterThanOrEqual(0);
      expect(waitedMs).toBeLessThan(2_000);
      const { status } = await bench.until(`node-${second}`, isOver);
      expect(status.outcome).toBe('Recovered');
    },
    LIMIT_MS,
  );

  test(
    'counts an open incident no longer that somebody has deleted',
    async () => {
      await nearBreach({ strategy: 'DiagnoseFirst' }, { nodes: ['node-a', 'node-b'] });
      await bench.clock.advanceUntil(() => bench.incidents().some(waitsFor('TooManyAtOnce')), 120_000, 500);
      const held = bench.incidents().find(waitsFor('Held'));
      const other = bench.incidents().find(waitsFor('TooManyAtOnce'));
      bench.local.seeds.remove(INCIDENTS, { name: held?.metadata.name ?? '' });
      await bench.clock.advance(1_000);
      expect(waitsFor('Held')(bench.incident(other?.spec.nodeName ?? ''))).toBe(true);
    },
    LIMIT_MS,
  );

  test(
    'has no place for a control plane node where the policy skips them',
    async () => {
      await nearBreach({}, { labels: { 'node-role.kubernetes.io/control-plane': '' } });
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('HandedOver');
      expect(status.evidenceCount).toBeGreaterThan(5);
      expect(restarts('node-a')).toBe(0);
    },
    LIMIT_MS,
  );
});

describe("a person's cordon", () => {
  test(
    'keeps hands off the node until it is undone',
    async () => {
      await nearBreach();
      bench.editNode('node-a', 'kubectl-cordon', (spec) => {
        spec['unschedulable'] = true;
      });
      await bench.until('node-a', waitsFor('CordonedByOther'));
      await bench.clock.advance(120_000);
      expect(restarts('node-a')).toBe(0);
      expect(bench.events('RecoverySkipped')[0]?.message).toContain('cordoned by someone else');
      bench.editNode('node-a', 'kubectl', (spec) => {
        delete spec['unschedulable'];
      });
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('Recovered');
      expect(restarts('node-a')).toBe(1);
    },
    LIMIT_MS,
  );

  test(
    'that replaces ours is not undone by us',
    async () => {
      await nearBreach();
      await bench.clock.advanceUntil(() => restarts('node-a') > 0, 120_000, 500);
      expect(isUnschedulable(bench.node('node-a'))).toBe(true);
      for (const unschedulable of [undefined, true]) {
        bench.editNode('node-a', 'kubectl-cordon', (spec) => {
          if (unschedulable === undefined) delete spec['unschedulable'];
          else spec['unschedulable'] = unschedulable;
        });
      }
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('Recovered');
      expect(findCondition(status.conditions, 'NodeUncordoned')).toMatchObject({
        status: 'False',
        reason: 'LeftAlone',
      });
      expect(isUnschedulable(bench.node('node-a'))).toBe(true);
    },
    LIMIT_MS,
  );
});

describe('DiagnoseFirst', () => {
  test(
    'holds the node cordoned until a person approves',
    async () => {
      await nearBreach({ strategy: 'DiagnoseFirst' });
      await bench.until('node-a', waitsFor('Held'));
      await bench.clock.advance(300_000);
      expect(restarts('node-a')).toBe(0);
      expect(isUnschedulable(bench.node('node-a'))).toBe(true);
      decide('Approve');
      await bench.clock.advance(2_000);
      expect(restarts('node-a')).toBe(1);
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('Recovered');
      expect(status.steps?.find(({ type }) => type === 'Hold')?.message).toContain('approved by ada');
    },
    LIMIT_MS,
  );

  test(
    'leaves the node as it was when a person rejects',
    async () => {
      await nearBreach({ strategy: 'DiagnoseFirst' });
      await bench.until('node-a', waitsFor('Held'));
      decide('Reject');
      const { status } = await bench.until('node-a', isOver, 5_000);
      expect(status.outcome).toBe('Rejected');
      expect(restarts('node-a')).toBe(0);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
      expect(objectAt(objectAt(bench.node('node-a'), 'metadata'), 'annotations')).not.toHaveProperty([
        ANNOTATION_CORDONED_BY,
      ]);
      await bench.clock.advance(120_000);
      expect(bench.incidents()).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test(
    'restores the node when nobody decides in time',
    async () => {
      await nearBreach({ strategy: 'DiagnoseFirst', remediation: { holdTimeout: '3m' } });
      await bench.until('node-a', waitsFor('Held'));
      await bench.clock.advance(178_000);
      expect(restarts('node-a')).toBe(0);
      const { status } = await bench.until('node-a', isOver);
      expect(status.outcome).toBe('Recovered');
      expect(status.steps?.find(({ type }) => type === 'Hold')?.message).toContain('nobody decided within 3m');
    },
    LIMIT_MS,
  );
});

describe('a paused policy', () => {
  test(
    'saves the evidence, waits, and acts as soon as the pause ends',
    async () => {
      await nearBreach({ paused: true });
      const { status } = await bench.until('node-a', waitsFor('PolicyPaused'));
      expect(findCondition(status.conditions, 'EvidenceCaptured')?.status).toBe('True');
      await bench.clock.advance(70_000);
      expect(restarts('node-a')).toBe(0);
      bench.editPolicy((spec) => {
        spec['paused'] = false;
      });
      await bench.clock.advance(2_000);
      expect(restarts('node-a')).toBe(1);
      expect((await bench.until('node-a', isOver)).status.outcome).toBe('Recovered');
    },
    LIMIT_MS,
  );

  test(
    'costs no write and no event for each look while it waits',
    async () => {
      await nearBreach({ paused: true });
      await bench.until('node-a', waitsFor('PolicyPaused'));
      await bench.clock.advance(10_000);
      const count = (): number =>
        bench.local.writes.filter(({ plural, subresource }) => plural === INCIDENTS.plural && subresource === 'status')
          .length;
      const before = count();
      await bench.clock.advance(1_200_000);
      expect(count()).toBe(before);
      expect(bench.events('RecoverySkipped').map(({ kind }) => kind)).toEqual(['Node', 'KubeletIncident']);
    },
    LIMIT_MS,
  );
});
