/** Reads one open file on from an offset, line by line, through truncation and to the very end. */
import { createLineCutter, type LineCutter } from './line-splitter.ts';
import { openPlain } from '../disk/plain-file.ts';

export interface TailLine {
  /** undefined: too long. */
  readonly text: string | undefined;
  /** Offset of the byte after it: where to read on. */
  readonly end: number;
}

export interface Tail {
  /** Lines that are there as it begins, however fast more of them come. A file that became shorter is read from its start. */
  read(): AsyncGenerator<TailLine>;
  /** The last line if it has no newline: to be asked for when no more will come. */
  rest(): TailLine | undefined;
  /** Bytes of the file. */
  size(): Promise<number>;
  /** Offset after the last line that was given. */
  end(): number;
  close(): Promise<void>;
}

const CHUNK = 262_144;
const MAX_LINE = 1_048_576;

/** @throws `E_HOST_READ`. */
export async function openTail(path: string, offset: number): Promise<Tail> {
  const file = await openPlain(path);
  let at = offset;
  let lineEnd = offset;
  let cutter: LineCutter = createLineCutter(MAX_LINE);
  const chunk = Buffer.alloc(CHUNK);

  async function* read(): AsyncGenerator<TailLine> {
    const { size } = await file.stat();
    if (size < at) {
      // copytruncate: the same file begins anew.
      at = 0;
      lineEnd = 0;
      cutter = createLineCutter(MAX_LINE);
    }
    while (at < size) {
      const { bytesRead } = await file.read(chunk, 0, Math.min(CHUNK, size - at), at);
      if (bytesRead === 0) return;
      at += bytesRead;
      for (const line of cutter.push(chunk.subarray(0, bytesRead))) {
        lineEnd += line.bytes;
        yield { text: line.text, end: lineEnd };
      }
    }
  }

  return {
    read,
    rest(): TailLine | undefined {
      const line = cutter.rest();
      if (line === undefined) return undefined;
      lineEnd += line.bytes;
      return { text: line.text, end: lineEnd };
    },
    size: async () => (await file.stat()).size,
    end: () => lineEnd,
    close: () => file.close(),
  };
}

/** Where the line begins that `offset` lies in. An offset in the middle of a line was left by another file. */
export async function lineStart(path: string, offset: number): Promise<number> {
  if (offset <= 0) return 0;
  const file = await openPlain(path);
  try {
    const start = Math.max(0, offset - MAX_LINE);
    const before = Buffer.alloc(offset - start);
    const { bytesRead } = await file.read(before, 0, before.length, start);
    const newline = before.subarray(0, bytesRead).lastIndexOf(0x0a);
    return newline === -1 ? start : start + newline + 1;
  } finally {
    await file.close();
  }
}
