/**
 * Reads goroutine dumps of any form as a stream: `debug=2`, what SIGQUIT and SIGABRT print, `debug=1`, through journald and
 * other logs, pasted, cut. Memory is bounded by the number of distinct stacks. It never throws on content; what it cannot
 * read inside a dump is counted.
 */
import { gunzipSync } from 'node:zlib';
import { hashBlock, readPlainHeader } from './dump-fast.ts';
import { addFrame, createGroupTable, type Draft, type Group, type GroupTable } from './dump-groups.ts';
import { type DumpLine, endOfHeader, readDumpLine } from './dump-lines.ts';
import { createUnprefixer, splitOneLine, unquote } from './dump-prefix.ts';
import type { Dump, DumpFormat } from './goroutine.ts';

/** A line without an end is read as it is from this length on: a whole dump may stand on one line. */
const MAX_LINE = 8 * 1_048_576;
/** Only goroutines shorter than this take the quick way; the runtime prints at most 100 frames of each. */
const MAX_BLOCK = 64 * 1024;
const MAX_EARLIER = 8;
const NEWLINE = 0x0a;
const WORD = Buffer.from('goroutine ');
const BLANK_LINE = Buffer.from('\n\n');

export interface DumpParser {
  write(chunk: Buffer | string): void;
  end(): Dump;
}

/** A call whose file line has not come yet. */
interface Pending {
  readonly func: string;
  readonly args: string;
  readonly atLine: number;
  readonly creator: boolean;
}

interface Reading {
  table: GroupTable;
  format: DumpFormat;
  unreadLines: number;
  earlier: Dump[];
  draft: Draft | undefined;
  pending: Pending | undefined;
  /** What follows belongs to others, up to the next header. */
  skipping: boolean;
  lineNumber: number;
  dashedAt: number;
}

function newReading(): Reading {
  return {
    table: createGroupTable(),
    format: 'none',
    unreadLines: 0,
    earlier: [],
    draft: undefined,
    pending: undefined,
    skipping: false,
    lineNumber: 0,
    dashedAt: -100,
  };
}

/** The dump so far is one of its own; another one follows. */
function startDump(reading: Reading): void {
  close(reading);
  if (reading.table.goroutines === 0) return;
  reading.earlier.push(reading.table.dump(reading.format, reading.unreadLines, []));
  reading.earlier = reading.earlier.slice(-MAX_EARLIER);
  reading.table = createGroupTable();
  reading.format = 'none';
  reading.unreadLines = 0;
}

/** The goroutine that writes a debug=2 dump is the first of it. */
function isWriter({ state, frames }: Draft): boolean {
  return state === 'running' && frames.some(({ func }) => func === 'runtime/pprof.writeGoroutineStacks');
}

function close(reading: Reading): Group | undefined {
  const { draft, pending } = reading;
  reading.draft = undefined;
  reading.pending = undefined;
  if (draft === undefined) return undefined;
  if (pending !== undefined && !pending.creator)
    addFrame(draft, { func: pending.func, file: '', line: 0 }, pending.args);
  if (isWriter(draft)) startDump(reading);
  return reading.table.add(draft);
}

function open(reading: Reading, head: Pick<Draft, 'id' | 'state' | 'minutes' | 'count'>, atLine: number): Draft {
  close(reading);
  reading.skipping = false;
  const draft: Draft = { ...head, atLine, frames: [], args: [], createdBy: '' };
  reading.draft = draft;
  return draft;
}

function setFormat(reading: Reading, format: DumpFormat): void {
  if (reading.format !== format && reading.format !== 'none') startDump(reading);
  reading.format = format;
}

const HEADLESS = { id: undefined, state: undefined, minutes: 0, count: 1 };

function readFile(reading: Reading, file: string, line: number): void {
  const { pending } = reading;
  if (pending === undefined) {
    if (reading.draft !== undefined && !reading.skipping) reading.unreadLines++;
    return;
  }
  reading.pending = undefined;
  if (pending.creator) return;
  // Calls with their files, but without a header: part of a dump that somebody has pasted.
  const draft = reading.draft ?? open(reading, HEADLESS, pending.atLine);
  addFrame(draft, { func: pending.func, file, line }, pending.args);
}

function flushPending(reading: Reading): void {
  const { pending, draft } = reading;
  reading.pending = undefined;
  if (pending === undefined || pending.creator || draft === undefined) return;
  addFrame(draft, { func: pending.func, file: '', line: 0 }, pending.args);
  reading.unreadLines++;
}

function readMore(reading: Reading, parsed: DumpLine, isLog: boolean): void {
  switch (parsed.kind) {
    case 'call':
      flushPending(reading);
      if (!reading.skipping) reading.pending = { ...parsed, atLine: reading.lineNumber, creator: false };
      return;
    case 'created':
      flushPending(reading);
      if (reading.draft === undefined || reading.skipping) return;
      reading.draft.createdBy = parsed.func;
      reading.pending = { func: parsed.func, args: '', atLine: reading.lineNumber, creator: true };
      return;
    case 'file':
      readFile(reading, parsed.file, parsed.line);
      return;
    case 'ancestor':
      flushPending(reading);
      reading.skipping = true;
      return;
    case 'text':
      if (reading.draft === undefined) reading.pending = undefined;
      else if (!isLog && !reading.skipping) reading.unreadLines++;
      return;
    default:
  }
}

