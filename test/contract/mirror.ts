/** Live copies. */
import { afterAll, expect, test } from '@jest/globals';
import { SECRETS } from '../support/secrets.ts';
import type { KubeObject, Manifest, Mirror } from '../../src/ports/cluster.ts';
import { eventually } from '../support/real-time.ts';
import { MANAGER, unique, type ClusterUnderTest } from './subject.ts';

const GOOD = 'YQ==';
const BAD = 'YmFk';

/** Its parser refuses what has become bad. */
const PICKY = {
  ...SECRETS,
  parse: (raw: unknown): ReturnType<typeof SECRETS.parse> => {
    const object = SECRETS.parse(raw);
    if (object.data['value'] === BAD) throw new Error('this one is bad');
    return object;
  },
};

type Seen = [what: 'added' | 'changed' | 'deleted', name: string];

function watchNames<T extends KubeObject>(mirror: Mirror<T>): Seen[] {
  const seen: Seen[] = [];
  mirror.onChange((current, previous) => {
    const name = (current ?? previous)?.metadata.name ?? '';
    seen.push([current === undefined ? 'deleted' : previous === undefined ? 'added' : 'changed', name]);
  });
  return seen;
}

function secret(run: string, name: string, value = GOOD): Manifest {
  return { metadata: { name, namespace: 'default', labels: { run } }, data: { value } };
}

export function describeMirror(env: () => Pick<ClusterUnderTest, 'cluster'>): void {
  const stop = new AbortController();
  afterAll(() => {
    stop.abort();
  });

  test('a mirror follows what is added, changed and deleted, and says how fresh it is', async () => {
    const cluster = env().cluster('admin');
    const run = unique('mirror');
    await cluster.create(SECRETS, secret(run, `${run}-0`), MANAGER);
    const mirror = cluster.mirror(SECRETS, { namespace: 'default', labelSelector: `run=${run}` }, stop.signal);
    expect(mirror.freshAt()).toBeUndefined();
    const seen = watchNames(mirror);
    await mirror.whenSynced();
    expect(mirror.get(`${run}-0`, 'default')?.data).toEqual({ value: 'YQ==' });
    await cluster.create(SECRETS, secret(run, `${run}-1`), MANAGER);
    await cluster.create(SECRETS, secret('another-run', unique('other')), MANAGER);
    const patch = [{ op: 'replace', path: '/data/value', value: 'Yg==' }] as const;
    await cluster.jsonPatch(SECRETS, { name: `${run}-1`, namespace: 'default' }, patch, MANAGER);
    await cluster.delete(SECRETS, { name: `${run}-0`, namespace: 'default' });
    await eventually('the mirror has all of it', () => seen.length === 4);
    expect(seen).toEqual([
      ['added', `${run}-0`],
      ['added', `${run}-1`],
      ['changed', `${run}-1`],
      ['deleted', `${run}-0`],
    ]);
    expect(mirror.list().map(({ metadata, data }) => [metadata.name, data])).toEqual([[`${run}-1`, { value: 'Yg==' }]]);
    expect(mirror.freshAt()).toBeGreaterThan(0);
  });

  test('a mirror that is stopped before its first list says so with the reason of its signal', async () => {
    const own = new AbortController();
    const mirror = env().cluster('nobody').mirror(SECRETS, {}, own.signal);
    own.abort(new Error('enough'));
    await expect(mirror.whenSynced()).rejects.toThrow('enough');
  });

  test('a mirror has the objects beside it that its parser refuses now, and the last good copy of each', async () => {
    const cluster = env().cluster('admin');
    const run = unique('picky');
    const [a, b] = [`${run}-a`, `${run}-b`];
    const become = async (name: string, value: string): Promise<unknown> =>
      await cluster.jsonPatch(
        SECRETS,
        { name, namespace: 'default' },
        [{ op: 'replace', path: '/data/value', value }],
        MANAGER,
      );
    await cluster.create(SECRETS, secret(run, a), MANAGER);
    await cluster.create(SECRETS, secret(run, b, BAD), MANAGER);
    const mirror = cluster.mirror(PICKY, { labelSelector: `run=${run}` }, stop.signal);
    await mirror.whenSynced();
    const good = (): readonly string[] => mirror.list().map(({ metadata }) => metadata.name);
    const refused = (): readonly string[] => mirror.malformed().map(({ name }) => name);
    expect([good(), refused()]).toEqual([[a], [b]]);
    expect(mirror.malformed()[0]).toMatchObject({ message: 'this one is bad', raw: { data: { value: BAD } } });
    await become(a, BAD);
    await eventually('both are refused', () => refused().length === 2);
    expect(mirror.get(a, 'default')?.data).toEqual({ value: GOOD });
    await become(b, GOOD);
    await eventually('one is good again', () => refused().length === 1);
    expect([good(), refused()]).toEqual([[a, b], [a]]);
    await cluster.delete(SECRETS, { name: a, namespace: 'default' });
    await eventually('the other is gone', () => refused().length === 0);
    expect(good()).toEqual([b]);
  });
}

export function describeBrokenMirror(env: () => ClusterUnderTest): void {
  const stop = new AbortController();
  afterAll(() => {
    stop.abort();
  });

  test('a mirror goes on after its watch is cut, and misses nothing', async () => {
    const cluster = env().cluster('admin');
    const run = unique('cut');
    const mirror = cluster.mirror(SECRETS, { labelSelector: `run=${run}` }, stop.signal);
    const seen = watchNames(mirror);
    await mirror.whenSynced();
    for (const index of [0, 1, 2]) {
      await env().cutConnections();
      // Reads are tried again; a write on a connection that is gone is not.
      await cluster.list(SECRETS, { labelSelector: `run=${run}` });
      await cluster.create(SECRETS, secret(run, `${run}-${index}`), MANAGER);
    }
    await eventually('the mirror has all of it', () => mirror.list().length === 3);
    expect(seen).toEqual([0, 1, 2].map((index) => ['added', `${run}-${index}`]));
  }, 30_000);

  test('a mirror whose history is gone lists anew, and says what changed in between', async () => {
    const cluster = env().cluster('admin');
    const run = unique('gone');
    for (const index of [0, 1]) await cluster.create(SECRETS, secret(run, `${run}-${index}`), MANAGER);
    const mirror = cluster.mirror(SECRETS, { labelSelector: `run=${run}` }, stop.signal);
    await mirror.whenSynced();
    const seen = watchNames(mirror);
    await env().loseHistory(async (other) => {
      await other.delete(SECRETS, { name: `${run}-0`, namespace: 'default' });
      await other.create(SECRETS, secret(run, `${run}-2`), MANAGER);
    });
    await eventually('the mirror has all of it', () => seen.length === 2, 40_000);
    expect([...seen].sort()).toEqual([
      ['added', `${run}-2`],
      ['deleted', `${run}-0`],
    ]);
    await cluster.delete(SECRETS, { name: `${run}-1`, namespace: 'default' });
    await eventually('it goes on watching', () => mirror.list().length === 1);
  }, 90_000);
}
