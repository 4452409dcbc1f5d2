/**
 * The quick way through a plain debug=2 dump: a stack that was read before is known again by a hash of its file lines,
 * without reading its lines one by one. A file line has the offset within the function (`:310 +0x23b`), so that
 * stacks with the same file lines are the same stack, whatever the arguments are.
 */

const NEWLINE = 0x0a;
const TAB = 0x09;

export interface BlockHash {
  readonly key: number;
  readonly lines: number;
}

/** @param from the first byte behind the header line; @param to the end of the block. */
export function hashBlock(bytes: Uint8Array, from: number, to: number): BlockHash {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  let lines = 1;
  let at = from;
  while (at < to) {
    lines++;
    if (bytes[at] === TAB) {
      for (; at < to; at++) {
        const byte = bytes[at] ?? 0;
        if (byte === NEWLINE) break;
        low = Math.imul(low ^ byte, 0x01000193);
        high = Math.imul(high ^ byte, 0x5bd1e995) ^ (high >>> 15);
      }
    } else {
      while (at < to && bytes[at] !== NEWLINE) at++;
    }
    low = Math.imul(low ^ NEWLINE, 0x01000193);
    at++;
  }
  return { key: (low >>> 0) * 0x200000 + (high >>> 11), lines };
}

const PLAIN = /^goroutine (\d{1,15}) \[([^\],]*)(?:, (\d{1,9}) minutes)?(?:, locked to thread)?\]:$/;

export interface PlainHeader {
  readonly id: number;
  readonly state: string;
  readonly minutes: number;
}

/** Headers without anything unusual; undefined: it needs the careful way. */
export function readPlainHeader(line: string): PlainHeader | undefined {
  const found = PLAIN.exec(line);
  if (found === null) return undefined;
  const [, id, state = '', minutes] = found;
  return { id: Number(id), state, minutes: Number(minutes ?? 0) };
}
