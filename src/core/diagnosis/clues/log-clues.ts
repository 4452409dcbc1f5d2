/** Picks out of logs the lines that a cause is told by: each kind of line once, with how often it occurs and when. */
import { type LogClue, MAX_CLUE_LINE, MAX_CLUES } from '../../../api/v1alpha1/parts/host-summary.ts';
import { formatDuration } from '../../time/duration.ts';
import type { NamedText } from '../diagnosis-input.ts';
import { CALLEES } from '../calls/callees.ts';
import { CALLS, CLUE_PATTERNS, type CluePattern, meaningOf, meaningOfOwn } from './clue-patterns.ts';
import { excerptOf } from './excerpt.ts';
import { ownWords } from './own-words.ts';
import { quotedParts } from './quoted-parts.ts';
import { writerOf } from './writer.ts';
import { createLogClock, type LogClock } from './log-clock.ts';

/** The end of a log is looked at; no log window of the agent is longer. In UTF-16 units. */
const MAX_TEXT = 32 * 1_048_576;
/** Kinds of lines of one log that are held at once. Hostile lines can be of as many kinds as there are lines. */
const MAX_HELD = 1_024;

/** What stands further on in a line is not looked at. In UTF-16 units; longer than what journald stores of one. */
const MAX_LINE = 262_144;

/** Lines of one kind: they match the same patterns and mean the same. Offsets are of the text. */
interface Kind {
  /** Indices into the patterns that are looked for. */
  readonly patterns: readonly number[];
  readonly count: number;
  readonly firstStart: number;
  readonly lastStart: number;
  readonly lastEnd: number;
  readonly lineNumber: number;
}

interface Cursor {
  readonly pattern: RegExp;
  /** Start of the line of its next match; Infinity: there is none. */
  lineStart: number;
}

function advance(cursor: Cursor, text: string, from: number): void {
  // It is set before each search, so that all logs share the compiled pattern.
  cursor.pattern.lastIndex = from;
  for (let found = cursor.pattern.exec(text); found !== null; found = cursor.pattern.exec(text)) {
    cursor.lineStart = found.index === 0 ? 0 : text.lastIndexOf('\n', found.index - 1) + 1;
    if (found.index - cursor.lineStart < MAX_LINE) return;
    const end = text.indexOf('\n', found.index);
    if (end === -1) break;
    cursor.pattern.lastIndex = end;
  }
  cursor.lineStart = Number.POSITIVE_INFINITY;
}

/** Newlines are counted as the text is gone through, once. */
function createLineCounter(text: string): (at: number) => number {
  let line = 1;
  let next = text.indexOf('\n');
  return (at) => {
    for (; next !== -1 && next < at; next = text.indexOf('\n', next + 1)) line++;
    return line;
  };
}

const CALLS_AT = CLUE_PATTERNS.indexOf(CALLS);

/** Calls of each callee count as a pattern of their own, behind all others, lest many of one take the place of the others. */
const FIRST_CALLEE = 1_000_000;

function facesOf(index: number, said: string): readonly number[] {
  if (index !== CALLS_AT) return [index];
  const at = CALLEES.findIndex((callee) => said.startsWith(callee));
  return [index, FIRST_CALLEE + at];
}

/** Those of the user's own causes are behind all of the catalogue: what it reads in a log is what it read without them. */
function rankOf(pattern: number): number {
  return pattern < CLUE_PATTERNS.length || pattern >= FIRST_CALLEE ? pattern : pattern + 2 * FIRST_CALLEE;
}

/** What the line says, and the patterns that it says it by. */
function kindOf(
  line: string,
  matching: readonly number[],
  all: readonly CluePattern[],
): { readonly key: string; readonly patterns: number[] } {
  const patterns: number[] = [];
  const own = ownWords(line);
  let key: string = writerOf(line);
  for (const index of matching) {
    const one = all[index];
    const said = one === undefined ? undefined : meaningOfOwn(own, one);
    if (said === undefined) continue;
    patterns.push(...facesOf(index, said));
    key += `${String(index)}${said},`;
  }
  return { key, patterns };
}

/**
 * The indices of those that stay: the newest of each pattern before more of the same; of the patterns, the first ones
 * in the catalogue. `entries` are oldest first, and so is the result.
 */
function chosen(entries: readonly { readonly patterns: readonly number[] }[], max: number): readonly number[] {
  const newest = new Map<number, number>();
  for (const [at, { patterns }] of entries.entries()) for (const pattern of patterns) newest.set(pattern, at);
  const byPattern = [...newest].sort(([a], [b]) => rankOf(a) - rankOf(b)).map(([, at]) => at);
  const byAge = [...entries.keys()].reverse();
  return [...new Set([...byPattern, ...byAge])].slice(0, max).sort((a, b) => a - b);
}

function forgetSome(kinds: Map<string, Kind>): void {
  const entries = [...kinds];
  const kept = chosen(
    entries.map(([, kind]) => kind),
    MAX_HELD / 2,
  );
  kinds.clear();
  for (const at of kept) {
    const entry = entries[at];
    if (entry !== undefined) kinds.set(...entry);
  }
}

/** A line that matches, and the patterns that it matches. */
interface Match {
  readonly start: number;
  readonly end: number;
  readonly matching: readonly number[];
}

/** So much is searched at a time. In UTF-16 units. */
const PIECE = 65_536;

