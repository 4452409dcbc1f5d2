import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { judgeBudget, maxUnhealthyNodes } from '../../../src/core/decision/policy/budget.ts';
import type { BudgetView } from '../../../src/core/decision/policy/budget-view.ts';
import { inFlight } from '../../../src/core/decision/policy/places.ts';
import { aBudgetView } from '../../support/builders/views.ts';
import { aPlan, anIncident, at, T0 } from '../../support/builders/objects.ts';

const reserved = { steps: [{ name: 'cordon', type: 'Cordon', state: 'Succeeded', startedAt: at(0) }] } as const;
const complete = (endedAt: number): KubeletIncident['status'] => ({
  ...reserved,
  steps: [...reserved.steps],
  conditions: [{ type: 'Complete', status: 'True', reason: 'Recovered', message: '', lastTransitionTime: at(endedAt) }],
  timings: { completedAt: at(endedAt) },
});

function aView(incidents: readonly KubeletIncident[], view: Partial<BudgetView> = {}): BudgetView {
  return aBudgetView({ incidents, ...view });
}

function acted(node: string, times: readonly number[]): KubeletIncident {
  const steps = times.map((time, index) => ({
    name: `act-${index}`,
    type: 'Act' as const,
    action: 'RestartKubelet' as const,
    state: 'Succeeded' as const,
    startedAt: at(time),
  }));
  const actions = steps.map(({ name, action, state, startedAt: reservedAt }) => ({ name, action, state, reservedAt }));
  return anIncident({ name: `${node}-old`, node, status: { ...complete(-3_600_000), steps, actions } });
}

describe('maxUnhealthy', () => {
  test.each([
    ['50%', 3, 2],
    ['50%', 4, 2],
    ['0%', 10, 0],
    ['100%', 7, 7],
    ['1%', 5, 1],
    [3, 100, 3],
  ])('%p of %p nodes is %p', (limit, nodes, want) => {
    expect(maxUnhealthyNodes(limit, nodes)).toBe(want);
  });
});

/** An incident of node-a that had a place, is over since `endedAt`, and in which the agent recorded this. */
function unused(
  name: string,
  endedAt: number,
  { acts = [], taken = 'AgentSilent' }: { readonly acts?: readonly ActState[]; readonly taken?: string } = {},
): KubeletIncident {
  const base = complete(endedAt);
  const claim = { type: 'ActionTaken', status: 'False', reason: taken, message: '', lastTransitionTime: at(endedAt) };
  const records = acts.map((state, i) => ({
    name: `act-${i}`,
    action: 'RestartKubelet' as const,
    state,
    reservedAt: at(endedAt - 60_000),
  }));
  const conditions = [...(base.conditions ?? []), { ...claim, status: 'False' as const }];
  return anIncident({ name, status: { ...base, conditions, actions: records } });
}
type ActState = NonNullable<KubeletIncident['status']['actions']>[number]['state'];

describe('a node that was given places for nothing', () => {
  const HOUR = 3_600_000;
  const three = (change: Parameters<typeof unused>[2] = {}): readonly KubeletIncident[] =>
    [0.2, 1, 1.9].map((hours, i) => unused(`node-a-${i}`, -hours * HOUR, change));
  const ask = (others: readonly KubeletIncident[], mine = anIncident()): unknown =>
    judgeBudget(mine, aView([mine, ...others]), T0);

  test.each<readonly [string, Parameters<typeof unused>[2]]>([
    ['did not take up the act, or did not answer', {}],
    ['reserved the act and never reported it', { acts: ['Reserved'], taken: 'RestartKubelet' }],
  ])('three times within two hours has none for a while, where its agent %s', (_what, change) => {
    expect(ask(three(change))).toMatchObject({ kind: 'exhausted', reason: 'PlacesWasted' });
  });

  test.each<readonly [string, readonly KubeletIncident[]]>([
    ['twice', three().slice(1)],
    ['three times, once of them long ago', [...three().slice(1), unused('node-a-9', -2.01 * HOUR)]],
    ['and acted', three({ acts: ['Failed'] })],
    ['and acted at last', three({ acts: ['Refused', 'Succeeded'] })],
    ['and may not know whether it acted', three({ acts: ['Ambiguous'] })],
    ['and was kept from it by a pause', three({ taken: 'PolicyPaused' })],
    ['and refused, since the node was well', three({ acts: ['Refused'], taken: 'Refused' })],
    ['without ever holding one', three().map((one) => ({ ...one, status: { ...one.status, steps: [] } }))],
    ['and is open still', three().map((one) => ({ ...one, status: { ...one.status, steps: [], conditions: [] } }))],
    ['as another node', three().map((one) => ({ ...one, spec: { ...one.spec, nodeName: 'node-b' } }))],
  ])('%s is given one', (_what, others) => {
    expect(
      ask(
        others.map((one) => ({ ...one, spec: { ...one.spec, plan: aPlan({ budget: { cooldown: '0s' } }) } })),
        anIncident({ plan: aPlan({ budget: { cooldown: '0s' } }) }),
      ),
    ).toMatchObject({ kind: 'free' });
  });

  test('keeps the place that it holds', () => {
    const mine = anIncident({ status: { ...reserved, steps: [...reserved.steps] } });
    expect(ask(three(), mine)).toMatchObject({ kind: 'free' });
  });
});

