import { mkdtemp, rm } from 'node:fs/promises';
import {
  constants,
  createServer as createHttp2Server,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createGrpcClient, type GrpcClient } from '../../../src/host/cri/grpc.ts';

const MAX_BYTES = 1_000;
const never = new AbortController().signal;
const UNARY = { path: '/runtime.v1.RuntimeService/Version', request: Buffer.from('asked') };

let folder: string;
let socket: string;
let client: GrpcClient;
let server: Server;
const sockets = new Set<Socket>();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'medic-grpc-'));
  socket = join(folder, 'grpc.sock');
  client = createGrpcClient(`unix:${socket}`, MAX_BYTES);
});
afterEach(async () => {
  client.close();
  for (const one of sockets) one.destroy();
  sockets.clear();
  await new Promise((resolve) => server.close(resolve));
  await rm(folder, { recursive: true, force: true });
});

async function listen(next: Server): Promise<void> {
  server = next;
  server.on('connection', (one) => sockets.add(one));
  await new Promise<void>((resolve) => server.listen(socket, resolve));
}

type Answer = (stream: ServerHttp2Stream, session: ServerHttp2Session) => void;

async function serve(answer: Answer): Promise<void> {
  const http2 = createHttp2Server();
  http2.on('session', (session) => session.on('error', () => undefined));
  http2.on('stream', (stream) => {
    stream.on('error', () => undefined);
    answer(stream, stream.session as ServerHttp2Session);
  });
  await listen(http2);
}

function message(text: string, { flag = 0, length = text.length }: { flag?: number; length?: number } = {}): Buffer {
  const prefix = Buffer.from([flag, 0, 0, 0, 0]);
  prefix.writeUInt32BE(length, 1);
  return Buffer.concat([prefix, Buffer.from(text)]);
}

const HEAD = { ':status': 200, 'content-type': 'application/grpc' };

function answers(body: Buffer, trailers: Readonly<Record<string, string>> = { 'grpc-status': '0' }): Answer {
  return (stream) => {
    stream.on('wantTrailers', () => {
      stream.sendTrailers(trailers);
    });
    stream.respond(HEAD, { waitForTrailers: true });
    stream.end(body);
  };
}

const reset =
  (code: number): Answer =>
  (stream) => {
    stream.close(code);
  };

const alone =
  (headers: Readonly<Record<string, string | number>>): Answer =>
  (stream) => {
    stream.respond(headers, { endStream: true });
  };

test('a call has the answer, and the server what was asked', async () => {
  const asked: unknown[] = [];
  await serve((stream, session) => {
    stream.on('data', (bytes: Buffer) => asked.push(bytes.toString('latin1')));
    answers(message('told'))(stream, session);
  });
  expect((await client.call(UNARY, never)).toString()).toBe('told');
  expect(asked).toEqual(['\0\0\0\0\u0005asked']);
});

