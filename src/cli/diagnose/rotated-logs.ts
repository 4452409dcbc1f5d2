/** A log that was rotated is one log in several files: the end of an older file is not the end of the log. */
import type { LogClue } from '../../api/v1alpha1/parts/host-summary.ts';
import type { Clue } from '../../core/diagnosis/clues/clue.ts';
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
  /(?<=\.log|(?:^|\/)(?:kubelet|containerd|crio|docker|messages|syslog|kern|journal))(?:\.\d{1,3}|[.-]20\d{6}(?:[T-]?\d{2,6})?|[.-]20\d\d-\d\d-\d\d[\d:T_.-]{0,16}|\.(?:old|prev|previous))$/;
const PACKED = /\.(?:gz|xz|bz2|zst)$/;

/** The file that is written to, by the name of any. */
function currentName(name: string): string {
  return name.replace(PACKED, '').replace(ROTATED, '');
}

const DAY_MS = 86_400_000;
/** Lines of one moment may stand in both. */
const OVERLAP_MS = 60_000;
/** Files between two may be missing. Where only one of two names its year, they are 25 years apart. */
const MAX_GAP_MS = 200 * DAY_MS;

function follows({ startMs }: LogSpan, before: LogSpan | undefined): boolean {
  const gapMs = before === undefined ? 0 : startMs - before.endMs;
  return gapMs >= -OVERLAP_MS && gapMs <= MAX_GAP_MS;
}

/** A log without a year is of 2000: of one over New Year's Eve the first half of the year is the later one. */
function inOrder(spans: readonly LogSpan[]): readonly LogSpan[] {
  const ends = spans.map(({ endMs }) => endMs);
  const isOverNewYear = Math.max(...ends) - Math.min(...ends) > 300 * DAY_MS;
  const inYear = (ms: number): number => {
    const isNext = isOverNewYear && ms >= Date.UTC(2000) && ms < Date.UTC(2000, 6, 1);
    return isNext ? ms + 366 * DAY_MS : ms;
  };
  return spans.map(({ startMs, endMs }) => ({ startMs: inYear(startMs), endMs: inYear(endMs) }));
}

function later(before: string | undefined, byMs: number): string | undefined {
  return before === undefined ? undefined : formatDuration(durationMs(before) + byMs);
}

function placed(clue: LogClue, partOf: string, byMs: number): Clue {
  const { firstBeforeEnd, lastBeforeEnd } = clue;
  return { ...clue, partOf, firstBeforeEnd: later(firstBeforeEnd, byMs), lastBeforeEnd: later(lastBeforeEnd, byMs) };
}

/** undefined: they are not one after the other, and so of two nodes, or copies. */
function joined(name: string, files: readonly LogFile[]): readonly NamedClues[] | undefined {
  const known = files.flatMap(({ span }) => span ?? []);
  if (files.length === 1 || known.length < files.length) return undefined;
  const spans = inOrder(known);
  const parts = files
    .flatMap(({ log }, at) => ({ log, ...(spans[at] ?? { startMs: 0, endMs: 0 }) }))
    .sort((a, b) => a.endMs - b.endMs);
  const lastMs = parts.at(-1)?.endMs ?? 0;
  if (!parts.every((part, at) => follows(part, parts[at - 1]))) return undefined;
  return parts.map(({ log, endMs }) => ({
    ...log,
    clues: log.clues.map((clue) => placed(clue, name, lastMs - endMs)),
  }));
}

/** @returns the same, the files of one log oldest first, their clues with the time before the end of the last one. */
export function inRotation(files: readonly LogFile[]): readonly NamedClues[] {
  const logs = Map.groupBy(files, ({ log }) => currentName(log.name));
  return [...logs].flatMap(([name, parts]) => joined(name, parts) ?? parts.map(({ log }) => log));
}
