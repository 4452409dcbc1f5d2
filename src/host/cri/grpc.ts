/**
 * Unary gRPC calls over `node:http2`, without TLS: what CRI takes (github.com/grpc/grpc, doc/PROTOCOL-HTTP2.md). A gRPC library
 * costs each node 8 MiB of resident memory more (docs/benchmarks.md).
 */
import {
  type ClientHttp2Session,
  type ClientHttp2Stream,
  connect,
  constants,
  type IncomingHttpHeaders,
  type IncomingHttpStatusHeader,
} from 'node:http2';
import { connect as connectSocket } from 'node:net';

/** By their numbers (grpc.io: status codes). */
const STATUSES = [
  'OK',
  'CANCELLED',
  'UNKNOWN',
  'INVALID_ARGUMENT',
  'DEADLINE_EXCEEDED',
  'NOT_FOUND',
  'ALREADY_EXISTS',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'FAILED_PRECONDITION',
  'ABORTED',
  'OUT_OF_RANGE',
  'UNIMPLEMENTED',
  'INTERNAL',
  'UNAVAILABLE',
  'DATA_LOSS',
  'UNAUTHENTICATED',
] as const;
export type GrpcStatus = (typeof STATUSES)[number];

/** doc/http-grpc-status-mapping.md; UNKNOWN for all others. */
const OF_HTTP: Readonly<Record<number, GrpcStatus>> = {
  400: 'INTERNAL',
  401: 'UNAUTHENTICATED',
  403: 'PERMISSION_DENIED',
  404: 'UNIMPLEMENTED',
  429: 'UNAVAILABLE',
  502: 'UNAVAILABLE',
  503: 'UNAVAILABLE',
  504: 'UNAVAILABLE',
};

/** doc/PROTOCOL-HTTP2.md, "HTTP2 Transport Mapping"; INTERNAL for all others. */
const OF_RESET: Readonly<Record<number, GrpcStatus>> = {
  [constants.NGHTTP2_REFUSED_STREAM]: 'UNAVAILABLE',
  [constants.NGHTTP2_CANCEL]: 'CANCELLED',
  [constants.NGHTTP2_ENHANCE_YOUR_CALM]: 'RESOURCE_EXHAUSTED',
  [constants.NGHTTP2_INADEQUATE_SECURITY]: 'PERMISSION_DENIED',
};

/** Whether it is compressed, in one byte, and its length, in four. */
const PREFIX_BYTES = 5;

export class GrpcError extends Error {
  readonly status: GrpcStatus;
  readonly details: string;
  constructor(status: GrpcStatus, details: string, options?: ErrorOptions) {
    super(`${status}: ${details}`, options);
    this.name = 'GrpcError';
    this.status = status;
    this.details = details;
  }
}

interface Unary {
  /** `/SERVICE/METHOD` */
  readonly path: string;
  readonly request: Buffer;
}

export interface GrpcClient {
  /** One try, on the connection that is there or a new one. Has no deadline but the signal. @throws GrpcError; the signal's reason. */
  call(unary: Unary, signal: AbortSignal): Promise<Buffer>;
  /** Ends the connection, and all calls. */
  close(): void;
}

type Head = IncomingHttpHeaders & IncomingHttpStatusHeader;

/** @param target `unix:PATH` or `dns:HOST:PORT`. `maxBytes`: a longer answer is not read. */
export function createGrpcClient(target: string, maxBytes: number): GrpcClient {
  let session: ClientHttp2Session | undefined;

  function connected(): ClientHttp2Session {
    if (session !== undefined && !session.closed && !session.destroyed) return session;
    session = open(target);
    // Each stream of it ends with the same error.
    session.on('error', () => undefined);
    return session;
  }

  return {
    async call({ path, request }, signal): Promise<Buffer> {
      signal.throwIfAborted();
      const connection = connected();
      const stream = connection.request({
        ':method': 'POST',
        ':path': path,
        te: 'trailers',
        'content-type': 'application/grpc',
      });
      let cancel = (): void => undefined;
      try {
        return await new Promise<Buffer>((resolve, reject) => {
          cancel = (): void => {
            reject(signal.reason instanceof Error ? signal.reason : new Error(String(signal.reason)));
            stream.close(constants.NGHTTP2_CANCEL);
          };
          signal.addEventListener('abort', cancel);
          readAnswer({ connection, stream, maxBytes }).then(resolve, reject);
          stream.end(framed(request));
        });
      } finally {
        signal.removeEventListener('abort', cancel);
      }
    },
    close(): void {
      session?.destroy();
    },
  };
}

