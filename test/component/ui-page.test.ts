/** `kubectl medic ui` over its port: who is served, what a decision does, and what is said when the cluster is away. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { INCIDENTS, NODES, POLICIES } from '../../src/api/resources.ts';
import { createStreams, STREAM_BOUNDS } from '../../src/cli/ui/streams.ts';
import { TOKEN_HEADER, type Choices } from '../../src/cli/ui/wire.ts';
import { createCluster } from '../../src/kube/cluster.ts';
import { createSystemClock } from '../../src/platform/clock.ts';
import { LOOPBACK_BOUNDS, serveLoopback } from '../../src/platform/loopback-server.ts';
import { startApiServer, type ApiServer } from '../support/api-server/server.ts';
import { anIncident, aPlan } from '../support/builders/objects.ts';
import { createRecordingLog } from '../support/builders/recording.ts';
import { createSeededRandom } from '../support/clock.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import type { ReviewOptions } from '../support/reviews.ts';
import { createLocalCluster, type LocalCluster } from '../support/local-cluster.ts';
import { aHeldIncident, HELD, nodeName, plantFleet, plantIncident, plantNode } from '../support/ui/fleet-seeds.ts';
import { ask, listen, type Answer } from '../support/ui/page-client.ts';
import { quickClock } from '../support/ui/quick-clock.ts';
import { servePage, type ServedPage } from '../support/ui/served-page.ts';

/** Waits of the plugin take so much less. */
const QUICK = 50;
/** For waits of minutes. */
const VERY_QUICK = 400;

let local: LocalCluster;
let page: ServedPage;
let open: (() => void)[];

beforeEach(async () => {
  local = createLocalCluster(createSystemClock());
  open = [];
  plantFleet(local.seeds, 20);
  plantIncident(local.seeds, aHeldIncident());
  page = await serve();
});
afterEach(async () => {
  for (const stop of open) stop();
  await page.stop();
});

/** Copies of objects say how fresh they are by the same clock. */
async function serve(options: ReviewOptions = {}, times = QUICK): Promise<ServedPage> {
  const clock = quickClock(times);
  return await servePage(local.clusterFor(clock), { ...options, clock });
}

/** The same over HTTPS. */
async function serveFrom(server: ApiServer): Promise<ServedPage> {
  const clock = quickClock(QUICK);
  const options = { clock, callClock: createSystemClock(), random: createSeededRandom(), log: createRecordingLog() };
  return await servePage(createCluster(server.connection(), options), { clock });
}

async function listening(): ReturnType<typeof listen> {
  const stream = await listen(page);
  open.push(stream.stop);
  return stream;
}

async function choices(name = HELD): Promise<Choices> {
  const { status, body } = await ask(page, `/api/incidents/${name}/choices`);
  expect(status).toBe(200);
  return JSON.parse(body) as Choices;
}

async function decide(decision: object, name = HELD): Promise<Answer> {
  const whole = { decision: 'Approve', action: '', reason: '', would: '', ...decision };
  return await ask(page, `/api/incidents/${name}/decision`, { method: 'POST', body: JSON.stringify(whole) });
}

function approvalOf(name = HELD): unknown {
  return local.read(INCIDENTS, name)?.spec.approval;
}

