/** Looks at an incident that waits. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS, LEASES, NAMESPACES, NODES, POLICIES } from '../../../src/api/resources.ts';
import { reconcileIncident } from '../../../src/controller/incident/reconcile-incident.ts';
import { findCondition } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { toMicroTime } from '../../../src/core/time/timestamp.ts';
import { aPlan } from '../../support/builders/objects.ts';
import { objectAt } from '../../support/api-server/json.ts';
import { type ControllerParts, createControllerContext } from '../../support/controller-context.ts';

const A = 'node-a-x7k2q';
const { signal } = new AbortController();
let parts: ControllerParts;
let asked: string[];

const turn = (): Promise<number | undefined> => reconcileIncident(parts.context, A, signal);
const reason = (): string | undefined => findCondition(parts.incident(A).status.conditions, 'ActionTaken')?.reason;

/** The breaker is open, and the incident has been looked at until there was nothing to do. */
beforeEach(async () => {
  parts = await createControllerContext();
  await parts.stuckNode('node-a');
  await parts.stuckNode('node-b');
  parts.diagnosedIncident({ name: A, plan: aPlan({ budget: { maxUnhealthy: 1 } }) });
  await parts.clock.settle();
  for (let looks = 0; looks < 4; looks++) {
    await turn();
    await parts.clock.settle();
  }
  expect(reason()).toBe('TooManyUnhealthy');
  asked = [];
  parts.faults.onCall(({ verb, plural }) => {
    asked.push(`${verb} ${plural}`);
    return undefined;
  });
});

describe('an incident that waits', () => {
  test('is looked at again and again, and nothing is read or written', async () => {
    for (let looks = 0; looks < 3; looks++) {
      await parts.clock.advance(30_000);
      expect(await turn()).toBe(parts.clock.now() + 30_000);
    }
    expect(asked).toEqual([]);
  });

  test('is read fresh every two minutes: copies may be behind', async () => {
    await parts.clock.advance(120_000);
    await turn();
    expect(asked).toContain('get kubeletincidents');
  });

  test('goes on by what is read fresh, once the copies say that it may', async () => {
    parts.local.seeds.edit(INCIDENTS, { name: A }, (draft) => {
      draft['spec'] = { ...objectAt(draft, 'spec'), approval: { decision: 'Reject', by: 'ann' } };
    });
    await parts.clock.settle();
    await turn();
    expect([asked.includes('get nodes'), parts.incident(A).status.outcome]).toEqual([true, 'Rejected']);
  });

  test('that copies say may go on does not, where fresh objects say no', async () => {
    parts.faults.mirror(POLICIES.plural, { kind: 'held' });
    parts.local.seeds.edit(POLICIES, { name: 'default' }, (draft) => {
      draft['spec'] = { ...objectAt(draft, 'spec'), paused: true };
    });
    parts.local.seeds.remove(NODES, { name: 'node-b' });
    parts.local.seeds.edit(INCIDENTS, { name: A }, (draft) => {
      draft['spec'] = { ...objectAt(draft, 'spec'), approval: { decision: 'Approve', by: 'ann' } };
    });
    await parts.clock.settle();
    await turn();
    expect([asked.includes('get kubeletrecoverypolicies'), reason()]).toEqual([true, 'PolicyPaused']);
  });

  test('is read fresh while its copies stand still', async () => {
    parts.local.setDown('connection refused');
    await parts.clock.advance(100_000);
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    turn().catch(() => undefined);
    await parts.clock.settle();
    expect(asked).toContain('get kubeletincidents');
    await parts.clock.advance(30_000);
  });

  test('for the lease of somebody else is read fresh each time: leases are not copied', async () => {
    const time = toMicroTime(parts.clock.now());
    parts.local.seeds.seed(NAMESPACES, { metadata: { name: 'medik8s-leases' } });
    parts.local.seeds.seed(LEASES, {
      metadata: { name: 'node-node-a', namespace: 'medik8s-leases' },
      spec: { holderIdentity: 'other', leaseDurationSeconds: 6_000, acquireTime: time, renewTime: time },
    });
    await parts.clock.advance(120_000);
    for (let looks = 0; looks < 3; looks++) await turn();
    expect(reason()).toBe('MaintenanceLease');
    asked = [];
    await turn();
    expect(asked).toContain('get leases');
  });
});
