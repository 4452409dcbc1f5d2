/**
 * HTTPS to one API server over node:https, which costs the agent 9 MiB less memory than undici (docs/adr/0003).
 * One keep-alive Agent serves all requests. A request after a change of the TLS material makes a new one.
 * A request that is answered 401 is sent once more, with credentials that were read again.
 */
import type { IncomingMessage } from 'node:http';
import { Agent, request as httpsRequest } from 'node:https';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import type { Connection, TlsMaterial } from './connection.ts';
import type { ServerClock } from './server-clock.ts';
import { answerError, malformedError, networkError } from '../errors.ts';

const unzip = promisify(gunzip);

export interface HttpRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly path: string;
  /** Default: JSON. */
  readonly accept?: string;
  readonly contentType?: string;
  readonly body?: string;
  /** Ask for a compressed answer. `send` decompresses it, `open` does not. */
  readonly gzip?: boolean;
  readonly signal: AbortSignal;
  /** It is sent also while the API server wants no calls. */
  readonly isUrgent?: boolean;
  /** The API server passes on the answer of another machine, whose `Date` it is. */
  readonly passedOn?: boolean;
  /** For messages. */
  readonly what: string;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  readonly truncated: boolean;
}

interface Bound {
  readonly maxBytes: number;
  /** A longer body is cut, or is an error. */
  readonly beyond: 'cut' | 'fail';
}

export interface Transport {
  /** The answer with its body up to the bound, whatever its status. */
  send(request: HttpRequest, bound: Bound): Promise<HttpAnswer>;
  /** The head of the answer, whatever its status. Its body is still to come. */
  open(request: HttpRequest): Promise<IncomingMessage>;
  /** Closes all connections of the newest TLS material, also those in use. Older ones close when they are idle. */
  close(): void;
}

/** More than one process needs: a watch and a few calls for each kind. */
const MAX_SOCKETS = 64;
/** The API server closes idle connections after 90 s; we are first, so that no request meets a closing one. */
const IDLE_SOCKET_MS = 55_000;

export function createTransport(connection: Connection, serverClock: ServerClock): Transport {
  let built: { readonly material: TlsMaterial; readonly agent: Agent } | undefined;

  async function agent(): Promise<Agent> {
    const material = await connection.tls();
    if (built?.material !== material) {
      // The old Agent is only let go: a watch may still run on it, and its idle sockets close by themselves.
      built = { material, agent: createAgent(material, connection.proxy) };
    }
    return built.agent;
  }

  async function openWith(request: HttpRequest, authorization: string | undefined): Promise<IncomingMessage> {
    const tls = await agent();
    const noteDate = serverClock.ask();
    const answer = await exchange(connection, tls, request, authorization);
    if (request.passedOn !== true) noteDate(answer.headers.date);
    return answer;
  }

  async function open(request: HttpRequest): Promise<IncomingMessage> {
    const authorization = await connection.authorization();
    const answer = await openWith(request, authorization);
    if (answer.statusCode !== 401) return answer;
    answer.resume();
    return await openWith(request, await connection.authorization(authorization ?? ''));
  }

  return {
    open,
    async send(request, bound): Promise<HttpAnswer> {
      return await readAnswer(await open(request), request, bound);
    },
    close(): void {
      built?.agent.destroy();
    },
  };
}

function createAgent(material: TlsMaterial, proxy: string | undefined): Agent {
  const { insecure, ...tls } = material;
  return new Agent({
    keepAlive: true,
    keepAliveMsecs: 30_000,
    maxSockets: MAX_SOCKETS,
    maxFreeSockets: 8,
    timeout: IDLE_SOCKET_MS,
    rejectUnauthorized: insecure !== true,
    // Node's own CONNECT. It is told of no other variable: which servers need none is decided before.
    ...(proxy === undefined ? {} : { proxyEnv: { HTTPS_PROXY: proxy } }),
    ...tls,
  });
}

function exchange(
  { server, headers }: Connection,
  agent: Agent,
  request: HttpRequest,
  authorization: string | undefined,
): Promise<IncomingMessage> {
  const url = new URL(server);
  const base = url.pathname === '/' ? '' : url.pathname.replace(/\/$/, '');
  const body = request.body === undefined ? undefined : Buffer.from(request.body);
  return new Promise((resolve, reject) => {
    const outgoing = httpsRequest(
      {
        agent,
        host: url.hostname.replace(/^\[|\]$/g, ''),
        port: url.port === '' ? 443 : Number(url.port),
        method: request.method,
        path: `${base}${request.path}`,
        headers: {
          accept: request.accept ?? 'application/json',
          'user-agent': 'kubelet-medic',
          ...headers,
          ...(authorization === undefined ? {} : { authorization }),
          ...(request.gzip === true ? { 'accept-encoding': 'gzip' } : {}),
          ...(body === undefined
            ? {}
            : { 'content-type': request.contentType ?? 'application/json', 'content-length': body.length }),
        },
        signal: request.signal,
      },
      (answer) => {
        // Without a listener an abort in the middle of the body would be an uncaught error.
        answer.on('error', () => undefined);
        resolve(answer);
      },
    );
    outgoing.on('error', (error) => {
      reject(failure(request, error));
    });
    outgoing.end(body);
  });
}

/** After an abort it is the reason of the abort: the caller's own, or the MedicError of the deadline. */
function failure(request: HttpRequest, error: unknown): Error {
  if (!request.signal.aborted) return networkError(request.what, error);
  const reason: unknown = request.signal.reason;
  return reason instanceof Error ? reason : networkError(request.what, error);
}

async function readAnswer(answer: IncomingMessage, request: HttpRequest, bound: Bound): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  let truncated = false;
  try {
    for await (const chunk of answer as AsyncIterable<Buffer>) {
      const room = bound.maxBytes - size;
      chunks.push(chunk.length > room ? chunk.subarray(0, room) : chunk);
      size += Math.min(chunk.length, room);
      if (chunk.length <= room) continue;
      truncated = true;
      break;
    }
  } catch (error) {
    throw failure(request, error);
  }
  if (truncated && bound.beyond === 'fail') {
    throw malformedError(request.what, `it is longer than ${bound.maxBytes} bytes`);
  }
  const body = await decode(Buffer.concat(chunks), answer, request, bound);
  return { status: answer.statusCode ?? 0, headers: answer.headers, body, truncated };
}

async function decode(body: Buffer, answer: IncomingMessage, request: HttpRequest, bound: Bound): Promise<Buffer> {
  if (answer.headers['content-encoding'] !== 'gzip') return body;
  try {
    return await unzip(body, { maxOutputLength: bound.maxBytes });
  } catch (error) {
    throw malformedError(request.what, error);
  }
}

/** @throws the answer's error if its status is 400 or more. */
export function assertGood(what: string, answer: HttpAnswer): HttpAnswer {
  if (answer.status < 400) return answer;
  const retryAfter = answer.headers['retry-after'];
  throw answerError(what, { status: answer.status, body: answer.body, retryAfter });
}
