/** The lines of a dump, one after the other, to goroutines. */
import { addFrame, createGroupTable, type Draft, type Group, type GroupTable } from './groups.ts';
import { type DumpLine, endOfHeader, type Mark, readDumpLine } from './lines.ts';
import { splitOneLine } from './line-prefix.ts';
import type { Dump, DumpFormat, Frame } from './goroutine.ts';

const MAX_EARLIER = 8;
const TOTAL = /^goroutine(?:leak)? profile: total (\d{1,9})/;

/** A call whose file line has not come yet. */
interface Pending {
  readonly func: string;
  readonly args: string;
  readonly atLine: number;
  readonly creator: boolean;
}

export interface Reading {
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
  /** Goroutines that the head of a debug=1 dump announces; 0: it has none. */
  total: number;
}

export function newReading(): Reading {
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
    total: 0,
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
  reading.total = 0;
}

/** The goroutine that writes a debug=2 dump is the first of it. */
function isWriter({ state, frames }: Draft): boolean {
  return state === 'running' && frames.some(({ func }) => func === 'runtime/pprof.writeGoroutineStacks');
}

/** @returns the group that the goroutine went to. */
export function close(reading: Reading): Group | undefined {
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

function readCall(reading: Reading, { func, args }: DumpLine & { readonly kind: 'call' }): void {
  flushPending(reading);
  if (!reading.skipping) reading.pending = { func, args, atLine: reading.lineNumber, creator: false };
}

function readCreated(reading: Reading, func: string): void {
  flushPending(reading);
  if (reading.draft === undefined || reading.skipping) return;
  reading.draft.createdBy = func;
  reading.pending = { func, args: '', atLine: reading.lineNumber, creator: true };
}

function readCountedFrame(reading: Reading, frame: Frame): void {
  if (reading.draft === undefined) setFormat(reading, 'debug=1');
  addFrame(reading.draft ?? open(reading, HEADLESS, reading.lineNumber), frame, '');
}

/** A crash prints a dump of each thread, a dashed line between them: one dump, and known goroutines once more. */
function readStart(reading: Reading): void {
  if (reading.lineNumber - reading.dashedAt > 4) startDump(reading);
}

/** What stands between the lines of a dump: of a log, or not understood. */
function readOther(reading: Reading, isLog: boolean): void {
  if (reading.draft === undefined) reading.pending = undefined;
  else if (!isLog && !reading.skipping) reading.unreadLines++;
}

function openCounted(reading: Reading, count: number): void {
  setFormat(reading, 'debug=1');
  open(reading, { id: undefined, state: undefined, minutes: 0, count }, reading.lineNumber);
}

function openHeader(reading: Reading, { id, state, minutes }: DumpLine & { readonly kind: 'header' }): void {
  setFormat(reading, 'debug=2');
  open(reading, { id, state, minutes, count: 1 }, reading.lineNumber);
}

function skipAncestors(reading: Reading): void {
  flushPending(reading);
  reading.skipping = true;
}

function readDashes(reading: Reading): void {
  reading.dashedAt = reading.lineNumber;
  close(reading);
}

/** Between goroutines, or behind the last one. */
function readMark(reading: Reading, mark: Mark): void {
  if (mark === 'dashes') readDashes(reading);
  else close(reading);
}

function readParsed(reading: Reading, parsed: DumpLine, isLog: boolean): void {
  switch (parsed.kind) {
    case 'header':
      openHeader(reading, parsed);
      return;
    case 'counted':
      openCounted(reading, parsed.count);
      return;
    case 'counted-frame':
      readCountedFrame(reading, parsed.frame);
      return;
    case 'call':
      readCall(reading, parsed);
      return;
    case 'file':
      readFile(reading, parsed.file, parsed.line);
      return;
    case 'created':
      readCreated(reading, parsed.func);
      return;
    case 'ancestor':
      skipAncestors(reading);
      return;
    case 'mark':
      readMark(reading, parsed.mark);
      return;
    case 'known-noise':
      return;
    case 'text':
      readOther(reading, isLog);
  }
}

/** A blank line ends a goroutine; not one that has no frames yet, nor one that still waits for a file line. */
function readBlank(reading: Reading): void {
  const { draft, pending } = reading;
  if (draft === undefined) return;
  if (pending === undefined ? draft.frames.length > 0 || reading.skipping : pending.creator) close(reading);
}

/** @param text trimmed, without what a log has put before it. */
export function readText(reading: Reading, text: string, isLog: boolean): void {
  if (text === '') {
    readBlank(reading);
    return;
  }
  const parsed = readDumpLine(text);
  if (parsed.kind === 'mark' && parsed.mark === 'start') {
    readStart(reading);
    reading.total = Number(TOTAL.exec(text)?.[1] ?? 0);
    return;
  }
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
