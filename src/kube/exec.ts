/**
 * Commands in containers, over the WebSocket of client-node: its Exec resolves when a command has begun, tells of the
 * end by a callback, and says nothing where the connection ends before that. Here it is one promise with a deadline.
 */
import { Writable } from 'node:stream';
import { Exec, KubeConfig, type User } from '@kubernetes/client-node';
import type { Clock } from '../ports/clock.ts';
import { MedicError } from '../ports/errors.ts';
import type { PodExec } from '../ports/pod-exec.ts';
import type { Connection, TlsMaterial } from './connection/connection.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { callLimit } from './call-limit.ts';
import { answerError, networkError } from './errors.ts';

/** Of standard error: enough to say why. */
const ERROR_BYTES = 4_096;

export function createPodExec(connection: Connection, clock: Clock): PodExec {
  return {
    run: async (target, argv, { deadlineMs, maxBytes }) => {
      const what = `exec ${argv.join(' ')} in pod ${target.namespace}/${target.pod}`;
      const exec = new Exec(await configOf(connection));
      return await withDeadline(clock, callLimit(what, { deadlineMs }), undefined, async (limit) => {
        const stdout = collector(maxBytes);
        const stderr = collector(ERROR_BYTES);
        const ended = await ending(limit, what, (onStatus) =>
          exec.exec(
            target.namespace,
            target.pod,
            target.container,
            [...argv],
            stdout.stream,
            stderr.stream,
            null,
            false,
            onStatus,
          ),
        );
        if (ended.status === 'Success' && !stdout.isFull()) return stdout.bytes();
        const words = [ended.message ?? '', stderr.bytes().toString('utf8')].filter((text) => text !== '').join(': ');
        throw failed(what, stdout.isFull() ? `it wrote more than ${maxBytes} bytes` : words);
      });
    },
  };
}

/** What client-node's callback is given: a metav1.Status. */
interface Ended {
  readonly status?: string;
  readonly message?: string;
}

/** What is used of the WebSocket; client-node gives it no type that can be resolved. */
interface Socket {
  close(): void;
  onclose: unknown;
}

function isSocket(value: unknown): value is Socket {
  return typeof value === 'object' && value !== null && 'close' in value && 'onclose' in value;
}

/** The end of the command, whichever way it comes: its status, the signal, or a connection that ends without one. */
async function ending(
  signal: AbortSignal,
  what: string,
  begin: (onStatus: (ended: Ended) => void) => Promise<unknown>,
): Promise<Ended> {
  const { promise, resolve, reject } = Promise.withResolvers<Ended>();
  let socket: Socket | undefined;
  const stop = (): void => {
    socket?.close();
    reject(signal.reason instanceof Error ? signal.reason : failed(what, 'called off'));
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    begin(resolve).then(
      (opened) => {
        if (!isSocket(opened)) {
          reject(failed(what, 'the connection is no WebSocket'));
          return;
        }
        socket = opened;
        // The status comes before the end, so this changes nothing where there was one.
        opened.onclose = () => {
          reject(failed(what, 'the connection ended before the command did'));
        };
        if (signal.aborted) opened.close();
      },
      (error: unknown) => {
        reject(beginError(what, error));
      },
    );
    return await promise;
  } finally {
    signal.removeEventListener('abort', stop);
    socket?.close();
  }
}

/** ws gives an answer that is no WebSocket as text only: `Unexpected server response: 403`. */
function beginError(what: string, error: unknown): MedicError {
  const message = typeof error === 'object' && error !== null && 'message' in error ? String(error.message) : '';
  const status = Number(/Unexpected server response: (\d{3})/.exec(message)?.[1] ?? 0);
  if (status >= 400) return answerError(what, { status, body: Buffer.alloc(0), retryAfter: undefined });
  return networkError(what, error instanceof Error ? error : new Error(message === '' ? 'no connection' : message));
}

function failed(what: string, why: string): MedicError {
  return new MedicError('E_EXEC_FAILED', 'terminal', `${what}: ${why === '' ? 'it failed' : why.trim()}`);
}

interface Collector {
  readonly stream: Writable;
  readonly bytes: () => Buffer;
  readonly isFull: () => boolean;
}

/** Keeps the first bytes that are written, and notes that there were more. */
function collector(maxBytes: number): Collector {
  const chunks: Buffer[] = [];
  let size = 0;
  let full = false;
  // Written to without delay: all of it is here when the status comes.
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done): void {
      const room = maxBytes - size;
      full ||= chunk.length > room;
      chunks.push(chunk.subarray(0, room));
      size += Math.min(chunk.length, room);
      done();
    },
  });
  return { stream, bytes: () => Buffer.concat(chunks), isFull: () => full };
}

/** client-node's own form of where the server is and who asks. */
async function configOf(connection: Connection): Promise<KubeConfig> {
  const { ca, cert, key, servername, insecure } = await connection.tls();
  const authorization = await connection.authorization(false);
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    {
      name: 'cluster',
      server: connection.server,
      skipTLSVerify: insecure === true,
      ...(ca === undefined ? {} : { caData: base64(ca) }),
      ...(servername === undefined ? {} : { tlsServerName: servername }),
    },
    { name: 'user', ...certificateOf(cert, key), ...credentialsOf(authorization) },
  );
  return config;
}

function certificateOf(cert: TlsMaterial['cert'], key: TlsMaterial['key']): Partial<User> {
  return cert === undefined || key === undefined ? {} : { certData: base64(cert), keyData: base64(key) };
}

/** From an Authorization header: `Bearer TOKEN` or `Basic BASE64`. */
function credentialsOf(authorization: string | undefined): Partial<User> {
  if (authorization === undefined) return {};
  const [scheme = '', value = ''] = authorization.split(' ', 2);
  if (scheme.toLowerCase() === 'bearer') return { token: value };
  const [username = '', ...password] = Buffer.from(value, 'base64').toString('utf8').split(':');
  return { username, password: password.join(':') };
}

function base64(pem: string | Buffer): string {
  return Buffer.from(pem).toString('base64');
}
