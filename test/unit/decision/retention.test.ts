import { describe, expect, test } from '@jest/globals';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { expiredIncidents } from '../../../src/core/decision/record/expired-incidents.ts';
import { anIncident, aPlan, at, T0 } from '../../support/builders/objects.ts';

const plan = aPlan({ evidence: { retention: { incidents: 2, maxAge: '24h' } } });

function old(name: string, hoursAgo: number, node = 'node-a'): KubeletIncident {
  const time = at(-hoursAgo * 3_600_000);
  const conditions = [
    { type: 'Complete', status: 'True' as const, reason: 'Recovered', message: '', lastTransitionTime: time },
  ];
  return anIncident({ name, node, plan, status: { conditions, timings: { completedAt: time } } });
}

describe('retention', () => {
  test('keeps the newest of each node', () => {
    const incidents = [old('a1', 3), old('a2', 2), old('a3', 1), old('b1', 5, 'node-b')];
    expect(expiredIncidents(incidents, T0).map((incident) => incident.metadata.name)).toEqual(['a1']);
  });

  test('lets go of what is too old', () => {
    expect(expiredIncidents([old('a1', 25), old('a2', 23)], T0).map((incident) => incident.metadata.name)).toEqual([
      'a1',
    ]);
  });

  test('keeps what is as old as may be', () => {
    expect(expiredIncidents([old('a1', 24)], T0)).toEqual([]);
    expect(expiredIncidents([old('a1', 24)], T0 + 1)).toHaveLength(1);
  });

  test('keeps what the budget of its node still counts', () => {
    const capture = { name: 'capture-host', action: 'CaptureHost', state: 'Succeeded', reservedAt: at(0) } as const;
    const act = { name: 'act-1', action: 'RestartKubelet', state: 'Succeeded', reservedAt: at(0) } as const;
    const incidents = [old('a1', 1), old('a2', 0.5), old('a3', 0.1)].map((incident) => ({
      ...incident,
      status: { ...incident.status, actions: [capture, act] },
    }));
    expect(expiredIncidents(incidents, T0)).toEqual([]);
    const later = expiredIncidents(incidents, T0 + 1);
    expect(later.map((incident) => incident.metadata.name)).toEqual(['a1']);
  });

  test('never touches an open incident', () => {
    const open = anIncident({ name: 'open', plan, createdAt: -1_000 * 3_600_000 });
    expect(expiredIncidents([open, old('a1', 1), old('a2', 2), old('a3', 3)], T0)).not.toContain(open);
  });
});
