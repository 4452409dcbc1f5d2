/** A receiver loop on the machine's own clock, against real HTTP and HTTPS servers that behave badly. */
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deliver } from '../../src/controller/notification/deliver.ts';
import { testReceivers } from '../../src/controller/notification/test-receivers.ts';
import type { Verdict } from '../../src/core/notification/answer.ts';
import { testMessage } from '../../src/core/notification/message.ts';
import type { Receiver } from '../../src/core/notification/receiver.ts';
import { createPost } from '../../src/platform/outbound.ts';
import { createSecretFiles } from '../../src/platform/secret-files.ts';
import { createAuthority, type Authority } from '../support/certificates.ts';
import { realClock } from '../support/real-time.ts';

let folder: string;
let authority: Authority;
const servers: (Server | TcpServer)[] = [];

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'kubelet-medic-notify-'));
  authority = createAuthority(folder);
});
afterAll(() => {
  rmSync(folder, { recursive: true });
});
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
});

async function listen(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

const HOOK: Receiver = { name: 'hook', type: 'Webhook', secretKey: 'hook-url' };
const PATH = '/in/VERYSECRETPATH?token=VERYSECRETTOKEN';

function put(key: string, text: string): void {
  writeFileSync(join(folder, key), text);
}

async function verdictFrom(receiver: Receiver, signal = new AbortController().signal, env = {}): Promise<Verdict> {
  const outside = { clock: realClock, post: createPost(env), secret: createSecretFiles(folder) };
  return await deliver(outside, receiver, testMessage('prod', Date.now()), signal);
}

async function answering(listener: RequestListener): Promise<Verdict> {
  const port = await listen(createServer(listener));
  put('hook-url', `http://127.0.0.1:${port}${PATH}\n`);
  return await verdictFrom(HOOK);
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  return JSON.parse(Buffer.concat(pieces).toString());
}

describe('an endpoint that', () => {
  test('takes the message is told what it is, and proves who sends', async () => {
    put('token', 'abc.DEF-123\n');
    let seen: unknown;
    const port = await listen(
      createServer((request, response) => {
        void bodyOf(request).then((body) => {
          const { authorization } = request.headers;
          seen = {
            url: request.url,
            method: request.method,
            authorization,
            type: request.headers['content-type'],
            body,
          };
          response.writeHead(204).end();
        });
      }),
    );
    put('hook-url', `http://127.0.0.1:${port}${PATH}`);
    expect(await verdictFrom({ ...HOOK, tokenKey: 'token' })).toEqual({ kind: 'sent' });
    expect(seen).toMatchObject({
      url: PATH,
      method: 'POST',
      authorization: 'Bearer abc.DEF-123',
      type: 'application/json; charset=utf-8',
      body: { version: 1, event: 'Recovered', cluster: 'prod' },
    });
  });

  test('redirects is not followed', async () => {
    let asked = 0;
    const verdict = await answering((_request, response) => {
      asked++;
      response.writeHead(307, { location: '/elsewhere' }).end();
    });
    expect(verdict).toEqual({ kind: 'later', why: 'answered 307: redirects are not followed' });
    expect(asked).toBe(1);
  });

  test.each([
    [429, { kind: 'later', why: 'answered 429', afterMs: 7_000 }],
    [500, { kind: 'later', why: 'answered 500', afterMs: 7_000 }],
    [400, { kind: 'refused', why: 'answered 400' }],
  ])('answers %d', async (status, verdict) => {
    expect(
      await answering((_request, response) => response.writeHead(status, { 'retry-after': '7' }).end(PATH)),
    ).toEqual(verdict);
  });

  test('answers without end is left at the head of its answer', async () => {
    const verdict = await answering((_request, response) => {
      response.writeHead(500);
      const pour = (): void => {
        while (!response.destroyed && response.write('x'.repeat(65_536)));
      };
      response.on('drain', pour);
      response.on('error', () => undefined);
      pour();
    });
    expect(verdict).toEqual({ kind: 'later', why: 'answered 500' });
  });

  test.each([
    ['a head without end', 'HTTP/1.1 200 OK\r\n' + `x: ${'y'.repeat(1_000)}\r\n`.repeat(100), 'HPE_HEADER_OVERFLOW'],
    ['what is no HTTP, with our secret', `VERYSECRETPATH VERYSECRETTOKEN\r\n\r\n`, 'HPE_INVALID_CONSTANT'],
    ['nothing, and hangs up', '', 'ECONNRESET'],
  ])('answers %s', async (_name, text, code) => {
    const server = createTcpServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => socket.end(text));
    });
    put('hook-url', `http://127.0.0.1:${await listen(server)}${PATH}`);
    expect(await verdictFrom(HOOK)).toEqual({ kind: 'later', why: code });
  });

  test('is dead is called so, without its address', async () => {
    const server = createServer();
    const port = await listen(server);
    await new Promise((resolve) => server.close(resolve));
    put('hook-url', `http://127.0.0.1:${port}${PATH}`);
    expect(await verdictFrom(HOOK)).toEqual({ kind: 'later', why: 'ECONNREFUSED' });
  });

  test('never answers is left with the signal, and its connection is closed', async () => {
    const stop = new AbortController();
    const arrived = Promise.withResolvers<undefined>();
    const closed = Promise.withResolvers<undefined>();
    const port = await listen(
      createServer((request) => {
        request.socket.on('close', () => {
          closed.resolve(undefined);
        });
        arrived.resolve(undefined);
      }),
    );
    put('hook-url', `http://127.0.0.1:${port}${PATH}`);
    const verdict = verdictFrom(HOOK, stop.signal);
    await arrived.promise;
    stop.abort(new Error('the term is over'));
    await expect(verdict).rejects.toThrow('the term is over');
    await closed.promise;
  });
});

