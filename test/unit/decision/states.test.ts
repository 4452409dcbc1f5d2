import { describe, expect, test } from '@jest/globals';
import type { IncidentStatus } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { decideIncident } from '../../../src/core/decision/incident/decide-incident.ts';
import type { IncidentSnapshot } from '../../../src/core/decision/incident/incident-snapshot.ts';
import { stateOf } from '../../../src/core/decision/record/states.ts';
import { aHealth, anIncident, aNode, aPlan, at, T0 } from '../../support/builders/objects.ts';
import { aBudgetView } from '../../support/builders/views.ts';
import {
  actStep,
  aSnapshot,
  cordoned,
  cordonedCondition,
  cordonStep,
  diagnosed,
  NAME,
  PAUSED,
  verifying,
} from './incident-builders.ts';

const requested: IncidentStatus = { steps: [{ ...actStep, state: 'Requested' }] };
const flying = anIncident({
  name: 'node-b-1',
  node: 'node-b',
  status: { steps: [{ ...cordonStep, state: 'Requested' }] },
});
const holding = anIncident({
  name: NAME,
  plan: aPlan({ strategy: 'DiagnoseFirst' }),
  status: diagnosed({ steps: [cordonStep], conditions: [cordonedCondition] }),
});

describe('the state of an incident', () => {
  test.each<[string, Partial<IncidentSnapshot> & { readonly status?: IncidentStatus }, string]>([
    ['whose evidence is saved', {}, 'Capturing'],
    ['whose policy is paused', { status: diagnosed(), policy: PAUSED }, 'Waiting: policy is paused'],
    [
      'that waits for another one',
      {
        incident: anIncident({ name: NAME, status: diagnosed() }),
        node: cordoned,
        budget: aBudgetView({ incidents: [flying] }),
      },
      'Waiting: budget',
    ],
    ['that waits for a person', { incident: holding, node: cordoned }, 'Held: approve or reject'],
    ['that is acted on', { status: diagnosed({ ...requested }), node: cordoned }, 'Restarting kubelet'],
    ['that was acted on', { status: verifying(), node: cordoned, now: T0 + 1_000 }, 'Verifying'],
    ['that only observes', { incident: anIncident({ name: NAME, plan: aPlan({ mode: 'Observe' }) }) }, 'Observing'],
    ['that is over', { status: diagnosed(), node: aNode(), health: aHealth() }, 'SelfHealed'],
  ])('%s', (_name, part, state) => {
    expect(decideIncident(aSnapshot(part)).status.state).toBe(state);
  });

  test.each([
    ['RestartRuntime', 'Restarting runtime'],
    ['RebootNode', 'Rebooting node'],
  ] as const)('names what is done: %s', (action, state) => {
    const steps = [
      { ...actStep, state: 'Failed' as const },
      { ...actStep, name: 'act-2', action, state: 'Requested' as const },
    ];
    expect(stateOf({ steps }, 'Acting')).toBe(state);
  });

  test('changes with what is waited for, so that it is no write of its own', () => {
    const first = decideIncident(aSnapshot({ status: diagnosed(), policy: PAUSED })).status;
    const second = decideIncident(aSnapshot({ status: first, policy: PAUSED, now: T0 + 31_000 })).status;
    expect(second).toEqual(first);
    expect(at(0)).toBe(first.timings?.detectedAt);
  });
});
