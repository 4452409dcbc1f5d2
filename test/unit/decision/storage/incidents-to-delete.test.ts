import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import type { KubeletIncident } from '../../../../src/api/v1alpha1/kinds/incident.ts';
import { isOpen } from '../../../../src/core/decision/node-state.ts';
import { incidentsBeyond } from '../../../../src/core/decision/storage/incidents-to-delete.ts';
import { anIncident, at, T0 } from '../../../support/builders/objects.ts';

const HOUR_MS = 3_600_000;

function past(name: string, hoursAgo: number, outcome: string | undefined, node = 'node-a'): KubeletIncident {
  const time = at(-hoursAgo * HOUR_MS);
  const complete = { type: 'Complete', status: 'True', reason: 'x', message: '', lastTransitionTime: time } as const;
  const status = outcome === undefined ? {} : { conditions: [complete], outcome, timings: { completedAt: time } };
  return anIncident({ name, node, createdAt: -hoursAgo * HOUR_MS, status });
}

function beyond(incidents: readonly KubeletIncident[], budgetBytes: number): readonly string[] {
  const stored = incidents.map((incident) => ({ incident, bytes: 1_000 }));
  return incidentsBeyond({ stored, budgetBytes, now: T0 }).map(({ metadata }) => metadata.name);
}

describe('incidents that take more than they may', () => {
  const all = [
    past('well-new', 10, 'Recovered'),
    past('well-old', 90, 'SelfHealed'),
    past('failed-old', 80, 'HandedOver'),
    past('failed-last', 70, 'EvidenceMissing'),
    past('other-last', 99, 'of another release', 'node-b'),
    past('open', 999, undefined),
  ];

  test('go oldest first, the last failure of each node after all others, and an open one never', () => {
    const order = ['well-old', 'failed-old', 'well-new', 'other-last', 'failed-last'];
    for (let room = 0; room <= 6; room++)
      expect(beyond(all, room * 1_000)).toEqual(order.slice(0, Math.max(0, 6 - room)));
  });

  test('go first where they are large', () => {
    const [one, two] = [past('old', 99, 'Recovered'), past('large', 1, 'Recovered')] as const;
    const stored = [
      { incident: one, bytes: 20_000 },
      { incident: two, bytes: 70_000 },
    ];
    expect(incidentsBeyond({ stored, budgetBytes: 80_000, now: T0 })).toEqual([two]);
  });

  test('stay as long as the budget of their node counts their acts', () => {
    const act = { name: 'act-1', action: 'RestartKubelet', state: 'Succeeded', reservedAt: at(0) } as const;
    const recent = past('recent', 0.5, 'Recovered');
    const acted = { ...recent, status: { ...recent.status, actions: [act] } };
    expect(beyond([acted], 0)).toEqual([]);
    expect(beyond([recent], 0)).toEqual(['recent']);
  });

  test('leave no more than there is room for, and no fewer go than must', () => {
    const some = fc.record({
      hoursAgo: fc.integer({ min: 1, max: 2_000 }),
      outcome: fc.constantFrom(undefined, 'Recovered', 'HandedOver', 'NotConfirmed'),
      node: fc.constantFrom('a', 'b', 'c'),
      bytes: fc.integer({ min: 1, max: 1_500_000 }),
    });
    fc.assert(
      fc.property(fc.array(some, { maxLength: 30 }), fc.integer({ min: 0, max: 20_000_000 }), (parts, budgetBytes) => {
        const stored = parts.map(({ hoursAgo, outcome, node, bytes }, i) => ({
          incident: past(`i${i}`, hoursAgo, outcome, node),
          bytes,
        }));
        const goes = new Set(incidentsBeyond({ stored, budgetBytes, now: T0 }));
        const size = (list: typeof stored): number => list.reduce((sum, { bytes }) => sum + bytes, 0);
        const left = stored.filter(({ incident }) => !goes.has(incident));
        if (size(left) > budgetBytes) expect(left.every(({ incident }) => isOpen(incident))).toBe(true);
        const last = stored.find(({ incident }) => incident === [...goes].at(-1));
        if (last !== undefined) expect(size(left) + last.bytes).toBeGreaterThan(budgetBytes);
        expect([...goes].some(isOpen)).toBe(false);
      }),
    );
  });
});
