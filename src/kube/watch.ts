/** One watch: from its opening to its end. What to do next is the mirror's business. */
import { StringDecoder } from 'node:string_decoder';
import type { IncomingMessage } from 'node:http';
import * as z from 'zod/mini';
import type { Clock } from '../ports/clock.ts';
import { MedicError } from '../ports/errors.ts';
import { withDeadline } from '../runtime/deadline.ts';
import { callLimit } from './call-limit.ts';
import { answerError, eventError, networkError } from './errors.ts';
import type { Transport } from './connection/transport.ts';

const WatchEvent = z.object({
  type: z.enum(['ADDED', 'MODIFIED', 'DELETED', 'BOOKMARK', 'ERROR']),
  object: z.unknown(),
});
export type WatchEvent = z.infer<typeof WatchEvent>;

/** Why a watch has ended: closed by the server as planned, quiet for too long, or failed. */
export type WatchEnd =
  { readonly kind: 'closed' } | { readonly kind: 'silent' } | { readonly kind: 'failed'; readonly error: MedicError };

export interface WatchOptions {
  readonly transport: Transport;
  /** Measures silence. */
  readonly clock: Clock;
  /** Measures the deadline of the opening. */
  readonly callClock: Clock;
  readonly path: string;
  readonly what: string;
  /** undefined: whole objects. */
  readonly accept: string | undefined;
  readonly signal: AbortSignal;
  /** Longest silence. The API server sends a bookmark about every minute. */
  readonly silenceMs: number;
  /** The server has accepted the watch. */
  readonly onOpen: () => void;
  /** Never called after the signal. ERROR events do not come here. */
  readonly onEvent: (event: WatchEvent) => void;
  /** A line that is no watch event. */
  readonly onMalformedLine: (message: string) => void;
}

const OPEN_DEADLINE_MS = 30_000;
/** Of one event: above etcd's limit of an object (1.5 MiB by default) in JSON. */
const MAX_LINE_CHARS = 16 * 1024 * 1024;
const MAX_ERROR_BYTES = 64 * 1024;

/** Runs one watch to its end. It rejects only with the signal's reason. */
export async function runWatch(options: WatchOptions): Promise<WatchEnd> {
  const { signal, clock } = options;
  signal.throwIfAborted();
  const own = new AbortController();
  const stop = (): void => {
    own.abort(signal.reason);
  };
  signal.addEventListener('abort', stop, { once: true });
  try {
    const answer = await openWatch(options, own);
    options.onOpen();
    return await Promise.race([readEvents(answer, options), silence(options, own.signal, activityOf(answer, clock))]);
  } catch (error) {
    signal.throwIfAborted();
    return { kind: 'failed', error: networkError(options.what, error) };
  } finally {
    signal.removeEventListener('abort', stop);
    own.abort();
  }
}

/** The deadline is for the head of the answer only; the body may go on for minutes. */
async function openWatch(options: WatchOptions, own: AbortController): Promise<IncomingMessage> {
  const { transport, callClock, path, what, accept } = options;
  const limit = callLimit(what, { deadlineMs: OPEN_DEADLINE_MS });
  const answer = await withDeadline(callClock, limit, own.signal, (deadline) => {
    deadline.addEventListener('abort', () => {
      own.abort(deadline.reason);
    });
    const form = accept === undefined ? {} : { accept };
    return transport.open({ method: 'GET', path, what, signal: own.signal, ...form });
  });
  const status = answer.statusCode ?? 0;
  if (status < 400) return answer;
  const body = await readSome(answer, MAX_ERROR_BYTES);
  throw answerError(what, { status, body, retryAfter: answer.headers['retry-after'] });
}

async function readSome(answer: IncomingMessage, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of answer as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    size += chunk.length;
    if (size >= maxBytes) break;
  }
  return Buffer.concat(chunks);
}

/** When the last bytes came, on the monotonic clock. */
function activityOf(answer: IncomingMessage, clock: Clock): () => number {
  let last = clock.monotonic();
  answer.on('data', () => {
    last = clock.monotonic();
  });
  return () => last;
}

async function silence(options: WatchOptions, signal: AbortSignal, lastActivity: () => number): Promise<WatchEnd> {
  const { clock, silenceMs } = options;
  for (;;) {
    const quietMs = clock.monotonic() - lastActivity();
    if (quietMs >= silenceMs) return { kind: 'silent' };
    try {
      await clock.sleep(silenceMs - quietMs, signal);
    } catch {
      // The watch is over; whoever ended it has the answer.
      return { kind: 'closed' };
    }
  }
}

function readEvents(answer: IncomingMessage, options: WatchOptions): Promise<WatchEnd> {
  const { signal, what } = options;
  return new Promise((resolve) => {
    const finish = (end: WatchEnd): void => {
      answer.destroy();
      resolve(end);
    };
    const feed = lineFeed((line) => {
      if (signal.aborted) return;
      const event = parseEvent(line);
      if (event === undefined) options.onMalformedLine(line.slice(0, 200));
      else if (event.type === 'ERROR') finish({ kind: 'failed', error: eventError(what, event.object) });
      else options.onEvent(event);
    });
    answer.on('data', (chunk: Buffer) => {
      if (feed(chunk)) return;
      const message = `${what}: a watch event is longer than ${MAX_LINE_CHARS} characters`;
      finish({ kind: 'failed', error: new MedicError('E_KUBE_MALFORMED', 'invalid', message) });
    });
    answer.on('end', () => {
      finish({ kind: 'closed' });
    });
    answer.on('error', (error) => {
      finish({ kind: 'failed', error: networkError(what, error) });
    });
    answer.on('close', () => {
      finish({ kind: 'closed' });
    });
  });
}

/** Cuts bytes into lines. The returned function is false once a line is too long. */
function lineFeed(onLine: (line: string) => void): (chunk: Buffer) => boolean {
  const decoder = new StringDecoder('utf8');
  let rest = '';
  return (chunk) => {
    const lines = (rest + decoder.write(chunk)).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) {
      if (line.trim() !== '') onLine(line);
    }
    return rest.length <= MAX_LINE_CHARS;
  };
}

function parseEvent(line: string): WatchEvent | undefined {
  try {
    return WatchEvent.parse(JSON.parse(line));
  } catch {
    return undefined;
  }
}
