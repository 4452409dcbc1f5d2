/** What one text is made of: its end, within bounds, and the goroutines of all of it. */
import { StringDecoder } from 'node:string_decoder';
import type { Dump } from '../../../core/dump/goroutine.ts';
import { createDumpParser, type DumpParser } from '../../../core/dump/parser.ts';
import type { Chunks } from './byte-source.ts';
import { classify, isBinary } from '../content/classify.ts';
import { isUp, type ReadBounds, TIME_IS_UP } from './read-bounds.ts';
import { reasonOf } from './read-error.ts';

const MIB = 1_048_576;
/** Of one text, unpacked. */
const MAX_BYTES = 1_024 * MIB;
/** By so much of its beginning it is known what a long text is. */
const HEAD = 2 * MIB;
/** Behind a line of goroutines no more is looked for than so far: a log goes on. */
const REACH = 4 * MIB;
const GOROUTINE = Buffer.from('goroutine ');

export type ReadResult =
  | {
      readonly kind: 'text';
      /** The end of it; all of it where it is short. Empty for a dump that is nothing else. */
      readonly text: string;
      /** Of all of it, where that is more than the text has. */
      readonly dump: Dump | undefined;
      readonly bytes: number;
      /** What a person should know, for example that it is cut; empty: nothing. */
      readonly message: string;
      readonly isCut: boolean;
    }
  | { readonly kind: 'unreadable'; readonly message: string };

interface Reading {
  /** The last of them; all, until they are too many. */
  readonly chunks: Buffer[];
  held: number;
  bytes: number;
  /** Until it is known. */
  isLong: boolean;
  isPlainDump: boolean;
  parser: DumpParser | undefined;
  /** How many bytes more are looked at for goroutines. */
  reach: number;
}

/** It never throws: what cannot be read is a result. */
export async function readText(chunks: Chunks, bounds: ReadBounds): Promise<ReadResult> {
  const reading: Reading = {
    chunks: [],
    held: 0,
    bytes: 0,
    isLong: false,
    isPlainDump: false,
    parser: undefined,
    reach: 0,
  };
  let cut = '';
  try {
    for await (const chunk of chunks) {
      take(reading, chunk, bounds);
      if (reading.bytes >= MAX_BYTES) cut = `only the first ${MAX_BYTES / MIB} MiB were read`;
      else if (isUp(bounds)) cut = `only the first ${reading.bytes} bytes were read: ${TIME_IS_UP}`;
      if (cut !== '') break;
    }
  } catch (error) {
    if (reading.bytes === 0) return { kind: 'unreadable', message: reasonOf(error) };
    cut = `only the first ${reading.bytes} bytes could be read: ${reasonOf(error)}`;
  }
  return resultOf(reading, cut, bounds);
}

function take(reading: Reading, chunk: Buffer, { maxText, letGo }: ReadBounds): void {
  reading.bytes += chunk.length;
  if (reading.isLong) lookForGoroutines(reading, chunk);
  if (reading.isPlainDump) return;
  reading.chunks.push(chunk);
  reading.held += chunk.length;
  if (!reading.isLong && reading.bytes >= Math.min(HEAD, maxText)) decide(reading);
  if (!reading.isLong) return;
  const left = dropped(reading.chunks, reading.held, maxText);
  letGo(reading.held - left);
  reading.held = left;
}

/** The first ones go, as long as the others are enough. @returns bytes that are left. */
function dropped(chunks: Buffer[], held: number, enough: number): number {
  let left = held;
  while (left - (chunks[0]?.length ?? 0) >= enough) left -= chunks.shift()?.length ?? 0;
  return left;
}

/** What is too long to be held is read for its goroutines as it comes. */
function decide(reading: Reading): void {
  reading.isLong = true;
  const { isDump, isLog } = classify(decode([...reading.chunks]));
  reading.isPlainDump = isDump && !isLog;
  for (const chunk of reading.chunks) lookForGoroutines(reading, chunk);
  if (!reading.isPlainDump) return;
  reading.chunks.length = 0;
  reading.held = 0;
}

function lookForGoroutines(reading: Reading, chunk: Buffer): void {
  if (reading.isPlainDump) {
    reading.parser ??= createDumpParser();
    reading.parser.write(chunk);
    return;
  }
  if (chunk.includes(GOROUTINE)) reading.reach = REACH;
  if (reading.reach <= 0) return;
  reading.parser ??= createDumpParser();
  reading.parser.write(chunk);
  reading.reach -= chunk.length;
}

function resultOf(reading: Reading, cut: string, { maxText, letGo }: ReadBounds): ReadResult {
  const { chunks, bytes, parser, isPlainDump } = reading;
  let { held } = reading;
  if (bytes === 0) return { kind: 'unreadable', message: 'it is empty' };
  const isCut = cut !== '';
  if (isPlainDump) return { kind: 'text', text: '', dump: parser?.end(), bytes, message: cut, isCut };
  const sample = [chunks[0], chunks.at(-1)?.subarray(-8_192)].map((chunk) => chunk ?? Buffer.alloc(0));
  if (sample.every(isBinary)) {
    return { kind: 'unreadable', message: 'it is binary, not a goroutine dump or a log as text (pprof: use ?debug=2)' };
  }
  if (held > maxText / 2 && isWide(chunks)) held = dropped(chunks, held, maxText / 2);
  // A line that is cut off at its head may quote what its writer has not said.
  const text = decode(chunks);
  // The chunks, and the pieces that the text is joined from.
  letGo(2 * held);
  const tail = held < bytes ? `only the last ${held} of its ${bytes} bytes were read` : '';
  return {
    kind: 'text',
    text: held < bytes ? withoutFirstLine(text) : text,
    dump: parser?.end(),
    bytes,
    message: [cut, tail].filter((one) => one !== '').join('; '),
    isCut,
  };
}

function withoutFirstLine(text: string): string {
  const end = text.indexOf('\n');
  return end < 0 ? '' : text.slice(end + 1);
}

/** Each chunk is let go when it is read: a copy of all of them is as large again. */
function decode(chunks: Buffer[]): string {
  const decoder = new StringDecoder('utf8');
  const texts: string[] = [];
  for (let chunk = chunks.shift(); chunk !== undefined; chunk = chunks.shift()) texts.push(decoder.write(chunk));
  return texts.join('') + decoder.end();
}

/** Characters that Latin-1 does not have make a string of two bytes for each of its characters. */
function isWide(chunks: readonly Buffer[]): boolean {
  return chunks.some((chunk) => chunk.some((byte) => byte >= 0xc4));
}
