import { describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import {
  allInFlight,
  inFlight,
  objectionBeside,
  judgeReservation,
  type ReservationVerdict,
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
  const judge = (incident: KubeletIncident, ...incidents: KubeletIncident[]): ReservationVerdict =>
    judgeReservation(incident, aBudgetView({ incidents }));
  const takenBack = { kind: 'TakenBack', objection: { reason: 'TooManyAtOnce' } };

  test('the later one is taken back, and the first one waits to see it', () => {
    const [first, second] = [reserved('inc-3', { isNew: true }), reserved('inc-4', { isNew: true, since: 1 })];
    expect(judge(first, first, second)).toEqual({ kind: 'Undecided' });
    expect(judge(second, first, second)).toMatchObject(takenBack);
    expect(judge(first, first)).toEqual({ kind: 'Confirmed' });
  });

  test('of the same moment: exactly one of them is taken back', () => {
    const [a, b] = [reserved('inc-3', { isNew: true }), reserved('inc-4', { isNew: true })];
    expect([judge(a, a, b).kind, judge(b, a, b).kind].sort()).toEqual(['TakenBack', 'Undecided']);
  });

  test('one that is confirmed keeps its place, though the other was written first', () => {
    const [late, sure] = [reserved('inc-3', { isNew: true }), reserved('inc-4', { since: 1 })];
    expect(judge(late, late, sure)).toMatchObject(takenBack);
  });

  test.each(['AABB', 'ABAB', 'ABBA'])('never are both confirmed: writes and lists in the order %s', (order) => {
    for (const [a, b] of [
      [0, 1],
      [1, 0],
      [0, 0],
    ] as const) {
      const written = new Map<string, KubeletIncident>();
      const verdicts: string[] = [];
      for (const who of order) {
        const mine = reserved(`inc-${who}`, { isNew: true, since: who === 'A' ? a : b });
        if (written.has(who)) verdicts.push(judge(mine, ...written.values()).kind);
        else written.set(who, mine);
      }
      expect(verdicts).toHaveLength(2);
      expect(verdicts.filter((kind) => kind === 'Confirmed').length).toBeLessThan(2);
    }
  });

  test('what cannot be read may hold the place', () => {
    const mine = reserved('inc-3', { isNew: true });
    const listed = aBudgetView({ incidents: [mine], unreadable: ['inc-x'] });
    expect(judgeReservation(mine, listed)).toMatchObject({ objection: { reason: 'UnreadableIncidents' } });
  });
});
