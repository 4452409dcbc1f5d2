import { describe, expect, test } from '@jest/globals';
import { LEASES, NODES } from '../../../src/api/resources.ts';
import { clusterOfTerm } from '../../../src/controller/cluster-of-term.ts';
import type { Call, Cluster } from '../../../src/ports/cluster.ts';
import { createFakeClock } from '../../support/clock.ts';
import { createLocalCluster } from '../../support/local-cluster.ts';

const REF = { name: 'a', namespace: 'default' };
const OBJECT = { metadata: REF };
const HOW = { manager: 'test' };
const PATCH = [{ op: 'add', path: '/spec', value: {} }] as const;

type Ask = (cluster: Cluster, call: Call) => Promise<unknown>;
type Method = Exclude<keyof Cluster, 'mirror' | 'clockAheadMs'>;

const READS: readonly (readonly [Method, Ask])[] = [
  ['get', (cluster, call) => cluster.get(NODES, REF, call)],
  ['list', (cluster, call) => cluster.list(NODES, {}, call)],
  ['proxyNode', (cluster, call) => cluster.proxyNode('a', '/configz', { maxBytes: 1, ...call })],
];
const WRITES: readonly (readonly [Method, Ask])[] = [
  ['create', (cluster, call) => cluster.create(LEASES, OBJECT, { ...HOW, ...call })],
  ['replace', (cluster, call) => cluster.replace(LEASES, OBJECT, { ...HOW, ...call })],
  ['apply', (cluster, call) => cluster.apply(LEASES, OBJECT, { ...HOW, ...call })],
  ['jsonPatch', (cluster, call) => cluster.jsonPatch(LEASES, REF, PATCH, { ...HOW, ...call })],
  ['delete', (cluster, call) => cluster.delete(LEASES, REF, call)],
];

interface Bench {
  readonly cluster: Cluster;
  /** What has arrived at the API server, with the call's settings. */
  readonly arrived: Call[];
  /** Answers what has arrived. */
  answer(): void;
  end(): void;
  leads: boolean;
}

/** An API server that answers when it is told to. */
function bench(): Bench {
  const stop = new AbortController();
  const arrived: Call[] = [];
  const { promise, resolve } = Promise.withResolvers<unknown>();
  const local: Cluster = createLocalCluster(createFakeClock()).cluster;
  const server = new Proxy(local, {
    get:
      () =>
      (...args: readonly unknown[]) => {
        // The settings are what each method takes last.
        arrived.push(args.at(-1) as Call);
        return promise;
      },
  });
  const own: Bench = {
    cluster: clusterOfTerm(server, { signal: stop.signal, leads: () => own.leads, writeDeadlineMs: 8_000 }),
    arrived,
    leads: true,
    answer: () => {
      resolve('an answer');
    },
    end: () => {
      stop.abort(new Error('the term is over'));
    },
  };
  return own;
}

describe.each([...READS, ...WRITES])('%s', (_method, ask) => {
  test('is answered during the term', async () => {
    const own = bench();
    own.answer();
    expect(await ask(own.cluster, {})).toBe('an answer');
  });

  test('is not sent after the term', async () => {
    const own = bench();
    own.end();
    await expect(ask(own.cluster, {})).rejects.toThrow('the term is over');
    expect(own.arrived).toEqual([]);
  });

  test('is not sent once the term is over by the clock, though nobody has said so', async () => {
    const own = bench();
    own.leads = false;
    await expect(ask(own.cluster, {})).rejects.toMatchObject({ code: 'E_LEADER_LOST', class: 'terminal' });
    expect(own.arrived).toEqual([]);
  });

  test('has no answer where the term has ended before it', async () => {
    const [told, late] = [bench(), bench()];
    const answers = [told, late].map((own) => ask(own.cluster, {}));
    told.end();
    late.leads = false;
    told.answer();
    late.answer();
    await expect(answers[0]).rejects.toThrow('the term is over');
    await expect(answers[1]).rejects.toMatchObject({ code: 'E_LEADER_LOST' });
  });
});

describe.each(READS)('%s', (_method, ask) => {
  test('ends with the term, although no answer comes, and with the signal of its own', async () => {
    const own = bench();
    const mine = new AbortController();
    const answer = ask(own.cluster, { signal: mine.signal, deadlineMs: 30_000 });
    expect(own.arrived).toMatchObject([{ deadlineMs: 30_000 }]);
    expect(own.arrived[0]?.signal?.aborted).toBe(false);
    own.end();
    await expect(answer).rejects.toThrow('the term is over');
    const other = bench();
    void ask(other.cluster, { signal: mine.signal }).catch(() => undefined);
    mine.abort(new Error('mine'));
    expect([own, other].map(({ arrived }) => arrived[0]?.signal?.aborted)).toEqual([true, true]);
  });
});

describe.each(WRITES)('%s', (_method, ask) => {
  test('has the deadline of the term at most, and is waited for after its end', async () => {
    const own = bench();
    const answers = [{}, { deadlineMs: 10_000 }, { deadlineMs: 2_000 }].map((call) => ask(own.cluster, call));
    expect(own.arrived.map(({ deadlineMs }) => deadlineMs)).toEqual([8_000, 8_000, 2_000]);
    let ended = 0;
    for (const answer of answers) {
      answer.catch(() => {
        ended += 1;
      });
    }
    own.end();
    await new Promise((resolve) => setImmediate(resolve));
    expect(ended).toBe(0);
    own.answer();
    await Promise.allSettled(answers);
    expect(ended).toBe(3);
  });
});
