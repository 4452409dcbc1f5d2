import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect as connectSocket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createCriClient, type CriClient, criTarget } from '../../../src/host/cri/cri-client.ts';
import { createCriProbe } from '../../../src/host/cri/cri-probe.ts';
import { ON_HOST } from '../../../src/host/namespaces.ts';
import { decodeFields, encodeBytes, encodeNumber, numberField, textField } from '../../../src/host/cri/protobuf.ts';
import { type CriMode, type CriServer, startCriServer, startEndlessServer } from './cri-server.ts';
import { REAL_CLOCK } from './real-clock.ts';

const never = new AbortController().signal;
let folder: string;
let socket: string;
let server: CriServer | undefined;
let client: CriClient | undefined;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medic-cri-'));
  socket = join(folder, 'cri.sock');
});
afterEach(async () => {
  client?.close();
  await server?.close();
  server = undefined;
  await rm(folder, { recursive: true, force: true });
});

async function connect(mode: CriMode, deadlineMs = 60_000): Promise<CriClient> {
  server = await startCriServer(socket, mode);
  client = createCriClient(
    await criTarget(ON_HOST, `unix://${socket}`, never),
    { clock: REAL_CLOCK, deadlineMs },
    never,
  );
  return client;
}

describe('CRI calls', () => {
  test('read what a runtime answers', async () => {
    const cri = await connect('answer');
    expect(await cri.version()).toEqual({ runtimeName: 'containerd', runtimeVersion: '1.6.20' });
    expect(await cri.listPodSandbox()).toBe(3);
    expect(await cri.listExitedContainers()).toBe(2);
    expect(await cri.status()).toEqual([
      { type: 'RuntimeReady', status: true, reason: '', message: '' },
      { type: 'NetworkReady', status: false, reason: 'NoCni', message: 'no config' },
    ]);
  });

  test('keep the beginning of a text that is too long', async () => {
    const { runtimeName, runtimeVersion } = await (await connect('long')).version();
    expect([runtimeName.length, runtimeVersion.length]).toEqual([1024, 1024]);
  });

  test('read no answer without an end', async () => {
    const endless = await startEndlessServer(socket);
    server = endless;
    const target = await criTarget(ON_HOST, `unix://${socket}`, never);
    client = createCriClient(target, { clock: REAL_CLOCK, deadlineMs: 60_000 }, never);
    await expect(client.listPodSandbox()).rejects.toMatchObject({ code: 'E_CRI_ERROR' });
    expect(endless.sent()).toBeLessThan(64 * 1_048_576);
    client.close();
  });

  test('use the older name of the service where the newer is not known, and stay with it', async () => {
    const cri = await connect('old');
    await cri.version();
    await cri.listPodSandbox();
    expect(server?.calls).toEqual(['v1alpha2/Version', 'v1alpha2/ListPodSandbox']);
  });

  test.each<[CriMode, string]>([
    ['fail', 'E_CRI_ERROR'],
    ['garbage', 'E_CRI_ERROR'],
    ['many-fields', 'E_CRI_ERROR'],
    ['hang-in-call', 'E_CRI_DEADLINE'],
  ])('of a runtime in mode %s end with %s', async (mode, code) => {
    // A deadline that only the call that hangs may reach, on a busy machine too.
    const cri = await connect(mode, mode === 'hang-in-call' ? 300 : 10_000);
    await expect(cri.listPodSandbox()).rejects.toMatchObject({ code });
  });

  test('end with the signal', async () => {
    server = await startCriServer(socket, 'hang-in-call');
    const cri = createCriClient(`unix:${socket}`, { clock: REAL_CLOCK, deadlineMs: 10_000 }, AbortSignal.timeout(50));
    await expect(cri.version()).rejects.toMatchObject({ code: 'E_CRI_CANCELLED' });
    cri.close();
  });
});

test('a probe of an endpoint that is none says so and does not throw', async () => {
  const probe = (endpoint: string | undefined): Promise<unknown> =>
    createCriProbe({ namespaces: ON_HOST, clock: REAL_CLOCK, endpoint: async () => endpoint }).probe(100, never);
  expect(await probe(undefined)).toMatchObject({ state: 'Unknown', message: 'no CRI endpoint is known' });
  expect(await probe('npipe:////./pipe/x')).toMatchObject({
    state: 'Error',
    message: expect.stringContaining('npipe'),
  });
  expect(await probe('tcp://127.0.0.1:1')).toMatchObject({ state: 'Unavailable' });
});

