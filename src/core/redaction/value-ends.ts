/** Where a value ends. Each scan is bounded, and what it goes through belongs to the value. */
import { matchAt } from './spans.ts';

/** Longest value, in the text's units. A longer one ends there, and its rest is met as a token. */
const MAX_VALUE = 32_768;
/** Up to white space or a quote, the next pair, the brackets that close what is around it, or an escaped end of line. */
const BARE =
  /(?:(?![,;&][ ]?[\w.-]{1,64}[=:]|[,;)\]}>]{1,16}(?:[ \t\r\n"']|\\|$)|\\u0026)[^ \t\r\n"'`\\<\0]|\\(?![nrt0"'`\\]|u00)){1,32768}/y;
const ESCAPED = /\\{1,15}/y;

/** Without quotes around it. */
export function bareEnd(text: string, from: number): number {
  return from + (matchAt(BARE, text, from)?.[0].length ?? 0);
}

/** The last character of its line that is not white space. */
export function lineEnd(text: string, from: number): number {
  const newline = text.indexOf('\n', from);
  let to = Math.min(newline === -1 ? text.length : newline, from + MAX_VALUE);
  while (to > from && /[ \t\r]/.test(text[to - 1] ?? '')) to--;
  return to;
}

/**
 * Up to the same quote with as many backslashes before it; with more it is part of the value. A value whose end is
 * missing, because its line was cut, goes to the end of the line.
 */
export function quotedEnd(
  text: string,
  from: number,
  { escapes, quote }: { readonly escapes: number; readonly quote: string },
): number {
  for (let at = from; at < text.length; at++) {
    const character = text[at];
    if (character === quote || (character === '\n' && escapes === 0)) return at;
    if (character !== '\\') continue;
    const count = matchAt(ESCAPED, text, at)?.[0].length ?? 1;
    if (text[at + count] === quote && isEnd(count, escapes)) return escapes === 0 ? at + count : at;
    at += count;
  }
  return text.length;
}

/** Two backslashes are one of the value, so that after an even number of them a quote without any still ends it. */
function isEnd(count: number, escapes: number): boolean {
  return escapes === 0 ? count % 2 === 0 : count <= escapes;
}

/** Lines of a YAML block scalar: those that are indented deeper than its key, or empty. */
export function blockEnd(text: string, from: number, key: number): number {
  const lineStart = text.lastIndexOf('\n', key - 1) + 1;
  const indent = indentOf(text, lineStart);
  let end = text.indexOf('\n', from);
  if (end === -1) return text.length;
  while (end - from < MAX_VALUE) {
    const next = text.indexOf('\n', end + 1);
    const lineIsEmpty = /^[ \t\r]*$/.test(text.slice(end + 1, Math.min(next === -1 ? text.length : next, end + 256)));
    if (!lineIsEmpty && indentOf(text, end + 1) <= indent) return end;
    if (next === -1) return text.length;
    end = next;
  }
  return end;
}

/** Columns of white space; a list's dash counts as such. */
export function indentOf(text: string, lineStart: number): number {
  let at = lineStart;
  while (at - lineStart < 128 && (text[at] === ' ' || text[at] === '\t' || (text[at] === '-' && text[at + 1] === ' ')))
    at++;
  return at - lineStart;
}
