import { describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../../src/api/v1alpha1/incident.ts';
import {
  allInFlight,
  inFlight,
  objectionBeside,
  objectionToReservation,
} from '../../../src/core/decision/policy/places.ts';
import { aPlan, anIncident, at } from '../../support/builders/objects.ts';
import { aBudgetView } from '../../support/builders/views.ts';

interface Reservation {
  readonly policy?: string;
  readonly since?: number;
  /** As it is before a list has shown that there is a place for it. */
  readonly isNew?: boolean;
}

function reserved(name: string, { policy = 'default', since = 0, isNew = false }: Reservation = {}): KubeletIncident {
  const step = { name: 'cordon', type: 'Cordon', state: 'Requested', startedAt: at(since) } as const;
  const steps = [{ ...step, reason: isNew ? 'Reserved' : 'Confirmed' }];
  const incident = anIncident({ name, node: name.replace('inc', 'node'), status: { steps } });
  return { ...incident, spec: { ...incident.spec, plan: { ...aPlan(), policy } } };
}

const view = aBudgetView({ controlPlaneNodes: new Set(['node-1', 'node-2']) });

describe('a recovery beside others', () => {
  test('is never beside another one of its node', () => {
    const other = { ...reserved('inc-9'), spec: { ...reserved('inc-9', { policy: 'b' }).spec, nodeName: 'node-3' } };
    expect(objectionBeside(reserved('inc-3'), [other], view)?.reason).toBe('NodeBusy');
  });

  test('has the places of its policy, and those of the cluster', () => {
    const others = ['inc-4', 'inc-5', 'inc-6'].map((name) => reserved(name, { policy: 'b' }));
    expect(objectionBeside(reserved('inc-3'), others, view)).toBeUndefined();
    expect(objectionBeside(reserved('inc-3'), others, { ...view, maxInCluster: 3 })?.reason).toBe('TooManyInCluster');
    expect(objectionBeside(reserved('inc-3'), [reserved('inc-4')], view)?.reason).toBe('TooManyAtOnce');
  });

  test('on a control plane node is the only one there, whatever the policies are', () => {
    const other = reserved('inc-2', { policy: 'b' });
    expect(objectionBeside(reserved('inc-1'), [other], view)?.reason).toBe('ControlPlaneBusy');
    expect(objectionBeside(reserved('inc-3'), [other], view)).toBeUndefined();
  });

  test('does not count itself', () => {
    expect(objectionBeside(reserved('inc-1'), [reserved('inc-1')], view)).toBeUndefined();
  });
});

describe('what is in flight', () => {
  const captured = anIncident({
    name: 'inc-7',
    status: { steps: [{ name: 'capture-host', type: 'CaptureHost', state: 'Requested', startedAt: at(0) }] },
  });

  test('holds a place, of its policy', () => {
    const all = [reserved('inc-1'), reserved('inc-2', { policy: 'b' }), captured];
    expect(allInFlight(all)).toEqual(all.slice(0, 2));
    expect(inFlight(all, 'b')).toEqual([all[1]]);
  });

  test('is named, as far as there is room', () => {
    const others = [1, 2, 4, 5, 6, 7].map((index) => reserved(`inc-${index}`));
    const message = objectionBeside(reserved('inc-3'), others, aBudgetView())?.message;
    expect(message).toBe('budget: 6 of 1 recoveries in flight (inc-1, inc-2, inc-4, inc-5, inc-6)');
  });
});

describe('two reservations at once', () => {
  const objection = (incident: KubeletIncident, ...incidents: KubeletIncident[]): string | undefined =>
    objectionToReservation(incident, aBudgetView({ incidents }))?.reason;

  test('the later one is taken back, and the first one stays', () => {
    const [first, second] = [reserved('inc-3', { isNew: true }), reserved('inc-4', { isNew: true, since: 1 })];
    expect(objection(first, first, second)).toBeUndefined();
    expect(objection(second, first, second)).toBe('TooManyAtOnce');
  });

  test('of the same moment: exactly one of them stays', () => {
    const [a, b] = [reserved('inc-3', { isNew: true }), reserved('inc-4', { isNew: true })];
    expect([objection(a, a, b), objection(b, a, b)].filter((reason) => reason === undefined)).toHaveLength(1);
  });

  test('one that is confirmed keeps its place, though the other was written first', () => {
    const [late, sure] = [reserved('inc-3', { isNew: true }), reserved('inc-4', { since: 1 })];
    expect(objection(late, late, sure)).toBe('TooManyAtOnce');
  });

  test('what cannot be read may hold the place', () => {
    const mine = reserved('inc-3', { isNew: true });
    const listed = aBudgetView({ incidents: [mine], unreadable: ['inc-x'] });
    expect(objectionToReservation(mine, listed)).toMatchObject({ reason: 'UnreadableIncidents' });
  });
});
