/** Where bytes come from: the file of a program, the memory of a process, or what was recorded of them. */

/** Addresses and sizes are numbers: user space is below 2^53 on amd64 and arm64. */
export interface ByteSource {
  /** @returns how many bytes of `into` were filled with what stands at `at` and after it; 0: nothing is there. */
  readInto(into: Buffer, at: number): number;
}

/** Where a thread is. */
export interface Registers {
  readonly sp: number;
  readonly pc: number;
}

/** All that is asked of a process. */
export interface ProcessSource {
  /** The program that it runs, by offset in the file. */
  readonly file: ByteSource;
  readonly fileSize: number;
  /** By address. */
  readonly memory: ByteSource;
  /** Where the program's entry point is in memory (AT_ENTRY): neither maps nor inodes have to be compared. */
  readonly entryPoint: number;
  /** CLOCK_MONOTONIC, which `g.waitsince` counts in. */
  nowNs(): number;
  /** By the id of a thread in its own PID namespace; undefined: it runs, has ended, or cannot be asked. */
  registersOf(threadId: number): Registers | undefined;
  /** It has a CPU or waits for one (state R of proc_pid_stat(5)). By the same id; false also where it cannot be asked. */
  isThreadRunning(threadId: number): boolean;
}

export interface AddressRange {
  readonly start: number;
  readonly end: number;
}

export interface Chunk {
  /** Of the first byte of `bytes`. */
  readonly address: number;
  /** Good until the next chunk is asked for: chunks share one buffer. */
  readonly bytes: Buffer;
}

/** User space ends below it, on amd64 and arm64. What is beyond it is no address. */
export const MAX_ADDRESS = 2 ** 52;
export const PAGE = 4096;
const TWO_32 = 2 ** 32;

export function readWord(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at) + bytes.readUInt32LE(at + 4) * TWO_32;
}

/** The bytes of a pointer to `address`, to look for. */
export function wordBytes(...addresses: readonly number[]): Buffer {
  const bytes = Buffer.alloc(8 * addresses.length);
  addresses.forEach((address, index) => {
    bytes.writeUInt32LE(address % TWO_32, index * 8);
    bytes.writeUInt32LE(Math.floor(address / TWO_32), index * 8 + 4);
  });
  return bytes;
}

const CHUNK = 131_072;

/** A range piece by piece. Pieces overlap, so that nothing of up to `overlap` bytes is cut; what is not mapped is left out. */
export function* chunksOf(source: ByteSource, range: AddressRange, overlap: number): Generator<Chunk> {
  const buffer = Buffer.allocUnsafe(CHUNK + overlap);
  for (let at = range.start; at < range.end;) {
    const length = source.readInto(buffer.subarray(0, Math.min(buffer.length, range.end - at)), at);
    if (length > 0) yield { address: at, bytes: buffer.subarray(0, length) };
    at += length === 0 ? PAGE : CHUNK;
  }
}

/** Where these bytes stand in a chunk. */
export function* placesOf(look: Buffer, bytes: Buffer): Generator<number> {
  for (let at = bytes.indexOf(look); at >= 0; at = bytes.indexOf(look, at + 1)) yield at;
}
