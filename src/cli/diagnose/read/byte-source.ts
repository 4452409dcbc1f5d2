/** The bytes of a file or of standard input, a piece at a time, and no longer than there is time for. */
import { constants, openSync } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { isUp, type ReadBounds, TIME_IS_UP } from './read-bounds.ts';

export type Chunks = AsyncIterable<Buffer>;

const CHUNK = 262_144;
/** Of a longer plain file the last so many bytes are read. */
const MAX_TAIL = 512 * 1_048_576;
/** The first bytes say what a file is. */
const HEAD = 65_536;

/** Why the end of something is missing. */
export class CutError extends Error {}

/**
 * Of a file. It is opened so that no read waits: a file of /proc that others write to gives what it has, and a pipe is waited
 * for no longer than there is time.
 */
export async function* fileChunks(
  path: string,
  bounds: ReadBounds,
  isTail: (head: Buffer) => boolean,
): AsyncGenerator<Buffer, void> {
  const flags = constants.O_RDONLY | constants.O_NONBLOCK;
  if ((await stat(path)).isFIFO()) {
    yield* streamChunks(new Socket({ fd: openSync(path, flags), readable: true, writable: false }), bounds);
    return;
  }
  const handle = await open(path, flags);
  try {
    const facts = await handle.stat();
    const head = await readAt(handle, 0, HEAD);
    if (head.length === 0) return;
    yield head;
    const skipped = facts.isFile() && facts.size > MAX_TAIL && isTail(head) ? facts.size - MAX_TAIL : 0;
    let at = Math.max(head.length, skipped);
    for (;;) {
      if (isUp(bounds)) throw new CutError(TIME_IS_UP);
      const chunk = await readAt(handle, facts.isFile() ? at : null, CHUNK);
      if (chunk.length === 0) return;
      at += chunk.length;
      yield chunk;
    }
  } finally {
    await handle.close().catch(() => undefined);
  }
}

/** Empty: it has no more for now. */
async function readAt(handle: FileHandle, position: number | null, length: number): Promise<Buffer> {
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.allocUnsafeSlow(length), 0, length, position);
    return buffer.subarray(0, bytesRead);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EAGAIN') return Buffer.alloc(0);
    throw error;
  }
}

/** Of what comes by itself. */
export async function* streamChunks(stream: Readable, { clock, untilMs }: ReadBounds): Chunks {
  const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  const stop = new AbortController();
  const up = clock.sleep(Math.max(0, untilMs - clock.monotonic()), stop.signal).then(
    () => 'up' as const,
    () => 'up' as const,
  );
  try {
    for (;;) {
      const next = await Promise.race([iterator.next(), up]);
      if (next === 'up') throw new CutError(TIME_IS_UP);
      if (next.done === true) return;
      yield Buffer.from(next.value);
    }
  } finally {
    stop.abort();
    stream.destroy();
  }
}