describe('the probe asks what a relist asks', () => {
  const probe = (deadlineMs: number): ReturnType<ReturnType<typeof createCriProbe>['probe']> =>
    createCriProbe({ namespaces: ON_HOST, clock: REAL_CLOCK, endpoint: async () => `unix://${socket}` }).probe(
      deadlineMs,
      never,
    );

  test('each call once, of one object each', async () => {
    server = await startCriServer(socket, 'answer');
    expect(await probe(5_000)).toMatchObject({ state: 'Answered', message: '' });
    const methods = ['ContainerStatus', 'ListContainers', 'ListPodSandbox', 'PodSandboxStatus', 'Version'];
    expect(server.calls.toSorted()).toEqual(methods.map((method) => `v1/${method}`));
  });

  test.each(['Version', 'ListPodSandbox', 'ListContainers', 'PodSandboxStatus', 'ContainerStatus'] as const)(
    'and names the one that has no answer: %s',
    async (method) => {
      server = await startCriServer(socket, 'answer', { hung: [method] });
      expect(await probe(200)).toMatchObject({
        state: 'Timeout',
        message: expect.stringMatching(`^${method}: no answer within `),
      });
    },
  );

  test('an object that is gone by now is an answer', async () => {
    server = await startCriServer(socket, 'answer', { gone: ['PodSandboxStatus', 'ContainerStatus'] });
    expect(await probe(5_000)).toMatchObject({ state: 'Answered' });
  });

  test('under the older name too', async () => {
    server = await startCriServer(socket, 'old');
    expect(await probe(5_000)).toMatchObject({ state: 'Answered' });
    expect(server.calls).toContain('v1alpha2/ContainerStatus');
  });
});

test('a runtime that is stopped until nobody can connect any more hangs, and is not away', async () => {
  const program = `require('net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => console.log('listens'))`;
  const stopped = spawn(process.execPath, ['-e', program, socket], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(stopped, 'exit');
  await once(stopped.stdout, 'data');
  stopped.kill('SIGSTOP');
  // More than its backlog holds: the last ones are refused (unix(7), EAGAIN).
  const others = Array.from({ length: 4 }, () => connectSocket(socket));
  await Promise.all(
    others.map((other) => new Promise((resolve) => other.once('connect', resolve).once('error', resolve))),
  );
  const endpoint = async (): Promise<string> => `unix://${socket}`;
  const probe = createCriProbe({ namespaces: ON_HOST, clock: REAL_CLOCK, endpoint });
  try {
    const message: unknown = expect.stringContaining('EAGAIN');
    expect(await probe.probe(60_000, never)).toMatchObject({ state: 'Timeout', message });
  } finally {
    for (const other of others) other.destroy();
    stopped.kill('SIGKILL');
    await ended;
  }
});

test('exited containers are counted, or not known', async () => {
  const endpoint = async (): Promise<string> => `unix://${socket}`;
  const probe = createCriProbe({ namespaces: ON_HOST, clock: REAL_CLOCK, endpoint });
  expect(await probe.exitedContainers(1_000, never)).toBeUndefined();
  server = await startCriServer(socket, 'answer');
  expect(await probe.exitedContainers(1_000, never)).toBe(2);
});

describe('the wire format', () => {
  test('of what is written is read', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1000 }), fc.maxSafeNat(), fc.string(), (number, value, text) => {
        const fields = decodeFields(Buffer.concat([encodeNumber(number, value), encodeBytes(number + 1, text)])) ?? [];
        expect(numberField(fields, number)).toBe(value);
        expect(textField(fields, number + 1)).toBe(Buffer.from(text).toString());
      }),
    );
  });

  test('skips fields of types that are not used here', () => {
    const fixed64 = Buffer.from([0x09, 1, 2, 3, 4, 5, 6, 7, 8]);
    const fixed32 = Buffer.from([0x15, 1, 2, 3, 4]);
    const fields = decodeFields(Buffer.concat([fixed64, fixed32, encodeBytes(3, 'x')])) ?? [];
    expect(textField(fields, 3)).toBe('x');
  });

  test('never throws, whatever the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
        const fields = decodeFields(Buffer.from(bytes));
        expect(fields === undefined || fields.length <= bytes.length).toBe(true);
      }),
    );
  });
});
