/** Members of a tar archive, as they come by. Source of the form: POSIX.1-2001, pax (ustar), and GNU's long names. */
import type { Chunks } from './byte-source.ts';

const BLOCK = 512;
const MAX_NAME = 4_096;
const REGULAR: ReadonlySet<string> = new Set(['0', '\0', '7']);

export interface Member {
  readonly name: string;
  readonly size: number;
  /** To be read before the next member is asked for; what is left is skipped. */
  readonly chunks: Chunks;
}

export function isTar(head: Buffer): boolean {
  return head.toString('latin1', 257, 262) === 'ustar';
}

interface Reader {
  /** Shorter at the end. */
  take(length: number): Promise<Buffer>;
  /** The next piece of at most this length; empty: the end. */
  piece(max: number): Promise<Buffer>;
}

function readerOf(chunks: Chunks): Reader {
  const iterator = chunks[Symbol.asyncIterator]();
  let rest: Buffer = Buffer.alloc(0);
  async function piece(max: number): Promise<Buffer> {
    while (rest.length === 0) {
      const next = await iterator.next();
      if (next.done === true) return rest;
      rest = next.value;
    }
    const one = rest.subarray(0, max);
    rest = rest.subarray(one.length);
    return one;
  }
  return {
    piece,
    async take(length): Promise<Buffer> {
      const pieces: Buffer[] = [];
      for (let left = length; left > 0;) {
        const one = await piece(left);
        if (one.length === 0) break;
        pieces.push(one);
        left -= one.length;
      }
      return Buffer.concat(pieces);
    },
  };
}

export async function* tarMembers(chunks: Chunks): AsyncGenerator<Member> {
  const reader = readerOf(chunks);
  let longName: string | undefined;
  for (;;) {
    const header = await reader.take(BLOCK);
    const size = sizeOf(header);
    if (size === undefined) return;
    const type = String.fromCharCode(header[156] ?? 0);
    let left = size;
    async function* content(): Chunks {
      while (left > 0) {
        const one = await reader.piece(left);
        if (one.length === 0) return;
        left -= one.length;
        yield one;
      }
    }
    if (type === 'L') {
      const name = await reader.take(Math.min(size, MAX_NAME));
      left -= name.length;
      longName = textOf(name);
    } else if (REGULAR.has(type)) {
      yield { name: longName ?? nameOf(header), size, chunks: content() };
      longName = undefined;
    }
    while (left > 0) {
      const { length } = await reader.piece(left);
      left = length === 0 ? 0 : left - length;
    }
    await reader.take((BLOCK - (size % BLOCK)) % BLOCK);
  }
}

function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

function nameOf(header: Buffer): string {
  const prefix = textOf(header.subarray(345, 500));
  const name = textOf(header.subarray(0, 100));
  return prefix === '' ? name : `${prefix}/${name}`;
}

/** undefined: it is no header; zeros end an archive. */
function sizeOf(header: Buffer): number | undefined {
  if (header.length < BLOCK || !isTar(header)) return undefined;
  const octal = header
    .toString('latin1', 124, 136)
    .replace(/[\0 ]+$/, '')
    .trim();
  return /^[0-7]{1,12}$/.test(octal) ? Number.parseInt(octal, 8) : undefined;
}