describe('a call ends with', () => {
  const ends: readonly (readonly [what: string, answer: Answer, status: string])[] = [
    ['the status of trailers', answers(message('x'), { 'grpc-status': '13' }), 'INTERNAL'],
    ['a status alone', alone({ ...HEAD, 'grpc-status': '12' }), 'UNIMPLEMENTED'],
    ['a status that nobody knows', alone({ ...HEAD, 'grpc-status': '99' }), 'UNKNOWN'],
    ['a status that is no number', alone({ ...HEAD, 'grpc-status': 'x' }), 'UNKNOWN'],
    ['a status of HTTP', alone({ ':status': 503 }), 'UNAVAILABLE'],
    ['a page that is not there', alone({ ':status': 404 }), 'UNIMPLEMENTED'],
    ['no status', alone(HEAD), 'INTERNAL'],
    ['no message', answers(Buffer.alloc(0)), 'INTERNAL'],
    ['two messages', answers(Buffer.concat([message('a'), message('b')])), 'INTERNAL'],
    ['a part of a message', answers(message('half', { length: 8 })), 'INTERNAL'],
    ['a compressed message', answers(message('zip', { flag: 1 })), 'INTERNAL'],
    ['more than the bound', answers(message('x'.repeat(MAX_BYTES + 1))), 'RESOURCE_EXHAUSTED'],
    ['a refused stream', reset(constants.NGHTTP2_REFUSED_STREAM), 'UNAVAILABLE'],
    ['a cancelled stream', reset(constants.NGHTTP2_CANCEL), 'CANCELLED'],
    ['a calmed stream', reset(constants.NGHTTP2_ENHANCE_YOUR_CALM), 'RESOURCE_EXHAUSTED'],
    ['a broken stream', reset(constants.NGHTTP2_PROTOCOL_ERROR), 'INTERNAL'],
    ['a stream that ends in order, and says nothing', reset(constants.NGHTTP2_NO_ERROR), 'INTERNAL'],
    [
      'a connection that goes away',
      (_stream, session) => {
        session.goaway(constants.NGHTTP2_INTERNAL_ERROR);
        session.destroy();
      },
      'UNAVAILABLE',
    ],
    [
      'a connection that is cut',
      (_stream, session) => {
        session.socket.destroy();
      },
      'UNAVAILABLE',
    ],
    [
      'a connection that is cut in the answer',
      (stream, session) => {
        stream.respond(HEAD);
        stream.write(message('half', { length: 8 }), () => {
          session.destroy();
        });
      },
      'UNAVAILABLE',
    ],
  ];
  test.each(ends)('%s', async (_what, answer, status) => {
    await serve(answer);
    await expect(client.call(UNARY, never)).rejects.toMatchObject({ name: 'GrpcError', status });
  });

  test('the bound itself, and no less', async () => {
    await serve(answers(message('x'.repeat(MAX_BYTES))));
    expect(await client.call(UNARY, never)).toHaveLength(MAX_BYTES);
  });

  test.each([
    ['kein%20Pod', 'kein Pod'],
    ['100% gone', '100% gone'],
    ['%E2%82%AC', '€'],
  ])('words %s', async (written, details) => {
    await serve(alone({ ...HEAD, 'grpc-status': '5', 'grpc-message': written }));
    await expect(client.call(UNARY, never)).rejects.toMatchObject({ status: 'NOT_FOUND', details });
  });

  test('UNAVAILABLE, where something else than HTTP/2 answers', async () => {
    await listen(createServer((connection) => connection.on('error', () => undefined).end('HTTP/1.1 400 Bad\r\n\r\n')));
    await expect(client.call(UNARY, never)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
  });

  test('UNAVAILABLE and the name of the failure, where nobody listens', async () => {
    await listen(createServer());
    client.close();
    client = createGrpcClient(`unix:${join(folder, 'none.sock')}`, MAX_BYTES);
    const ended = expect(client.call(UNARY, never)).rejects;
    await ended.toMatchObject({ status: 'UNAVAILABLE', details: expect.stringContaining('ENOENT') });
  });

  test('the signal, where a connection is taken and nothing is said', async () => {
    await listen(createServer((connection) => connection.on('error', () => undefined).pause()));
    const stop = new AbortController();
    const call = client.call(UNARY, stop.signal);
    stop.abort(new Error('enough'));
    await expect(call).rejects.toThrow('enough');
    await expect(client.call(UNARY, stop.signal)).rejects.toThrow('enough');
  });

  test('the end of the client', async () => {
    await serve(() => {
      client.close();
    });
    await expect(client.call(UNARY, never)).rejects.toMatchObject({ name: 'GrpcError' });
  });
});

test('two calls share a connection, and a third has a new one where that has gone', async () => {
  const sessions = new Set<ServerHttp2Session>();
  await serve((stream, session) => {
    sessions.add(session);
    answers(message('told'))(stream, session);
  });
  await Promise.all([client.call(UNARY, never), client.call(UNARY, never)]);
  expect(sessions.size).toBe(1);
  const [first] = sessions;
  const gone = new Promise((resolve) => first?.once('close', resolve));
  first?.close();
  await gone;
  expect((await client.call(UNARY, never)).toString()).toBe('told');
  expect(sessions.size).toBe(2);
});
