/** Live copies on a bad network: each fault of the wire, by the embedded API server. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { NODES } from '../../src/api/resources.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import type { Clock } from '../../src/ports/clock.ts';
import type { Cluster, Mirror } from '../../src/ports/cluster.ts';
import { startApiServer, type ApiServer } from '../support/api-server/server.ts';
import { createRecordingLog, type RecordingLog } from '../support/builders/recording.ts';
import { createFakeClock, createSeededRandom } from '../support/clock.ts';
import { eventually, realClock } from '../support/real-time.ts';

type NodeMirror = Mirror<ReturnType<(typeof NODES)['parse']>>;

let server: ApiServer;
let stop: AbortController;
let log: RecordingLog;
/** Lists and watches that have arrived. */
let asked: string[];

beforeEach(async () => {
  server = await startApiServer();
  stop = new AbortController();
  log = createRecordingLog();
  asked = [];
  server.deny(({ verb, resource }) => {
    asked.push(`${verb} ${resource}`);
    return false;
  });
  server.seed(NODES, { metadata: { name: 'a' } });
});

afterEach(async () => {
  stop.abort();
  await server.close();
});

function connect(clock: Clock = realClock): Cluster {
  return createCluster(server.connection(), { clock, callClock: realClock, random: createSeededRandom(), log });
}

async function synced(clock?: Clock): Promise<NodeMirror> {
  const mirror = connect(clock).mirror(NODES, {}, stop.signal);
  await mirror.whenSynced();
  await eventually('it watches', () => asked.includes('watch nodes'));
  return mirror;
}

const count = (what: string): number => asked.filter((one) => one === what).length;

describe('a mirror', () => {
  test('leaves out lines that are no events, reports them, and goes on', async () => {
    const mirror = await synced();
    server.writeToWatches('{"type":"ADDED","obj');
    server.writeToWatches('not JSON');
    server.seed(NODES, { metadata: { name: 'b' } });
    await eventually('b is there', () => mirror.get('b') !== undefined);
    expect(log.entries.filter(({ message }) => message.includes('malformed watch line'))).toHaveLength(2);
    expect(count('watch nodes')).toBe(1);
  });

  test('keeps the last good copy of an object that has become malformed', async () => {
    const mirror = await synced();
    server.writeToWatches('{"type":"MODIFIED","object":{"metadata":{"name":"a","resourceVersion":"9"},"spec":7}}');
    await eventually('it is reported', () => log.entries.some(({ fields }) => fields['name'] === 'a'));
    expect(mirror.get('a')?.spec.unschedulable).toBe(false);
  });

  test('lists anew after an ERROR event of status 410, with a pause that grows, never in a hot loop', async () => {
    const sleeps: number[] = [];
    const mirror = await synced({
      ...realClock,
      sleep: (ms, signal) => {
        sleeps.push(ms);
        return realClock.sleep(ms, signal);
      },
    });
    const expired = '{"type":"ERROR","object":{"kind":"Status","code":410,"reason":"Expired","message":"too old"}}';
    await eventually('it has listed four times', () => {
      server.writeToWatches(expired);
      return count('list nodes') >= 4;
    });
    // The other sleeps watch for silence: 90 s.
    const pauses = sleeps.filter((ms) => ms < 60_000);
    expect(pauses.length).toBeGreaterThanOrEqual(count('list nodes') - 1);
    // A pause is between half of its bound and the whole of it, and the bound doubles.
    expect(pauses[2]).toBeGreaterThanOrEqual(2 * pauses[0]!);
    server.seed(NODES, { metadata: { name: 'b' } });
    await eventually('b is there', () => mirror.get('b') !== undefined);
  });

  test('resumes a watch that fails otherwise without a list', async () => {
    const mirror = await synced();
    server.fail({ with: 500, times: 2, only: ({ verb }) => verb === 'watch' });
    server.cutWatches();
    server.seed(NODES, { metadata: { name: 'b' } });
    await eventually('b is there', () => mirror.get('b') !== undefined);
    expect(count('list nodes')).toBe(1);
  });

  test('opens a watch anew that has been silent for too long', async () => {
    await server.close();
    server = await startApiServer({ bookmarkMs: 1_000_000 });
    server.deny(({ verb, resource }) => {
      asked.push(`${verb} ${resource}`);
      return false;
    });
    const clock = createFakeClock();
    await synced(clock);
    await eventually('it watches again', async () => {
      await clock.advance(90_000);
      return count('watch nodes') >= 3;
    });
    expect(count('list nodes')).toBe(1);
  });

  test('stays with a quiet watch on which bookmarks come', async () => {
    await server.close();
    server = await startApiServer({ bookmarkMs: 50 });
    server.deny(({ verb, resource }) => {
      asked.push(`${verb} ${resource}`);
      return false;
    });
    const clock = createFakeClock();
    const mirror = await synced(clock);
    for (let minute = 1; minute <= 5; minute += 1) {
      await clock.advance(60_000);
      await eventually('a bookmark has come', () => mirror.freshAt() === clock.monotonic());
    }
    expect(count('watch nodes')).toBe(1);
  });

  test('contains a handler that throws', async () => {
    const mirror = await synced();
    const seen: string[] = [];
    mirror.onChange(() => {
      throw new Error('a bad handler');
    });
    mirror.onChange((current) => seen.push(current?.metadata.name ?? ''));
    server.seed(NODES, { metadata: { name: 'b' } });
    await eventually('the other one is told', () => seen.includes('b'));
    expect(log.entries.some(({ message }) => message.includes('has thrown'))).toBe(true);
  });

  test('stops at once with its signal', async () => {
    const mirror = await synced();
    stop.abort();
    server.seed(NODES, { metadata: { name: 'b' } });
    await realClock.sleep(200, new AbortController().signal);
    expect([mirror.get('b'), count('watch nodes')]).toEqual([undefined, 1]);
  });

  test('begins as soon as the API server can be reached, however late', async () => {
    server.fail({ with: 'reset', times: 6, only: ({ verb }) => verb === 'list' });
    const mirror = await synced();
    expect(mirror.get('a')).toBeDefined();
  });
});

