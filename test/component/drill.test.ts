/** A drill from the request to its end: controller and agents with their guards, on hosts that are simulated. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS, PODS } from '../../src/api/resources.ts';
import type { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { LABEL_DRILL } from '../../src/api/v1alpha1/words/names.ts';
import type { FaultMaker } from '../../src/ports/host.ts';
import { toPreciseTime } from '../../src/core/time/timestamp.ts';
import { runtimeHungDumps } from '../demo/dumps.ts';
import { isObject, objectAt } from '../support/api-server/json.ts';
import { aPlan } from '../support/builders/objects.ts';
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

const LIMIT_MS = 120_000;
const DRILL = 'node-a-drill';
const ALLOWED = { [LABEL_DRILL]: 'allowed' };
const POLICY = {
  mode: 'Remediate',
  budget: { maxUnhealthy: '100%', cooldown: '0s' },
  remediation: { verify: { timeout: '2m', stableFor: '5s' } },
};

async function well(options: ControllerBenchOptions = {}): Promise<void> {
  bench = createControllerBench({ dumps: runtimeHungDumps(), labels: ALLOWED, policy: POLICY, ...options });
  bench.startController();
  for (const node of bench.hosts.keys()) bench.startAgent(node);
  await bench.clock.advance(60_000);
}

/** As `kubectl medic drill` makes it. */
function ask(drill: object = {}, name = DRILL, node = 'node-a'): void {
  const metadata = objectAt(bench.node(node), 'metadata');
  const trigger = { type: 'Drill', at: toPreciseTime(bench.clock.now()), message: 'rehearsal', by: 'ann' };
  const plan = aPlan({ mode: 'Capture' });
  const asked = { fault: 'FrozenKubelet', lastsFor: '3m', ...drill };
  const spec = { nodeName: node, nodeUID: metadata['uid'], trigger, plan, drill: asked };
  bench.local.seeds.seed(INCIDENTS, { metadata: { name }, spec });
}

function drill(name = DRILL): KubeletIncident {
  const found = bench.local.read(INCIDENTS, name);
  if (found === undefined) throw new Error(`there is no ${name}`);
  return found;
}

function others(): readonly KubeletIncident[] {
  return bench.incidents().filter(({ spec }) => spec.trigger.type !== 'Drill');
}

async function over(name = DRILL, limitMs = 15 * 60_000): Promise<KubeletIncident['status']> {
  await bench.clock.advanceUntil(() => drill(name).status.outcome !== undefined, limitMs, 500);
  return drill(name).status;
}

function isFaultMade(): boolean {
  return drill().status.conditions?.some(({ type, status }) => type === 'FaultInjected' && status === 'True') === true;
}

function messageOf({ conditions }: KubeletIncident['status']): string {
  return conditions?.find(({ type }) => type === 'Complete')?.message ?? '';
}

function reject(): void {
  bench.local.seeds.edit(INCIDENTS, { name: DRILL }, (draft) => {
    draft['spec'] = { ...objectAt(draft, 'spec'), approval: { decision: 'Reject', by: 'ann', reason: 'enough' } };
  });
}

