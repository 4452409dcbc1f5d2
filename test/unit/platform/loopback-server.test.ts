/** How long a connection to the page's server lives. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, expect, test } from '@jest/globals';
import { serveLoopback } from '../../../src/platform/loopback-server.ts';
import type { LocalAnswer, LocalServer } from '../../../src/ports/local-http.ts';

const IDLE_MS = 100;
const REQUEST = 'POST / HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}';

let server: LocalServer;
afterEach(async () => {
  await server.close();
});

async function asked(answer: () => Promise<LocalAnswer>, request: string): Promise<Socket> {
  server = await serveLoopback(0, answer, IDLE_MS);
  const socket = connect({ host: '127.0.0.1', port: server.port });
  socket.setEncoding('utf8');
  socket.write(request);
  return socket;
}

async function slowly(): Promise<LocalAnswer> {
  await sleep(10 * IDLE_MS);
  return { status: 200, headers: {}, body: 'taken' };
}

test('an answer that is long in the making is given', async () => {
  const socket = await asked(slowly, REQUEST);
  let heard = '';
  socket.on('data', (text: string) => (heard += text));
  await once(socket, 'close');
  expect(heard).toMatch(/^HTTP\/1\.1 200 .*taken/s);
});

test.each([
  ['asks nothing', ''],
  ['does not end its request', REQUEST.slice(0, -1)],
])('one that %s is cut', async (_, request) => {
  const socket = await asked(slowly, request);
  socket.on('error', () => undefined);
  socket.resume();
  const at = performance.now();
  await once(socket, 'close');
  expect(performance.now() - at).toBeLessThan(9 * IDLE_MS);
});

test('one that does not read its answer is cut', async () => {
  const answer = { status: 200, headers: {}, body: 'x'.repeat(64 * 1024 * 1024) };
  const socket = await asked(() => Promise.resolve(answer), REQUEST);
  socket.on('error', () => undefined);
  await sleep(10 * IDLE_MS);
  socket.resume();
  await once(socket, 'close');
  expect(socket.bytesRead).toBeLessThan(answer.body.length);
});