describe('the budget', () => {
  test('is free for the first incident', () => {
    const mine = anIncident();
    expect(judgeBudget(mine, aView([mine]), T0)).toEqual({ kind: 'free', left: 1 });
  });

  test('names the incident that is in flight', () => {
    const mine = anIncident();
    const other = anIncident({ name: 'node-b-1', node: 'node-b', status: { ...reserved, steps: [...reserved.steps] } });
    expect(judgeBudget(mine, aView([mine, other]), T0)).toMatchObject({
      kind: 'wait',
      reason: 'TooManyAtOnce',
      message: 'budget: 1 of 1 recoveries in flight (node-b-1)',
    });
  });

  test('is not given on a view that is out of date, and what is begun goes on', () => {
    const mine = anIncident();
    expect(judgeBudget(mine, aView([mine], { ageMs: 180_000 }), T0).kind).toBe('free');
    expect(judgeBudget(mine, aView([mine], { ageMs: 180_001 }), T0)).toMatchObject({
      kind: 'wait',
      reason: 'StaleView',
      message: 'budget: the state of the other nodes could not be read for more than 3m0s',
    });
    const begun = anIncident({ status: { ...reserved, steps: [...reserved.steps] } });
    expect(judgeBudget(begun, aView([begun], { ageMs: 180_001 }), T0).kind).toBe('free');
  });

  test('is not taken by an incident of another policy', () => {
    const mine = anIncident();
    const plan = { ...aPlan(), policy: 'other' };
    const other = anIncident({
      name: 'node-b-1',
      node: 'node-b',
      plan,
      status: { ...reserved, steps: [...reserved.steps] },
    });
    expect(judgeBudget(mine, aView([mine, other]), T0).kind).toBe('free');
  });

  test('opens the breaker when more nodes are unhealthy than one fault explains', () => {
    const mine = anIncident();
    expect(judgeBudget(mine, aView([mine], { unhealthyNodes: 6 }), T0)).toMatchObject({
      kind: 'wait',
      reason: 'TooManyUnhealthy',
    });
    expect(judgeBudget(mine, aView([mine], { unhealthyNodes: 5 }), T0).kind).toBe('free');
  });

  test('rests after a recovery', () => {
    const mine = anIncident();
    const other = anIncident({ name: 'node-b-1', node: 'node-b', status: complete(-10_000) });
    expect(judgeBudget(mine, aView([mine, other]), T0)).toMatchObject({
      kind: 'wait',
      reason: 'Cooldown',
      until: T0 + 20_000,
    });
    expect(judgeBudget(mine, aView([mine, other]), T0 + 5_000)).toEqual(judgeBudget(mine, aView([mine, other]), T0));
    expect(judgeBudget(mine, aView([mine, other]), T0 + 20_001).kind).toBe('free');
  });

  test('is used up for a node after its attempts, however many incidents they belong to', () => {
    const mine = anIncident();
    const view = aView([mine, acted('node-a', [-3_000_000, -2_000_000, -1_000_000])]);
    expect(judgeBudget(mine, view, T0)).toMatchObject({ kind: 'exhausted', reason: 'AttemptsUsedUp' });
    expect(judgeBudget(mine, aView([mine, acted('node-a', [-4_000_000, -2_000_000, -1_000_000])]), T0).kind).toBe(
      'free',
    );
    expect(judgeBudget(mine, aView([mine, acted('node-b', [-3_000_000, -2_000_000, -1_000_000])]), T0).kind).toBe(
      'free',
    );
  });

  test('counts an action whose time cannot be read as one of now', () => {
    const mine = anIncident();
    const odd = acted('node-a', [-1, -1, -1]);
    const actions = (odd.status.actions ?? []).map((action) => ({ ...action, reservedAt: 'gibberish' }));
    expect(judgeBudget(mine, aView([mine, { ...odd, status: { ...odd.status, actions } }]), T0).kind).toBe('exhausted');
  });

  describe('of a node', () => {
    const mine = anIncident({ plan: aPlan({ budget: { perNode: { attempts: 1, within: '1h' } } }) });
    const verdictOf = (other: KubeletIncident, view: Partial<BudgetView> = {}): string =>
      judgeBudget(mine, aView([mine, other], view), T0).kind;
    const one = acted('node-a', [-1_000]);
    const [step] = one.status.steps ?? [];
    const withStatus = (status: KubeletIncident['status']): KubeletIncident => ({ ...one, status });

    test.each<[string, KubeletIncident, string]>([
      ['an hour ago', acted('node-a', [-3_600_000]), 'free'],
      ['a little later', acted('node-a', [-3_599_999]), 'exhausted'],
      ['refused', withStatus({ ...one.status, actions: [{ ...one.status.actions![0]!, state: 'Refused' }] }), 'free'],
      [
        'failed',
        withStatus({ ...one.status, actions: [{ ...one.status.actions![0]!, state: 'Failed' }] }),
        'exhausted',
      ],
      ['asked for, and not taken up yet', withStatus({ steps: [{ ...step!, state: 'Requested' }] }), 'exhausted'],
      ['never taken up', withStatus({ steps: [{ ...step!, state: 'Failed' }] }), 'free'],
      [
        'never taken up, while another was',
        withStatus({
          steps: [{ ...step!, state: 'Failed' }],
          actions: [{ ...one.status.actions![0]!, name: 'act-9' }],
        }),
        'free',
      ],
      ['only looked at', withStatus({ steps: [{ ...step!, type: 'Verify', state: 'Requested' }] }), 'free'],
      ['nothing', withStatus({}), 'free'],
    ])('counts what was done: %s', (_name, other, kind) => {
      expect(verdictOf(other)).toBe(kind);
    });

    test.each([
      ['node-a', 'exhausted'],
      ['node-b', 'free'],
    ])('counts what cannot be read of it: %s', (nodeName, kind) => {
      expect(verdictOf(withStatus({}), { unreadActs: [{ nodeName, times: [T0 - 1] }] })).toBe(kind);
    });
  });

  test('rests only after a recovery of its own policy that is known to be over', () => {
    const mine = anIncident();
    const rests = (change: (other: KubeletIncident) => KubeletIncident, ms = -1_000): boolean => {
      const other = change(anIncident({ name: 'node-b-1', node: 'node-b', status: complete(ms) }));
      return judgeBudget(mine, aView([mine, other]), T0).kind === 'wait';
    };
    expect(rests((other) => other)).toBe(true);
    expect(rests((other) => ({ ...other, spec: { ...other.spec, plan: { ...aPlan(), policy: 'b' } } }))).toBe(false);
    expect(rests((other) => ({ ...other, status: { ...other.status, steps: [] } }))).toBe(false);
    expect(rests((other) => other, 60_000)).toBe(true);
    expect(rests((other) => other, 60_001)).toBe(false);
    expect(rests((other) => other, -30_000)).toBe(false);
    expect(rests((other) => other, -29_999)).toBe(true);
  });

  test('of an incident that is under way says what is left beside it', () => {
    const mine = anIncident({
      plan: aPlan({ budget: { maxConcurrent: 3 } }),
      status: { ...reserved, steps: [...reserved.steps] },
    });
    expect(judgeBudget(mine, aView([mine]), T0)).toEqual({ kind: 'free', left: 2 });
  });

  test.each<[string, Partial<BudgetView>, string]>([
    ['a view that is out of date', { ageMs: 180_001 }, 'StaleView'],
    ['what cannot be read', { unreadable: ['a', 'b', 'c', 'd', 'e', 'f'] }, 'UnreadableIncidents'],
    ['too many that are unhealthy', { unhealthyNodes: 6 }, 'TooManyUnhealthy'],
    [
      'another in flight',
      {
        incidents: [
          anIncident({ name: 'node-b-1', node: 'node-b', status: { ...reserved, steps: [...reserved.steps] } }),
        ],
      },
      'TooManyAtOnce',
    ],
  ])('is asked again half a minute after %s', (_name, view, reason) => {
    const verdict = judgeBudget(anIncident(), aView([], view), T0);
    expect(verdict).toMatchObject({ kind: 'wait', reason, until: T0 + 30_000 });
    if (view.unreadable !== undefined)
      expect(verdict).toHaveProperty('message', expect.stringContaining('(a, b, c, d, e)'));
  });

  test('lets one control plane node at a time', () => {
    const plan = aPlan({ budget: { maxConcurrent: 5, controlPlane: 'OneAtATime' } });
    const mine = anIncident({ plan });
    const other = anIncident({
      name: 'cp-2-1',
      node: 'cp-2',
      plan,
      status: { ...reserved, steps: [...reserved.steps] },
    });
    const view = aView([mine, other], { controlPlaneNodes: new Set(['node-a', 'cp-2']) });
    expect(judgeBudget(mine, view, T0)).toMatchObject({ kind: 'wait', reason: 'ControlPlaneBusy' });
  });

  test('is never exceeded, whatever is asked in whatever order', () => {
    const arrivals = fc.array(fc.record({ node: fc.integer({ min: 0, max: 9 }), end: fc.boolean() }), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), arrivals, (maxConcurrent, steps) => {
        const plan = aPlan({ budget: { maxConcurrent, cooldown: '0s' } });
        const incidents = new Map<string, KubeletIncident>();
        for (const [index, { node, end }] of steps.entries()) {
          const name = `node-${node}-1`;
          const known = incidents.get(name);
          // A completed incident is never asked about again.
          if (known?.status.conditions !== undefined) continue;
          const mine = known ?? anIncident({ name, node: `node-${node}`, plan });
          const view = aView([...incidents.values()]);
          const free = judgeBudget(mine, view, T0 + index).kind === 'free';
          if (free) incidents.set(name, { ...mine, status: end ? complete(index) : { steps: [...reserved.steps] } });
          expect(inFlight([...incidents.values()], 'default').length).toBeLessThanOrEqual(maxConcurrent);
        }
      }),
    );
  });
});
