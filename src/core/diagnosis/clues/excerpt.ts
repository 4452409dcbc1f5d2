/** A line cut to a length so that it still says what it was picked for. */
import { type CluePattern, meaningOf } from './clue-patterns.ts';
import { writerOf } from './writer.ts';

interface Span {
  readonly from: number;
  readonly to: number;
}

const GAP = ' … ';
/** At a cut start, so that no pattern takes it for the start of a line. */
const CUT = '…';

export interface Picked {
  /** Those that the line was picked by. */
  readonly patterns: readonly CluePattern[];
  /** Those that were looked for. */
  readonly all: readonly CluePattern[];
}

/** Of the whole catalogue: a cut may lose a match, or what stood before a text and made it none. */
function saysTheSame(cut: string, line: string, { patterns, all }: Picked): boolean {
  return all.every((one) => meaningOf(cut, one) === (patterns.includes(one) ? meaningOf(line, one) : undefined));
}

/** Where the patterns match first, those that overlap as one, in order. */
function spansOf(line: string, patterns: readonly CluePattern[]): readonly Span[] {
  const found = patterns.flatMap(({ pattern }) => {
    pattern.lastIndex = 0;
    const match = pattern.exec(line);
    return match === null ? [] : [{ from: match.index, to: match.index + match[0].length }];
  });
  const merged: Span[] = [];
  for (const span of found.sort((a, b) => a.from - b.from)) {
    const last = merged.at(-1);
    if (last !== undefined && span.from <= last.to)
      merged[merged.length - 1] = { ...last, to: Math.max(last.to, span.to) };
    else merged.push(span);
  }
  return merged;
}

/** From `from` on, with as much before and after the spans as there is room for. */
function around(line: string, from: number, to: number, max: number): string {
  const room = Math.max(0, max - (to - from) - CUT.length);
  const start = Math.max(0, from - Math.ceil(room / 2));
  return start === 0 ? line.slice(0, max) : CUT + line.slice(start, start + max - CUT.length);
}

/** Who has written a line stands at its beginning. In characters. */
const HEAD = 96;

/** Its beginning, and the cut of the rest. */
function headed(line: string, max: number, cut: (rest: number) => string): string {
  const head = line.slice(0, HEAD) + GAP;
  return head + cut(max - head.length);
}

/** Each span, its middle left out where it is longer than its share. */
function joined(line: string, spans: readonly Span[], max: number): string {
  const share = Math.floor((max - CUT.length) / spans.length) - GAP.length;
  const pieces = spans.map(({ from, to }) => {
    if (to - from <= share) return line.slice(from, to);
    const half = Math.floor((share - GAP.length) / 2);
    return line.slice(from, from + half) + GAP + line.slice(to - half, to);
  });
  return (spans[0]?.from === 0 ? '' : CUT) + pieces.join(GAP);
}

/**
 * The line itself, trimmed, where it is no longer than `max` characters. Of a longer one the first cut that still says
 * the same, with the head that shows who has written it before those without: its beginning, what stands around all matches,
 * what follows the first, the matches alone. Where none does, the last of these.
 */
export function excerptOf(line: string, picked: Picked, max: number): string {
  const { patterns } = picked;
  const short = line.trimEnd();
  if (short.length <= max) return short;
  const spans = spansOf(line, patterns);
  const from = spans[0]?.from ?? 0;
  const to = spans.at(-1)?.to ?? 0;
  const cuts = [
    (room: number) => around(short, from, to, room),
    (room: number) => CUT + short.slice(from, from + room - CUT.length),
    (room: number) => joined(short, spans, room),
  ];
  const writer = writerOf(line);
  const signed = writer === 'nobody' ? [] : cuts.map((cut) => headed(short, max, cut));
  const all = [short.slice(0, max), ...signed, ...cuts.map((cut) => cut(max))];
  const isSame = (cut: string): boolean => saysTheSame(cut, line, picked);
  const best = all.find((cut) => writerOf(cut) === writer && isSame(cut)) ?? all.find(isSame);
  return best ?? all.at(-1)?.slice(0, max) ?? '';
}
