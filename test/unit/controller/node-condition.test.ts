import { expect, test } from '@jest/globals';
import type { NodeCondition } from '../../../src/api/kubernetes/node.ts';
import { NODES } from '../../../src/api/resources.ts';
import { createEventRecorder } from '../../../src/controller/events.ts';
import { createAgentContacts } from '../../../src/controller/agent-contacts.ts';
import { createLocalView } from '../../../src/controller/view/local-view.ts';
import { createEvidenceBudget } from '../../../src/controller/incident/evidence-budget.ts';
import { createKubeletLeases } from '../../../src/controller/incident/kubelet-leases.ts';
import { createMaintenanceLeases } from '../../../src/controller/incident/maintenance-lease.ts';
import { createResting } from '../../../src/controller/incident/resting.ts';
import { actOnNode } from '../../../src/controller/node/carry-out-node.ts';
import type { StuckClaim } from '../../../src/core/decision/node/node-snapshot.ts';
import { toTime } from '../../../src/core/time/timestamp.ts';
import { aContact } from '../../support/builders/views.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

test('the condition KubeletStuck has the time of its last change of status, not of its reason', async () => {
  const { world, clock, local } = createControllerWorld();
  const { signal } = new AbortController();
  const view = createLocalView(world, createAgentContacts(world), signal);
  const contacts = createAgentContacts(world);
  const events = createEventRecorder(world);
  const evidence = createEvidenceBudget({ world, view, events }, signal);
  const context = {
    world,
    view,
    contacts,
    leases: createMaintenanceLeases(world, () => false),
    kubeletLeases: createKubeletLeases(world),
    events,
    evidence,
    resting: createResting({ world, view, contacts, evidence }),
    requests: { mirror: undefined, ofNode: () => [] },
    mutex: <T>(work: () => Promise<T>) => work(),
  };
  local.seeds.seed(NODES, { metadata: { name: 'node-a' }, spec: {}, status: {} });

  async function set(claim: Omit<StuckClaim, 'message'>): Promise<NodeCondition | undefined> {
    await clock.advance(60_000);
    const node = local.read(NODES, 'node-a');
    if (node === undefined) throw new Error('there is no node');
    const match = { policy: undefined, overridden: [] };
    const snapshot = {
      now: clock.now(),
      node,
      match,
      health: undefined,
      contact: aContact(),
      incidents: [],
      wellMs: undefined,
      told: undefined,
    };
    await actOnNode(context, snapshot, { kind: 'SetStuck', claim: { ...claim, message: 'm' } });
    return local.read(NODES, 'node-a')?.status.conditions[0];
  }

  const first = await set({ status: 'False', reason: 'PLEGHealthy' });
  expect(first?.lastTransitionTime).toBe(toTime(clock.now()));
  const suspected = await set({ status: 'False', reason: 'PLEGSuspected' });
  expect(suspected).toMatchObject({ reason: 'PLEGSuspected', lastTransitionTime: first?.lastTransitionTime });
  expect(suspected?.lastHeartbeatTime).toBe(toTime(clock.now()));
  const stuck = await set({ status: 'True', reason: 'PLEGUnhealthy' });
  expect(stuck?.lastTransitionTime).toBe(toTime(clock.now()));
});
