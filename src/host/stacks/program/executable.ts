/**
 * A program's file by the addresses that it was linked at: ELF, 64 bit, little endian (elf(5)). It is read through a small
 * cache, since a kubelet has 100 MB. Nothing that the file says of itself is believed: counts and sizes have bounds.
 */
import { type AddressRange, type ByteSource, type Chunk, chunksOf, MAX_ADDRESS, readWord } from '../byte-source.ts';
import { malformed, stackError } from '../stack-errors.ts';

const BLOCK = 16_384;
const MAX_BLOCKS = 160;
const MAX_SEGMENTS = 256;
const MAX_SECTIONS = 4096;
const MAX_SECTION_NAMES = 1_048_576;
const MAX_STRING = 65_536;
/** More is asked for at once by nothing but the table of functions. */
const MAX_BYTES = 33_554_432;

interface Segment extends AddressRange {
  readonly offset: number;
  readonly isWritable: boolean;
}

export interface Executable {
  readonly isArm64: boolean;
  readonly entry: number;
  /** What the file has of each segment that is loaded. */
  readonly segments: readonly Segment[];
  /** undefined: it has none of that name, or no sections at all. A hint: a linker may have merged sections. */
  section(name: string): AddressRange | undefined;
  has(address: number): boolean;
  /** @throws `E_STACKS_MALFORMED` where the file does not have so much there. */
  bytes(address: number, length: number): Buffer;
  /** From the address as far as one cached block goes, and one byte at least. */
  rest(address: number): Buffer;
  u8(address: number): number;
  u32(address: number): number;
  /** Up to the next NUL. */
  text(address: number): string;
  chunks(range: AddressRange, overlap: number): Generator<Chunk>;
}

function hex(address: number): string {
  return `0x${address.toString(16)}`;
}

/** @throws `E_STACKS_NOT_GO`, `E_STACKS_UNSUPPORTED`, `E_STACKS_MALFORMED`. */
export function openExecutable(file: ByteSource, size: number): Executable {
  const blocks = new Map<number, Buffer>();

  function raw(offset: number, length: number): Buffer {
    if (!(offset >= 0 && length >= 0 && length <= MAX_BYTES && offset + length <= size)) {
      throw malformed(`the program's file of ${size} bytes does not have ${length} bytes at ${offset}`);
    }
    const bytes = Buffer.allocUnsafe(length);
    for (let at = 0; at < length;) {
      const read = file.readInto(bytes.subarray(at), offset + at);
      if (read === 0) throw malformed(`the program's file ends at ${offset + at}, before what it describes`);
      at += read;
    }
    return bytes;
  }

  function block(key: number): Buffer {
    const known = blocks.get(key);
    if (known !== undefined) return known;
    const bytes = raw(key * BLOCK, Math.min(BLOCK, size - key * BLOCK));
    const oldest = blocks.size < MAX_BLOCKS ? undefined : blocks.keys().next().value;
    if (oldest !== undefined) blocks.delete(oldest);
    blocks.set(key, bytes);
    return bytes;
  }

  const header = readHeader(raw(0, Math.min(64, size)));
  const segments = readSegments(header, raw, size);
  const sections = readSections(header, raw, size);

  function segmentOf(address: number): Segment {
    for (const segment of segments) {
      if (address >= segment.start && address < segment.end) return segment;
    }
    throw malformed(`the program's file has nothing at ${hex(address)}`);
  }

  function rest(address: number): Buffer {
    const { start, end, offset } = segmentOf(address);
    const at = address - start + offset;
    const from = at % BLOCK;
    return block(Math.floor(at / BLOCK)).subarray(from, from + (end - address));
  }

  function bytes(address: number, length: number): Buffer {
    const near = length <= BLOCK ? rest(address) : Buffer.alloc(0);
    if (near.length >= length) return near.subarray(0, length);
    const { start, end, offset } = segmentOf(address);
    if (address + length > end) throw malformed(`the program's file has no ${length} bytes at ${hex(address)}`);
    return raw(address - start + offset, length);
  }

  return {
    isArm64: header.isArm64,
    entry: header.entry,
    segments,
    section: (name) => sections.get(name),
    has: (address) => segments.some(({ start, end }) => address >= start && address < end),
    bytes,
    rest,
    u8: (address) => rest(address)[0] ?? 0,
    u32: (address) => bytes(address, 4).readUInt32LE(0),
    text: (address) => readText(address, rest),
    chunks: (range, overlap) => chunksOf({ readInto: (into, at) => fill(into, at) }, range, overlap),
  };

  function fill(into: Buffer, address: number): number {
    const { start, end, offset } = segmentOf(address);
    return file.readInto(into.subarray(0, end - address), address - start + offset);
  }
}

