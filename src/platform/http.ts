/** /healthz, /readyz and /metrics on node:http. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MedicError } from '../ports/errors.ts';
import { createBoundedServer } from './bounded-server.ts';
import type { ServedMetrics } from './metrics.ts';

/** undefined: it is well; otherwise why it is not. */
type Check = () => string | undefined;

export interface ServeOptions {
  /** `HOST:PORT`; an empty host means all addresses. */
  readonly address: string;
  /** What must hold for the process to be left alive. */
  readonly health: Readonly<Record<string, Check>>;
  /** What must hold for it to be of use. */
  readonly ready: Readonly<Record<string, Check>>;
  readonly metrics: ServedMetrics;
}

export interface Served {
  readonly port: number;
  close(): Promise<void>;
}

/** A check that throws has failed. */
function ask(check: Check): string | undefined {
  try {
    return check();
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function report(checks: Readonly<Record<string, Check>>): { readonly status: number; readonly body: string } {
  const results = Object.entries(checks).map(([name, check]) => ({ name, why: ask(check) }));
  const failed = results.some(({ why }) => why !== undefined);
  const lines = results.map(({ name, why }) => (why === undefined ? `[+]${name} ok` : `[-]${name}: ${why}`));
  return { status: failed ? 503 : 200, body: `${[...lines, failed ? 'not ok' : 'ok'].join('\n')}\n` };
}

type MetricsText = Pick<ServedMetrics, 'text'>;

/** To write them takes some milliseconds, and nobody needs newer ones. */
function onceASecond(metrics: MetricsText): MetricsText {
  let last: { readonly at: number; readonly text: ReturnType<ServedMetrics['text']> } | undefined;
  return {
    text: async () => {
      if (last === undefined || Math.abs(Date.now() - last.at) >= 1_000)
        last = { at: Date.now(), text: metrics.text() };
      return await last.text;
    },
  };
}

interface Answering extends Pick<ServeOptions, 'health' | 'ready'> {
  readonly metrics: MetricsText;
}

async function answer(options: Answering, request: IncomingMessage, response: ServerResponse): Promise<void> {
  if (request.method !== 'GET' && request.method !== 'HEAD') {
    response.writeHead(405, { allow: 'GET, HEAD' }).end();
    return;
  }
  const path = (request.url ?? '/').replace(/\?.*/, '');
  if (path === '/metrics') {
    const { body, contentType } = await options.metrics.text();
    response.writeHead(200, { 'content-type': contentType }).end(body);
    return;
  }
  const checks = path === '/healthz' ? options.health : path === '/readyz' ? options.ready : undefined;
  const { status, body } = checks === undefined ? { status: 404, body: 'not found\n' } : report(checks);
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8' }).end(body);
}

/** @throws `E_HTTP_LISTEN` if the address is malformed or taken. */
export async function serve(options: ServeOptions): Promise<Served> {
  const split = options.address.lastIndexOf(':');
  const portText = options.address.slice(split + 1);
  const port = Number(portText);
  if (split < 0 || !/^\d{1,5}$/.test(portText) || port > 65_535) {
    throw new MedicError('E_HTTP_LISTEN', 'invalid', `not HOST:PORT: ${JSON.stringify(options.address)}`);
  }
  const bounded = { ...options, metrics: onceASecond(options.metrics) };
  const server = createBoundedServer((request, response) => {
    answer(bounded, request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  const host = options.address.slice(0, split).replace(/^\[|\]$/g, '');
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new MedicError('E_HTTP_LISTEN', 'terminal', `cannot listen on ${options.address}: ${cause.message}`, { cause }),
      );
    });
    server.listen({ port, ...(host === '' ? {} : { host }) }, resolve);
  });
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
        server.closeAllConnections();
      }),
  };
}
