/** PEM blocks (RFC 7468), whole or cut off at either end, as they stand in files, in JSON strings and in log lines. */
import { matchAt, MARK, type Span } from './spans.ts';

const DASHES = '-----';
const BEGIN = '-----BEGIN ';
const END = '-----END ';
/** No key or certificate chain link is longer. */
const MAX_BLOCK = 65_536;
const HEADER = /-----BEGIN [A-Z0-9 ]{1,64}-----/y;
const FOOTER = /-----END [A-Z0-9 ]{1,64}-----/y;
/** What the body of a block without an end can hold: base64, white space, and `\n` as it stands in JSON. */
const BODY = /(?:[A-Za-z0-9+/=\s]|\\[nrt\\]){1,65536}/y;
/** A line of the body: base64 to the end of the line, after what a log writes before each. */
const BODY_LINE = /(?:^|[\s:"'|])([A-Za-z0-9+/]{1,76}={0,2})["']?\r?$/;
/** Shortest full line of a body; the last one may be shorter. */
const FULL_LINE = 40;
const LAST_LINE = 4;

export function pemRule(text: string): readonly Span[] {
  return text.includes(DASHES) ? [...blocks(text), ...headless(text)] : [];
}

/** Each block but its header. Linear: no byte is looked for twice. */
function blocks(text: string): readonly Span[] {
  const spans: Span[] = [];
  let begin = text.indexOf(BEGIN);
  let end = begin === -1 ? -1 : text.indexOf(END, begin);
  while (begin !== -1) {
    const header = matchAt(HEADER, text, begin)?.[0] ?? '';
    const from = begin + (header === '' ? BEGIN.length : header.length);
    let to = from;
    if (header !== '' && !text.startsWith(MARK, from)) {
      if (end !== -1 && end < from) end = text.indexOf(END, from);
      to = endOfBlock(text, from, end);
      spans.push({ from, to });
    }
    begin = text.indexOf(BEGIN, to);
  }
  return spans;
}

function endOfBlock(text: string, from: number, end: number): number {
  const nextBegin = text.slice(from, from + MAX_BLOCK).indexOf(BEGIN);
  const isWhole = end !== -1 && end - from <= MAX_BLOCK && (nextBegin === -1 || from + nextBegin > end);
  if (isWhole) return end + (matchAt(FOOTER, text, end)?.[0].length ?? END.length);
  const limit = nextBegin === -1 ? from + MAX_BLOCK : from + nextBegin;
  return Math.min(limit, logLinesEnd(text, from + (matchAt(BODY, text, from)?.[0].length ?? 0)));
}

/** The block goes on in lines of a log that end in base64. The first that is no full line is the last. */
function logLinesEnd(text: string, from: number): number {
  let to = from;
  for (let newline = text.indexOf('\n', from); newline !== -1; newline = text.indexOf('\n', to)) {
    const next = text.indexOf('\n', newline + 1);
    const end = next === -1 ? text.length : next;
    if (end - newline > 1_024 || to - from > MAX_BLOCK) return to;
    const body = BODY_LINE.exec(text.slice(Math.max(newline + 1, end - 256), end))?.[1];
    if (body === undefined || body.length < LAST_LINE || !/[0-9A-Z+=]/.test(body)) return to;
    to = end;
    if (body.length < FULL_LINE) return to;
  }
  return to;
}

/** What stands before an end without a beginning. */
function headless(text: string): readonly Span[] {
  const spans: Span[] = [];
  let after = 0;
  for (let end = text.indexOf(END); end !== -1; end = text.indexOf(END, end + END.length)) {
    const start = Math.max(after, end - 8_192);
    const before = text.slice(start, end);
    after = end + END.length;
    if (before.includes(BEGIN)) continue;
    const from = bodyStart(before);
    if (from < before.length) spans.push({ from: start + from, to: end });
  }
  return spans;
}

/** Where the base64 that ends a text begins: in this line, or in lines before it. */
function bodyStart(before: string): number {
  let from = before.length;
  // A block in one line: `\n` stands in it as two characters.
  while (from > 0 && /[A-Za-z0-9+/=\\]/.test(before[from - 1] ?? '')) from--;
  let lineEnd = before.lastIndexOf('\n');
  let shortest = LAST_LINE;
  while (lineEnd > 0) {
    const lineStart = before.lastIndexOf('\n', lineEnd - 1) + 1;
    const body = BODY_LINE.exec(before.slice(Math.max(lineStart, lineEnd - 256), lineEnd))?.[1];
    if (body === undefined || body.length < shortest || !/[0-9A-Z+=]/.test(body)) break;
    from = before.lastIndexOf(body, lineEnd);
    lineEnd = lineStart - 1;
    shortest = FULL_LINE;
  }
  return from;
}
