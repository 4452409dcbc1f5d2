/** What keeps one turn on an incident from acting on what is not so any more, or beside somebody else. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS, LEASES, NAMESPACES, NODES, POLICIES } from '../../../src/api/resources.ts';
import type { KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { reconcileIncident } from '../../../src/controller/incident/reconcile-incident.ts';
import { findCondition, findStep } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { RESERVATION_STEP } from '../../../src/core/decision/record/step-names.ts';
import { toMicroTime } from '../../../src/core/time/timestamp.ts';
import { aNode, aPlan, at } from '../../support/builders/objects.ts';
import { type ControllerParts, createControllerContext } from '../../support/controller-context.ts';
import { objectAt } from '../../support/api-server/json.ts';

const A = 'node-a-x7k2q';
const B = 'node-b-x7k2q';
const { signal } = new AbortController();
let parts: ControllerParts;

beforeEach(async () => {
  parts = await createControllerContext();
  await parts.stuckNode('node-a');
  await parts.stuckNode('node-b');
});

/** Both are about to reserve the one place of their budget. */
async function twoIncidents(): Promise<void> {
  const plan = aPlan({ budget: { maxUnhealthy: '100%', maxConcurrent: 1 } });
  parts.diagnosedIncident({ name: A, plan });
  parts.diagnosedIncident({ name: B, node: 'node-b', plan });
  await parts.clock.settle();
}

async function anOpenIncident(): Promise<void> {
  parts.diagnosedIncident({ name: A, plan: aPlan({ budget: { maxUnhealthy: '100%' } }) });
  await parts.clock.settle();
}

const turn = (name: string): Promise<number | undefined> => reconcileIncident(parts.context, name, signal);
const holdsPlace = ({ status }: KubeletIncident): boolean => findStep(status, RESERVATION_STEP) !== undefined;

function placesHeld(): readonly string[] {
  return parts.local
    .list(INCIDENTS)
    .filter(holdsPlace)
    .map(({ metadata }) => metadata.name);
}

/** Runs once, before the next write of an incident arrives. */
function beforeWrite(work: () => void): void {
  parts.faults.onCall(({ verb, plural }) => {
    if (verb !== 'apply' || plural !== INCIDENTS.plural) return undefined;
    parts.faults.onCall(undefined);
    work();
    return undefined;
  });
}

test('a turn reserves a place for an incident that may act', async () => {
  await anOpenIncident();
  await turn(A);
  expect(placesHeld()).toEqual([A]);
});

describe('a turn does not act on what is not so any more', () => {
  test('a decision is not written over what a person wrote while it was made', async () => {
    await anOpenIncident();
    beforeWrite(() => {
      parts.local.seeds.edit(INCIDENTS, { name: A }, (draft) => {
        draft['spec'] = { ...objectAt(draft, 'spec'), approval: { decision: 'Reject', by: 'ann' } };
      });
    });
    // It looks again soon.
    expect(await turn(A)).toBe(parts.clock.now() + 200);
    expect(placesHeld()).toEqual([]);
    await turn(A);
    expect(parts.incident(A).status.outcome).toBe('Rejected');
  });

  test('a node of the same name that is another one is left alone', async () => {
    await anOpenIncident();
    parts.local.seeds.remove(NODES, { name: 'node-a' });
    const { spec, status } = aNode({ name: 'node-a', ready: 'False' });
    parts.local.seeds.seed(NODES, { metadata: { name: 'node-a', uid: 'uid-of-another' }, spec, status });
    await turn(A);
    expect(parts.incident(A).status.outcome).toBe('NodeGone');
    expect(placesHeld()).toEqual([]);
  });

  test('a policy that was deleted allows nothing', async () => {
    await anOpenIncident();
    parts.local.seeds.remove(POLICIES, { name: 'default' });
    await turn(A);
    expect(parts.incident(A).status.outcome).toBe('Outdated');
    expect(placesHeld()).toEqual([]);
  });

  test("a node whose maintenance lease is somebody else's is left alone", async () => {
    await anOpenIncident();
    const time = toMicroTime(parts.clock.now());
    parts.local.seeds.seed(NAMESPACES, { metadata: { name: 'medik8s-leases' } });
    parts.local.seeds.seed(LEASES, {
      metadata: { name: 'node-node-a', namespace: 'medik8s-leases' },
      spec: { holderIdentity: 'other', leaseDurationSeconds: 600, acquireTime: time, renewTime: time },
    });
    await turn(A);
    expect(findCondition(parts.incident(A).status.conditions, 'ActionTaken')?.reason).toBe('MaintenanceLease');
    expect(placesHeld()).toEqual([]);
  });
});

describe('one place in the budget', () => {
  test('is not reserved by two turns at once', async () => {
    await twoIncidents();
    await Promise.all([turn(A), turn(B)]);
    expect(placesHeld()).toHaveLength(1);
  });

  test('is taken for the next turn by what this one wrote, before the watch brings it', async () => {
    await twoIncidents();
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    await turn(A);
    await turn(B);
    expect(placesHeld()).toEqual([A]);
  });

  test('is taken for the next turn by what this one read, before the watch brings it', async () => {
    await twoIncidents();
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    const reserved = { name: RESERVATION_STEP, type: 'Cordon', state: 'Succeeded', startedAt: at(0) } as const;
    parts.local.seeds.edit(INCIDENTS, { name: A }, (draft) => {
      draft['status'] = { ...objectAt(draft, 'status'), steps: [reserved] };
    });
    parts.faults.onCall(({ verb }) => (verb === 'apply' ? { kind: 'refused', status: 409 } : undefined));
    await turn(A);
    parts.faults.onCall(undefined);
    await turn(B);
    expect(placesHeld()).toEqual([A]);
  });
});
