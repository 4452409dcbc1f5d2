/** The kubelet lists all that is wrong in one text; these take the list apart around the part that is about PLEG. */

/** How far around a hint a line is read, in characters: lines can be megabytes. */
export const REACH = 2048;
const MAX_HINTS = 8;
const MAX_REASONS = 8;

/** What stands before the list: the log call's text, a structured or JSON key, a condition's field. */
const OPENER = /(?:pod synchronization - |\berr(?:or)?="|"err(?:or)?":"|[Mm]essage:|"message":")/g;
/** The list itself, or a text that is nothing but the list. */
const BARE = /^\s*(?:\[|container runtime|Evented)/;
const END = /["\]}\\]|$/;

/** Where a hint stands in a line, the first eight places. */
export function* hintsAt(line: string, hint: string): Generator<number> {
  let at = line.indexOf(hint);
  for (let count = 0; at !== -1 && count < MAX_HINTS; count++) {
    yield at;
    at = line.indexOf(hint, at + hint.length);
  }
}

/**
 * The reasons beside the matched one, from all forms of the list: `[a b]` (to 1.12), `a,b` (old conditions),
 * `[a, b]` (from 1.13), each with or without a key and quotes around it.
 */
export function otherReasons(text: string, match: RegExpExecArray): readonly string[] {
  const before = listBefore(text.slice(0, match.index));
  const rest = text.slice(match.index + match[0].length);
  const after = rest.slice(0, rest.search(END));
  const parts = [...split(before), ...split(/^[\s,]/.test(after) ? after : '')];
  return parts.filter((part) => !part.startsWith('PLEG is not healthy')).slice(0, MAX_REASONS);
}

function listBefore(before: string): string {
  let start = -1;
  for (const opener of before.matchAll(OPENER)) start = opener.index + opener[0].length;
  if (start === -1) return BARE.test(before) ? before : '';
  return before.slice(start);
}

function split(list: string): string[] {
  return list
    .replace(/^\s*\[/, '')
    .replace(/Evented$/, '')
    .split(/,\s*|(?<=container runtime is down)\s+/)
    .map((part) => part.trim())
    .filter((part) => part !== '');
}
