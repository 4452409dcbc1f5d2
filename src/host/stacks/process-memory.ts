/** The memory of a process, read with as few calls as there are stretches. */
import {
  type AddressRange,
  type ByteSource,
  type Chunk,
  chunksOf,
  MAX_ADDRESS,
  PAGE,
  readWord,
} from './byte-source.ts';
import { malformed } from './stack-errors.ts';

export interface ProcessMemory {
  /** What is added to an address of the program's file. */
  readonly bias: number;
  /** @returns how many bytes of `into` were filled; 0: nothing is mapped there. */
  readInto(into: Buffer, address: number): number;
  /** As much as there is; undefined where nothing is mapped. */
  tryRead(address: number, length: number): Buffer | undefined;
  /** @throws `E_STACKS_MALFORMED` where not all of it is mapped. */
  read(address: number, length: number): Buffer;
  chunks(range: AddressRange, overlap: number): Generator<Chunk>;
}

const MAX_READ = 16_777_216;
/** A kubelet has 1 MiB of variables; a range beyond this is not one of them. */
const MAX_RANGE = 268_435_456;

/** @throws `E_STACKS_MALFORMED` if no program can have been loaded there: programs are loaded by whole pages. */
export function createProcessMemory(source: ByteSource, bias: number): ProcessMemory {
  if (!(bias >= 0 && bias < MAX_ADDRESS && bias % PAGE === 0)) {
    throw malformed('its entry point in memory is not the one of its file');
  }
  function readInto(into: Buffer, address: number): number {
    if (!(address > 0 && address < MAX_ADDRESS)) return 0;
    let at = 0;
    while (at < into.length) {
      const read = source.readInto(at === 0 ? into : into.subarray(at), address + at);
      if (read === 0) break;
      at += read;
    }
    return at;
  }
  function tryRead(address: number, length: number): Buffer | undefined {
    if (!(address > 0 && address < MAX_ADDRESS && length > 0 && length <= MAX_READ)) return undefined;
    const bytes = Buffer.allocUnsafe(length);
    const read = readInto(bytes, address);
    if (read === length) return bytes;
    return read === 0 ? undefined : bytes.subarray(0, read);
  }

  return {
    bias,
    readInto,
    tryRead,
    read(address, length): Buffer {
      const bytes = tryRead(address, length);
      if (bytes?.length === length) return bytes;
      throw malformed(`the process has no ${length} bytes at 0x${address.toString(16)}`);
    },
    chunks(range, overlap): Generator<Chunk> {
      if (!(range.start > 0 && range.end < MAX_ADDRESS && range.end - range.start < MAX_RANGE)) {
        throw malformed(`variables from 0x${range.start.toString(16)} to 0x${range.end.toString(16)}`);
      }
      return chunksOf(source, range, overlap);
    },
  };
}

/** A word of what was read; 0 beyond its end. */
export function wordAt(bytes: Buffer, at: number): number {
  return at + 8 > bytes.length ? 0 : readWord(bytes, at);
}
