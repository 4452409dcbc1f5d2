/** One file or standard input: decompressed where it is gzip, with a bound; a large dump is parsed as it is read. */
import { createReadStream } from 'node:fs';
import { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { createDumpParser, type DumpParser } from '../../core/dump/parser.ts';
import type { Dump } from '../../core/dump/goroutine.ts';
import { classify, isBinary } from './classify.ts';

/** Of one file, decompressed. */
const MAX_BYTES = 268_435_456;
/** A file longer than this that begins as a dump, and as nothing else, is not kept as text. */
const KEPT_BYTES = 2_097_152;

export type ReadResult =
  | { readonly kind: 'text'; readonly text: string; readonly bytes: number; readonly message: string }
  | { readonly kind: 'dump'; readonly dump: Dump; readonly bytes: number; readonly message: string }
  | { readonly kind: 'unreadable'; readonly message: string };

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'it is a directory',
};

/** In words, from what Node's file functions throw. */
export function reasonOf(error: unknown): string {
  if (typeof error !== 'object' || error === null) return String(error);
  const known = 'code' in error ? REASONS[String(error.code)] : undefined;
  return known ?? ('message' in error ? String(error.message) : 'it cannot be read');
}

export async function readFileText(path: string): Promise<ReadResult> {
  return await readText(createReadStream(path, { highWaterMark: 1_048_576 }));
}

interface Reading {
  chunks: Buffer[];
  bytes: number;
  /** Where the chunks go once it is known for a large dump. */
  parser: DumpParser | undefined;
  /** Whether that question has been asked. */
  asked: boolean;
}

/** It never throws: what cannot be read is a result. */
export async function readText(source: Readable): Promise<ReadResult> {
  const reading: Reading = { chunks: [], bytes: 0, parser: undefined, asked: false };
  let message = '';
  try {
    for await (const chunk of await decompressed(source)) {
      take(reading, chunk.subarray(0, MAX_BYTES - reading.bytes));
      if (reading.bytes < MAX_BYTES) continue;
      message = `only the first ${MAX_BYTES / 1_048_576} MiB were read`;
      break;
    }
  } catch (error) {
    if (reading.bytes === 0) return { kind: 'unreadable', message: reasonOf(error) };
    message = `only the first ${reading.bytes} bytes could be read: ${reasonOf(error)}`;
  }
  return resultOf(reading, message);
}

function take(reading: Reading, chunk: Buffer): void {
  reading.bytes += chunk.length;
  if (reading.parser !== undefined) {
    reading.parser.write(chunk);
    return;
  }
  reading.chunks.push(chunk);
  if (reading.asked || reading.bytes < KEPT_BYTES) return;
  reading.asked = true;
  const { isDump, isLog } = classify(decode([...reading.chunks]));
  if (!isDump || isLog) return;
  reading.parser = createDumpParser();
  for (const kept of reading.chunks.splice(0)) reading.parser.write(kept);
}

function resultOf({ chunks, bytes, parser }: Reading, message: string): ReadResult {
  if (parser !== undefined) return { kind: 'dump', dump: parser.end(), bytes, message };
  if (bytes === 0) return { kind: 'unreadable', message: 'it is empty' };
  if (isBinary(chunks[0] ?? Buffer.alloc(0))) {
    return { kind: 'unreadable', message: 'it is binary, not a goroutine dump or a log as text (pprof: use ?debug=2)' };
  }
  return { kind: 'text', text: decode(chunks), bytes, message };
}

/** UTF-8, a chunk at a time: one that is cut within a character goes on in the next. */
function decode(chunks: Buffer[]): string {
  const decoder = new TextDecoder();
  let text = '';
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) {
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** gzip begins with 1f 8b (RFC 1952). */
async function decompressed(source: Readable): Promise<AsyncIterable<Buffer>> {
  const iterator = (source as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
  let head = Buffer.alloc(0);
  while (head.length < 2) {
    const next = await iterator.next();
    if (next.done === true) break;
    head = Buffer.concat([head, next.value]);
  }
  async function* whole(): AsyncGenerator<Buffer> {
    if (head.length > 0) yield head;
    for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value;
  }
  if (head[0] !== 0x1f || head[1] !== 0x8b) return whole();
  const compressed = Readable.from(whole());
  const gunzip = createGunzip();
  compressed.on('error', (error) => gunzip.destroy(error));
  return compressed.pipe(gunzip) as AsyncIterable<Buffer>;
}
