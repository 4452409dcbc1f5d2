/** A node is healed for a NodeHealthCheck before anybody fences it, and given back at once where it cannot be. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { LEASES, NAMESPACES, NODES, REMEDIATIONS } from '../../src/api/resources.ts';
import type { KubeletRemediation } from '../../src/api/v1alpha1/kinds/remediation.ts';
import { findCondition } from '../../src/core/decision/record/conditions-and-steps.ts';
import { isObject, objectAt, textAt } from '../support/api-server/json.ts';
import {
  type ControllerBench,
  type ControllerBenchOptions,
  createControllerBench,
  isUnschedulable,
} from '../support/controller-harness.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
import { createHealthCheck, type HealthCheck, type HealthCheckOptions } from '../support/node-health-check.ts';
import { cases } from '../support/sizes.ts';

const HOLDER = 'NodeHealthCheck-workers';
/** One for each node of a large cluster. */
const REQUESTS = cases(5_000);
const POLICY = { mode: 'Remediate', budget: { maxUnhealthy: 1 } };

let bench: ControllerBench;
let check: HealthCheck;

afterEach(async () => {
  await bench.finish();
});

async function start(options: ControllerBenchOptions = {}, asked: Partial<HealthCheckOptions> = {}): Promise<void> {
  bench = createControllerBench({
    dumps: smallDumps(),
    policy: POLICY,
    remediations: { machines: 'none' },
    ...options,
  });
  bench.local.seeds.seed(NAMESPACES, { metadata: { name: 'medik8s-leases' } });
  check = createHealthCheck({ cluster: bench.local.cluster, clock: bench.clock, node: 'node-a', ...asked });
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advance(20_000);
}

/** Moves on, with a look of the NodeHealthCheck each second. @returns whether it came to that. */
async function live(until: () => boolean, limitMs = 1_200_000): Promise<boolean> {
  for (let ms = 0; ms < limitMs && !until(); ms += 1_000) {
    await bench.clock.advance(1_000);
    await check.reconcile();
  }
  return until();
}

const isOver = (): boolean => bench.incidents('node-a')[0]?.status.outcome !== undefined;
const wasCalled = (): boolean => check.nextAt() !== undefined;

function restarts(): readonly string[] {
  return bench
    .incidents()
    .flatMap(({ status }) => status.actions ?? [])
    .filter(({ action }) => action.startsWith('Restart'))
    .map(({ action, state }) => `${action} ${state}`);
}

function leaseHolder(): string | undefined {
  const lease = bench.local.seeds.read(LEASES, { name: 'node-node-a', namespace: 'medik8s-leases' });
  return lease === undefined ? undefined : textAt(objectAt(lease, 'spec'), 'holderIdentity');
}

function answerOf(request: KubeletRemediation | undefined): string {
  const of = (type: 'Processing' | 'Succeeded') => findCondition(request?.status.conditions, type);
  return `Processing=${of('Processing')?.status} Succeeded=${of('Succeeded')?.status} ${of('Succeeded')?.reason}`;
}

function request(name: string, more: object = {}, metadata: object = {}): void {
  bench.local.seeds.seed(REMEDIATIONS, { metadata: { name, namespace: 'default', ...metadata }, ...more });
}

function answered(name: string): string {
  return answerOf(bench.local.list(REMEDIATIONS).find(({ metadata }) => metadata.name === name));
}

