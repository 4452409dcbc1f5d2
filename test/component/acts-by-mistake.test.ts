/** What an auto-remediator must not do. Each of these was done once, by the real controller and the real agent. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { AGENT_MANAGER, CONTROLLER_MANAGER, INQUIRY_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { isOpen } from '../../src/core/decision/node-state.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { toPreciseTime } from '../../src/core/time/timestamp.ts';

import { isObject, listAt, objectAt } from '../support/api-server/json.ts';
import { aPlan } from '../support/builders/objects.ts';
import {
  type ControllerBench,
  type ControllerBenchOptions,
  createControllerBench,
  isUnschedulable,
} from '../support/controller-harness.ts';
import { createFakeClock, type FakeClock } from '../support/clock.ts';
import { ANSWER_LOST } from '../support/faulty-cluster.ts';
import type { FaultKind } from '../support/host/scenario.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
import { IS_LONG } from '../support/sizes.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** All that is to come has come; in `npm test` a shorter time. */
const LONG_AFTER = IS_LONG ? HOUR : 20 * MINUTE;
const QUICK = { verify: { timeout: '2m', stableFor: '5s' } };
const BUDGET = { maxUnhealthy: '100%', cooldown: '0s' };

/** Hours go by here, and a quarter of a second matters to nothing. */
function coarseClock(): FakeClock {
  return createFakeClock(undefined, { grainMs: 250 });
}

interface Scene extends ControllerBenchOptions {
  readonly fault?: FaultKind;
  readonly remediation?: object;
  readonly budget?: object;
  readonly before?: () => void;
}

/** Some seconds before the breach, on all nodes at once, with everything in place. */
async function nearBreach({
  fault = 'frozen-connection',
  remediation,
  budget,
  before,
  ...rest
}: Scene = {}): Promise<void> {
  bench = createControllerBench({
    dumps: smallDumps(),
    clock: coarseClock(),
    ...rest,
    policy: {
      mode: 'Remediate',
      detection: { earlyCapture: false },
      ...rest.policy,
      budget: { ...BUDGET, ...budget },
      remediation: { ...QUICK, ...remediation },
    },
  });
  before?.();
  await bench.clock.advance(2_000);
  for (const host of bench.hosts.values()) host.inject(fault);
  await bench.clock.advance(160_000);
  bench.startController();
  for (const node of bench.hosts.keys()) bench.startAgent(node);
}

function units(node = 'node-a'): readonly string[] {
  return bench.host(node).restarts.map(({ unit }) => unit);
}

function isRequested({ status }: KubeletIncident, name: string): boolean {
  return status.steps?.find((step) => step.name === name)?.state === 'Requested';
}

function isOver({ status }: KubeletIncident): boolean {
  return status.outcome !== undefined;
}

/** The agent of a node is killed so long after it has reserved its first act. */
function killAgentAfterReserving(node: string, ms: number): void {
  const never = new AbortController().signal;
  let isSeen = false;
  bench.local.onWrite(({ manager, body }) => {
    if (isSeen || manager !== AGENT_MANAGER || !/"act-1".*"Reserved"/.test(JSON.stringify(body))) return;
    isSeen = true;
    void bench.clock.sleep(ms, never).then(() => {
      bench.killAgent(node);
    });
  });
}

/** Looks after every half second whether `holds`, for so long. */
async function throughout(ms: number, holds: () => void): Promise<void> {
  for (let spentMs = 0; spentMs < ms; spentMs += 500) {
    await bench.clock.advance(500);
    holds();
  }
}

function setReady(node: string, status: 'True' | 'False'): void {
  bench.local.seeds.edit(NODES, { name: node }, (draft) => {
    const before = objectAt(draft, 'status');
    const conditions = listAt(before, 'conditions').map((item) =>
      isObject(item) && item['type'] === 'Ready' ? { ...item, status } : item,
    );
    draft['status'] = { ...before, conditions };
  });
}

