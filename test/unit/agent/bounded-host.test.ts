import { beforeEach, describe, expect, test } from '@jest/globals';
import { boundHost, HOST_LIMITS_MS } from '../../../src/agent/bounded-host.ts';
import type { Collector, Host, Shim } from '../../../src/ports/host.ts';
import { createFakeClock, createSeededRandom, type FakeClock } from '../../support/clock.ts';
import { startSimulatedHost } from '../../support/host/simulated-host.ts';

const never = new AbortController().signal;
const WINDOW = { since: 0, until: 1 };
let clock: FakeClock;
let stop: AbortController;
/** The signals that reached the adapter. */
let signals: AbortSignal[];
beforeEach(() => {
  clock = createFakeClock();
  stop = new AbortController();
  signals = [];
});

/** An adapter that never answers, whatever its signal says. */
function hang(...args: readonly unknown[]): Promise<never> {
  for (const arg of args) if (arg instanceof AbortSignal) signals.push(arg);
  return new Promise(() => undefined);
}

function hungHost(): Host {
  const collector: Collector = { name: 'a', kind: 'HostFacts', source: '/proc', timeoutMs: 7_000, collect: hang };
  return {
    services: { find: hang, show: hang, restart: hang, reboot: hang },
    faults: { stop: hang, resume: hang },
    log: { description: 'journald:kubelet.service', follow: noLines },
    probe: { probe: hang, exitedContainers: hang },
    kubeletProbe: { answers: hang },
    facts: { bootID: hang, kernel: hang, kubelet: hang, process: hang, blocked: hang, pressure: hang },
    collectors: [collector],
    spool: { write: hang, read: hang, readPart: hang, rename: hang, remove: hang, list: hang, usage: hang },
    stacks: { read: hang, sample: hang, check: hang },
    shims: { list: hang, read: hang },
    state: { read: hang, write: hang },
  };
}

async function* noLines(): AsyncGenerator<never> {
  // An empty log.
}

const SHIM: Shim = { pid: 9, startTicks: 1, unit: 'containerd.service', sandbox: 'a', containers: ['a'], signs: [] };

type Call = (host: Host, signal: AbortSignal) => Promise<unknown>;
type Calls<T> = { readonly [K in keyof T]: Call };

/** One call of each method. The compiler sees that none is left out. */
const CALLS: { readonly [P in keyof typeof HOST_LIMITS_MS]: Calls<(typeof HOST_LIMITS_MS)[P]> & Calls<Host[P]> } = {
  services: {
    find: ({ services }, signal) => services.find('kubelet', signal),
    show: ({ services }, signal) => services.show('kubelet.service', signal),
    restart: ({ services }, signal) => services.restart('kubelet.service', signal),
    reboot: ({ services }, signal) => services.reboot(signal),
  },
  faults: {
    stop: ({ faults }, signal) => faults.stop({ pid: 1, startTicks: 1 }, 1_000, signal),
    resume: ({ faults }, signal) => faults.resume({ pid: 1, startTicks: 1 }, signal),
  },
  probe: {
    probe: ({ probe }, signal) => probe.probe(5_000, signal),
    exitedContainers: ({ probe }, signal) => probe.exitedContainers(5_000, signal),
  },
  kubeletProbe: {
    answers: ({ kubeletProbe }, signal) => kubeletProbe.answers({ host: '127.0.0.1', port: 1 }, 5_000, signal),
  },
  facts: {
    bootID: ({ facts }) => facts.bootID(),
    kernel: ({ facts }) => facts.kernel(),
    kubelet: ({ facts }, signal) => facts.kubelet(signal),
    process: ({ facts }) => facts.process(1),
    blocked: ({ facts }, signal) => facts.blocked(signal),
    pressure: ({ facts }, signal) => facts.pressure(signal),
  },
  spool: {
    write: ({ spool }) => spool.write('a', 'b', Buffer.alloc(1), new Set()),
    read: ({ spool }) => spool.read('a', 'b'),
    readPart: ({ spool }) => spool.readPart('a', 'b', 0, 1),
    rename: ({ spool }) => spool.rename('a', 'b'),
    remove: ({ spool }) => spool.remove('a'),
    list: ({ spool }) => spool.list(),
    usage: ({ spool }) => spool.usage(),
  },
  stacks: {
    read: ({ stacks }, signal) => stacks.read('kubelet', signal),
    sample: ({ stacks }, signal) => stacks.sample('kubelet', signal),
    check: ({ stacks }, signal) => stacks.check('kubelet', signal),
  },
  shims: {
    list: ({ shims }, signal) => shims.list(signal),
    read: ({ shims }, signal) => shims.read(SHIM, signal),
  },
  state: {
    read: ({ state }) => state.read('watch'),
    write: ({ state }) => state.write('watch', 'value'),
  },
};