function readText(address: number, rest: (address: number) => Buffer): string {
  let text = '';
  for (let at = address; at - address < MAX_STRING;) {
    const bytes = rest(at);
    const end = bytes.indexOf(0);
    text += bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
    if (end >= 0) return text;
    at += bytes.length;
  }
  throw malformed(`a name at ${hex(address)} does not end`);
}

interface Header {
  readonly isArm64: boolean;
  readonly entry: number;
  readonly segments: Table;
  readonly sections: Table;
  readonly nameSection: number;
}

interface Table {
  readonly offset: number;
  readonly entrySize: number;
  readonly count: number;
}

function readHeader(bytes: Buffer): Header {
  if (bytes.length < 64 || bytes.readUInt32BE(0) !== 0x7f454c46) {
    throw stackError('E_STACKS_NOT_GO', 'the program is not an ELF file');
  }
  const machine = bytes.readUInt16LE(18);
  const isArm64 = machine === 183;
  if (bytes[4] !== 2 || bytes[5] !== 1 || !(isArm64 || machine === 62)) {
    throw stackError(
      'E_STACKS_UNSUPPORTED',
      `the program is of another machine than amd64 and arm64 (e_machine ${machine})`,
    );
  }
  const table = (offset: number, size: number): Table => ({
    offset: readWord(bytes, offset),
    entrySize: bytes.readUInt16LE(size),
    count: bytes.readUInt16LE(size + 2),
  });
  return {
    isArm64,
    entry: readWord(bytes, 24),
    segments: table(32, 54),
    sections: table(40, 58),
    nameSection: bytes.readUInt16LE(62),
  };
}

type Raw = (offset: number, length: number) => Buffer;
const LOADED = 1;
const WRITABLE = 2;

function readSegments({ segments: { offset, entrySize, count } }: Header, raw: Raw, size: number): readonly Segment[] {
  if (entrySize < 56 || count > MAX_SEGMENTS) throw malformed(`${count} program headers of ${entrySize} bytes`);
  const bytes = raw(offset, entrySize * count);
  const segments: Segment[] = [];
  for (let at = 0; at < bytes.length; at += entrySize) {
    if (bytes.readUInt32LE(at) !== LOADED) continue;
    const [from, start, length] = [readWord(bytes, at + 8), readWord(bytes, at + 16), readWord(bytes, at + 32)];
    if (!(from < MAX_ADDRESS && start < MAX_ADDRESS)) throw malformed(`a segment at ${hex(start)}`);
    const inFile = Math.max(0, Math.min(length, size - from));
    const isWritable = (bytes.readUInt32LE(at + 4) & WRITABLE) !== 0;
    segments.push({ offset: from, start, end: start + inFile, isWritable });
  }
  return segments;
}

/** A hint only: a file may have been stripped of them. */
function readSections({ sections, nameSection }: Header, raw: Raw, size: number): ReadonlyMap<string, AddressRange> {
  const found = new Map<string, AddressRange>();
  const { offset, entrySize, count } = sections;
  const isThere = offset > 0 && entrySize >= 64 && count <= MAX_SECTIONS && offset + entrySize * count <= size;
  if (!isThere || nameSection >= count) return found;
  const bytes = raw(offset, entrySize * count);
  const [from, length] = [readWord(bytes, nameSection * entrySize + 24), readWord(bytes, nameSection * entrySize + 32)];
  if (length > MAX_SECTION_NAMES || from + length > size) return found;
  const names = raw(from, length);
  for (let at = 0; at < bytes.length; at += entrySize) {
    const name = bytes.readUInt32LE(at);
    const end = names.indexOf(0, name);
    const start = readWord(bytes, at + 16);
    if (end > name) found.set(names.toString('latin1', name, end), { start, end: start + readWord(bytes, at + 32) });
  }
  return found;
}