describe('a stuck node that a NodeHealthCheck asks for', () => {
  test.each([
    ['a name of its own', false],
    ['a generated name', true],
  ])('is restarted under the lease that it holds, and nobody fences it, with %s', async (_, multipleTemplates) => {
    await start({}, { unhealthyMs: 1_000, multipleTemplates });
    const holders: (string | undefined)[] = [];
    bench.local.onWrite(({ verb, plural, subresource }) => {
      if (verb === 'patch' && plural === 'nodes' && subresource === '') holders.push(leaseHolder());
    });
    bench.host('node-a').inject('runtime-hung');
    expect(await live(() => check.stage() === 'ours')).toBe(true);
    expect(leaseHolder()).toBe(HOLDER);
    await bench.clock.advance(1_000);
    expect(answerOf(await check.request())).toMatch(/^Processing=True Succeeded=Unknown (Looking|IncidentOpen)$/);
    expect(await live(isOver)).toBe(true);
    expect([bench.incident('node-a').status.outcome, restarts(), wasCalled()]).toEqual([
      'Recovered',
      ['RestartRuntime Succeeded'],
      false,
    ]);
    // The cordon was made while the NodeHealthCheck held the lease, and is gone.
    expect([holders[0], isUnschedulable(bench.node('node-a'))]).toEqual([HOLDER, false]);
    await live(() => leaseHolder() !== HOLDER);
    expect(await check.request()).toBeUndefined();
  });

  test('is told to be healed where the request is still there at the end', async () => {
    await start({}, { unhealthyMs: 1_000 });
    bench.host('node-a').inject('runtime-hung');
    await live(() => check.stage() === 'ours');
    // From here on it does not look.
    await bench.until('node-a', ({ status }) => status.outcome !== undefined);
    await bench.clock.advance(2_000);
    expect(answerOf(await check.request())).toBe('Processing=False Succeeded=True Recovered');
    expect((await check.request())?.status).toMatchObject({
      nodeName: 'node-a',
      incident: bench.incident('node-a').metadata.name,
    });
  });

  test('is not asked for at all while our incident holds its lease', async () => {
    await start({ policy: { ...POLICY, remediation: { verify: { stableFor: '3m' } } } }, { unhealthyMs: 150_000 });
    bench.host('node-a').inject('runtime-hung');
    await live(isOver);
    expect([bench.incident('node-a').status.outcome, wasCalled(), restarts()]).toEqual([
      'Recovered',
      false,
      ['RestartRuntime Succeeded'],
    ]);
  });

  test('is left alone when the NodeHealthCheck has lost patience, and is the next one’s', async () => {
    // Ten seconds are over before the evidence is.
    await start({}, { unhealthyMs: 1_000, timeoutMs: 10_000 });
    bench.host('node-a').inject('runtime-hung');
    expect(await live(wasCalled)).toBe(true);
    expect(answerOf(await check.request())).toBe('Processing=False Succeeded=False TimedOut');
    await live(() => false, 300_000);
    expect([restarts(), isUnschedulable(bench.node('node-a')), leaseHolder()]).toEqual([[], false, HOLDER]);
    expect(JSON.stringify(bench.incident('node-a').status)).toContain(`${HOLDER} holds the node's maintenance lease`);
  });

  test('is left alone when the request is taken back before anything was done', async () => {
    await start({}, { unhealthyMs: 1_000 });
    bench.host('node-a').inject('runtime-hung');
    await live(() => check.stage() === 'ours');
    bench.local.seeds.remove(REMEDIATIONS, { name: 'node-a', namespace: 'default' });
    await bench.clock.advance(300_000);
    expect([restarts(), leaseHolder()]).toEqual([[], HOLDER]);
  });

  test.each([
    ['is killed at its write 5', 5],
    ['is killed at its write 12', 12],
    ['is killed at its write 20', 20],
  ])('is healed by the next controller where the first one %s', async (_, write) => {
    await start({}, { unhealthyMs: 1_000 });
    const isKilled = bench.killAtWrite(write);
    bench.host('node-a').inject('runtime-hung');
    expect(await live(isKilled)).toBe(true);
    bench.startController();
    expect(await live(isOver)).toBe(true);
    expect([bench.incident('node-a').status.outcome, restarts(), wasCalled()]).toEqual([
      'Recovered',
      ['RestartRuntime Succeeded'],
      false,
    ]);
  });
});

