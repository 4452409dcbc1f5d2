/**
 * A log as its writer wrote it, without what terminals, collectors, web pages and broken disks have made of it. What a line
 * quotes stays quoted, so that nothing that a user has chosen becomes the writer's own word.
 *
 * Sources of the forms: ECMA-48 (control sequences), rsyslog's escapeControlCharactersOnReceive (`#011`), Docker's json-file,
 * the CRI's log format (`stdout F`), HTML's character references.
 */

import { inPieces } from './pieces.ts';

const ESCAPE = String.raw`(?:\x1b|#033|\\x1b|\\u001b|\^\[)`;
const CONTROL_SEQUENCES = new RegExp(
  String.raw`${ESCAPE}\[[0-9;?]{0,32}[ -/]{0,4}[@-~]|\x1b\][^\x07\x1b\n]{0,512}(?:\x07|\x1b\\)`,
  'g',
);
const HAS_ESCAPE = new RegExp(`${ESCAPE}[[\\]]`);
const TAG =
  /<\/?(?:html|head|body|pre|code|div|span|p|br|td|tr|table|tbody|li|ul|ol|a|b|i|em|strong|samp|tt|font|blockquote)(?:\s[^<>\n]{0,512})?\/?>/gi;
const REFERENCE = /&(?:quot|amp|lt|gt|nbsp|apos|#\d{1,6}|#x[0-9a-f]{1,5});/gi;
const NAMED: Readonly<Record<string, string>> = { quot: '"', amp: '&', lt: '<', gt: '>', nbsp: ' ', apos: "'" };
/** Lines of a dump that a collector has put on one line. */
const STACKS = /^[^"]{0,400}?(?:goroutine \d+ \[|\.go:\d+ \+0x)[^"]{0,400}?#012/;
const DOCKER = /^\s{0,8}\{"log":"/;
const PARTIAL = /^(\d{4}-\d\d-\d\dT[\d:.+Z-]{8,40} std(?:out|err)) P /;

export function plainText(text: string): string {
  return inPieces(text, plainPiece, (line) => PARTIAL.test(line));
}

function plainPiece(text: string): string {
  let plain = text.startsWith('\ufeff') ? text.slice(1) : text;
  if (plain.includes('\0')) plain = plain.replaceAll(/\0+/g, '');
  if (plain.includes('\r')) plain = plain.replaceAll(/\r+(?=\n|$)/g, '').replaceAll('\r', '\n');
  if (HAS_ESCAPE.test(plain)) plain = plain.replaceAll(CONTROL_SEQUENCES, '');
  if (/#01[125]/.test(plain)) plain = unescaped(plain);
  if (/<\/?(?:pre|code|span|div|br|p|td|html)\b/i.test(plain)) plain = plain.replaceAll(TAG, tagText);
  if (/&(?:quot|amp|lt|gt|#)/.test(plain)) plain = eachLine(plain, withReferences);
  if (plain.includes('{"log":"')) plain = eachLine(plain, unwrapped);
  if (/ std(?:out|err) P /.test(plain)) plain = partsJoined(plain);
  return plain;
}

function eachLine(text: string, change: (line: string) => string): string {
  return text.split('\n').map(change).join('\n');
}

/** Line ends stand for themselves only where stacks follow: in any other record somebody may have planted one. */
function unescaped(text: string): string {
  return eachLine(text, (line) =>
    line
      .replaceAll('#012', STACKS.test(line) ? '\n' : ' ')
      .replaceAll('#015', '')
      .replaceAll('#011', '\t'),
  );
}

function tagText(tag: string): string {
  return /^<\/?(?:br|p|div|tr|li)\b/i.test(tag) ? '\n' : '';
}

/** A line that has quotes as they are is no HTML, whatever it quotes. */
function withReferences(line: string): string {
  if (line.includes('"') || !line.includes('&')) return line;
  return line.replaceAll(REFERENCE, (reference) => {
    const name = reference.slice(1, -1).toLowerCase();
    if (!name.startsWith('#')) return NAMED[name] ?? reference;
    const code = name.startsWith('#x') ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
    return code >= 32 && code < 0xd800 ? String.fromCodePoint(code) : ' ';
  });
}

/** Docker's wrapping of one line; its time comes first, as others write it. */
function unwrapped(line: string): string {
  if (!DOCKER.test(line)) return line;
  let record: unknown;
  try {
    record = JSON.parse(line);
  } catch {
    return line;
  }
  if (typeof record !== 'object' || record === null || !('log' in record)) return line;
  const { log, time } = record as { readonly log: unknown; readonly time?: unknown };
  if (typeof log !== 'string') return line;
  const own = log.replaceAll(/\n+$/g, '').replaceAll('\n', ' ');
  return typeof time === 'string' ? `${time} ${own}` : own;
}

/** A long line comes in parts, the last of them marked `F`. */
function partsJoined(text: string): string {
  const lines: string[] = [];
  let open: string | undefined;
  for (const line of text.split('\n')) {
    const isPartial = PARTIAL.test(line);
    if (open === undefined) open = line.replace(PARTIAL, '$1 F ');
    else open += line.replace(/^\S+ std(?:out|err) [FP] /, '');
    if (isPartial && open.length < 262_144) continue;
    lines.push(open);
    open = undefined;
  }
  if (open !== undefined) lines.push(open);
  return lines.join('\n');
}
