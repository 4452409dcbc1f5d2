import { describe, expect, test } from '@jest/globals';
import { decideIncident } from '../../../src/core/decision/incident/decide-incident.ts';
import type { IncidentSnapshot } from '../../../src/core/decision/incident/incident-snapshot.ts';
import { findStep } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { aContact } from '../../support/builders/views.ts';
import { aPlan, anIncident, T0 } from '../../support/builders/objects.ts';
import {
  aSnapshot,
  cordoned,
  cordonedCondition,
  cordonStep,
  diagnosed,
  NAME,
  outcomeOf,
  stuck,
  PAUSED,
} from './incident-builders.ts';

describe('a hold for a person', () => {
  const plan = aPlan({ strategy: 'DiagnoseFirst' });
  const status = diagnosed({ steps: [cordonStep], conditions: [cordonedCondition] });
  const held = (approval?: { decision: 'Approve' | 'Reject'; by: string }): IncidentSnapshot =>
    aSnapshot({
      incident: anIncident({ name: NAME, plan, status, ...(approval === undefined ? {} : { approval }) }),
      node: cordoned,
    });

  test('waits with the node cordoned', () => {
    const decision = decideIncident(held());
    expect(decision).toMatchObject({ reason: 'Held', nextCheckAt: T0 + 1_000 + 30 * 60_000 });
    expect(findStep(decision.status, 'act-1')).toBeUndefined();
  });

  test('does not ask the agent again and again, and does so before the act', () => {
    const contact = aContact({ quietMs: 20_000, answeredMs: 20_000 });
    expect(decideIncident({ ...held(), contact })).toMatchObject({ reason: 'Held', commands: [] });
    const approved = decideIncident({ ...held({ decision: 'Approve', by: 'jane' }), contact });
    expect(approved).toMatchObject({ reason: 'AgentAsked', commands: [{ kind: 'AskAgent' }] });
    expect(findStep(approved.status, 'act-1')).toBeUndefined();
  });

  test('acts on approval', () => {
    expect(findStep(decideIncident(held({ decision: 'Approve', by: 'jane' })).status, 'act-1')?.state).toBe(
      'Requested',
    );
  });

  test('undoes its cordon on rejection', () => {
    const decision = decideIncident(held({ decision: 'Reject', by: 'jane' }));
    expect(decision.commands).toEqual([{ kind: 'Uncordon' }]);
  });

  test('stays rejected while the cordon is being undone, and after', () => {
    const snapshot = held({ decision: 'Reject', by: 'jane' });
    const first = decideIncident(snapshot);
    const again = { ...snapshot, incident: { ...snapshot.incident, status: first.status } };
    expect(decideIncident(again).commands).toEqual([{ kind: 'Uncordon' }]);
    expect(outcomeOf(decideIncident({ ...again, node: stuck }))).toBe('Rejected');
  });

  test("a person's no counts before anything is done, whatever it waits for", () => {
    const incident = anIncident({ name: NAME, status: diagnosed(), approval: { decision: 'Reject', by: 'jane' } });
    expect(outcomeOf(decideIncident(aSnapshot({ incident, policy: PAUSED })))).toBe('Rejected');
  });
});