describe('a node that we cannot heal is given back', () => {
  test('within seconds where it is cut off, so that it is fenced', async () => {
    await start({}, { unhealthyMs: 60_000 });
    bench.cut('node-a', true);
    expect(await live(() => check.stage() === 'ours')).toBe(true);
    const askedAt = bench.clock.now();
    expect(await live(wasCalled)).toBe(true);
    expect((check.nextAt() ?? 0) - askedAt).toBeLessThanOrEqual(5_000);
    expect(answerOf(await check.request())).toMatch(/^Processing=False Succeeded=False (AgentSilent|TimedOut)$/);
    expect(restarts()).toEqual([]);
  });

  test.each([
    ['its policy is paused', { ...POLICY, paused: true }, 'PolicyPaused'],
    ['its policy only captures', { ...POLICY, mode: 'Capture' }, 'NotManaged'],
    ['no policy rules it', { ...POLICY, nodeSelector: { matchLabels: { pool: 'other' } } }, 'NotManaged'],
    ['it is held for a person', { ...POLICY, strategy: 'DiagnoseFirst' }, 'Held'],
  ])('at once where %s', async (_, policy, reason) => {
    await start({ policy }, { unhealthyMs: 1_000 });
    bench.host('node-a').inject('runtime-hung');
    expect(await live(() => check.stage() === 'ours')).toBe(true);
    const seen = new Set<string>();
    bench.local.onStored(({ plural }, stored) => {
      if (plural === REMEDIATIONS.plural) seen.add(answerOf(REMEDIATIONS.parse(stored)));
    });
    expect(await live(wasCalled)).toBe(true);
    expect([...seen]).toContain(`Processing=False Succeeded=False ${reason}`);
    expect(restarts()).toEqual([]);
  });

  test('at once where it is excluded', async () => {
    await start({}, { unhealthyMs: 1_000 });
    bench.local.seeds.edit(NODES, { name: 'node-a' }, (node) => {
      node['metadata'] = { ...objectAt(node, 'metadata'), annotations: { 'kubelet-medic.io/exclude': 'true' } };
    });
    bench.host('node-a').inject('runtime-hung');
    expect(await live(wasCalled)).toBe(true);
    expect(restarts()).toEqual([]);
  });

  test('at once where it is excluded after an act that did not help', async () => {
    const remediation = { verify: { timeout: '2m', stableFor: '30s' } };
    await start({ policy: { ...POLICY, remediation } }, { unhealthyMs: 1_000, timeoutMs: 7_200_000 });
    bench.host('node-a').inject('runtime-hung');
    expect(await live(() => restarts().includes('RestartRuntime Succeeded'))).toBe(true);
    bench.local.seeds.edit(NODES, { name: 'node-a' }, (node) => {
      const { annotations, ...metadata } = objectAt(node, 'metadata');
      const excluded = { ...(isObject(annotations) ? annotations : {}), 'kubelet-medic.io/exclude': 'true' };
      node['metadata'] = { ...metadata, annotations: excluded };
    });
    bench.host('node-a').inject('runtime-hung');
    expect(await live(wasCalled)).toBe(true);
    expect([bench.incident('node-a').status.state, restarts()]).toEqual([
      'Waiting: node is excluded',
      ['RestartRuntime Succeeded'],
    ]);
  });

  test('when its time is over', async () => {
    // Another node has the only place in the budget for half an hour.
    const remediation = { verify: { stableFor: '30m', timeout: '40m' } };
    const policy = { mode: 'Remediate', budget: { maxUnhealthy: 2, maxConcurrent: 1 }, remediation };
    const spec = { timeout: '4m' };
    await start({ policy, nodes: ['node-a', 'node-b'] }, { unhealthyMs: 1_000, timeoutMs: 3_600_000, spec });
    bench.startAgent('node-b');
    await bench.clock.advance(20_000);
    bench.host('node-b').inject('runtime-hung');
    await bench.until('node-b', ({ status }) => status.timings?.readyAt !== undefined);
    bench.host('node-a').inject('runtime-hung');
    await live(() => check.stage() === 'ours');
    const askedAt = bench.clock.now();
    expect(await live(wasCalled)).toBe(true);
    expect(Math.round(((check.nextAt() ?? 0) - askedAt) / 60_000)).toBe(4);
    expect(restarts()).toEqual(['RestartRuntime Succeeded']);
    expect(bench.incident('node-a').status.state).toBe('Waiting: maintenance lease');
  });
});