function open(target: string): ClientHttp2Session {
  const settings = { enablePush: false };
  if (!target.startsWith('unix:')) return connect(`http://${target.slice('dns:'.length)}`, { settings });
  const path = target.slice('unix:'.length);
  return connect('http://localhost', { settings, createConnection: () => connectSocket(path) });
}

function framed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(PREFIX_BYTES);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** undefined: it is not one whole message that is not compressed. */
function unframed(bytes: Buffer): Buffer | undefined {
  if (bytes.length < PREFIX_BYTES || bytes[0] !== 0) return undefined;
  const message = bytes.subarray(PREFIX_BYTES);
  return bytes.readUInt32BE(1) === message.length ? message : undefined;
}

interface Call {
  readonly connection: ClientHttp2Session;
  readonly stream: ClientHttp2Stream;
  readonly maxBytes: number;
}

function readAnswer(call: Call): Promise<Buffer> {
  const { stream, maxBytes } = call;
  return new Promise<Buffer>((resolve, reject) => {
    const parts: Buffer[] = [];
    let bytes = 0;
    let head: Head = {};
    let trailers: IncomingHttpHeaders | undefined;
    let failure: Error | undefined;
    stream.on('response', (headers) => {
      head = headers;
    });
    stream.on('trailers', (headers: IncomingHttpHeaders) => {
      trailers = headers;
    });
    stream.on('data', (part: Buffer) => {
      bytes += part.length;
      if (bytes <= PREFIX_BYTES + maxBytes) {
        parts.push(part);
        return;
      }
      reject(new GrpcError('RESOURCE_EXHAUSTED', `the answer has more than ${String(maxBytes)} bytes`));
      stream.close(constants.NGHTTP2_CANCEL);
      parts.length = 0;
    });
    stream.on('error', (error: Error) => {
      failure = error;
    });
    stream.on('close', () => {
      const { 'grpc-status': code, 'grpc-message': text } = trailers ?? head;
      if (typeof code !== 'string') {
        reject(withoutStatus(call, { failure, http: head[':status'] }));
        return;
      }
      const status = STATUSES[Number(code)] ?? 'UNKNOWN';
      const message = status === 'OK' ? unframed(Buffer.concat(parts)) : undefined;
      if (message !== undefined) resolve(message);
      else if (status === 'OK') reject(new GrpcError('INTERNAL', 'the answer is not one message'));
      else reject(new GrpcError(status, typeof text === 'string' ? percentDecoded(text) : ''));
    });
  });
}

/** Why a call ended of which the server said nothing. */
function withoutStatus(
  { connection, stream: { rstCode } }: Call,
  { failure, http }: { readonly failure: Error | undefined; readonly http: number | undefined },
): GrpcError {
  if (http !== undefined && http !== 200)
    return new GrpcError(OF_HTTP[http] ?? 'UNKNOWN', `HTTP status ${String(http)}`);
  const isReset = failure === undefined || codeOf(failure) === 'ERR_HTTP2_STREAM_ERROR';
  if (isReset && !connection.destroyed) {
    return new GrpcError(OF_RESET[rstCode] ?? 'INTERNAL', `the stream was ended with code ${String(rstCode)}`, {
      cause: failure,
    });
  }
  const details = failure === undefined ? 'the connection was closed' : `${codeOf(failure)} ${failure.message}`;
  return new GrpcError('UNAVAILABLE', details, { cause: failure });
}

function codeOf(error: Error): string {
  return 'code' in error && typeof error.code === 'string' ? error.code : '';
}

/** gRPC writes what is not ASCII in `%XX`; text that is not so is left as it is. */
function percentDecoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
