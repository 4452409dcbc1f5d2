import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createKubeletProbe } from '../../../src/host/process/kubelet-healthz.ts';
import type { HostNamespaces } from '../../../src/host/namespaces.ts';

/** This process is its own host. */
const HERE: HostNamespaces = { targetPid: undefined, procRoot: '/nowhere', hostRoot: '/' };
const never = new AbortController().signal;

let server: Server | undefined;
const sockets = new Set<Socket>();
afterEach(async () => {
  for (const socket of sockets) socket.destroy();
  if (server !== undefined) await closed(server);
  server = undefined;
});

async function closed(running: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    running.close(() => {
      resolve();
    });
  });
}

/** A server that does this with each connection. */
async function listening(onSocket: (socket: Socket) => void): Promise<number> {
  const made = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    onSocket(socket);
  });
  server = made;
  await new Promise<void>((resolve) => made.listen(0, '127.0.0.1', resolve));
  const address = made.address();
  return typeof address === 'object' && address !== null ? address.port : 0;
}
async function answers(port: number, namespaces = HERE, signal = never): Promise<boolean | undefined> {
  return await createKubeletProbe(namespaces).answers({ host: '127.0.0.1', port }, 200, signal);
}

describe('/healthz', () => {
  test.each(['200 OK', '500 Internal Server Error', '401 Unauthorized'])(
    'answers, whatever it says: %s',
    async (status) => {
      const port = await listening((socket) => socket.once('data', () => socket.write(`HTTP/1.1 ${status}\r\n\r\n`)));
      expect(await answers(port)).toBe(true);
    },
  );

  test.each<[string, (socket: Socket) => void]>([
    ['says nothing', () => undefined],
    ['says half of a line', (socket) => socket.write('HTTP/1.')],
    ['hangs up', (socket) => socket.once('data', () => socket.destroy())],
  ])('does not answer where it %s', async (_name, onSocket) => {
    expect(await answers(await listening(onSocket))).toBe(false);
  });

  test('cannot be asked where nobody listens, or in another network', async () => {
    const port = await listening(() => undefined);
    if (server !== undefined) await closed(server);
    server = undefined;
    expect(await answers(port)).toBeUndefined();
    expect(await answers(port, { ...HERE, targetPid: 1 })).toBeUndefined();
  });

  test('ends with its signal', async () => {
    const stop = new AbortController();
    const port = await listening(() => {
      stop.abort(new Error('the agent stops'));
    });
    expect(await answers(port, HERE, stop.signal)).toBe(false);
  });
});