function readParsed(reading: Reading, parsed: DumpLine, isLog: boolean): void {
  switch (parsed.kind) {
    case 'header': {
      setFormat(reading, 'debug=2');
      const { id, state, minutes } = parsed;
      open(reading, { id, state, minutes, count: 1 }, reading.lineNumber);
      return;
    }
    case 'counted':
      setFormat(reading, 'debug=1');
      open(reading, { id: undefined, state: undefined, minutes: 0, count: parsed.count }, reading.lineNumber);
      return;
    case 'counted-frame': {
      if (reading.draft === undefined) setFormat(reading, 'debug=1');
      const draft = reading.draft ?? open(reading, HEADLESS, reading.lineNumber);
      addFrame(draft, parsed.frame, '');
      return;
    }
    case 'start':
      // A crash prints a dump of each thread, a dashed line between them: one dump, and known goroutines once more.
      if (reading.lineNumber - reading.dashedAt > 4) startDump(reading);
      return;
    case 'dashes':
      reading.dashedAt = reading.lineNumber;
      close(reading);
      return;
    default:
      readMore(reading, parsed, isLog);
  }
}

/** A blank line ends a goroutine; not one that has no frames yet, nor one that still waits for a file line. */
function readBlank(reading: Reading): void {
  const { draft, pending } = reading;
  if (draft === undefined) return;
  if (pending === undefined ? draft.frames.length > 0 || reading.skipping : pending.creator) close(reading);
}

function readText(reading: Reading, text: string, isLog: boolean): void {
  if (text === '') {
    readBlank(reading);
    return;
  }
  const parsed = readDumpLine(text);
  const rest = parsed.kind === 'header' ? text.slice(endOfHeader(text)).trim() : '';
  if (rest === '') {
    readParsed(reading, parsed, isLog);
    return;
  }
  for (const part of splitOneLine(text)) {
    const line = part.trim();
    if (line !== '') readParsed(reading, readDumpLine(line), false);
  }
}

export function createDumpParser(): DumpParser {
  const reading = newReading();
  const unprefixer = createUnprefixer();
  const known = new Map<string, Map<number, Group>>();
  let knownTable = reading.table;
  let rest: Buffer = Buffer.alloc(0);

  function readLine(raw: string): void {
    reading.lineNumber++;
    const whole = raw.trim();
    const line = whole.includes('\\n') || whole.startsWith('{"') ? unquote(unprefixer.strip(whole).text) : whole;
    for (const part of line.includes('\n') ? line.split('\n') : [line]) {
      const { text, isLog } = unprefixer.strip(part);
      readText(reading, text, isLog);
    }
  }

  /** @returns where it ends; -1: it is not one for the quick way, or not all of it is there yet. */
  function readBlock(bytes: Buffer, from: number): number {
    const headEnd = bytes.indexOf(NEWLINE, from);
    if (headEnd < 0 || headEnd - from > 200) return -1;
    const to = bytes.indexOf(BLANK_LINE, headEnd);
    if (to < 0 || to - from > MAX_BLOCK) return -1;
    const header = readPlainHeader(bytes.toString('latin1', from, headEnd));
    if (header === undefined || header.state === 'running') return -1;
    const { key, lines } = hashBlock(bytes, headEnd + 1, to);
    if (knownTable !== reading.table) {
      known.clear();
      knownTable = reading.table;
    }
    const stacks = known.get(header.state) ?? new Map<number, Group>();
    known.set(header.state, stacks);
    const group = stacks.get(key);
    if (group !== undefined) {
      close(reading);
      reading.table.join(group, header.id, header.minutes);
      reading.lineNumber += lines + 1;
      return to + 2;
    }
    for (const line of bytes.toString('latin1', from, to).split('\n')) readLine(line);
    reading.lineNumber++;
    const added = close(reading);
    if (added !== undefined && knownTable === reading.table) stacks.set(key, added);
    return to + 2;
  }

  function read(bytes: Buffer, isLast: boolean): number {
    let at = 0;
    while (at < bytes.length) {
      if (bytes[at] === WORD[0] && bytes.subarray(at, at + WORD.length).equals(WORD)) {
        if (!isLast && bytes.length - at < MAX_BLOCK && bytes.indexOf(BLANK_LINE, at) < 0) return at;
        const end = readBlock(bytes, at);
        if (end >= 0) {
          at = end;
          continue;
        }
      }
      const end = bytes.indexOf(NEWLINE, at);
      if (end < 0 && !isLast && bytes.length - at < MAX_LINE) return at;
      const to = end < 0 ? bytes.length : end;
      readLine(bytes.toString('utf8', at, Math.min(to, at + MAX_LINE)));
      at = to + 1;
    }
    return bytes.length;
  }

  return {
    write: (chunk) => {
      const bytes = typeof chunk === 'string' ? Buffer.from(chunk) : chunk;
      const all = rest.length === 0 ? bytes : Buffer.concat([rest, bytes]);
      const at = read(all, false);
      // A copy: the caller may use its chunk again.
      rest = Buffer.from(all.subarray(at));
    },
    end: () => {
      read(rest, true);
      rest = Buffer.alloc(0);
      close(reading);
      const { table, format, unreadLines, earlier } = reading;
      const last = earlier.at(-1);
      if (table.goroutines === 0 && last !== undefined) return { ...last, earlier: earlier.slice(0, -1) };
      return table.dump(format, unreadLines, earlier);
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
