/** PEM blocks (RFC 7468), whole or cut off, as they stand in files, in JSON strings and in log lines. */

const BEGIN = '-----BEGIN ';
const END = '-----END ';
/** No key or certificate chain link is longer. */
const MAX_BLOCK = 65_536;
const HEADER = /-----BEGIN [A-Z0-9 ]{1,64}-----/y;
const FOOTER = /-----END [A-Z0-9 ]{1,64}-----/y;
/** What the body of a block without an end can hold: base64, white space, and `\n` as it stands in JSON. */
const BODY = /(?:[A-Za-z0-9+/=\s]|\\[nrt\\])*/y;

/** Each block becomes its header and the mark. Linear: no byte is looked for twice. */
export function redactPem(text: string, mark: string): { readonly text: string; readonly count: number } {
  let begin = text.indexOf(BEGIN);
  if (begin === -1) return { text, count: 0 };
  const parts: string[] = [];
  let copied = 0;
  let end = text.indexOf(END, begin);
  while (begin !== -1) {
    const header = matchAt(HEADER, text, begin);
    const next = begin + (header === '' ? BEGIN.length : header.length);
    if (header !== '' && !text.startsWith(mark, next)) {
      if (end !== -1 && end < next) end = text.indexOf(END, next);
      const blockEnd = endOfBlock(text, next, end);
      parts.push(text.slice(copied, next), mark);
      copied = blockEnd;
    }
    begin = text.indexOf(BEGIN, Math.max(next, copied));
  }
  parts.push(text.slice(copied));
  // One mark stands for one block.
  return { text: parts.join(''), count: (parts.length - 1) / 2 };
}

function endOfBlock(text: string, bodyStart: number, end: number): number {
  const nextBegin = text.slice(bodyStart, bodyStart + MAX_BLOCK).indexOf(BEGIN);
  const isWhole = end !== -1 && end - bodyStart <= MAX_BLOCK && (nextBegin === -1 || bodyStart + nextBegin > end);
  if (isWhole) return end + Math.max(matchAt(FOOTER, text, end).length, END.length);
  const body = matchAt(BODY, text.slice(bodyStart, bodyStart + MAX_BLOCK), 0);
  return bodyStart + body.length;
}

function matchAt(pattern: RegExp, text: string, at: number): string {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0] ?? '';
}
