/** A stream of bytes, cut into lines. */

interface CutLine {
  /** Without its newline; undefined: it was longer than the bound, and its text is gone. */
  readonly text: string | undefined;
  /** Bytes with the newline. */
  readonly bytes: number;
}

export interface LineCutter {
  push(chunk: Buffer): readonly CutLine[];
  /** What stands after the last newline, and is no line yet; undefined: nothing. */
  rest(): CutLine | undefined;
}

const NEWLINE = 0x0a;

/** In memory of one chunk and `maxBytes`. */
export function createLineCutter(maxBytes: number): LineCutter {
  let parts: Buffer[] = [];
  let size = 0;

  function add(part: Buffer): void {
    size += part.length;
    if (size > maxBytes) parts = [];
    else if (part.length > 0) parts.push(part);
  }

  function take(): CutLine {
    const text = size > maxBytes ? undefined : Buffer.concat(parts).toString('utf8').replace(/\r$/, '');
    const line = { text, bytes: size };
    parts = [];
    size = 0;
    return line;
  }

  return {
    push(chunk): readonly CutLine[] {
      const lines: CutLine[] = [];
      let start = 0;
      for (let end = chunk.indexOf(NEWLINE); end !== -1; end = chunk.indexOf(NEWLINE, start)) {
        add(chunk.subarray(start, end));
        const line = take();
        lines.push({ ...line, bytes: line.bytes + 1 });
        start = end + 1;
      }
      // A copy: the caller may reuse its chunk.
      add(Buffer.from(chunk.subarray(start)));
      return lines;
    },
    rest: () => (size === 0 ? undefined : take()),
  };
}
