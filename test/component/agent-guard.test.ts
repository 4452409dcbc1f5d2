/** What the agent refuses, whoever asks: it is the last to look before a host is touched. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { NODES, POLICIES } from '../../src/api/resources.ts';
import { ANNOTATION_EXCLUDE } from '../../src/api/v1alpha1/words/names.ts';
import type { ActionRecord, Step } from '../../src/api/v1alpha1/kinds/incident.ts';
import { toPreciseTime } from '../../src/core/time/timestamp.ts';
import { type Bench, createBench, NODE } from '../support/agent-harness.ts';
import { ANSWER_LOST, type Faults } from '../support/faulty-cluster.ts';
import type { FaultKind } from '../support/host/scenario.ts';

type CallFault = ReturnType<NonNullable<Parameters<Faults['onCall']>[0]>>;

const MINUTE = 60_000;
const HOUR = 3_600_000;

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

/** A node in trouble, its incident open, and an agent that watches it. */
async function inTrouble(fault: FaultKind, incident: Parameters<Bench['openIncident']>[0] = {}): Promise<void> {
  bench = createBench();
  bench.createHealth();
  await bench.clock.advance(5_000);
  bench.sim.inject(fault);
  await bench.clock.advance(170_000);
  bench.start();
  await bench.clock.advanceUntil(() => bench.health()?.status.pleg?.state === 'Unhealthy', 60_000, 500);
  bench.openIncident({ elapsed: '3m3s', ...incident });
}

/** Asks for it, to be done within four minutes, as the controller does. */
async function ask(action: NonNullable<Step['action']>): Promise<void> {
  const deadline = toPreciseTime(bench.clock.now() + 4 * MINUTE);
  await bench.step({ name: 'act-1', type: 'Act', action, deadline });
}

async function recordOf(name: string, limitMs = 2 * MINUTE): Promise<ActionRecord> {
  await bench.clock.advanceUntil(
    () => {
      const record = bench.record(name);
      return record !== undefined && record.state !== 'Reserved';
    },
    limitMs,
    250,
  );
  return bench.record(name)!;
}

async function expectRefused(reason: string, limitMs?: number): Promise<void> {
  const record = await recordOf('act-1', limitMs);
  expect(record).toMatchObject({ state: 'Refused', reason });
  expect(record.message).toMatch(new RegExp(`^${reason}: `));
  await bench.clock.advance(15_000);
  expect(bench.sim.restarts).toEqual([]);
}

function writeNode(metadata: object, ready: 'True' | 'False' = 'False'): void {
  const condition = { type: 'Ready', status: ready, reason: 'x', message: 'x' };
  bench.local.seeds.seed(NODES, { metadata: { name: NODE, ...metadata }, status: { conditions: [condition] } });
}

function pause(): void {
  writePolicy({ paused: true });
}

function writePolicy(spec: object): void {
  bench.local.seeds.seed(POLICIES, { metadata: { name: 'default' }, spec: { mode: 'Remediate', ...spec } });
}

/** Runs once, just before the agent's first write that says `words` arrives. */
function beforeWrite(words: string, work: () => void): void {
  bench.local.onWrite(({ plural, body }) => {
    if (plural !== 'kubeletincidents' || !JSON.stringify(body).includes(words)) return;
    bench.local.onWrite(undefined);
    work();
  });
}

/** The next write that says `words` takes effect, and its answer never comes. */
function loseAnswer(words: string): void {
  bench.faults.onCall(({ verb, body }) => {
    if (verb !== 'apply' || !JSON.stringify(body).includes(words)) return undefined;
    bench.faults.onCall(undefined);
    return ANSWER_LOST;
  });
}