describe('a call', () => {
  test('waits for as long as a throttling server asks, and tries reads again', async () => {
    server.fail({ with: 429, times: 1, retryAfterSeconds: 1 });
    const startedAt = performance.now();
    expect((await connect().list(NODES)).items).toHaveLength(1);
    expect(performance.now() - startedAt).toBeGreaterThan(700);
  });

  test('that reads gives up after four tries', async () => {
    server.fail({ with: 503, times: 100 });
    await expect(connect().list(NODES)).rejects.toMatchObject({ code: 'E_KUBE_SERVER', class: 'transient' });
    server.fail({ with: 503, times: 0 });
  });

  test.each([
    [500, 'E_KUBE_SERVER', 'transient'],
    ['reset', 'E_KUBE_UNREACHABLE', 'transient'],
  ] as const)('that writes and meets %s is not tried again', async (fault, code, errorClass) => {
    server.fail({ with: fault, times: 1, retryAfterSeconds: 3 });
    const patch = [{ op: 'add', path: '/spec/unschedulable', value: true }] as const;
    const write = connect().jsonPatch(NODES, { name: 'a' }, patch, { manager: 'test' });
    await expect(write).rejects.toMatchObject({
      code,
      class: errorClass,
      retryAfterMs: fault === 'reset' ? undefined : 3_000,
    });
    expect(count('patch nodes')).toBe(0);
  });

  test('that writes and meets 429 is sent again, and tells the server of the time that is left', async () => {
    const timeouts: string[] = [];
    server.fail({
      with: 429,
      times: 1,
      retryAfterSeconds: 1,
      only: ({ timeout }) => timeouts.push(timeout) > 0,
    });
    server.deny(({ timeout }) => timeouts.push(timeout) < 0);
    const patch = [{ op: 'add', path: '/spec/unschedulable', value: true }] as const;
    await connect().jsonPatch(NODES, { name: 'a' }, patch, { manager: 'test', deadlineMs: 30_000 });
    const [first, second] = timeouts.map((timeout) => Number.parseInt(timeout, 10));
    expect(first).toBe(30);
    expect(second).toBeLessThanOrEqual(29);
  });

  test('that writes tells the server how long it waits for the answer, in whole seconds', async () => {
    const timeouts: string[] = [];
    server.deny(({ verb, timeout }) => {
      timeouts.push(`${verb} ${timeout}`);
      return false;
    });
    const cluster = connect();
    const patch = [{ op: 'add', path: '/spec/unschedulable', value: true }] as const;
    const how = { manager: 'test' };
    await cluster.jsonPatch(NODES, { name: 'a' }, patch, how);
    await cluster.apply(NODES, { metadata: { name: 'a' } }, { ...how, deadlineMs: 8_000 });
    await cluster.create(NODES, { metadata: { name: 'b' } }, { ...how, deadlineMs: 2_500 });
    await cluster.replace(NODES, { metadata: { name: 'b' } }, { ...how, deadlineMs: 400 });
    await cluster.delete(NODES, { name: 'b' }, { deadlineMs: 8_000 });
    expect(timeouts).toEqual(['patch 10s', 'patch 8s', 'create 3s', 'update 1s', 'delete 8s']);
  });

  test('with a token that has expired reads it anew and goes on', async () => {
    const cluster = connect();
    await cluster.list(NODES);
    server.expireTokens();
    const patch = [{ op: 'add', path: '/spec/unschedulable', value: true }] as const;
    const node = await cluster.jsonPatch(NODES, { name: 'a' }, patch, { manager: 'test' });
    expect(node.spec.unschedulable).toBe(true);
  });

  test('to a server whose certificate is of another CA says so, and never with the token', async () => {
    const connection = server.connection();
    const cluster = createCluster(
      { ...connection, tls: () => Promise.resolve({}) },
      { clock: realClock, random: createSeededRandom(), log },
    );
    const error = await cluster.list(NODES).then(
      () => undefined,
      (caught: unknown) => caught,
    );
    expect(error).toMatchObject({ code: 'E_KUBE_TLS', class: 'terminal' });
    expect(JSON.stringify(error) + String(error)).not.toContain(server.bearerToken('system:admin'));
  });

  test('uses few connections for many requests', async () => {
    const cluster = connect();
    for (let index = 0; index < 50; index += 1) await cluster.get(NODES, { name: 'a' });
    expect(server.connections()).toBeLessThanOrEqual(2);
  });
});