describe('a drill', () => {
  test.each<readonly [string, string, readonly [string, string, string]]>([
    ['FrozenKubelet', '3m', ['KubeletSilent', 'RestartKubelet', 'kubelet.service']],
    ['HungRuntime', '6m', ['PLEGUnhealthy', 'RestartRuntime', 'containerd.service']],
  ])(
    'of %s goes the way of a real fault, in an incident that knows nothing of it',
    async (fault, lastsFor, [trigger, action, unit]) => {
      await well();
      ask({ fault, lastsFor });
      const status = await over();
      expect([status.outcome, messageOf(status)]).toEqual(['DrillPassed', expect.stringContaining('each part')]);
      expect(others()).toHaveLength(1);
      const [recovery] = others();
      expect(recovery?.spec.trigger.type).toBe(trigger);
      expect(recovery?.status).toMatchObject({ outcome: 'Recovered', action });
      expect(status.drill).toMatchObject({
        incident: recovery?.metadata.name,
        times: [
          { what: 'noticed' },
          { what: 'evidence saved' },
          { what: 'cordoned' },
          { what: `${action} asked for` },
          { what: 'Ready' },
          { what: 'uncordoned' },
        ],
      });
      expect(bench.host('node-a').restarts.map((restart) => restart.unit)).toEqual([unit]);
      expect(isUnschedulable(bench.node('node-a'))).toBe(false);
      expect(bench.host('node-a').isArmed()).toBe(false);
      expect(status.actions?.map(({ name, state }) => [name, state])).toEqual([
        ['inject', 'Succeeded'],
        ['undo', 'Succeeded'],
      ]);
    },
    LIMIT_MS,
  );

  test(
    'whose node nobody heals is undone by the host, and has failed',
    async () => {
      await well();
      bench.local.onStored(undefined);
      ask({ lastsFor: '25s' });
      const status = await over();
      expect(status.outcome).toBe('DrillFailed');
      expect(messageOf(status)).toContain('it ended as SelfHealed');
      expect(bench.host('node-a').restarts).toEqual([]);
      expect(bench.host('node-a').ready()?.status).toBe('True');
    },
    LIMIT_MS,
  );

  test(
    'is undone by the host where agent and controller have died',
    async () => {
      await well();
      ask();
      await bench.clock.advanceUntil(isFaultMade, 30_000, 250);
      bench.killAgent('node-a');
      bench.killController();
      await bench.clock.advance(170_000);
      expect(bench.host('node-a').wellForMs()).toBeUndefined();
      await bench.clock.advance(15_000);
      expect(bench.host('node-a').wellForMs()).toBeGreaterThan(0);
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'is undone at once where a person ends it',
    async () => {
      await well();
      ask();
      await bench.clock.advanceUntil(isFaultMade, 30_000, 250);
      reject();
      const status = await over(DRILL, 10_000);
      expect([status.outcome, messageOf(status)]).toEqual(['DrillFailed', 'ended by ann: enough']);
      expect(bench.host('node-a').wellForMs()).toBeGreaterThanOrEqual(0);
      expect(bench.host('node-a').isArmed()).toBe(false);
      await bench.clock.advance(120_000);
      expect(bench.host('node-a').restarts).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'whose fault cannot be made has failed, and leaves nothing behind',
    async () => {
      await well();
      bench.host('node-a').breakFaults('Failed to start transient timer unit');
      ask();
      const status = await over(DRILL, 30_000);
      expect(status.outcome).toBe('DrillFailed');
      expect(messageOf(status)).toContain('Failed to start transient timer unit');
      expect(others()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'that an agent reserved and did not live to report is undone by the next one, and not made again',
    async () => {
      await well();
      let stops = 0;
      const { faults } = bench.host('node-a').host;
      const real = { ...faults };
      Object.assign(faults, {
        stop: async (...args: Parameters<FaultMaker['stop']>) => {
          stops += 1;
          await real.stop(...args);
          bench.killAgent('node-a');
          return await new Promise<string>(() => undefined);
        },
      });
      ask();
      await bench.clock.advanceUntil(() => stops > 0, 30_000, 250);
      bench.startAgent('node-a');
      const status = await over(DRILL, 60_000);
      expect(status.outcome).toBe('DrillFailed');
      expect(messageOf(status)).toContain('the agent ended while it made the fault');
      expect(stops).toBe(1);
      expect(bench.host('node-a').wellForMs()).toBeGreaterThanOrEqual(0);
    },
    LIMIT_MS,
  );

  test(
    'that could not begin for long does not begin any more',
    async () => {
      await well();
      bench.killController();
      ask();
      await bench.clock.advance(10 * 60_000);
      bench.startController();
      const status = await over(DRILL, 60_000);
      expect([status.outcome, messageOf(status)]).toEqual([
        'DrillRefused',
        expect.stringMatching(/^(AgentSilent|DrillExpired): /),
      ]);
      expect(bench.host('node-a').wellForMs()).toBeGreaterThan(0);
    },
    LIMIT_MS,
  );
});

type Prepare = () => void;
const pod = (fields: object): Prepare => {
  return () => {
    const metadata = { name: 'web', namespace: 'shop' };
    bench.local.seeds.seed(PODS, { metadata, spec: { nodeName: 'node-a', containers: [] }, ...fields });
  };
};
const spec = (change: object): Prepare => {
  return () => {
    bench.editPolicy((draft) => {
      Object.assign(draft, change);
    });
  };
};
const ofNode = (change: (spec: Record<string, unknown>) => void): Prepare => {
  return () => {
    bench.editNode('node-a', 'kubectl', change);
  };
};

describe('a drill is refused, and nothing is done', () => {
  test.each<readonly [string, ControllerBenchOptions, Prepare | undefined, object]>([
    ['DrillNotAllowed', { labels: {} }, undefined, {}],
    ['DrillNotAllowed', { labels: { [LABEL_DRILL]: 'true' } }, undefined, {}],
    ['ControlPlane', { labels: { ...ALLOWED, 'node-role.kubernetes.io/control-plane': '' } }, undefined, {}],
    ['DrillTooLong', {}, undefined, { lastsFor: '1h' }],
    ['DrillTooLong', {}, undefined, { lastsFor: '1s' }],
    ['PolicyForbids', {}, spec({ mode: 'Observe' }), {}],
    ['PolicyForbids', {}, spec({ paused: true }), {}],
    ['PolicyMismatch', {}, spec({ nodeSelector: { matchLabels: { other: 'x' } } }), {}],
    ['StrategyHolds', {}, spec({ strategy: 'DiagnoseFirst' }), {}],
    ['CureNotAllowed', {}, spec({ remediation: { allowedActions: ['RestartRuntime'] } }), {}],
    ['CordonedByOther', {}, ofNode((draft) => (draft['unschedulable'] = true)), {}],
    ['PodsAtRisk', {}, pod({}), {}],
  ])('%s (%#)', async (reason, options, prepare, asked) => {
    await well(options);
    prepare?.();
    await bench.clock.advance(2_000);
    ask(asked);
    const status = await over(DRILL, 60_000);
    expect([status.outcome, messageOf(status)]).toEqual(['DrillRefused', expect.stringMatching(`^${reason}: `)]);
    expect(status.steps ?? []).toEqual([]);
    expect(bench.host('node-a').wellForMs()).toBeGreaterThan(0);
  });

  test('PodsUnreadable: the controller may not list pods', async () => {
    await well();
    bench.refuseReads('pods');
    ask();
    expect(messageOf(await over(DRILL, 60_000))).toMatch(/^PodsUnreadable: .*drills\.enabled/);
  });

  test('AgentSilent', async () => {
    await well();
    bench.killAgent('node-a');
    ask();
    expect(messageOf(await over(DRILL, 60_000))).toMatch(/^AgentSilent: /);
  });

  test('NodeNotWell: a line of its log says that PLEG is not', async () => {
    await well();
    bench.host('node-a').forge();
    await bench.clock.advance(1_000);
    ask();
    expect(messageOf(await over(DRILL, 60_000))).toMatch(/^(NodeNotWell|IncidentOpen): /);
  });

  test('DrillInFlight: one is under way on another node, and of two at once the earlier one goes on', async () => {
    await well({ nodes: ['node-a', 'node-b'] });
    ask();
    await bench.clock.advance(1_000);
    ask({}, 'node-b-drill', 'node-b');
    expect(messageOf(await over('node-b-drill', 60_000))).toMatch(/^DrillInFlight: the drill node-a-drill/);
    expect((await over()).outcome).toBe('DrillPassed');
  });

  test(
    'AttemptsUsedUp: what drills cost counts',
    async () => {
      await well({ policy: { ...POLICY, budget: { ...POLICY.budget, perNode: { attempts: 1, within: '1h' } } } });
      ask();
      expect((await over()).outcome).toBe('DrillPassed');
      await bench.clock.advance(60_000);
      ask({}, 'node-a-again');
      expect(messageOf(await over('node-a-again', 60_000))).toMatch(/^AttemptsUsedUp: /);
    },
    LIMIT_MS,
  );

  test('by the agent as well, where the label went in between', async () => {
    await well();
    bench.local.onStored(({ body }) => {
      if (!JSON.stringify(body).includes('"InjectFault"')) return;
      bench.local.onStored(undefined);
      bench.local.seeds.edit({ apiVersion: 'v1', plural: 'nodes' }, { name: 'node-a' }, (draft) => {
        if (isObject(draft['metadata'])) draft['metadata'] = { ...draft['metadata'], labels: {} };
      });
    });
    ask();
    const status = await over(DRILL, 60_000);
    expect([status.outcome, messageOf(status)]).toEqual([
      'DrillRefused',
      expect.stringContaining('the agent refused: DrillNotAllowed'),
    ]);
    expect(bench.host('node-a').isArmed()).toBe(false);
  });
});