describe('who is served', () => {
  test('the page to everybody, and data to who has the token, from the own page', async () => {
    const wrong = `${page.token.slice(0, -1)}_`;
    for (const path of ['/', '/page.js', '/page.css'])
      expect((await ask(page, path, { headers: { [TOKEN_HEADER]: undefined } })).status).toBe(200);
    const paths = ['/api/events', `/api/incidents/${HELD}/choices`, `/api/incidents/${HELD}/report`, '/api/none'];
    for (const path of paths) {
      const refused: readonly (readonly [number, Record<string, string | undefined>])[] = [
        [401, { [TOKEN_HEADER]: undefined }],
        [401, { [TOKEN_HEADER]: wrong }],
        [401, { [TOKEN_HEADER]: undefined, cookie: `token=${page.token}` }],
        [421, { host: 'rebound.example' }],
        [403, { origin: 'http://127.0.0.1:1' }],
        [403, { 'sec-fetch-site': 'cross-site' }],
      ];
      for (const [status, headers] of refused) {
        const answer = await ask(page, path, { headers });
        expect(answer.status).toBe(status);
        expect(answer.body).not.toContain('node-');
        expect(answer.headers).not.toHaveProperty('access-control-allow-origin');
      }
    }
    expect(
      (await ask(page, `/api/events?token=${page.token}`, { headers: { [TOKEN_HEADER]: undefined } })).status,
    ).toBe(401);
  });

  test('no decision without the token in its header, from another origin, or by GET', async () => {
    const { approve } = await choices();
    const body = JSON.stringify({ decision: 'Approve', action: '', reason: '', would: approve[0]?.would });
    const path = `/api/incidents/${HELD}/decision`;
    for (const headers of [
      { [TOKEN_HEADER]: undefined },
      { origin: undefined },
      { origin: 'http://evil.example' },
      { 'content-type': 'text/plain' },
    ])
      expect((await ask(page, path, { method: 'POST', headers, body })).status).toBeGreaterThanOrEqual(401);
    expect((await ask(page, path)).status).toBe(405);
    expect((await ask(page, `/api/incidents/${HELD}/choices`, { method: 'POST', body })).status).toBe(405);
    expect(approvalOf()).toBeUndefined();
  });

  test('nobody who is not on this machine', async () => {
    const { port } = new URL(page.origin);
    const others = Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address);
    for (const host of ['127.0.0.2', ...others]) {
      const socket = connect({ host, port: Number(port) });
      const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
      expect(error.code).toBe('ECONNREFUSED');
    }
  });

  test('the token is printed once, in the address, and is another one each time', async () => {
    await decide({});
    expect(page.printed().split(page.token)).toHaveLength(2);
    expect(page.token).toMatch(/^[\w-]{43}$/);
    const second = await serve();
    expect(second.token).not.toBe(page.token);
    expect((await ask(second, '/api/events', { headers: { [TOKEN_HEADER]: page.token } })).status).toBe(401);
    await second.stop();
  });

  test('what is too long, or is no name, is refused', async () => {
    const body = 'x'.repeat(LOOPBACK_BOUNDS.bodyBytes + 1);
    expect((await ask(page, `/api/incidents/${HELD}/decision`, { method: 'POST', body })).status).toBe(413);
    for (const name of ['../../etc', '%2e%2e', 'A', 'a'.repeat(300), 'a%00b', ''])
      expect((await ask(page, `/api/incidents/${name}/choices`)).status).toBe(404);
    expect((await ask(page, '/api/incidents/nope/choices')).status).toBe(404);
    expect((await decide({ decision: 'Delete' })).status).toBe(400);
    expect((await decide({ action: 'rm -rf' })).status).toBe(400);
  });
});

