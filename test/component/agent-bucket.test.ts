/** What an agent makes of grants, whoever has written them. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { HEALTHS } from '../../src/api/resources.ts';
import type { Agent } from '../../src/agent/agent.ts';
import { objectName } from '../../src/core/evidence/bucket-objects.ts';
import { BucketSettings } from '../../src/core/evidence/bucket-settings.ts';
import { sha256 } from '../../src/core/evidence/manifest.ts';
import { type Grant, type GrantedPut, sealGrant } from '../../src/core/evidence/sealed-grant.ts';
import type { PutAnswer, PutRequest } from '../../src/ports/bucket.ts';
import { MedicError } from '../../src/ports/errors.ts';
import { objectAt } from '../support/api-server/json.ts';
import { type Bench, createBench, INCIDENT, NODE } from '../support/agent-harness.ts';

const LOG = Buffer.alloc(300_000, 'I1124 10:00:00 kubelet.go:1] PLEG is not healthy\n');
const settings = BucketSettings.parse({ name: 'evidence', region: 'eu-central-1', prefix: 'cluster-a/' });

let bench: Bench;
afterEach(async () => {
  await bench.finish();
});

interface Received {
  readonly url: string;
  readonly headers: PutRequest['headers'];
  readonly bytes: Buffer;
  readonly largest: number;
}

let received: Received[] = [];

/** @param answer to each request; what it throws, the agent gets. */
async function start(answer: (count: number) => PutAnswer = () => ({ status: 200 })): Promise<Agent> {
  received = [];
  bench = createBench();
  bench.createHealth();
  await bench.sim.host.spool.write(INCIDENT, 'kubelet.log.gz', LOG, new Set());
  const put = async ({ url, headers, body }: PutRequest): Promise<PutAnswer> => {
    const pieces: Buffer[] = [];
    for await (const piece of body) pieces.push(piece);
    const largest = Math.max(0, ...pieces.map(({ length }) => length));
    received.push({ url: url.href, headers, bytes: Buffer.concat(pieces), largest });
    return answer(received.length);
  };
  const agent = bench.start({ bucket: { settings, put } });
  await bench.clock.advance(2_000);
  return agent;
}

function aPut(change: Partial<GrantedPut> = {}): GrantedPut {
  const headers = { 'content-length': String(LOG.length) };
  return {
    file: 'kubelet.log.gz',
    bytes: LOG.length,
    sha256: sha256(LOG),
    query: 'X-Amz-Signature=abc',
    headers,
    ...change,
  };
}

/** @param to whom it is sealed. */
async function grant(
  puts: readonly GrantedPut[],
  change: Partial<Grant> = {},
  to?: { readonly node: string },
): Promise<void> {
  const id = `grant-${String(bench.clock.monotonic())}`;
  const key = bench.health()?.status.bucket?.key ?? '';
  const sealed = sealGrant(key, { node: NODE, id, ...to }, { incident: INCIDENT, puts: [...puts], ...change });
  await write({ id, sealed });
}

async function write(bucket: { readonly id: string; readonly sealed: string }): Promise<void> {
  bench.local.seeds.edit(HEALTHS, { name: NODE }, (draft) => {
    draft['spec'] = { ...objectAt(draft, 'spec'), bucket };
  });
  await bench.clock.advance(60_000);
}

function said(): string | undefined {
  return bench.health()?.status.bucket?.message;
}

describe('an agent with a grant', () => {
  test('puts the file, piece by piece, where its own settings say', async () => {
    await start();
    await grant([aPut()]);
    const key = `cluster-a/${NODE}/${INCIDENT}/${objectName('kubelet.log.gz', sha256(LOG))}`;
    expect(received.map(({ url }) => url)).toEqual([
      `https://evidence.s3.eu-central-1.amazonaws.com/${key}?X-Amz-Signature=abc`,
    ]);
    expect(received[0]?.bytes.equals(LOG)).toBe(true);
    expect(received[0]?.largest).toBeLessThanOrEqual(65_536);
    expect(said()).toBeUndefined();
  });

  test('carries it out once', async () => {
    await start();
    await grant([aPut()]);
    await bench.clock.advance(600_000);
    expect(received).toHaveLength(1);
  });

  test.each([
    ['a file that leads elsewhere', aPut({ file: '../../state/watch' }), 'Malformed'],
    ['a file that begins with a dot', aPut({ file: '.ssh' }), 'Malformed'],
    ['a file that is not there', aPut({ file: 'other.gz' }), 'GoneFromTheSpool'],
    ['a file that is shorter by now', aPut({ bytes: LOG.length + 1 }), 'DamagedInTheSpool'],
  ])('says that it could not: %s', async (_, put, why) => {
    await start();
    await grant([put, aPut()]);
    expect(said()).toBe(`1 of 2 could not be uploaded (1: ${why})`);
    expect(received.map(({ bytes }) => bytes.length)).toEqual([LOG.length]);
  });

  test.each(['../other', 'a/b', '', 'early-20261124T100000000Z'])(
    'takes no incident that is none (%j)',
    async (incident) => {
      await start();
      await grant([aPut()], { incident });
      expect(received).toEqual([]);
      expect(said()).toMatch(/^1 of 1 could not be uploaded/);
    },
  );

  test('takes none that is sealed for another node, none that is broken, and goes on with the next', async () => {
    await start();
    await grant([aPut()], {}, { node: 'node-b' });
    expect(said()).toBe('the grant was not sealed for this agent');
    await write({ id: 'x', sealed: '%%%' });
    expect(said()).toBe('the grant was not sealed for this agent');
    expect(received).toEqual([]);
    await grant([aPut()]);
    expect(received).toHaveLength(1);
    expect(said()).toBeUndefined();
  });

  test.each([
    ['a refusal is not tried again', { status: 403, code: 'AccessDenied' }, 1, 'status 403 AccessDenied'],
    ['a redirect is not followed', { status: 307 }, 1, 'status 307'],
    ['a server that is busy is tried three times', { status: 503, code: 'SlowDown' }, 3, 'status 503 SlowDown'],
  ])('%s', async (_, answer, tries, why) => {
    await start(() => answer);
    await grant([aPut()]);
    expect(received).toHaveLength(tries);
    expect(said()).toBe(`1 of 1 could not be uploaded (1: ${why})`);
  });

  test('goes on when a connection fails once', async () => {
    await start((count) => {
      if (count === 1) throw new MedicError('E_BUCKET_UNREACHABLE', 'transient', 'ECONNRESET');
      return { status: 200 };
    });
    await grant([aPut()]);
    expect(received).toHaveLength(2);
    expect(said()).toBeUndefined();
  });

  test('ends nothing of the agent where the bucket client has a bug', async () => {
    const agent = await start(() => ({ status: 0 }));
    await grant([aPut()]);
    expect(said()).toContain('status 0');
    expect(agent.health().ok).toBe(true);
  });
});
