/** One node, agent or object that is not as it should be keeps nobody else's evidence out of the bucket. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS } from '../../src/api/resources.ts';
import { BUCKET_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { createGrantKey } from '../../src/core/evidence/sealed-grant.ts';
import { MedicError } from '../../src/ports/errors.ts';
import { type ArchiveBench, type Member, startArchive } from '../support/archive-bench.ts';

const MINUTE_MS = 60_000;

let bench: ArchiveBench;
afterEach(() => {
  bench.stop();
});

async function start(count: number, memberOf: (index: number) => Member): Promise<void> {
  bench = await startArchive(count, memberOf);
}

/** How many incidents are recorded as copied. */
function copied(): number {
  return bench.local.list(INCIDENTS).filter(({ status }) => status.bucket?.state === 'Complete').length;
}

test('the API server takes no key of an agent that is none', async () => {
  await start(1, () => ({}));
  const say = (key: string): Promise<unknown> =>
    bench.local.cluster.apply(
      HEALTHS,
      { metadata: { name: 'node-0' }, status: { bucket: { key } } },
      { manager: 'test', subresource: 'status', force: true },
    );
  await say(createGrantKey().publicKey);
  for (const key of ['', 'x', 'A'.repeat(42), `${'A'.repeat(42)}=`]) await expect(say(key)).rejects.toThrow('key');
});

describe('an agent whose key is none', () => {
  test.each([
    ['a point of low order', 'A'.repeat(43)],
    ['too short', 'x'],
    ['empty', ''],
  ])('(%s) has its own incident fail, and all others are copied', async (_, key) => {
    await start(20, (index) => (index === 0 ? { key } : {}));
    await bench.clock.advance(10 * MINUTE_MS);
    expect(copied()).toBe(19);
    expect(bench.incident(0).status.bucket).toMatchObject({
      state: 'Waiting',
      message: expect.stringContaining('is no X25519 key'),
    });
    expect(bench.metrics.values.get('bucket_failures_total{reason="Bucket"}')).toBeUndefined();
    const failures = bench.metrics.values.get('bucket_failures_total{reason="Incident"}') ?? 0;
    expect(failures).toBeLessThan(12);
  });

  test('has no others wait where its incident is open', async () => {
    await start(80, (index) => (index === 79 ? { key: 'x', isOpen: true } : {}));
    await bench.clock.advance(10 * MINUTE_MS);
    expect(copied()).toBe(79);
  });
});

describe('agents that are silent', () => {
  test('hold no turn for long: one that is there is not kept waiting by a hundred of them', async () => {
    await start(101, (index) => ({ agent: index === 100 ? 'well' : 'silent' }));
    await bench.clock.advanceUntil(() => copied() === 1, 60 * MINUTE_MS, 5_000);
    expect(copied()).toBe(1);
    expect(bench.clock.monotonic()).toBeLessThan(5 * MINUTE_MS);
    await bench.clock.advance(60 * MINUTE_MS);
    // Each has had its one chance, and none is asked over and over.
    expect(bench.granted()).toHaveLength(101);
    expect(bench.incident(0).status.bucket?.message).toContain('its agent does not answer');
  });

  test('get their turn when they are back', async () => {
    await start(1, () => ({ agent: 'silent' }));
    await bench.clock.advance(5 * MINUTE_MS);
    expect(bench.local.list(HEALTHS)[0]?.spec.bucket).toBeUndefined();
    bench.setAgent(0, 'well');
    await bench.clock.advance(20 * MINUTE_MS);
    expect(copied()).toBe(1);
  });

  test('are not those that upload for long', async () => {
    await start(1, () => ({ agent: 'busy' }));
    await bench.clock.advance(9 * MINUTE_MS);
    expect(bench.granted()).toHaveLength(1);
    expect(bench.local.list(HEALTHS)[0]?.spec.bucket).toBeDefined();
  });
});

describe('a KubeletHealth that may not be written', () => {
  test('keeps its own old grant, and all others are copied', async () => {
    const memberOf = (index: number): Member => (index === 0 ? { hasOldGrant: true } : {});
    bench = await startArchive(20, memberOf, ({ manager, plural, name }) => {
      if (manager !== BUCKET_MANAGER || plural !== HEALTHS.plural || name !== 'node-0') return;
      throw new MedicError('E_KUBE_DENIED', 'denied', 'a policy of the cluster refuses');
    });
    await bench.clock.advance(10 * MINUTE_MS);
    expect(copied()).toBe(19);
    const said = bench.log.entries.filter(({ level }) => level === 'warn');
    expect(said.length).toBeLessThan(30);
    bench.local.onWrite(undefined);
    await bench.clock.advance(20 * MINUTE_MS);
    expect(copied()).toBe(20);
    expect(bench.local.list(HEALTHS)[0]?.spec.bucket).toBeUndefined();
  });
});

describe('an incident whose record may not be written', () => {
  test('is recorded when it may be, and others do not wait for it', async () => {
    await start(20, () => ({}));
    let tries = 0;
    bench.local.onWrite(({ manager, name, plural }) => {
      if (manager !== BUCKET_MANAGER || plural !== INCIDENTS.plural || name !== 'node-0-x7k2q') return;
      tries += 1;
      throw new MedicError('E_KUBE_INVALID', 'invalid', 'status.bucket: no such field');
    });
    await bench.clock.advance(60 * MINUTE_MS);
    expect(copied()).toBe(19);
    expect(tries).toBeGreaterThan(2);
    expect(tries).toBeLessThan(20);
    bench.local.onWrite(undefined);
    await bench.clock.advance(20 * MINUTE_MS);
    expect(copied()).toBe(20);
    expect(bench.bucket.objects.size).toBe(20);
  });
});

describe('an artifact that no spool can have', () => {
  test('gets no grant', async () => {
    await start(2, (index) => (index === 0 ? { bytes: 512 * 1024 ** 2 + 1 } : {}));
    await bench.clock.advance(10 * MINUTE_MS);
    expect(copied()).toBe(1);
    expect(bench.granted()).toEqual(['node-1']);
  });
});