describe('what is told', () => {
  test('is the whole at first, and then what changes, to each page that listens', async () => {
    const [first, second] = [await listening(), await listening()];
    const whole = await first.until(({ kind }) => kind === 'whole');
    expect(whole).toMatchObject({ about: { user: 'jane@example.com', plugin: '1.2.3' }, link: { kind: 'live' } });
    expect(whole.kind === 'whole' && whole.cells.length).toBe(20);
    plantNode(local.seeds, { name: nodeName(12), ready: 'False' });
    for (const stream of [first, second]) {
      const change = await stream.until(({ kind }) => kind === 'change');
      expect(change).toMatchObject({ set: [{ name: nodeName(12), state: 'ill' }], gone: [] });
    }
  });

  test('of an incident that ends is how it ended', async () => {
    const stream = await listening();
    local.seeds.edit(INCIDENTS, { name: HELD }, (draft) => {
      const Complete = {
        type: 'Complete',
        status: 'True',
        reason: 'SelfHealed',
        message: 'm',
        lastTransitionTime: '2026-11-24T10:00:00Z',
      };
      Object.assign(draft, { status: { outcome: 'SelfHealed', conditions: [Complete] } });
    });
    const change = await stream.until((message) => message.kind === 'change' && message.rest.ended.length > 0);
    expect(change).toMatchObject({
      rest: { incidents: [], ended: [{ name: HELD, outcome: 'SelfHealed', isGood: true }] },
    });
  });

  test('is not of now while the API server is away, and is again when it is back', async () => {
    const stream = await listening();
    local.setDown('connect ECONNREFUSED');
    const lost = await stream.until((message) => message.kind === 'pulse' && message.link.kind === 'lost');
    expect(lost).toMatchObject({ link: { why: expect.stringContaining('ECONNREFUSED') } });
    const late = await listening();
    expect(await late.until(({ kind }) => kind === 'whole')).toMatchObject({ link: { kind: 'lost' } });
    expect((await ask(page, `/api/incidents/${HELD}/choices`)).status).toBe(502);
    local.seeds.remove(NODES, { name: nodeName(3) });
    local.setDown(undefined);
    await stream.until((message) => message.kind === 'pulse' && message.link.kind === 'live');
    expect((await ask(page, `/api/incidents/${HELD}/choices`)).status).toBe(200);
    const fresh = await listening();
    const whole = await fresh.until(({ kind }) => kind === 'whole');
    expect(whole.kind === 'whole' && whole.cells.length).toBe(19);
  });

  test('is not of now either while the API server answers again and a watch is still behind', async () => {
    const clock = quickClock(QUICK);
    const cluster = local.clusterFor(clock);
    let isBehind = false;
    const mirror: Cluster['mirror'] = (resource, query, signal) => {
      const real = cluster.mirror(resource, query, signal);
      let last: number | undefined;
      return { ...real, freshAt: () => (last = isBehind ? last : real.freshAt()) };
    };
    const behind = await servePage({ ...cluster, mirror }, { clock });
    const stream = await listen(behind);
    await stream.until((message) => message.kind === 'pulse' && message.link.kind === 'live');
    isBehind = true;
    local.setDown('connect ECONNREFUSED');
    await stream.until((message) => message.kind === 'pulse' && message.link.kind === 'lost');
    local.setDown(undefined);
    const back = await stream.until(
      (message) =>
        message.kind === 'pulse' && (message.link.kind === 'live' || message.link.why.startsWith('it is back')),
    );
    expect(back).toMatchObject({ link: { kind: 'lost', why: 'it is back, and is being read again' } });
    isBehind = false;
    await stream.until((message) => message.kind === 'pulse' && message.link.kind === 'live');
    stream.stop();
    await behind.stop();
  });

  test('is a report, made with what is in the API server alone', async () => {
    const before = local.writes.length;
    const { status, headers, body } = await ask(page, `/api/incidents/${HELD}/report`);
    expect(status).toBe(200);
    expect(body).toContain(`Incident <b>${HELD}</b>`);
    expect(headers['content-security-policy']).toContain('sandbox');
    expect(local.writes).toHaveLength(before);
  });

  test('to eight pages at most', async () => {
    const streams = [];
    for (let n = 0; n < 9; n++) streams.push(await listening());
    expect(streams.map(({ status }) => status)).toEqual([...Array<number>(8).fill(200), 503]);
  });
});

