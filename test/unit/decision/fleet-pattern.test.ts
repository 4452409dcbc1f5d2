import { describe, expect, test } from '@jest/globals';
import { MAX_LINKED } from '../../../src/api/v1alpha1/parts/fleet-pattern.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { decideIncident } from '../../../src/core/decision/incident/decide-incident.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { anIncident } from '../../support/builders/objects.ts';
import { aSnapshot, deadlock, diagnosed, NAME } from './incident-builders.ts';
import { aBudgetView } from '../../support/builders/views.ts';

const OLD = { ...deadlock, summary: 'relist is blocked.', kubeletVersion: 'v1.12.10' };

function incidentOf(node: string, diagnosis = OLD): KubeletIncident {
  return anIncident({ name: `${node}-1`, node, status: { diagnosis } });
}

/** The incident of node-a, diagnosed as `OLD`, among others of ten nodes. */
function decide(others: readonly KubeletIncident[]): ReturnType<typeof decideIncident> {
  const incident = anIncident({
    name: NAME,
    node: 'node-a',
    status: { ...diagnosed(), diagnosis: OLD },
  });
  const budget = aBudgetView({ incidents: [incident, ...others] });
  return decideIncident(aSnapshot({ incident, budget }));
}

describe('the same fault on several nodes', () => {
  test('is told and linked', () => {
    const { status } = decide([incidentOf('node-b'), incidentOf('node-c')]);
    expect(status.pattern).toEqual({
      summary: '3 of 12 nodes in the cluster, same fault, all kubelet 1.12.10',
      incidents: ['node-b-1', 'node-c-1'],
    });
    expect(findCondition(status.conditions, 'Diagnosed')?.message).toBe(
      'pleg-event-channel-deadlock, High: relist is blocked. Fleet: 3 of 12 nodes in the cluster, same fault, all kubelet 1.12.10.',
    );
  });

  test('is not told of a node alone, nor of another fault', () => {
    expect(decide([]).status.pattern).toBeUndefined();
    expect(decide([incidentOf('node-b', { ...OLD, fingerprint: 'beef' })]).status.pattern).toBeUndefined();
  });

  test('grows while the incident is open', () => {
    const before = decide([incidentOf('node-b')]).status;
    const after = decide([incidentOf('node-b'), incidentOf('node-c')]).status;
    expect(before.pattern?.summary).toContain('2 of 12 nodes in the cluster');
    expect(after.pattern?.summary).toContain('3 of 12 nodes in the cluster');
  });

  test('names no more incidents than the status has room for', () => {
    const many = Array.from({ length: MAX_LINKED + 5 }, (_, index) => incidentOf(`node-${index}`));
    const { pattern } = decide(many).status;
    expect(pattern?.incidents).toHaveLength(MAX_LINKED);
    expect(pattern?.summary).toContain(`${MAX_LINKED + 6} nodes`);
  });
});