/** Whole lines, and where they begin. */
function* piecesOf(text: string): Generator<{ readonly from: number; readonly piece: string }> {
  for (let from = 0; from < text.length;) {
    const newline = text.indexOf('\n', from + PIECE);
    const to = newline === -1 ? text.length : newline + 1;
    yield { from, piece: text.slice(from, to) };
    from = to;
  }
}

/** Line by line in the order of the text, each pattern searched through the text once. */
function* matchesIn(text: string, all: readonly CluePattern[]): Generator<Match> {
  const cursors = all.map(({ pattern }): Cursor => ({ pattern, lineStart: 0 }));
  for (const cursor of cursors) advance(cursor, text, 0);
  for (;;) {
    let start = Number.POSITIVE_INFINITY;
    for (const { lineStart } of cursors) start = Math.min(start, lineStart);
    if (start === Number.POSITIVE_INFINITY) return;
    const newline = text.indexOf('\n', start);
    const end = Math.min(newline === -1 ? text.length : newline, start + MAX_LINE);
    const matching: number[] = [];
    for (const [index, cursor] of cursors.entries()) {
      if (cursor.lineStart !== start) continue;
      matching.push(index);
      advance(cursor, text, newline === -1 ? text.length : newline);
    }
    yield { start, end, matching };
  }
}

/** In the order of the last line of each. */
function* kindsOf(text: string, patternsOfAll: readonly CluePattern[]): Generator<undefined, readonly Kind[], boolean> {
  let all = patternsOfAll;
  const kinds = new Map<string, Kind>();
  const lineNumberAt = createLineCounter(text);
  const isQuoted = quotedParts(text);
  for (const { from, piece } of piecesOf(text)) {
    if (from > 0 && (yield undefined)) all = CLUE_PATTERNS;
    for (const match of matchesIn(piece, all)) {
      if (isQuoted(from + match.start)) continue;
      const { key, patterns } = kindOf(piece.slice(match.start, match.end), match.matching, all);
      if (patterns.length === 0) continue;
      const [start, before] = [from + match.start, kinds.get(key)];
      // What is seen again goes to the end: a Map keeps the order of insertion.
      kinds.delete(key);
      kinds.set(key, {
        patterns,
        count: (before?.count ?? 0) + 1,
        firstStart: before?.firstStart ?? start,
        lastStart: start,
        lastEnd: from + match.end,
        lineNumber: lineNumberAt(start),
      });
      if (kinds.size > MAX_HELD) forgetSome(kinds);
    }
  }
  return [...kinds.values()];
}

function timesOf(kind: Kind, clock: LogClock): Pick<LogClue, 'firstBeforeEnd' | 'lastBeforeEnd'> {
  const first = clock.beforeEndMs(kind.firstStart);
  const last = clock.beforeEndMs(kind.lastStart);
  return {
    ...(first === undefined ? {} : { firstBeforeEnd: formatDuration(first) }),
    ...(last === undefined ? {} : { lastBeforeEnd: formatDuration(last) }),
  };
}

/**
 * The clues of one log, oldest first. Time is linear in the log's size; memory is that of a bounded number of kinds, so
 * that a flood of one line takes no other's place.
 */
export function logCluesOf(
  log: NamedText,
  max = MAX_HELD,
  all: readonly CluePattern[] = CLUE_PATTERNS,
): readonly LogClue[] {
  const steps = logCluesInSteps(log, max, all);
  for (let step = steps.next(false); ; step = steps.next(false)) if (step.done === true) return step.value;
}

/**
 * The same in steps of 64 KiB of the log and the rest of a line, for a program that has other work meanwhile.
 * `next(true)`: from now on the catalogue's patterns alone are looked for.
 */
export function* logCluesInSteps(
  { name, text: whole }: NamedText,
  max: number,
  all: readonly CluePattern[],
): Generator<undefined, readonly LogClue[], boolean> {
  const text = whole.slice(-MAX_TEXT);
  const clock = createLogClock(text);
  const kinds = yield* kindsOf(text, all);
  return chosen(kinds, max).flatMap((at) => {
    const kind = kinds[at];
    if (kind === undefined) return [];
    const patterns = kind.patterns.flatMap((index) => all[index] ?? []);
    return {
      source: name.slice(0, 128),
      lineNumber: kind.lineNumber,
      line: excerptOf(text.slice(kind.lastStart, kind.lastEnd), { patterns, all }, MAX_CLUE_LINE),
      count: kind.count,
      ...timesOf(kind, clock),
    };
  });
}

/** What a clue is one of, in whichever part of its log. @param all the patterns by which it was found. */
export function kindOfClue({ line }: LogClue, all: readonly CluePattern[]): string {
  return kindOf(line, [...all.keys()], all).key;
}

/** At most 32 of the clues of several logs, in their order, each pattern's newest before more of the same. */
export function boundedClues(
  clues: readonly LogClue[],
  all: readonly CluePattern[] = CLUE_PATTERNS,
): readonly LogClue[] {
  const entries = clues.map(({ line }) => ({
    patterns: [...all.entries()].flatMap(([index, one]) => {
      const said = meaningOf(line, one);
      return said === undefined ? [] : facesOf(index, said);
    }),
  }));
  return chosen(entries, MAX_CLUES).flatMap((at) => clues[at] ?? []);
}