describe('an act is refused', () => {
  test.each<[string, string, () => void]>([
    [
      'on a node that a person has excluded',
      'Excluded',
      (): void => {
        writeNode({ annotations: { [ANNOTATION_EXCLUDE]: 'true' } });
      },
    ],
    [
      'on a Node that is being deleted',
      'NodeDeleting',
      (): void => {
        writeNode({ deletionTimestamp: '2026-11-24T10:00:00Z', finalizers: ['test/hold'] });
      },
    ],
    [
      'on a Node that is gone',
      'NodeDeleting',
      (): void => {
        bench.local.seeds.remove(NODES, { name: NODE });
      },
    ],
    [
      'on another Node of the same name',
      'NodeDeleting',
      (): void => {
        bench.local.seeds.remove(NODES, { name: NODE });
        writeNode({ uid: 'uid-of-another' });
      },
    ],
    ['under a policy that is paused', 'Paused', pause],
    [
      'under a policy that is gone',
      'Paused',
      (): void => {
        bench.local.seeds.remove(POLICIES, { name: 'default' });
      },
    ],
    [
      'under a policy that only captures by now, however wide the plan is',
      'ModeForbids',
      (): void => {
        writePolicy({ mode: 'Capture' });
      },
    ],
    [
      'that the policy does not allow any more, however wide the plan is',
      'ActionNotAllowed',
      (): void => {
        writePolicy({ remediation: { allowedActions: ['RestartRuntime'] } });
      },
    ],
  ])('%s', async (_name, reason, spoil) => {
    await inTrouble('frozen-connection');
    spoil();
    await ask('RestartKubelet');
    await expectRefused(reason);
  });

  test('on a node that got well by itself before the request was taken up', async () => {
    await inTrouble('runtime-hung');
    bench.sim.heal();
    await bench.clock.advanceUntil(() => bench.health()?.status.pleg?.state === 'Healthy', MINUTE);
    writeNode({}, 'True');
    await ask('RestartRuntime');
    await expectRefused('NodeWell');
  });

  test('on a well node also if a person has chosen the action', async () => {
    const approval = { decision: 'Approve', by: 'ann', action: 'RestartRuntime' } as const;
    await inTrouble('runtime-hung', { approval });
    bench.sim.heal();
    await bench.clock.advanceUntil(() => bench.health()?.status.pleg?.state === 'Healthy', MINUTE);
    writeNode({}, 'True');
    await ask('RestartRuntime');
    await expectRefused('NodeWell');
  });

  test('an hour after the request, by an agent that could not read it sooner', async () => {
    await inTrouble('frozen-connection');
    await bench.clock.advance(35_000);
    bench.kill();
    await ask('RestartKubelet');
    await bench.clock.advance(HOUR);
    bench.start();
    await expectRefused('Expired');
  });

  test('after its deadline, however slow the clock of the node is', async () => {
    await inTrouble('frozen-connection');
    bench.kill();
    await ask('RestartKubelet');
    await bench.clock.advance(10 * MINUTE);
    bench.nodeClock.jump(-2 * HOUR);
    bench.start();
    await bench.clock.advance(1_000);
    await expectRefused('Expired');
  });
});