test('one that does not read is kept little for, and is cut', async () => {
  const change = 'x'.repeat(400_000);
  const hub = createStreams(quickClock(QUICK), () => change);
  let most = 0;
  const server = await serveLoopback(0, () =>
    Promise.resolve({
      status: 200,
      headers: {},
      body: (stream) => {
        hub.open(stream);
        const look = setInterval(() => (most = Math.max(most, stream.pendingBytes())), 1);
        stream.onEnd(() => {
          clearInterval(look);
        });
      },
    }),
  );
  const socket = connect({ host: '127.0.0.1', port: server.port });
  socket.on('error', () => undefined);
  socket.write('GET / HTTP/1.1\r\nhost: x\r\n\r\n');
  while (hub.count() === 0) await nextTurn();
  while (hub.count() > 0) {
    hub.change(change);
    await nextTurn();
  }
  // The system takes some MiB besides, in the buffers of the connection.
  expect(most).toBeLessThan(STREAM_BOUNDS.pendingBytes + 2 * change.length);
  expect(most).toBeGreaterThan(STREAM_BOUNDS.pendingBytes / 2);
  socket.destroy();
  await server.close();
});

describe('a decision', () => {
  test('names what would be done, and is recorded as `approve` records it', async () => {
    const { approve, reject, user, server, denied } = await choices();
    expect({ user, server, denied }).toEqual({
      user: 'jane@example.com',
      server: 'https://prod.example:6443',
      denied: undefined,
    });
    expect(approve[0]?.would).toBe(
      'RestartKubelet on node-0001: systemd restarts the unit of the kubelet on it. Why: kubelet-cri-connection-dead (High): restarting the kubelet helps.',
    );
    expect(approve.map(({ action }) => action)).toEqual(['', 'RestartKubelet', 'RestartRuntime']);
    expect(reject.would).toContain('nothing is restarted');
    const answer = await decide({ would: approve[0]?.would, reason: ' looked at it ' });
    expect(answer.status).toBe(200);
    expect(approvalOf()).toEqual({ decision: 'Approve', by: 'jane@example.com', reason: 'looked at it' });
    expect(page.printed()).toContain(`${HELD} approved by jane@example.com`);
  });

  test('may name another action that the policy allows', async () => {
    const other = (await choices()).approve.find(({ action }) => action === 'RestartRuntime');
    expect((await decide({ action: 'RestartRuntime', would: other?.would })).status).toBe(200);
    expect(approvalOf()).toMatchObject({ action: 'RestartRuntime' });
    expect((await decide({ action: 'RebootNode', would: '' })).status).toBe(409);
  });

  test('is not taken where something else would be done by now', async () => {
    const { approve } = await choices();
    const { diagnosis } = local.read(INCIDENTS, HELD)!.status;
    local.seeds.edit(INCIDENTS, { name: HELD }, (draft) => {
      const worse = { ...diagnosis, restartKubelet: 'Harms', restartRuntime: 'Helps' };
      Object.assign(draft['status'] as object, { diagnosis: worse });
    });
    const answer = await decide({ would: approve[0]?.would });
    expect(answer).toMatchObject({ status: 409, body: expect.stringContaining('it would be something else by now') });
    expect(approvalOf()).toBeUndefined();
  });

  test('is one: what another person has decided meanwhile stays', async () => {
    const { reject } = await choices();
    local.seeds.edit(INCIDENTS, { name: HELD }, (draft) => {
      Object.assign(draft['spec'] as object, { approval: { decision: 'Approve', by: 'bob' } });
    });
    const answer = await decide({ decision: 'Reject', would: reject.would, reason: 'no' });
    expect(answer).toMatchObject({
      status: 409,
      body: expect.stringContaining('has been approved by bob; a decision is made once'),
    });
    expect(approvalOf()).toEqual({ decision: 'Approve', by: 'bob' });
    expect((await choices()).approve[0]?.refusal).toContain('approved by bob');
  });

  test('by two tabs at once is one', async () => {
    const { approve, reject } = await choices();
    const answers = await Promise.all([
      decide({ would: approve[0]?.would }),
      decide({ decision: 'Reject', would: reject.would, reason: 'no' }),
    ]);
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
  });

  test('to reject needs a reason', async () => {
    const { reject } = await choices();
    expect((await decide({ decision: 'Reject', would: reject.would, reason: '  ' })).status).toBe(409);
    expect((await decide({ decision: 'Reject', would: reject.would, reason: 'spare part' })).status).toBe(200);
    expect(approvalOf()).toEqual({ decision: 'Reject', by: 'jane@example.com', reason: 'spare part' });
  });

  test.each<[string, Parameters<typeof anIncident>[0], string]>([
    ['is over', { status: { outcome: 'Recovered' } }, 'is over: Recovered'],
    ['waits for nobody', {}, 'has strategy RestoreFirst'],
    ['only captures', { plan: aPlan({ mode: 'Capture' }) }, 'is in mode Capture'],
  ])('is refused beforehand where the incident %s', async (_, options, words) => {
    plantIncident(local.seeds, anIncident({ name: 'other', ...options }));
    const { approve, reject } = await choices('other');
    expect(approve[0]?.refusal).toContain(words);
    expect((await decide({ decision: 'Reject', would: reject.would, reason: 'x' }, 'other')).status).toBe(409);
    expect(approvalOf('other')).toBeUndefined();
  });

  test('says who may not, and that a paused policy does nothing', async () => {
    local.seeds.edit(POLICIES, { name: 'default' }, (draft) => {
      Object.assign(draft['spec'] as object, { paused: true });
    });
    expect((await choices()).notes).toEqual([
      'Nothing is restarted as long as this is so: the policy default is paused.',
    ]);
    const viewer = await serve({ user: 'eve', may: (verb) => verb !== 'patch' });
    const { body } = await ask(viewer, `/api/incidents/${HELD}/choices`);
    expect((JSON.parse(body) as Choices).denied).toMatch(/^eve may not patch kubeletincidents\.kubelet-medic\.io/);
    await viewer.stop();
  });
});

