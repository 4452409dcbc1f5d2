/**
 * Reads goroutine dumps of any form as a stream: `debug=2`, what SIGQUIT and SIGABRT print, `debug=1`, through journald and
 * other logs, pasted, cut. Memory is bounded by the number of distinct stacks. It never throws on content; what it cannot
 * read inside a dump is counted.
 */
import { gunzipSync } from 'node:zlib';
import { hashBlock, isHeaderAt, readPlainHeader } from './fast-header.ts';
import type { Group } from './groups.ts';
import { createUnprefixer, unquote } from './line-prefix.ts';
import { close, newReading, readText } from './reading.ts';
import type { Dump } from './goroutine.ts';

/** A line without an end is read as it is from this length on: a whole dump may stand on one line. */
const MAX_LINE = 8 * 1_048_576;
/** Only goroutines shorter than this take the quick way; the runtime prints at most 100 frames of each. */
const MAX_BLOCK = 64 * 1024;
const MAX_HEADER = 200;
/** What does not fit into so much is left out of debug=2 (go/src/runtime/pprof/pprof.go, writeGoroutineStacks). */
const GO_LIMIT = 64 * 1_048_576;
const NEWLINE = 0x0a;
const BLANK_LINE = Buffer.from('\n\n');

export interface DumpParser {
  write(chunk: Buffer | string): void;
  end(): Dump;
}

/** The end, if there is none. */
function nextBlankLine(bytes: Buffer, from: number): number {
  const at = bytes.indexOf(BLANK_LINE, from);
  return at < 0 ? bytes.length : at;
}

export function createDumpParser(): DumpParser {
  const reading = newReading();
  const unprefixer = createUnprefixer();
  /** Groups by state and hash, of the present dump. */
  const known = new Map<string, Group>();
  let knownTable = reading.table;
  let rest: Buffer = Buffer.alloc(0);
  let written = 0;

  function readLine(raw: string): void {
    reading.lineNumber++;
    const whole = raw.trim();
    const line = whole.includes('\\n') || whole.startsWith('{"') ? unquote(unprefixer.strip(whole).text) : whole;
    for (const part of line.includes('\n') ? line.split('\n') : [line]) {
      const { text, isLog } = unprefixer.strip(part);
      readText(reading, text, isLog);
    }
  }

  /** @returns it was read; false: it is not one for the quick way. */
  function readBlock(bytes: Buffer, from: number, to: number): boolean {
    const headEnd = bytes.indexOf(NEWLINE, from);
    if (headEnd - from > MAX_HEADER || headEnd >= to || to - from > MAX_BLOCK) return false;
    const header = readPlainHeader(bytes.toString('latin1', from, headEnd));
    const hash = hashBlock(bytes, headEnd + 1, to);
    // The goroutine that writes the dump begins a new one.
    if (header === undefined || header.state === 'running' || hash === undefined) return false;
    if (knownTable !== reading.table) known.clear();
    knownTable = reading.table;
    const key = `${header.state} ${hash.key}`;
    const group = known.get(key);
    if (group === undefined) {
      for (const line of bytes.toString('latin1', from, to).split('\n')) readLine(line);
      reading.lineNumber++;
      const added = close(reading);
      if (added !== undefined && knownTable === reading.table) known.set(key, added);
      return true;
    }
    close(reading);
    reading.table.join(group, header.id, header.minutes);
    reading.lineNumber += hash.lines + 1;
    return true;
  }

  /** @returns where the line ends; -1: its end is not there yet. */
  function readOneLine(bytes: Buffer, at: number, isLast: boolean): number {
    const end = bytes.indexOf(NEWLINE, at);
    if (end < 0 && !isLast && bytes.length - at < MAX_LINE) return -1;
    const to = end < 0 ? bytes.length : end;
    readLine(bytes.toString('utf8', at, Math.min(to, at + MAX_LINE)));
    return to + 1;
  }

  /** @returns how much of it was read. */
  function read(bytes: Buffer, isLast: boolean): number {
    /** The next blank line; it is looked for once, however many goroutines stand before it. */
    let blank = -1;
    for (let at = 0, next = 0; at < bytes.length; at = next) {
      const isHeader = isHeaderAt(bytes, at);
      if (isHeader && blank < at) blank = nextBlankLine(bytes, at);
      if (isHeader && blank === bytes.length && !isLast && bytes.length - at < MAX_BLOCK) return at;
      const isBlock = isHeader && blank < bytes.length && readBlock(bytes, at, blank);
      next = isBlock ? blank + 2 : readOneLine(bytes, at, isLast);
      if (next < 0) return at;
    }
    return bytes.length;
  }

  return {
    write: (chunk) => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      written += bytes.length;
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const at = read(all, false);
      // A copy: the caller may use its chunk again.
      rest = Buffer.from(all.subarray(at));
    },
    end: () => {
      read(rest, true);
      rest = Buffer.alloc(0);
      // A call without its file line is followed by nothing only where the text was cut off.
      const isCut = reading.draft !== undefined && reading.pending !== undefined && !reading.pending.creator;
      close(reading);
      const { table, format, unreadLines, earlier, total } = reading;
      const last = earlier.at(-1);
      if (table.goroutines === 0 && last !== undefined) return { ...last, earlier: earlier.slice(0, -1) };
      const dump = table.dump(format, unreadLines, earlier);
      return isCut || written === GO_LIMIT || dump.goroutines < total ? { ...dump, isCut: true } : dump;
    },
  };
}

/** Of a text that is in memory already. Texts are read a piece at a time, to keep no second copy of all of it. */
const PIECE = 1_048_576;

export function parseDump(content: Buffer | string): Dump {
  const parser = createDumpParser();
  if (typeof content === 'string') {
    for (let at = 0; at < content.length; at += PIECE) parser.write(content.slice(at, at + PIECE));
    return parser.end();
  }
  const bytes = unzipped(content);
  for (let at = 0; at < bytes.length; at += PIECE) parser.write(bytes.subarray(at, at + PIECE));
  return parser.end();
}

/** A dump's text is at most this long when unpacked: more than the runtime prints (64 MiB). */
const MAX_UNZIPPED = 256 * PIECE;

/** gzip begins with 1f 8b (RFC 1952). What cannot be unpacked is read as it is. */
function unzipped(bytes: Buffer): Buffer {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNZIPPED });
  } catch {
    return bytes;
  }
}
