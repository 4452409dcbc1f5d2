import { describe, expect, test } from '@jest/globals';
import { dumpFile, type Fetched, fetchFile, ONCE } from '../../../src/controller/node-proxy/kubelet-files.ts';
import { networkError } from '../../../src/kube/errors.ts';
import type { ProxyRequest, ProxyResponse } from '../../../src/ports/cluster.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

const { signal } = new AbortController();

async function fetched(
  file: Parameters<typeof fetchFile>[2],
  answer: Partial<ProxyResponse> | undefined,
): Promise<Fetched> {
  const { world } = createControllerWorld(() => answer);
  return fetchFile(world.cluster, 'node-a', file, signal);
}

function file(kind: string): (typeof ONCE)[number] {
  const found = ONCE.find((one) => one.kind === kind);
  if (found === undefined) throw new Error(`no file of kind ${kind}`);
  return found;
}

describe('what is taken from a kubelet', () => {
  test('is its answer, with where it comes from', async () => {
    expect(await fetched(dumpFile(2), { body: Buffer.from('goroutine 1 [select]:') })).toEqual({
      name: 'proxy-goroutines-2.txt',
      kind: 'GoroutineDump',
      source: 'nodes/node-a/proxy/debug/pprof/goroutine?debug=2',
      body: Buffer.from('goroutine 1 [select]:'),
      truncated: false,
      message: undefined,
    });
  });

  test('says so where it was cut', async () => {
    const got = await fetched(dumpFile(1), { body: Buffer.from('goroutine'), truncated: true });
    expect(got).toMatchObject({ truncated: true, message: 'cut at 8388608 bytes' });
  });

  test.each([
    [405, 'Method Not Allowed\nprofiling is off', 'the kubelet answered 405: Method Not Allowed'],
    [403, `Forbidden ${'x'.repeat(500)}`, `the kubelet answered 403: ${`Forbidden ${'x'.repeat(500)}`.slice(0, 200)}`],
    [502, '', 'the kubelet answered 502: '],
  ])('is missing for the reason that the kubelet gives with a %d', async (status, body, message) => {
    const got = await fetched(dumpFile(1), { status, body: Buffer.from(body) });
    expect(got).toMatchObject({ body: undefined, truncated: false, message });
  });

  test('is an unhealthy healthz as much as a healthy one: its 500 says what is wrong', async () => {
    const body = Buffer.from('[-]syncloop failed: reason withheld');
    expect(await fetched(file('KubeletHealthz'), { status: 500, body })).toMatchObject({ body, message: undefined });
  });

  test('is missing with the code of the error where the kubelet cannot be reached', async () => {
    const got = await fetched(file('KubeletMetrics'), undefined);
    expect(got.body).toBeUndefined();
    expect(got.message).toMatch(/^E_KUBE_UNREACHABLE: .*connection refused/);
  });
});

test('each request has a bound in bytes, a deadline and the signal; metrics, which hang with the runtime, wait 2 s', async () => {
  const asked = new Map<string, ProxyRequest>();
  const { world } = createControllerWorld();
  const cluster: typeof world.cluster = {
    ...world.cluster,
    proxyNode: async (_, path, request) => {
      asked.set(path, request);
      return await Promise.resolve({ status: 200, body: Buffer.alloc(0), truncated: false });
    },
  };
  for (const one of [dumpFile(1), ...ONCE]) await fetchFile(cluster, 'node-a', one, signal);
  expect([...asked.keys()]).toEqual([
    '/debug/pprof/goroutine?debug=2',
    '/debug/pprof/goroutine?debug=1',
    '/configz',
    '/healthz?verbose',
    '/metrics',
  ]);
  expect([...asked.values()].every((request) => request.signal === signal && request.maxBytes === 8_388_608)).toBe(
    true,
  );
  expect(asked.get('/metrics')?.deadlineMs).toBe(2_000);
  expect(Math.max(...[...asked.values()].map(({ deadlineMs }) => deadlineMs ?? Infinity))).toBe(10_000);
});

test('a controller that stops is no failure of the kubelet, and neither is a bug', async () => {
  const stop = new AbortController();
  stop.abort(new Error('stopped'));
  const { world } = createControllerWorld();
  await expect(fetchFile(world.cluster, 'node-a', dumpFile(1), stop.signal)).rejects.toThrow('connection refused');
  const failing = (error: Error): typeof world.cluster => ({
    ...world.cluster,
    proxyNode: () => Promise.reject(error),
  });
  await expect(fetchFile(failing(new TypeError('a bug')), 'node-a', dumpFile(1), signal)).rejects.toThrow('a bug');
  const lost = await fetchFile(failing(networkError('get', new Error('reset'))), 'node-a', dumpFile(1), signal);
  expect(lost.body).toBeUndefined();
});
