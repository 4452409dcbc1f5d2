/** One upload on the machine's own clock, against real HTTP servers that behave badly. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { createServer, type RequestListener, type Server } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createPut } from '../../src/platform/put-object.ts';
import type { PutAnswer } from '../../src/ports/bucket.ts';

const servers: (Server | TcpServer)[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
  for (const socket of sockets) socket.destroy();
  sockets.clear();
});

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  server.on('connection', (socket: Socket) => sockets.add(socket));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const PIECE = Buffer.alloc(65_536, 7);

/** @param asked counts the pieces that were asked for. */
async function* pieces(count: number, asked = { count: 0 }): AsyncGenerator<Buffer> {
  for (let at = 0; at < count; at++) {
    asked.count += 1;
    yield PIECE;
  }
}

async function putTo(
  port: number,
  { count = 1, asked = { count: 0 }, signal = AbortSignal.timeout(5_000) } = {},
): Promise<PutAnswer> {
  const url = new URL(`http://127.0.0.1:${String(port)}/bucket/key?X-Amz-Signature=SECRET`);
  const headers = { 'content-length': String(count * PIECE.length) };
  return await createPut({}, undefined)({ url, headers, body: pieces(count, asked) }, signal);
}

async function answering(listener: RequestListener, options: Parameters<typeof putTo>[1] = {}): Promise<PutAnswer> {
  return await putTo(await listen(createServer(listener)), options);
}

const errorText = (code: string): string =>
  `<?xml version="1.0"?><Error><Code>${code}</Code><Message>SECRET</Message></Error>`;

describe('an upload', () => {
  test('sends the bytes piece by piece, and says what was answered', async () => {
    let size = 0;
    const answer = await answering(
      (request, response) => {
        request.on('data', (data: Buffer) => (size += data.length));
        request.on('end', () => response.end());
      },
      { count: 40 },
    );
    expect(answer).toEqual({ status: 200 });
    expect(size).toBe(40 * PIECE.length);
  });

  test('asks for no more than the connection takes: a server that reads nothing has some pieces, and not the file', async () => {
    const asked = { count: 0 };
    const port = await listen(createTcpServer((socket) => socket.pause()));
    await expect(putTo(port, { count: 4_000, asked, signal: AbortSignal.timeout(700) })).rejects.toThrow();
    expect(asked.count).toBeGreaterThan(0);
    expect(asked.count).toBeLessThan(400);
  });

  test('follows no redirect', async () => {
    let visits = 0;
    const port = await listen(
      createServer((_, response) => {
        visits += 1;
        response.end();
      }),
    );
    const location = `http://127.0.0.1:${String(port)}/elsewhere`;
    const answer = await answering((request, response) => {
      request.resume();
      response.writeHead(307, { location }).end(errorText('TemporaryRedirect'));
    });
    expect(answer).toEqual({ status: 307, code: 'TemporaryRedirect' });
    expect(visits).toBe(0);
  });

  test('is over when the server answers before it has read all, and hangs up', async () => {
    const answer = await answering(
      (_, response) => {
        response.writeHead(403, { connection: 'close' }).end(errorText('RequestTimeTooSkewed'));
      },
      { count: 200 },
    );
    expect(answer).toEqual({ status: 403, code: 'RequestTimeTooSkewed' });
  });

  test.each([
    ['a code that is none', errorText('Access Denied SECRET')],
    ['a code of 1 MB', errorText('A'.repeat(1_000_000))],
    ['a text of 50 MB', 'x'.repeat(50_000_000)],
    ['another kind of text', '{"code":"SECRET"}'],
  ])('tells nothing of %s', async (_, text) => {
    const answer = await answering((request, response) => {
      request.resume();
      response.writeHead(500).end(text);
    });
    expect(answer).toEqual({ status: 500 });
  });

  test.each([
    ['never answers', (): void => undefined],
    ['answers byte by byte for ever', (socket: Socket): void => void drip(socket)],
  ])('ends with its signal where the server %s', async (_, behave) => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        behave(socket);
      }),
    );
    const began = performance.now();
    await expect(putTo(port, { signal: AbortSignal.timeout(400) })).rejects.toThrow();
    expect(performance.now() - began).toBeLessThan(3_000);
  });

  test.each([
    ['what is no HTTP', 'SSH-2.0-SECRET\r\n\r\n'],
    ['a head of 1 MB', `HTTP/1.1 200 OK\r\nx: ${'a'.repeat(1_000_000)}\r\n\r\n`],
    ['nothing', ''],
  ])('fails without a word of the other side where that sends %s', async (_, text) => {
    const port = await listen(
      createTcpServer((socket) => {
        socket.on('error', () => undefined);
        socket.end(text);
      }),
    );
    const error: unknown = await putTo(port).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'E_BUCKET_UNREACHABLE', class: 'transient' });
    expect(String(error)).not.toContain('SECRET');
  });

  test('fails with what its file fails with', async () => {
    async function* broken(): AsyncGenerator<Buffer> {
      yield PIECE;
      throw new Error('the disk hangs');
    }
    const port = await listen(createServer((request) => request.resume()));
    const url = new URL(`http://127.0.0.1:${String(port)}/`);
    const headers = { 'content-length': String(2 * PIECE.length) };
    const sending = createPut({}, undefined)({ url, headers, body: broken() }, AbortSignal.timeout(5_000));
    await expect(sending).rejects.toMatchObject({ code: 'E_BUCKET_UNREACHABLE' });
  });
});

async function drip(socket: Socket): Promise<void> {
  socket.write('HTTP/1.1 500 Error\r\n\r\n');
  while (!socket.destroyed) {
    socket.write('x');
    await sleep(20);
  }
}