describe('a controller that does not know yet who has asked', () => {
  const replaced = {
    nodeName: 'node-a',
    machine: 'Replaced',
    conditions: ['Processing', 'Succeeded'].map((type) => ({
      type,
      status: 'False',
      reason: 'OutOfTime',
      message: 'late',
      lastTransitionTime: '2026-11-24T10:00:00Z',
    })),
  };

  async function startUnknowing(ask: () => void): Promise<void> {
    bench = createControllerBench({ dumps: smallDumps(), policy: POLICY, remediations: { machines: 'replace' } });
    ask();
    bench.party('controller-1').faults.mirror(REMEDIATIONS.plural, { kind: 'frozen' });
    bench.startController();
    bench.startAgent('node-a');
    await bench.clock.advance(20_000);
    bench.host('node-a').inject('runtime-hung');
    await bench.clock.advance(400_000);
  }

  test('leaves a node alone that was given to its owner', async () => {
    const owner = { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Machine', name: 'm', uid: 'm' };
    await startUnknowing(() => {
      request('machine-a', { status: replaced }, { ownerReferences: [owner] });
    });
    expect([bench.incident('node-a').status.state, restarts()]).toEqual(['Waiting: requests', []]);
    bench.party('controller-1').faults.mirror(REMEDIATIONS.plural, undefined);
    await bench.clock.advance(400_000);
    expect([bench.incident('node-a').status.state, restarts()]).toEqual(['Waiting: another actor', []]);
  });

  test('says what it waits for, and recovers the node at once when it knows', async () => {
    await startUnknowing(() => {
      request('node-a');
    });
    expect(findCondition(bench.incident('node-a').status.conditions, 'ActionTaken')).toMatchObject({
      status: 'False',
      reason: 'RequestsUnknown',
      message: expect.stringContaining('the list of KubeletRemediations is not in yet') as unknown,
    });
    bench.party('controller-1').faults.mirror(REMEDIATIONS.plural, undefined);
    await bench.clock.advance(5_000);
    expect(answered('node-a')).toBe('Processing=True Succeeded=Unknown IncidentOpen');
    expect(bench.incident('node-a').status.state).not.toBe('Waiting: requests');
    await bench.until('node-a', ({ status }) => status.outcome !== undefined);
    expect(restarts()).toEqual(['RestartRuntime Succeeded']);
  });
});

describe('requests that lie', () => {
  test('are answered, and nothing is done to a node that is well', async () => {
    await start();
    request('node-a');
    request('no-such-node');
    request('again', {}, { annotations: { 'remediation.medik8s.io/node-name': 'node-a' } });
    request('long', {}, { annotations: { 'remediation.medik8s.io/node-name': 'n'.repeat(100_000) } });
    request(
      'forged',
      {},
      {
        ownerReferences: [{ apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Machine', name: 'm', uid: 'u' }],
      },
    );
    await bench.clock.advance(5_000);
    expect(['node-a', 'no-such-node', 'again', 'long', 'forged'].map(answered)).toEqual([
      'Processing=False Succeeded=False NodeWell',
      'Processing=False Succeeded=False NodeNotFound',
      'Processing=False Succeeded=False NodeWell',
      'Processing=False Succeeded=False NodeNotFound',
      'Processing=False Succeeded=False NodeNotFound',
    ]);
    expect([bench.incidents(), isUnschedulable(bench.node('node-a'))]).toEqual([[], false]);
    await bench.clock.advance(3_700_000);
    expect(bench.local.list(REMEDIATIONS).map(({ metadata }) => metadata.name)).toEqual(['forged']);
  });

  test('do not lend a lease that somebody else holds', async () => {
    await start({}, { unhealthyMs: 1_000 });
    bench.host('node-a').inject('runtime-hung');
    const now = new Date(bench.clock.now()).toISOString();
    const spec = { holderIdentity: 'NodeHealthCheck-others', leaseDurationSeconds: 3_600, renewTime: now };
    bench.local.seeds.seed(LEASES, { metadata: { name: 'node-node-a', namespace: 'medik8s-leases' }, spec });
    await bench.until('node-a', ({ status }) => JSON.stringify(status).includes('holds the node'));
    const owner = { apiVersion: 'remediation.medik8s.io/v1alpha1', kind: 'NodeHealthCheck', name: 'workers', uid: 'u' };
    request('node-a', {}, { ownerReferences: [owner] });
    request('person');
    await bench.clock.advance(600_000);
    expect([restarts(), answered('node-a')]).toEqual([[], 'Processing=False Succeeded=False MaintenanceLease']);
  });

  test(`${REQUESTS} at once delay no recovery, and cost one write each`, async () => {
    await start({}, { unhealthyMs: 3_600_000 });
    bench.host('node-a').inject('runtime-hung');
    await bench.clock.advance(100_000);
    for (let index = 0; index < REQUESTS; index += 1) request(`node-${index}`);
    const askedAt = bench.clock.now();
    const { timings } = (await bench.until('node-a', ({ status }) => status.outcome === 'Recovered')).status;
    const recoveredMs = Date.parse(timings?.completedAt ?? '') - askedAt;
    expect(recoveredMs).toBeLessThan(400_000);
    await bench.clock.advance(400_000);
    const writes = bench.local.writes.filter(({ plural }) => plural === REMEDIATIONS.plural);
    expect(writes).toHaveLength(REQUESTS);
    expect(restarts()).toEqual(['RestartRuntime Succeeded']);
  }, 120_000);
});

test('without the setting nothing is watched, and a request is not answered', async () => {
  bench = createControllerBench({ dumps: smallDumps(), policy: POLICY });
  request('node-a');
  bench.startController();
  bench.startAgent('node-a');
  await bench.clock.advance(60_000);
  expect(answered('node-a')).toBe('Processing=undefined Succeeded=undefined undefined');
});