describe('a node that is well', () => {
  test(
    'is not acted on again because its agent is silent',
    async () => {
      await nearBreach();
      killAgentAfterReserving('node-a', 100);
      await bench.until('node-a', (incident) => isRequested(incident, 'act-1'));
      // The agent comes back in time for whatever is asked next, or much later.
      await bench.clock
        .advanceUntil(() => isRequested(bench.incident('node-a'), 'act-2'), 20 * MINUTE)
        .catch(() => undefined);
      bench.startAgent('node-a');
      await bench.clock.advance(10 * MINUTE);
      expect(bench.host('node-a').ready()?.status).toBe('True');
      expect(units()).toEqual(['kubelet.service']);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    "is not acted on again because the controller's clock is 100 s ahead",
    async () => {
      await nearBreach({ clocksAhead: { 'controller-1': 100_000 } });
      await bench.clock.advance(30 * MINUTE);
      expect(units().filter((unit) => unit === 'containerd.service')).toEqual([]);
      expect(units().length).toBeLessThanOrEqual(1);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    "does not stay cordoned when systemd's watchdog has restarted the kubelet first",
    async () => {
      await nearBreach();
      // Before the agent has seen the request.
      bench.local.onStored(({ body }) => {
        if (JSON.stringify(body).includes('"act-1"')) bench.killAgent('node-a');
      });
      await bench.until('node-a', (incident) => isRequested(incident, 'act-1'));
      bench.local.onStored(undefined);
      await bench.clock.advance(5_000);
      void bench.host('node-a').host.services.restart('kubelet.service', new AbortController().signal);
      await bench.clock.advance(5_000);
      bench.startAgent('node-a');
      await bench.clock.advance(LONG_AFTER);
      expect(bench.host('node-a').ready()?.status).toBe('True');
      expect(units()).toHaveLength(1);
      expect(bench.incident('node-a').status.outcome).toBe('SelfHealed');
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'does not stay cordoned when its attempts were used up before it healed',
    async () => {
      await nearBreach({ fault: 'runtime-hung', budget: { perNode: { attempts: 1, within: '1h' } } });
      await bench.clock.advanceUntil(() => units().length === 1, 10 * MINUTE);
      await bench.clock.advance(2_000);
      bench.host('node-a').inject('runtime-hung');
      await bench.until('node-a', isOver, HOUR);
      expect(bench.incident('node-a').status.outcome).toBe('BudgetExhausted');
      expect(isUnschedulable(bench.node('node-a'))).toBe(true);
      bench.host('node-a').heal();
      await bench.clock.advance(LONG_AFTER);
      expect(bench.host('node-a').ready()?.status).toBe('True');
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'does not stay cordoned when its incident was deleted in mid-recovery',
    async () => {
      await nearBreach();
      await bench.clock.advanceUntil(() => units().length === 1, 10 * MINUTE);
      expect(isUnschedulable(bench.node('node-a'))).toBe(true);
      bench.local.seeds.remove(INCIDENTS, { name: bench.incident('node-a').metadata.name });
      await bench.clock.advance(LONG_AFTER);
      expect(bench.host('node-a').ready()?.status).toBe('True');
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    "is not restarted for what was seen an hour ago, when a person's cordon goes",
    async () => {
      const policy = { mode: 'Remediate', budget: BUDGET };
      bench = createControllerBench({ dumps: smallDumps(), clock: coarseClock(), policy });
      bench.startController();
      bench.startAgent('node-a');
      await bench.clock.advance(10_000);
      bench.host('node-a').inject('frozen-connection');
      bench.editNode('node-a', 'kubectl-cordon', (spec) => {
        spec['unschedulable'] = true;
      });
      const { spec } = await bench.until('node-a', ({ status }) => status.diagnosis !== undefined);
      bench.local.seeds.remove(INCIDENTS, { name: bench.incident('node-a').metadata.name });
      const trigger = { ...spec.trigger, type: 'PLEGFlapping' };
      bench.local.seeds.seed(INCIDENTS, { metadata: { name: 'node-a-flaps' }, spec: { ...spec, trigger } });
      await bench.until('node-a', ({ status }) => status.diagnosis !== undefined);
      bench.host('node-a').heal();
      await bench.clock.advance(HOUR);
      bench.editNode('node-a', 'kubectl', (node) => {
        delete node['unschedulable'];
      });
      await bench.clock.advance(10 * MINUTE);
      expect(units()).toEqual([]);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );
});

describe('the budget', () => {
  test(
    'is not overrun when a reservation takes effect and its answer is lost, while the watch lags',
    async () => {
      await nearBreach({ nodes: ['node-a', 'node-b'] });
      const { faults } = bench.party('controller-1');
      faults.mirror(INCIDENTS.plural, { kind: 'lag', ms: MINUTE });
      let isLost = false;
      faults.onCall(({ verb, plural, body }) => {
        if (isLost || verb !== 'apply' || plural !== INCIDENTS.plural) return undefined;
        if (!JSON.stringify(body).includes('"name":"cordon"')) return undefined;
        isLost = true;
        return ANSWER_LOST;
      });
      await throughout(5 * MINUTE, () => {
        const cordoned = ['node-a', 'node-b'].filter((node) => isUnschedulable(bench.node(node)));
        expect(cordoned.length).toBeLessThanOrEqual(1);
      });
      expect(isLost).toBe(true);
    },
    LIMIT_MS,
  );

  test(
    "counts actions by real time, however slow a node's clock is",
    async () => {
      await nearBreach({
        budget: { perNode: { attempts: 1, within: '1h' } },
        clocksAhead: { 'node-a': -2 * HOUR },
      });
      await bench.until('node-a', isOver);
      expect(units()).toEqual(['kubelet.service']);
      bench.host('node-a').inject('runtime-hung');
      await bench.clock.advance(10 * MINUTE);
      expect(bench.incidents('node-a')).toHaveLength(2);
      expect(units()).toEqual(['kubelet.service']);
    },
    LIMIT_MS,
  );

  test(
    'is not held for ever by an incident whose cordon a person has replaced',
    async () => {
      await nearBreach({
        nodes: ['node-a', 'node-b'],
        policy: { strategy: 'DiagnoseFirst' },
        remediation: { holdTimeout: '3m' },
      });
      await bench.clock.advanceUntil(
        () => ['node-a', 'node-b'].some((name) => isUnschedulable(bench.node(name))),
        HOUR,
      );
      const held = isUnschedulable(bench.node('node-a')) ? 'node-a' : 'node-b';
      const other = held === 'node-a' ? 'node-b' : 'node-a';
      for (const unschedulable of [undefined, true]) {
        bench.editNode(held, 'kubectl-cordon', (spec) => {
          if (unschedulable === undefined) delete spec['unschedulable'];
          else spec['unschedulable'] = unschedulable;
        });
      }
      await bench.clock.advance(LONG_AFTER);
      expect(units(held)).toEqual([]);
      expect(units(other)).toHaveLength(1);
    },
    LIMIT_MS,
  );

  test(
    'counts an open incident that cannot be read',
    async () => {
      await nearBreach({
        nodes: ['node-a', 'node-b'],
        before: () => {
          const at = toPreciseTime(bench.clock.now());
          const trigger = { type: 'TriggerOfALaterRelease', at, message: 'PLEG is not healthy' };
          const step = { name: 'cordon', type: 'Cordon', state: 'Requested', startedAt: at };
          bench.local.seeds.seed(INCIDENTS, {
            metadata: { name: 'node-b-of-later' },
            spec: { nodeName: 'node-b', nodeUID: 'uid-of-another', trigger, plan: aPlan() },
            status: { steps: [step] },
          });
        },
      });
      bench.host('node-b').heal();
      await bench.clock.advance(10 * MINUTE);
      expect(bench.incidents('node-a')).toHaveLength(1);
      expect(units()).toEqual([]);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'of one control plane node at a time holds over all policies',
    async () => {
      await nearBreach({
        nodes: ['node-a', 'node-b'],
        labels: { 'node-role.kubernetes.io/control-plane': '' },
        budget: { controlPlane: 'OneAtATime' },
        before: () => {
          const spec = objectAt(bench.local.seeds.read(POLICIES, { name: 'default' }), 'spec');
          bench.local.seeds.seed(POLICIES, {
            metadata: { name: 'other' },
            spec: { ...spec, priority: 10, nodeSelector: { matchLabels: { 'kubernetes.io/hostname': 'node-b' } } },
          });
        },
      });
      await throughout(5 * MINUTE, () => {
        const busy = bench.incidents().filter((incident) => isOpen(incident) && incident.status.timings?.cordonedAt);
        expect(busy.length).toBeLessThanOrEqual(1);
      });
      expect(new Set(bench.incidents().map(({ spec }) => spec.plan.policy)).size).toBe(2);
    },
    LIMIT_MS,
  );
});

describe('one node', () => {
  test(
    'has never two recoveries at once, where the policy does not cordon',
    async () => {
      await nearBreach({ remediation: { cordon: false }, budget: { maxConcurrent: 2 } });
      const { spec } = await bench.until('node-a', () => true);
      const trigger = { ...spec.trigger, at: toPreciseTime(bench.clock.now()) };
      bench.local.seeds.seed(INCIDENTS, { metadata: { name: 'node-a-twin' }, spec: { ...spec, trigger } });
      await throughout(5 * MINUTE, () => {
        const acting = bench.incidents().filter((incident) => isOpen(incident) && isRequested(incident, 'act-1'));
        expect(acting.length).toBeLessThanOrEqual(1);
      });
      expect(units()).toHaveLength(1);
    },
    LIMIT_MS,
  );
});

describe('a controller', () => {
  test(
    'that was told to stop touches nothing more, when an answer comes 9 s later',
    async () => {
      await nearBreach();
      const { faults } = bench.party('controller-1');
      let stoppedAt: number | undefined;
      faults.onCall(({ verb, plural }) => {
        if (verb !== 'get' || plural !== NODES.plural) return undefined;
        if (bench.incidents()[0]?.status.diagnosis === undefined) return undefined;
        stoppedAt ??= bench.clock.monotonic();
        bench.stopController();
        return { kind: 'slow', arrivesAfterMs: 0, answeredAfterMs: 9_000 };
      });
      const after: string[] = [];
      bench.local.onWrite(({ manager, verb, plural, name }) => {
        const isLate = stoppedAt !== undefined && bench.clock.monotonic() - stoppedAt > 5_000;
        if (isLate && (manager === CONTROLLER_MANAGER || manager === INQUIRY_MANAGER))
          after.push(`${verb} ${plural}/${name}`);
      });
      await bench.clock.advance(2 * MINUTE);
      expect(stoppedAt).toBeDefined();
      expect(after).toEqual([]);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
    },
    LIMIT_MS,
  );

  test(
    'does not write an incident at each look while it waits',
    async () => {
      await nearBreach({ nodes: ['node-a', 'node-b', 'node-c'], budget: { maxUnhealthy: 1 } });
      bench.host('node-b').heal();
      await bench.until(
        'node-a',
        ({ status }) => findCondition(status.conditions, 'Complete')?.reason === 'TooManyUnhealthy',
      );
      const { name } = bench.incident('node-a').metadata;
      const count = (): number =>
        bench.local.writes.filter((write) => write.plural === INCIDENTS.plural && write.name === name).length;
      for (let look = 0; look < 20; look++) {
        setReady('node-b', look % 2 === 0 ? 'False' : 'True');
        await bench.clock.advance(40_000);
      }
      expect(count()).toBeLessThanOrEqual(20);
    },
    LIMIT_MS,
  );

  test(
    'does not write an incident at each recovery of another node',
    async () => {
      const nodes = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((letter) => `node-${letter}`);
      await nearBreach({ nodes, budget: { cooldown: '30s' } });
      await bench.clock.advanceUntil(() => nodes.every((node) => units(node).length === 1), 15 * MINUTE);
      const counts = bench
        .incidents()
        .map(({ metadata }) => bench.local.writes.filter(({ name }) => name === metadata.name).length);
      expect(counts.length).toBeGreaterThanOrEqual(7);
      expect(Math.max(...counts)).toBeLessThanOrEqual(20);
    },
    LIMIT_MS,
  );
});
