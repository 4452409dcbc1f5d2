/** An incident from turn to turn: what is written, what is done on the node, and what is told. */
import { beforeEach, describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, LEASES, NAMESPACES, NODES, POLICIES } from '../../../src/api/resources.ts';
import type { IncidentStatus, KubeletIncident } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { AGENT_MANAGER, API_VERSION, CONTROLLER_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import { reconcileIncident } from '../../../src/controller/incident/reconcile-incident.ts';
import { findStep } from '../../../src/core/decision/record/conditions-and-steps.ts';
import { toPreciseTime } from '../../../src/core/time/timestamp.ts';
import { aPlan } from '../../support/builders/objects.ts';
import { objectAt, textAt, type JsonObject } from '../../support/api-server/json.ts';
import { type ControllerParts, createControllerContext } from '../../support/controller-context.ts';
import { ANSWER_LOST } from '../../support/faulty-cluster.ts';

const NAME = 'node-a-x7k2q';
const LEASE = { name: 'node-node-a', namespace: 'medik8s-leases' };
const { signal } = new AbortController();
let parts: ControllerParts;

beforeEach(async () => {
  parts = await createControllerContext();
  parts.local.seeds.seed(NAMESPACES, { metadata: { name: LEASE.namespace } });
  await parts.stuckNode('node-a');
});

const turn = (): Promise<number | undefined> => reconcileIncident(parts.context, NAME, signal);
const incident = (): KubeletIncident => parts.incident(NAME);
const node = () => parts.local.read(NODES, 'node-a')!;
const statusWrites = (): number =>
  parts.local.writes.filter(({ plural, subresource }) => plural === INCIDENTS.plural && subresource === 'status')
    .length;

function holder(): string | undefined {
  const lease = parts.local.seeds.read(LEASES, LEASE);
  return lease === undefined ? undefined : textAt(objectAt(lease, 'spec'), 'holderIdentity');
}

async function begin(change: Parameters<typeof aPlan>[0] = {}): Promise<void> {
  const remediation = { verify: { timeout: '2m', stableFor: '10s' }, ...change.remediation };
  parts.diagnosedIncident({
    name: NAME,
    plan: aPlan({ ...change, budget: { maxUnhealthy: '100%', ...change.budget }, remediation }),
  });
  await parts.clock.settle();
}

/** Turns as long as one is asked for at once. */
async function turns(most = 20): Promise<void> {
  for (let count = 0; count < most; count++) {
    const next = await turn();
    await parts.clock.settle();
    if (next === undefined || next > parts.clock.now()) return;
  }
  throw new Error('it does not come to rest');
}

/** What the agent writes. */
async function report(status: object): Promise<void> {
  const manifest = { apiVersion: API_VERSION, metadata: { name: NAME }, status: { ...status } };
  await parts.local.cluster.apply(INCIDENTS, manifest, { manager: AGENT_MANAGER, subresource: 'status', force: true });
  await parts.clock.settle();
}

function acted(): object {
  const time = toPreciseTime(parts.clock.now());
  return { name: 'act-1', action: 'RestartKubelet', state: 'Succeeded', reservedAt: time, issuedAt: time };
}

async function heal(): Promise<void> {
  const change = (draft: JsonObject): void => {
    const status = objectAt(draft, 'status');
    const agent = { ...objectAt(status, 'agent'), reportedAt: toPreciseTime(parts.clock.now()) };
    draft['status'] = { ...status, agent, pleg: { ...objectAt(status, 'pleg'), state: 'Healthy' } };
  };
  parts.local.seeds.edit(HEALTHS, { name: 'node-a' }, change, AGENT_MANAGER);
  parts.local.seeds.edit(NODES, { name: 'node-a' }, (draft) => {
    const time = toPreciseTime(parts.clock.now());
    const ready = { type: 'Ready', status: 'True', reason: 'x', message: 'x', lastTransitionTime: time };
    draft['status'] = { ...objectAt(draft, 'status'), conditions: [ready] };
  });
  await parts.clock.settle();
}

test('an incident that may act holds lease and cordon before the agent is asked, and gives both back at its end', async () => {
  await begin();
  await turns();
  const ours = `kubelet-medic/${NAME}`;
  expect(holder()).toBe(ours);
  expect(parts.local.seeds.read(LEASES, LEASE)?.metadata['ownerReferences']).toMatchObject([
    { kind: 'Node', name: 'node-a', uid: 'uid-node-a' },
  ]);
  expect(node().spec.unschedulable).toBe(true);
  await turns();
  expect(findStep(incident().status, 'act-1')?.state).toBe('Requested');
  const evidence = [
    { name: 'x.gz', kind: 'KubeletLog', by: 'Agent', state: 'Captured', at: toPreciseTime(0), source: 's' },
  ];
  await report({ actions: [acted()], evidence });
  await heal();
  await turns();
  await parts.clock.advance(9_999);
  await heal();
  await turns();
  expect(incident().status.outcome).toBeUndefined();
  await parts.clock.advance(2_000);
  await turns();
  await turns();
  expect(node().spec.unschedulable).toBe(false);
  const { status, metadata } = incident();
  expect(status).toMatchObject({
    outcome: 'Recovered',
    action: 'RestartKubelet',
    evidence,
    actions: [{ name: 'act-1' }],
  });
  expect(metadata.managedFields.map(({ manager }) => manager)).toEqual(
    expect.arrayContaining([AGENT_MANAGER, CONTROLLER_MANAGER]),
  );
  expect(holder()).toBe('');
  expect(parts.metrics.values.get('incidents_completed_total{outcome="Recovered"}')).toBe(1);
  expect([...parts.metrics.values.keys()]).toEqual(
    expect.arrayContaining(['breach_to_restart_seconds', 'recovery_seconds']),
  );
  await parts.clock.settle();
  const told = (reason: string): readonly string[] => [`${reason} Node/node-a`, `${reason} KubeletIncident/${NAME}`];
  expect(parts.events()).toEqual([
    ...['Diagnosed', 'Confirmed', 'NodeCordoned', 'ActionTaken', 'NodeUncordoned', 'Recovered'].flatMap(told),
  ]);
});

describe('a turn', () => {
  test('that changes nothing writes nothing, and says when to look again', async () => {
    await begin();
    parts.local.seeds.edit(POLICIES, { name: 'default' }, (draft) => {
      draft['spec'] = { ...objectAt(draft, 'spec'), paused: true };
    });
    expect(await turn()).toBe(parts.clock.now());
    const writes = statusWrites();
    expect(await turn()).toBe(parts.clock.now() + 30_000);
    expect(statusWrites()).toBe(writes);
  });

  test('of what is over is none', async () => {
    await begin({ mode: 'Capture' });
    expect(await turn()).toBeUndefined();
    expect(incident().status.outcome).toBe('CaptureOnly');
    await parts.clock.settle();
    const writes = parts.local.writes.length;
    let reads = 0;
    parts.faults.onCall(() => void (reads += 1));
    expect(await turn()).toBeUndefined();
    expect([parts.local.writes.length, reads]).toEqual([writes, 0]);
  });

  test('of what is over, and is not known to be, reads it and leaves it', async () => {
    await begin({ mode: 'Capture' });
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    await turn();
    const writes = statusWrites();
    expect(await turn()).toBeUndefined();
    expect(statusWrites()).toBe(writes);
    expect(parts.metrics.values.get('incidents_completed_total{outcome="CaptureOnly"}')).toBe(1);
  });

  test('of what is gone forgets it', async () => {
    await begin();
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    await turn();
    const reserved = (): boolean =>
      parts.context.view.openIncidents().some(({ status }) => findStep(status, 'cordon') !== undefined);
    expect(reserved()).toBe(true);
    parts.local.seeds.remove(INCIDENTS, { name: NAME });
    expect(await turn()).toBeUndefined();
    expect(reserved()).toBe(false);
  });

  test('that fails for another reason than a conflict is an error', async () => {
    await begin();
    parts.faults.onCall(({ verb }) => (verb === 'apply' ? { kind: 'refused', status: 500 } : undefined));
    await expect(turn()).rejects.toMatchObject({ class: 'transient' });
  });
});

describe('a write of a reservation', () => {
  const isReserved = (): boolean =>
    parts.context.view.openIncidents().some(({ status }) => findStep(status, 'cordon') !== undefined);

  test('whose answer is lost counts as done', async () => {
    await begin();
    parts.faults.mirror(INCIDENTS.plural, { kind: 'held' });
    parts.faults.onCall(({ verb, plural }) =>
      verb === 'apply' && plural === INCIDENTS.plural ? ANSWER_LOST : undefined,
    );
    const failed = expect(turn()).rejects.toMatchObject({ class: 'transient' });
    await parts.clock.advance(120_000 - 1);
    await failed;
    expect(isReserved()).toBe(true);
  });

  test.each([409, 403] as const)('that was refused with %i does not', async (status) => {
    await begin();
    parts.faults.onCall(({ verb }) => (verb === 'apply' ? { kind: 'refused', status } : undefined));
    await turn().catch(() => undefined);
    expect(isReserved()).toBe(false);
  });
});

test('what was written is told also if the node cannot be touched', async () => {
  await begin();
  parts.faults.onCall(({ verb, plural }) =>
    verb === 'patch' && plural === NODES.plural ? { kind: 'refused', status: 500 } : undefined,
  );
  await turns().catch(() => undefined);
  await parts.clock.settle();
  expect(parts.events('Confirmed')).toHaveLength(2);
  expect(node().spec.unschedulable).toBe(false);
});

test('an agent that has not answered of late is asked', async () => {
  await begin();
  await parts.clock.advance(60_000);
  const before = parts.local.read(HEALTHS, 'node-a')?.spec.inquiry;
  await turns();
  expect(parts.local.read(HEALTHS, 'node-a')?.spec.inquiry).not.toBe(before);
  expect(incident().status.steps ?? []).toEqual([]);
});

describe('the maintenance lease', () => {
  const renewTime = (): string | undefined =>
    textAt(objectAt(parts.local.seeds.read(LEASES, LEASE) ?? {}, 'spec'), 'renewTime');

  async function atWork(): Promise<void> {
    await begin({ strategy: 'DiagnoseFirst' });
    await turns();
    await turns();
    expect(findStep(incident().status, 'hold')?.state).toBe('Requested');
  }

  test('is renewed while the node is held, after five minutes and no sooner', async () => {
    await atWork();
    const first = renewTime();
    await parts.clock.advance(299_000);
    await turn();
    expect(renewTime()).toBe(first);
    await parts.clock.advance(2_000);
    const writes = statusWrites();
    await turn();
    expect(renewTime()).not.toBe(first);
    expect(statusWrites()).toBe(writes);
  });

  test('is not renewed by who has ended', async () => {
    await atWork();
    await parts.clock.advance(301_000);
    parts.local.seeds.remove(NODES, { name: 'node-a' });
    await turns();
    expect(incident().status.outcome).toBe('NodeGone');
    expect(holder()).toBe('');
  });

  test('that is somebody else’s by now is left', async () => {
    await atWork();
    parts.local.seeds.edit(LEASES, LEASE, (draft) => {
      draft['spec'] = { ...objectAt(draft, 'spec'), holderIdentity: 'other' };
    });
    await parts.clock.advance(301_000);
    await turn();
    expect(holder()).toBe('other');
  });
});

test('what is the agent’s in a status is not written by the controller', async () => {
  await begin();
  const own: IncidentStatus = { actions: [], host: { at: toPreciseTime(0), logClues: [], blockedProcesses: [] } };
  await report({ host: own.host });
  await turn();
  const [last] = parts.local.writes
    .filter(({ plural, manager }) => plural === INCIDENTS.plural && manager === CONTROLLER_MANAGER)
    .slice(-1);
  expect(JSON.stringify(last?.body)).not.toMatch(/"(?:host|actions)"/);
  expect(incident().status.host).toEqual(own.host);
});
