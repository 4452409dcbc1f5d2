/** Lines of logs that name a known cause: a bounded extract that fits into the incident. */

export interface ClueText {
  /** File or unit that the text comes from. */
  readonly name: string;
  readonly text: string;
}

/** A literal that a line must hold, or a pattern. Patterns must have no `g` or `y` flag. */
export type CluePattern = string | RegExp;

export interface ClueBounds {
  readonly maxLines: number;
  readonly maxLength: number;
}

const DEFAULT_BOUNDS: ClueBounds = { maxLines: 32, maxLength: 512 };
/** Longer lines are looked at up to here. */
const MAX_LINE = 16_384;

/**
 * The newest lines that match, oldest first, of each pattern at least one where the bound allows; lines that differ in
 * digits only are given once. Each is `name: line`, cut to `maxLength`.
 */
export function logClues(
  texts: readonly ClueText[],
  patterns: readonly CluePattern[],
  bounds: ClueBounds = DEFAULT_BOUNDS,
): readonly string[] {
  const newest = new Map<string, { readonly order: number; readonly clue: string; readonly pattern: number }>();
  let order = 0;
  for (const { name, text } of texts) {
    for (const line of lines(text)) {
      const pattern = patterns.findIndex((candidate) => matches(candidate, line));
      if (pattern === -1) continue;
      const clue = `${name}: ${line.trim()}`.slice(0, bounds.maxLength);
      const shape = `${String(pattern)} ${clue.replace(/\d+/g, '0')}`;
      newest.delete(shape);
      newest.set(shape, { order: order++, clue, pattern });
      if (newest.size > bounds.maxLines * 16) forgetOldest(newest);
    }
  }
  const found = [...newest.values()].sort((a, b) => b.order - a.order);
  const firsts = found.filter((f, i) => found.findIndex((other) => other.pattern === f.pattern) === i);
  const rest = found.filter((f) => !firsts.includes(f));
  const chosen = [...firsts, ...rest].slice(0, bounds.maxLines);
  return chosen.sort((a, b) => a.order - b.order).map((f) => f.clue);
}

function matches(pattern: CluePattern, line: string): boolean {
  return typeof pattern === 'string' ? line.includes(pattern) : pattern.test(line);
}

function* lines(text: string): Generator<string> {
  let start = 0;
  while (start < text.length) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    yield text.slice(start, Math.min(end, start + MAX_LINE));
    start = end + 1;
  }
}

/** A Map keeps the order of insertion, and what is seen again is inserted again. */
function forgetOldest(map: Map<string, unknown>): void {
  const first = map.keys().next();
  if (first.done !== true) map.delete(first.value);
}
