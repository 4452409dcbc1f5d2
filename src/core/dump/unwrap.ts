/** Lines that a terminal or a chat has broken at its width, in one again. What it yields is a guess. */

/** Longer texts are not pasted from a terminal. In UTF-16 units. */
const MAX_TEXT = 262_144;
const MIN_WIDTH = 40;
const MAX_WIDTH = 250;
/** How a line of a log begins. */
const LOG_LINE = /^(?:[IWEF]\d{4} \d\d:|[A-Z][a-z]{2} [ \d]\d \d\d:|\d{4}-\d\d-\d\d[T ]|\[|<\d|\{"|time="|level=)/;
/** What begins something of its own below it. */
const BEGINS = /^(?:[ \t]{2}|\t|goroutine |created by |>|#|$)/;
/** What lacks its end: a header, arguments. */
const OPEN = /(?:^goroutine \d+ \[[^\]]*|\([0-9a-fx{}, .?]*,)$/;
const OFFSET = /^\+0x[0-9a-f]+$/;

type IsBegin = (line: string, before: string, head: string) => boolean;

/** 0: lines are too short or too long to have been broken. */
function widthOf(lines: readonly string[]): number {
  const width = lines.reduce((max, { length }) => Math.max(max, length), 0);
  return width < MIN_WIDTH || width > MAX_WIDTH ? 0 : width;
}

/** undefined: nothing is broken. @param isBegin of a line that is none's rest. */
function joinedLines(text: string, isBegin: IsBegin): readonly string[][] | undefined {
  const lines = text.length > MAX_TEXT ? [] : text.split('\n').map((line) => line.replace(/\r$/, ''));
  const width = widthOf(lines);
  if (width === 0) return undefined;
  const joined: string[][] = [];
  let before = '';
  for (const line of lines) {
    const last = joined.at(-1);
    if (last === undefined || line === '') joined.push([line]);
    else if (before.length === width && !isBegin(line, before, last[0] ?? '')) last.push(line);
    else if (OPEN.test(before) || OFFSET.test(line)) last.push(` ${line}`);
    else joined.push([line]);
    before = line;
  }
  return joined.length === lines.length ? undefined : joined;
}

/** A line may be as long as the width by chance: whether it is whole its end says, and what follows. */
function isOfItsOwn(line: string, before: string): boolean {
  if (/^(?:goroutine \d|created by |[ \t]+\/)/.test(line)) return true;
  return /\.(?:go|s)(?::|#L)\d+(?: \+0x[0-9a-f]+)?\)?$/.test(before) && !/^[0-9a-f]{1,8}$/.test(line);
}

/** Of a dump. A line of frames may begin with anything. undefined: nothing is broken. */
export function unwrapStacks(text: string): string | undefined {
  return joinedLines(text, isOfItsOwn)
    ?.map((parts) => parts.join(''))
    .join('\n');
}

/** Of a log, where each line keeps its number. A line is only whole where what follows begins as lines of logs do. */
export function unwrapLog(text: string): string {
  const joined = joinedLines(text, (line, _, head) => !LOG_LINE.test(head) || LOG_LINE.test(line) || BEGINS.test(line));
  if (joined === undefined) return text;
  return joined.map((parts) => parts.join('') + '\n'.repeat(parts.length - 1)).join('\n');
}
