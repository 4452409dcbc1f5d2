/** A log that was rotated is one log in several files: the end of an older file is not the end of the log. */
import type { LogClue } from '../../api/v1alpha1/parts/host-summary.ts';
import type { Clue } from '../../core/diagnosis/clues/clue.ts';
import type { CluePattern } from '../../core/diagnosis/clues/clue-patterns.ts';
import { kindOfClue } from '../../core/diagnosis/clues/log-clues.ts';
import type { LogSpan } from '../../core/diagnosis/clues/log-clock.ts';
import type { NamedClues } from '../../core/diagnosis/diagnosis-input.ts';
import { durationMs, formatDuration } from '../../core/time/duration.ts';

export interface LogFile {
  readonly log: NamedClues;
  /** undefined: its lines have no times. */
  readonly span: LogSpan | undefined;
}

/** What logrotate (`.1`, with `dateext` `-20261124`) and people (`.old`) put behind the name of a log. */
const ROTATED =
  /(?<=\.log|(?:^|\/)(?:kubelet|containerd|crio|docker|messages|syslog|kern|journal))(?:\.(?<number>\d{1,3})|[.-](?<date>20\d{6}(?:[T-]?\d{2,6})?|20\d\d-\d\d-\d\d[\d:T_.-]{0,16})|\.(?<word>old|prev|previous))$/;
const PACKED = /\.(?:gz|xz|bz2|zst)$/;

/** A file by its name: the log that it is of, and how old a part of it it is. */
interface Place {
  readonly log: string;
  readonly by: 'current' | 'number' | 'date' | 'word';
  /** Of two that are named in one way, the smaller one is newer. */
  readonly age: number;
}

function placeOf(name: string): Place {
  const plain = name.replace(PACKED, '');
  const found = ROTATED.exec(plain);
  const { number, date, word } = found?.groups ?? {};
  const log = plain.slice(0, found?.index);
  if (number !== undefined) return { log, by: 'number', age: Number(number) };
  if (date !== undefined)
    return { log, by: 'date', age: -Number(date.replace(/\D/g, '').padEnd(14, '0').slice(0, 14)) };
  return word === undefined ? { log, by: 'current', age: -Infinity } : { log, by: 'word', age: 0 };
}

interface Part extends LogFile {
  readonly place: Place;
}

/** Numbers may be those of nodes, where the file that they would be older than is not there. */
function isOneWay(parts: readonly Part[]): boolean {
  const ways = new Set(parts.map(({ place }) => place.by));
  return ways.has('current') ? ways.size <= 2 : ways.size === 1 && ways.has('date');
}

const DAY_MS = 86_400_000;
/** The year that a log without one is of. */
const YEAR = 2000;
const YEAR_MS = 366 * DAY_MS;
/** Lines of one moment may stand in both. */
const OVERLAP_MS = 60_000;
/** Files between two may be missing. Where only one of two names its year, they are 25 years apart. */
const MAX_GAP_MS = 200 * DAY_MS;

function isYearless(ms: number): boolean {
  return new Date(ms).getUTCFullYear() === YEAR;
}

/** @returns the same in the year in which it is before that; undefined: it is not, by its times. */
function before({ startMs, endMs }: LogSpan, next: LogSpan | undefined): LogSpan | undefined {
  const isOverNewYear = startMs - endMs > 30 * DAY_MS && isYearless(startMs) && isYearless(endMs);
  const from = isOverNewYear ? startMs - YEAR_MS : startMs;
  if (from > endMs + OVERLAP_MS) return undefined;
  if (next === undefined) return { startMs: from, endMs };
  const byMs = endMs > next.startMs + OVERLAP_MS && isYearless(endMs) ? YEAR_MS : 0;
  const gapMs = next.startMs - (endMs - byMs);
  return gapMs >= -OVERLAP_MS && gapMs <= MAX_GAP_MS ? { startMs: from - byMs, endMs: endMs - byMs } : undefined;
}

function later(time: string | undefined, byMs: number): string | undefined {
  return time === undefined ? undefined : formatDuration(durationMs(time) + byMs);
}

function placed(clue: LogClue, partOf: string, byMs: number): Clue {
  const { firstBeforeEnd, lastBeforeEnd } = clue;
  return { ...clue, partOf, firstBeforeEnd: later(firstBeforeEnd, byMs), lastBeforeEnd: later(lastBeforeEnd, byMs) };
}

/** Of one log; what has succeeded since is looked for behind each complaint. */
const MAX_CLUES = 8_192;

/** @param parts of one log, each of another age. undefined: names and times do not say that they are one after the other. */
function joined(name: string, parts: readonly Part[], patterns: readonly CluePattern[]): NamedClues | undefined {
  const count = parts.reduce((sum, { log }) => sum + log.clues.length, 0);
  if (count > MAX_CLUES || !isOneWay(parts)) return undefined;
  const oldestFirst: { readonly log: NamedClues; readonly span: LogSpan }[] = [];
  for (const { log, span } of parts.toSorted((a, b) => a.place.age - b.place.age)) {
    const inYear = span === undefined ? undefined : before(span, oldestFirst[0]?.span);
    if (inYear === undefined) return undefined;
    oldestFirst.unshift({ log, span: inYear });
  }
  const endMs = oldestFirst.at(-1)?.span.endMs ?? 0;
  const clues = oldestFirst.flatMap(({ log, span }) => log.clues.map((clue) => placed(clue, name, endMs - span.endMs)));
  return { name, clues: eachKindOnce(clues, patterns) };
}

/** As in one text: lines of one kind are one clue, at the place of the last of them. */
function eachKindOnce(clues: readonly Clue[], patterns: readonly CluePattern[]): readonly Clue[] {
  const kinds = new Map<string, Clue>();
  for (const clue of clues) {
    const kind = kindOfClue(clue, patterns);
    const before = kinds.get(kind);
    kinds.delete(kind);
    kinds.set(
      kind,
      before === undefined
        ? clue
        : { ...clue, count: before.count + clue.count, firstBeforeEnd: before.firstBeforeEnd },
    );
  }
  return [...kinds.values()];
}

/** @returns the same, files of one log as one, their clues with the time before the end of the last of them. */
export function inRotation(files: readonly LogFile[], patterns: readonly CluePattern[]): readonly NamedClues[] {
  const names = new Set(files.map(({ log }) => log.name));
  // Two of one name are of two folders, and perhaps of two nodes.
  if (names.size < files.length) return files.map(({ log }, at) => apart(log, at));
  const parts = files.map((file): Part => ({ ...file, place: placeOf(file.log.name) }));
  return [...Map.groupBy(parts, ({ place }) => place.log)].flatMap(([name, all]) => {
    // Of one age are a file and a packed copy of it.
    const byAge = new Map(all.toReversed().map((part) => [part.place.age, part]));
    const isFirst = (part: Part): boolean => byAge.get(part.place.age) === part;
    const row = byAge.size > 1 ? joined(name, all.filter(isFirst), patterns) : undefined;
    return row === undefined
      ? all.map(({ log }) => log)
      : [row, ...all.filter((one) => !isFirst(one)).map(({ log }) => log)];
  });
}

function apart(log: NamedClues, at: number): NamedClues {
  const partOf = `${log.name} ${String(at)}`;
  return { ...log, clues: log.clues.map((clue) => ({ ...clue, partOf })) };
}