describe('an act is done', () => {
  test('on a node that is Ready while its PLEG is not healthy', async () => {
    await inTrouble('frozen-connection');
    writeNode({}, 'True');
    await ask('RestartKubelet');
    expect(await recordOf('act-1')).toMatchObject({ state: 'Succeeded' });
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('in time, by a node whose clock is six hours ahead', async () => {
    await inTrouble('frozen-connection');
    await ask('RestartKubelet');
    bench.nodeClock.jump(6 * HOUR);
    bench.start();
    expect(await recordOf('act-1')).toMatchObject({ state: 'Succeeded' });
  });
});

describe('what a person does while the agent is about to reserve', () => {
  test.each<[string, string, () => void]>([
    ['a pause', 'Paused', pause],
    [
      'an exclusion',
      'Excluded',
      (): void => {
        writeNode({ annotations: { [ANNOTATION_EXCLUDE]: 'true' } });
      },
    ],
  ])('is seen in the next try: %s', async (_name, reason, spoil) => {
    await inTrouble('frozen-connection');
    await ask('RestartKubelet');
    beforeWrite('"Reserved"', () => {
      spoil();
      bench.endStep('another');
    });
    await expectRefused(reason);
  });

  test('the end of the incident leaves the act alone', async () => {
    await inTrouble('frozen-connection');
    await ask('RestartKubelet');
    beforeWrite('"Reserved"', () => {
      bench.complete();
    });
    await bench.clock.advance(2 * MINUTE);
    expect(bench.record('act-1')).toBeUndefined();
    expect(bench.sim.restarts).toEqual([]);
  });
});

describe('a reservation that a dead agent has left', () => {
  async function leaveReservation(): Promise<void> {
    await inTrouble('frozen-connection');
    bench.start({
      onReserved: () => {
        bench.kill();
      },
    });
    await ask('RestartKubelet');
    await bench.clock.advance(5_000);
    expect(bench.record('act-1')).toMatchObject({ state: 'Reserved' });
  }

  test.each<[string, string, () => void | Promise<void>]>([
    ['of a policy that is paused now', 'Paused', pause],
    [
      'on a node that is excluded now',
      'Excluded',
      (): void => {
        writeNode({ annotations: { [ANNOTATION_EXCLUDE]: 'true' } });
      },
    ],
    [
      'on a Node that is gone now',
      'NodeDeleting',
      (): void => {
        bench.local.seeds.remove(NODES, { name: NODE });
      },
    ],
    ['after its deadline', 'Expired', (): Promise<void> => bench.clock.advance(5 * MINUTE)],
  ])('is refused: %s', async (_name, reason, spoil) => {
    await leaveReservation();
    await spoil();
    bench.start();
    await expectRefused(reason);
    expect(bench.record('act-1')?.before).toBeDefined();
  });

  test('is refused on a node that is well now', async () => {
    await leaveReservation();
    bench.sim.heal();
    writeNode({}, 'True');
    await bench.clock.advance(20_000);
    bench.start();
    await expectRefused('NodeWell');
  });
});

describe('what cannot be read', () => {
  test.each<[string, string, CallFault]>([
    ['nodes', 'a right that is missing', { kind: 'refused', status: 403 }],
    ['nodes', 'a silent API server', { kind: 'slow', arrivesAfterMs: 60_000, answeredAfterMs: 0 }],
    ['kubeletrecoverypolicies', 'a right that is missing', { kind: 'refused', status: 403 }],
    ['kubeletrecoverypolicies', 'a malformed object', { kind: 'malformed' }],
  ])('stops the act, and ends it at its deadline: %s, by %s', async (plural, _why, fault) => {
    await inTrouble('frozen-connection');
    bench.faults.onCall((asked) => (asked.plural === plural ? fault : undefined));
    await ask('RestartKubelet');
    await bench.clock.advance(3 * MINUTE);
    expect(bench.record('act-1')).toBeUndefined();
    await expectRefused('Expired', 2 * MINUTE);
  });

  test('holds the act up no longer than until it can be read', async () => {
    await inTrouble('frozen-connection');
    bench.faults.onCall(({ plural }) => (plural === 'nodes' ? { kind: 'refused', status: 500 } : undefined));
    await ask('RestartKubelet');
    await bench.clock.advance(20_000);
    expect(bench.sim.restarts).toEqual([]);
    bench.faults.onCall(undefined);
    expect(await recordOf('act-1')).toMatchObject({ state: 'Succeeded' });
    expect(bench.sim.restarts).toHaveLength(1);
  });
});

describe('a write whose answer is lost', () => {
  test('of a reservation: the act is found reserved, and done once', async () => {
    await inTrouble('frozen-connection');
    loseAnswer('"Reserved"');
    await ask('RestartKubelet');
    expect(await recordOf('act-1')).toMatchObject({ state: 'Succeeded' });
    await bench.clock.advance(2 * MINUTE);
    expect(bench.sim.restarts).toHaveLength(1);
  });

  test('that the act is issued: it is not issued any more', async () => {
    await inTrouble('frozen-connection');
    loseAnswer('"Reserved"');
    await ask('RestartKubelet');
    await bench.clock.advanceUntil(() => bench.record('act-1') !== undefined, 10_000, 50);
    loseAnswer('"issuedAt"');
    expect(await recordOf('act-1')).toMatchObject({ state: 'Ambiguous' });
    await bench.clock.advance(2 * MINUTE);
    expect(bench.sim.restarts).toEqual([]);
  });

  test('of a refusal: the act stays refused', async () => {
    await inTrouble('frozen-connection');
    pause();
    loseAnswer('"Refused"');
    await ask('RestartKubelet');
    await expectRefused('Paused');
  });
});
