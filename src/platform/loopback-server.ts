/** The server of the page: on 127.0.0.1 alone, and bounded in connections, in what it takes and in how long it takes it. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { MedicError } from '../ports/errors.ts';
import type { LocalAnswer, LocalRequest, LocalServer, LocalStream } from '../ports/local-http.ts';

/** Any other user of the machine can reach the port. */
const LOOPBACK = '127.0.0.1';

export const LOOPBACK_BOUNDS = {
  /** A browser opens six. */
  connections: 64,
  /** A browser sends the cookies of all that was ever served on this address. */
  headerBytes: 32 * 1024,
  bodyBytes: 16 * 1024,
  headersMs: 5_000,
  requestMs: 10_000,
  /** Of a connection on which nothing moves while no answer is being made. */
  idleMs: 30_000,
} as const;

type Handle = (request: LocalRequest) => Promise<LocalAnswer>;

/** Resolves when it listens. @throws `E_HTTP_LISTEN`. */
export async function serveLoopback(
  port: number,
  handle: Handle,
  idleMs: number = LOOPBACK_BOUNDS.idleMs,
): Promise<LocalServer> {
  const server = createServer(
    {
      maxHeaderSize: LOOPBACK_BOUNDS.headerBytes,
      headersTimeout: LOOPBACK_BOUNDS.headersMs,
      requestTimeout: LOOPBACK_BOUNDS.requestMs,
      connectionsCheckingInterval: 1_000,
    },
    (request, response) => {
      answer(handle, request, response).catch(() => {
        response.destroy();
      });
    },
  );
  server.maxConnections = LOOPBACK_BOUNDS.connections;
  server.setTimeout(idleMs, (socket) => {
    socket.destroy();
  });
  await listen(server, port);
  return {
    // It listens on an address of a network, so it has a port.
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}

async function listen(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      const message = `cannot listen on ${LOOPBACK}:${String(port)}: ${cause.message}`;
      reject(new MedicError('E_HTTP_LISTEN', 'terminal', message, { cause }));
    });
    server.listen({ host: LOOPBACK, port, exclusive: true }, resolve);
  });
}

async function answer(handle: Handle, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const body = await readBody(request);
  if (body === undefined) {
    response.writeHead(413, { connection: 'close' }).end();
    return;
  }
  // The API server may be slow, and who is cut off knows not whether his decision was taken.
  const { socket } = request;
  const { timeout = 0 } = socket;
  socket.setTimeout(0);
  const {
    status,
    headers,
    body: answered,
  } = await handle({
    method: request.method ?? '',
    path: (request.url ?? '/').replace(/[?#].*/s, ''),
    headers: joined(request),
    body,
  });
  socket.setTimeout(timeout);
  response.writeHead(status, headers);
  if (typeof answered === 'string') response.end(answered);
  else {
    response.flushHeaders();
    answered(streamOf(response));
  }
}

function joined({ headers }: IncomingMessage): LocalRequest['headers'] {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(', ') : value]),
  );
}

/** undefined: it is too long. */
async function readBody(request: IncomingMessage): Promise<string | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > LOOPBACK_BOUNDS.bodyBytes) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function streamOf(response: ServerResponse): LocalStream {
  return {
    write: (text) => {
      response.write(text);
    },
    pendingBytes: () => response.writableLength,
    cut: () => {
      response.destroy();
    },
    onEnd: (listener) => {
      response.once('close', listener);
    },
  };
}
