/**
 * The quick way through a plain debug=2 dump: a stack that was read before is known again by a hash of its file lines,
 * without reading its lines one by one. A file line has the offset within the function (`:310 +0x23b`), so that
 * stacks with the same file lines are the same stack, whatever the arguments are.
 */

/** Taken out of its object once: it is called twice a byte. */
const { imul } = Math;
const NEWLINE = 0x0a;
const TAB = 0x09;
const GOROUTINE = Buffer.from('goroutine ');

export function isHeaderAt(bytes: Uint8Array, at: number): boolean {
  for (let i = 0; i < GOROUTINE.length; i++) {
    if (bytes[at + i] !== GOROUTINE[i]) return false;
  }
  return true;
}

export interface BlockHash {
  readonly key: number;
  readonly lines: number;
}

/** @returns undefined: another goroutine begins within. @param from first byte behind the header line; @param to end. */
export function hashBlock(bytes: Uint8Array, from: number, to: number): BlockHash | undefined {
  let low = 0x811c9dc5;
  let high = 0x1b873593;
  let lines = 1;
  for (let at = from; at < to; at++) {
    lines++;
    if (isHeaderAt(bytes, at)) return undefined;
    const isFile = bytes[at] === TAB;
    for (let byte = bytes[at]; at < to && byte !== NEWLINE; byte = bytes[++at]) {
      if (!isFile) continue;
      low = imul(low ^ (byte ?? 0), 0x01000193);
      high = imul(high ^ (byte ?? 0), 0x5bd1e995) ^ (high >>> 15);
    }
    low = imul(low ^ NEWLINE, 0x01000193);
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
