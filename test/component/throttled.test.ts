/** A server that is busy: 429 with `Retry-After: 7` to every call, on a clock that stands still. */
import { setTimeout as realSleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EVENTS, HEALTHS, LEASES, NODES } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { isMedicError } from '../../src/ports/errors.ts';
import { startApiServer, type ApiServer } from '../support/api-server/server.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { createFakeClock, createSeededRandom, type FakeClock } from '../support/clock.ts';
import { eventually } from '../support/real-time.ts';

let server: ApiServer;
let clock: FakeClock;
let cluster: Cluster;
let stop: AbortController;
/** Requests that have arrived. */
let asked: string[];

beforeEach(async () => {
  server = await startApiServer();
  clock = createFakeClock();
  stop = new AbortController();
  asked = [];
  server.seed(NODES, { metadata: { name: 'a' } });
  server.seed(HEALTHS, { metadata: { name: 'a' } });
  cluster = createCluster(server.connection(), { clock, random: createSeededRandom(), log: createRecordingLog() });
});

afterEach(async () => {
  stop.abort();
  await server.close();
});

/** The next so many calls are told to come back in 7 s. */
function busy(times: number): void {
  const count = ({ verb, resource }: { readonly verb: string; readonly resource: string }): number =>
    asked.push(`${verb} ${resource}`);
  server.fail({ with: 429, times, retryAfterSeconds: 7, only: (call) => count(call) > 0 });
  server.deny((call) => count(call) < 0);
}

/** Whatever would be sent by now has been. */
async function comesToRest(): Promise<void> {
  await realSleep(100);
  await clock.settle();
}

const MANAGER = { manager: 'test' };
const event = { metadata: { generateName: 'a.', namespace: 'default' }, involvedObject: { kind: 'Node', name: 'a' } };
const health = { apiVersion: 'kubelet-medic.io/v1alpha1', kind: 'KubeletHealth', metadata: { name: 'a' }, spec: {} };

const CALLS: readonly (readonly [verb: string, call: () => Promise<unknown>])[] = [
  ['get', () => cluster.get(NODES, { name: 'a' })],
  ['list', () => cluster.list(NODES)],
  ['create', () => cluster.create(EVENTS, event, MANAGER)],
  ['apply', () => cluster.apply(HEALTHS, health, MANAGER)],
  ['patch', () => cluster.jsonPatch(NODES, { name: 'a' }, [], MANAGER)],
  ['delete', () => cluster.delete(HEALTHS, { name: 'a' })],
  ['list, of a mirror', () => cluster.mirror(NODES, {}, stop.signal).whenSynced()],
];

describe('429 with Retry-After: 7', () => {
  test.each(CALLS)('%s is sent again after 7 s, and not before', async (_, call) => {
    busy(1);
    const answered = call();
    await eventually('it has arrived', () => asked.length === 1);
    await comesToRest();
    await clock.advance(6_990);
    await comesToRest();
    expect(asked).toHaveLength(1);
    await clock.advance(1_500);
    await answered;
  });

  test.each(CALLS)('what one call was told holds for %s of the same process', async (_, call) => {
    busy(1);
    cluster.get(NODES, { name: 'a' }).catch(() => undefined);
    await eventually('it has arrived', () => asked.length === 1);
    await comesToRest();
    const other = call();
    other.catch(() => undefined);
    await clock.advance(6_900);
    await comesToRest();
    expect(asked).toHaveLength(1);
    await clock.advance(1_500);
    await other;
  });

  test('a watch is opened again after 7 s, and not before', async () => {
    const mirror = cluster.mirror(NODES, {}, stop.signal);
    await mirror.whenSynced();
    busy(1);
    server.cutWatches();
    // The pause after a watch that has ended early.
    await eventually('it has arrived', async () => {
      await clock.advance(50);
      return asked.length === 1;
    });
    await comesToRest();
    await clock.advance(6_900);
    await comesToRest();
    expect(asked).toEqual(['watch nodes']);
    await clock.advance(1_600);
    server.seed(NODES, { metadata: { name: 'b' } });
    await eventually('it watches', () => mirror.get('b') !== undefined);
  });

  test('longer than the call may take: it fails at once, and says for how long', async () => {
    busy(1);
    const failed = cluster.get(NODES, { name: 'a' }, { deadlineMs: 5_000 }).catch((error: unknown) => error);
    const error = await failed;
    expect(isMedicError(error, 'throttled') && error.retryAfterMs).toBe(7_000);
    const again = await cluster.apply(HEALTHS, health, { ...MANAGER, deadlineMs: 5_000 }).catch((e: unknown) => e);
    expect(isMedicError(again, 'throttled') && again.retryAfterMs).toBe(7_000);
    expect(asked).toHaveLength(1);
  });

  test('the lease of a leader is renewed all the same: its next try is its own to time', async () => {
    server.seed(LEASES, { metadata: { name: 'a', namespace: 'default' }, spec: { holderIdentity: 'a' } });
    busy(1);
    await cluster.get(NODES, { name: 'a' }, { deadlineMs: 5_000 }).catch(() => undefined);
    await cluster.replace(LEASES, { metadata: { name: 'a', namespace: 'default' }, spec: {} }, MANAGER);
  });

  test('of many who were told at once no two come back at once', async () => {
    busy(20);
    const clients = Array.from({ length: 20 }, (_, seed) =>
      createCluster(server.connection(), { clock, random: createSeededRandom(seed), log: createRecordingLog() }),
    );
    const answers = clients.map((client) => client.get(NODES, { name: 'a' }));
    await eventually('all have arrived', () => asked.length === 20);
    await comesToRest();
    let done = 0;
    for (const answer of answers) void answer.then(() => done++);
    await clock.advance(7_500);
    await eventually('some are answered', () => done > 0);
    await comesToRest();
    expect(done).toBeLessThan(15);
    await clock.advance(1_000);
    await Promise.all(answers);
  });
});