describe('it ends by itself', () => {
  test('where the port is taken, and where the API server is not there', async () => {
    const { port } = new URL(page.origin);
    await expect(serveLoopback(Number(port), () => Promise.reject(new Error('unused')))).rejects.toMatchObject({
      code: 'E_HTTP_LISTEN',
      message: expect.stringContaining('EADDRINUSE'),
    });
    local.setDown('connect ECONNREFUSED');
    await expect(servePage(local.cluster)).rejects.toMatchObject({ code: 'E_KUBE_UNREACHABLE' });
    local.setDown(undefined);
  });

  test('after ten minutes without the API server, and not before', async () => {
    const served = await serve({}, VERY_QUICK);
    const startedAt = performance.now();
    local.setDown('connect ECONNREFUSED');
    await expect(served.ended).rejects.toMatchObject({ code: 'E_KUBE_UNREACHABLE' });
    expect((performance.now() - startedAt) * VERY_QUICK).toBeGreaterThan(600_000);
    await expect(ask(served, '/')).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  test('where the API server does not know the person any more', async () => {
    const server = await startApiServer();
    plantFleet(server, 3);
    const served = await serveFrom(server);
    server.fail({ with: 401, times: 10_000 });
    await expect(served.ended).rejects.toMatchObject({ code: 'E_KUBE_UNAUTHENTICATED' });
    await server.close();
  });
});

test('what the person may not list is said, and the rest is shown', async () => {
  const server = await startApiServer();
  plantFleet(server, 5);
  plantIncident(server, aHeldIncident());
  const lift = server.deny(({ resource, verb }) => resource === 'nodes' && verb !== 'get');
  const served = await serveFrom(server);
  const stream = await listen(served);
  const whole = await stream.until(({ kind }) => kind === 'whole');
  expect(whole).toMatchObject({ cells: [], rest: { hasFleet: false, incidents: [{ name: HELD }] } });
  expect(whole.kind === 'whole' && whole.rest.notices[0]).toMatch(/^Not shown: you may not list nodes \(/);
  // The right is given while it runs.
  lift();
  const given = await stream.until((message) => message.kind === 'change' && message.set.length === 5);
  expect(given).toMatchObject({ rest: { hasFleet: true, notices: [] } });
  stream.stop();
  server.deny(() => true);
  await expect(served.ended).rejects.toMatchObject({ code: 'E_KUBE_DENIED' });
  await server.close();
});
