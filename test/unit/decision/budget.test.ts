import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeletIncident } from '../../../src/api/v1alpha1/incident.ts';
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