describe('a Secret', () => {
  test.each([
    ['hook-url', 'VERYSECRETPATH', 'the key hook-url of the Secret is no URL'],
    ['hook-url', `http://hook.example${PATH}`, 'the key hook-url of the Secret is no https URL'],
    ['hook-url', `file:///VERYSECRETPATH`, 'the key hook-url of the Secret is no https URL'],
    ['hook-url', `https://me:VERYSECRETTOKEN@hook.example/`, /has a password in its URL: use tokenKey/],
    ['hook-url', ' \n', 'the Secret has no key hook-url'],
  ])('whose %s is %j is told of without its text', async (key, text, why) => {
    put(key, text);
    const verdict = await verdictFrom(HOOK);
    expect(verdict).toEqual({ kind: 'later', why: typeof why === 'string' ? why : expect.stringMatching(why) });
    expect(JSON.stringify(verdict)).not.toContain('VERYSECRET');
  });

  test('with a malformed routing key or token is told of without its text', async () => {
    put('routing-key', 'VERY SECRET\nKEY');
    const pager: Receiver = { name: 'pager', type: 'PagerDuty', secretKey: 'routing-key' };
    expect(await verdictFrom(pager)).toEqual({
      kind: 'later',
      why: 'the key routing-key of the Secret is no routing key',
    });
    put('hook-url', 'https://127.0.0.1/');
    put('token', 'VERYSECRET\r\nx-evil: 1');
    expect(await verdictFrom({ ...HOOK, tokenKey: 'token' })).toEqual({
      kind: 'later',
      why: 'the key token of the Secret is no bearer token',
    });
    expect(await verdictFrom({ ...HOOK, tokenKey: 'absent' })).toEqual({
      kind: 'later',
      why: 'the Secret has no key absent',
    });
  });
});

describe('TLS', () => {
  async function serveTls(names: string): Promise<number> {
    const { cert, key } = authority.issue('receiver', '/CN=receiver', names);
    const options = { cert: readFileSync(cert), key: readFileSync(key) };
    return await listen(createTlsServer(options, (_request, response) => response.writeHead(202).end('{}')));
  }

  test('is verified, by the certificates of the Secret where they are given', async () => {
    put('routing-key', '0123456789abcdef0123456789abcdef');
    const url = `https://127.0.0.1:${await serveTls('IP:127.0.0.1')}/v2/enqueue`;
    const pager: Receiver = { name: 'pager', type: 'PagerDuty', secretKey: 'routing-key', url };
    put('ca', authority.ca);
    expect(await verdictFrom({ ...pager, caKey: 'ca' })).toEqual({ kind: 'sent' });
    expect(await verdictFrom(pager)).toEqual({ kind: 'later', why: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('is refused where the certificate has another name', async () => {
    put('hook-url', `https://127.0.0.1:${await serveTls('DNS:other.example')}/`);
    put('ca', authority.ca);
    expect(await verdictFrom({ ...HOOK, caKey: 'ca' })).toEqual({ kind: 'later', why: 'ERR_TLS_CERT_ALTNAME_INVALID' });
  });
});

test('a proxy of the environment is asked for other machines, but for those that NO_PROXY names, and never for the pod itself', async () => {
  const asked: (string | undefined)[] = [];
  const proxy = createServer((request, response) => {
    asked.push(request.url);
    response.writeHead(200).end();
  });
  proxy.on('connect', (request, socket) => {
    asked.push(request.url);
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const address = `http://127.0.0.1:${await listen(proxy)}`;
  const env = { HTTP_PROXY: address, HTTPS_PROXY: address };
  put('hook-url', 'https://hooks.invalid/in');
  expect(await verdictFrom(HOOK, undefined, env)).toMatchObject({ kind: 'later' });
  expect(asked).toEqual(['hooks.invalid:443']);
  expect(await verdictFrom(HOOK, undefined, { ...env, NO_PROXY: 'hooks.invalid' })).toMatchObject({ kind: 'later' });
  put('hook-url', 'http://localhost:9/in');
  expect(await verdictFrom(HOOK, undefined, env)).toMatchObject({ kind: 'later' });
  expect(asked).toHaveLength(1);
});

test('--notify-test says of each receiver how it went, and fails where one did not take it', async () => {
  const port = await listen(createServer((_request, response) => response.writeHead(200).end()));
  put('hook-url', `http://127.0.0.1:${port}${PATH}`);
  const chat: Receiver = { name: 'chat', type: 'Slack', secretKey: 'absent' };
  const notifications = {
    cluster: 'prod',
    namespace: 'kubelet-medic',
    receivers: [HOOK, chat],
    post: createPost({}),
    secret: createSecretFiles(folder),
  };
  const lines: string[] = [];
  const print = (line: string): void => {
    lines.push(line);
  };
  expect(await testReceivers({ clock: realClock, notifications }, print)).toBe(1);
  expect(lines).toEqual(['hook (Webhook): taken', 'chat (Slack): the Secret has no key absent']);
  expect(await testReceivers({ clock: realClock, notifications: { ...notifications, receivers: [HOOK] } }, print)).toBe(
    0,
  );
});