type Row = readonly [name: string, limitMs: number, call: Call];

function rowsOf(part: keyof typeof CALLS): readonly Row[] {
  const limits = new Map<string, number>(Object.entries(HOST_LIMITS_MS[part]));
  // A probe has its limit beyond its deadline.
  const deadlineMs = part === 'probe' || part === 'kubeletProbe' ? 5_000 : 0;
  return Object.entries(CALLS[part]).map(([method, call]: [string, Call]): Row => {
    const calls = `${part}.${method}` === 'probe.probe' ? 3 : 1;
    return [`${part}.${method}`, calls * deadlineMs + (limits.get(method) ?? 0), call];
  });
}

const COLLECT: Row = ['a collector', 7_000, async ({ collectors }, signal) => collectors[0]?.collect(WINDOW, signal)];
const ROWS: readonly Row[] = [
  ...(['services', 'probe', 'kubeletProbe', 'facts', 'spool', 'stacks', 'shims', 'state'] as const).flatMap((part) =>
    rowsOf(part),
  ),
  COLLECT,
];

/** How a call has ended by now: a probe never throws, so that its results count as ends too. */
function watch(promise: Promise<unknown>): () => unknown {
  let end: unknown = 'waits';
  promise.then(
    (value) => (end = value),
    (error: unknown) => (end = error),
  );
  return () => end;
}

function endOf(name: string): unknown {
  if (name === 'probe.exitedContainers' || name === 'kubeletProbe.answers') return undefined;
  const words: unknown = expect.stringMatching(/: no answer within \S+$/);
  if (name === 'probe.probe') return { state: 'Timeout', latencyMs: 16_000, message: words };
  return expect.objectContaining({ code: 'E_AGENT_DEADLINE', message: words });
}

describe('a host that does not answer', () => {
  test.each(ROWS)('ends %s at its limit of %i ms, with the signal aborted', async (name, limitMs, call) => {
    const end = watch(call(boundHost(hungHost(), clock, stop.signal), never));
    await clock.advance(limitMs - 1);
    expect(end()).toBe('waits');
    expect(signals.map(({ aborted }) => aborted)).not.toContain(true);
    await clock.advance(1);
    expect(end()).toEqual(endOf(name));
    expect(signals.map(({ aborted }) => aborted)).not.toContain(false);
  });

  test.each(ROWS.filter(([name]) => !/^(?:probe|kubeletProbe)\./.test(name)))(
    'lets %s end with the agent',
    async (_name, _limitMs, call) => {
      const reason = new Error('the agent stops');
      const end = watch(call(boundHost(hungHost(), clock, stop.signal), stop.signal));
      await clock.settle();
      stop.abort(reason);
      await clock.settle();
      expect(end()).toBe(reason);
    },
  );
});

test("the agent's end is no failure of the runtime", async () => {
  const end = watch(boundHost(hungHost(), clock, stop.signal).probe.probe(5_000, stop.signal));
  stop.abort(new Error('the agent stops'));
  await clock.settle();
  expect(end()).toMatchObject({ state: 'Unknown' });
});

test('a probe that throws is a failure that says why', async () => {
  const host = hungHost();
  const probe = { ...host.probe, probe: () => Promise.reject(new Error('a bug')) };
  const result = await boundHost({ ...host, probe }, clock, stop.signal).probe.probe(5_000, never);
  expect(result).toMatchObject({ state: 'Error', message: 'a bug' });
});

test('a host that answers is as it was, and can be written to after the stop', async () => {
  const sim = startSimulatedHost({ node: 'node-a', clock, random: createSeededRandom(7) }, stop.signal);
  const host = boundHost(sim.host, clock, stop.signal);
  expect(host.log).toBe(sim.host.log);
  expect(await host.services.find('kubelet', never)).toEqual(sim.kubelet());
  expect(await host.probe.probe(5_000, never)).toMatchObject({ state: 'Answered' });
  expect(host.collectors.map(({ name, kind, source, timeoutMs }) => ({ name, kind, source, timeoutMs }))).toEqual(
    sim.host.collectors.map(({ name, kind, source, timeoutMs }) => ({ name, kind, source, timeoutMs })),
  );
  stop.abort(new Error('the agent stops'));
  await host.state.write('watch', 'where it was');
  expect(await sim.host.state.read('watch')).toBe('where it was');
});
