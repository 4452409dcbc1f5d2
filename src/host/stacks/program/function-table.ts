/**
 * The functions of a Go program from its pclntab, which stripping leaves in: the runtime itself needs it.
 * cmd/link/internal/ld/pcln.go writes it; runtime/symtab.go, internal/abi/symtab.go and debug/gosym read it.
 */
import { placesOf, readWord } from '../byte-source.ts';
import type { Executable } from './executable.ts';
import { malformed, stackError } from '../stack-errors.ts';

/** Where the parts of the table are, by address in the file. */
export interface TableHeader {
  readonly address: number;
  /** Go 1.18 and 1.19. */
  readonly isBefore120: boolean;
  /** All pc deltas are multiples of it. */
  readonly quantum: number;
  readonly functionCount: number;
  readonly names: number;
  /** Offsets of files, by compilation unit; the names end here. */
  readonly units: number;
  readonly files: number;
  readonly pcTables: number;
  readonly functions: number;
  /** Bytes of a `_func` before its pcdata. */
  readonly functionSize: number;
  /** Pairs: the offset of the code, the offset of the `_func`; one more offset of code at the end. */
  readonly index: Uint32Array;
}

export interface GoFunction {
  /** Of its `_func`, in the file. */
  readonly record: number;
  /** Of its code, in memory. */
  readonly entry: number;
  readonly name: string;
  readonly isWrapper: boolean;
  /** The outermost of a stack. */
  readonly isTop: boolean;
  /** It changes the stack pointer by itself: what called it is not known. */
  readonly writesSp: boolean;
}

const MAGIC_118 = 0xfffffff0;
const MAGIC_120 = 0xfffffff1;
const OLDER = new Map([
  [0xfffffffb, 'Go 1.2 to 1.15'],
  [0xfffffffa, 'Go 1.16 or 1.17'],
]);
const HEADER = 72;
/** A kubelet has 150,000. */
const MAX_FUNCTIONS = 2_000_000;
const SECTIONS = ['.gopclntab', '.data.rel.ro.gopclntab'];

/** @throws `E_STACKS_NOT_GO`, `E_STACKS_UNSUPPORTED`, `E_STACKS_MALFORMED`. */
export function readTableHeader(executable: Executable): TableHeader {
  const address = findTable(executable);
  const bytes = executable.bytes(address, HEADER);
  const functionCount = readWord(bytes, 8);
  if (functionCount > MAX_FUNCTIONS) throw malformed(`its table has ${functionCount} functions`);
  const [names, units, files, pcTables, functions] = offsetsIn(bytes).map((offset) => address + offset);
  if (!names || !units || !files || !pcTables || !functions) throw malformed('its table of functions has no parts');
  const isBefore120 = bytes.readUInt32LE(0) === MAGIC_118;
  const raw = executable.bytes(functions, functionCount * 8 + 4);
  const index = new Uint32Array(functionCount * 2 + 1);
  for (let i = 0; i < index.length; i++) index[i] = raw.readUInt32LE(i * 4);
  return {
    ...{ address, isBefore120, quantum: bytes[6] ?? 1, functionCount, names, units, files, pcTables, functions, index },
    functionSize: isBefore120 ? 40 : 44,
  };
}

function offsetsIn(header: Buffer): readonly number[] {
  return [32, 40, 48, 56, 64].map((at) => readWord(header, at));
}

/** By its section. gcc merges that of a PIE, and sections may be stripped: then by what it looks like. */
function findTable(executable: Executable): number {
  for (const name of SECTIONS) {
    const section = executable.section(name);
    if (section === undefined || !executable.has(section.start)) continue;
    if (isTable(executable, section.start)) return section.start;
    const older = OLDER.get(executable.u32(section.start));
    if (older !== undefined) {
      throw stackError('E_STACKS_UNSUPPORTED', `the program is built by ${older}; stacks are read from Go 1.18 on`);
    }
  }
  const found = searchTable(executable);
  if (found === undefined) throw stackError('E_STACKS_NOT_GO', 'the program has no table of Go functions');
  return found;
}

function searchTable(executable: Executable): number | undefined {
  const tail = [0, 0, executable.isArm64 ? 4 : 1, 8];
  const looks = [MAGIC_120, MAGIC_118].map((magic) => Buffer.from([magic & 0xff, 0xff, 0xff, 0xff, ...tail]));
  for (const range of executable.segments) {
    for (const { address, bytes } of executable.chunks(range, tail.length * 2)) {
      const found = looks.flatMap((look) => [...placesOf(look, bytes)]).find((at) => isTable(executable, address + at));
      if (found !== undefined) return address + found;
    }
  }
  return undefined;
}

function isTable(executable: Executable, address: number): boolean {
  if (!executable.has(address + HEADER)) return false;
  const header = executable.bytes(address, HEADER);
  const magic = header.readUInt32LE(0);
  if ((magic !== MAGIC_118 && magic !== MAGIC_120) || readWord(header, 8) === 0) return false;
  return offsetsIn(header).every((offset, part, all) => {
    const isAfter = part === 0 || offset > (all[part - 1] ?? 0);
    return offset >= HEADER && isAfter && executable.has(address + offset);
  });
}

const FLAG_TOP = 1;
const FLAG_WRITES_SP = 2;
/** Between the functions that the runtime treats specially, numbered in the order of their names, and the wrappers. */
const LAST_SPECIAL = 'runtime.systemstack_switch';
const MIN_SPECIAL = 16;

export interface FunctionTable {
  readonly header: TableHeader;
  /** The function that has this address of its code; undefined: none. */
  find(pc: number): GoFunction | undefined;
  isWrapper(functionId: number): boolean;
  nameAt(offset: number): string;
}

/** @param text where the code is in memory. */
export function createFunctionTable(executable: Executable, header: TableHeader, text: number): FunctionTable {
  const { index, functionCount, functionSize } = header;
  const known = new Map<number, GoFunction>();
  const wrapper = findWrapperId(executable, header);

  function nameAt(offset: number): string {
    return offset === 0 ? '' : executable.text(header.names + offset);
  }

  function read(number: number): GoFunction {
    const record = header.functions + (index[number * 2 + 1] ?? 0);
    const bytes = executable.bytes(record, functionSize);
    const flags = bytes[functionSize - 3] ?? 0;
    return {
      record,
      entry: text + (index[number * 2] ?? 0),
      name: nameAt(bytes.readInt32LE(4)),
      isWrapper: bytes[functionSize - 4] === wrapper,
      isTop: (flags & FLAG_TOP) !== 0,
      writesSp: (flags & FLAG_WRITES_SP) !== 0,
    };
  }

  return {
    header,
    nameAt,
    isWrapper: (id) => id === wrapper,
    find(pc): GoFunction | undefined {
      const number = indexOf(header, pc - text);
      if (number < 0) return undefined;
      const found = known.get(number) ?? read(number);
      if (known.size < functionCount) known.set(number, found);
      return found;
    },
  };
}

/** -1: the offset is in no function. */
function indexOf({ index, functionCount }: TableHeader, offset: number): number {
  if (!(offset >= (index[0] ?? 0) && offset < (index[functionCount * 2] ?? 0))) return -1;
  let low = 0;
  let high = functionCount - 1;
  while (low < high) {
    const middle = (low + high + 1) >>> 1;
    if ((index[middle * 2] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Numbers differ by version, but generated code always comes right behind the last special function, which is in every program. */
function findWrapperId(executable: Executable, header: TableHeader): number {
  const seen = new Set<number>();
  for (const { id, name } of functionIds(executable, header)) {
    if (id < MIN_SPECIAL || seen.has(id)) continue;
    seen.add(id);
    if (executable.has(name) && executable.text(name) === LAST_SPECIAL) return id + 1;
  }
  return Math.max(0, ...seen);
}

const STRETCH = 131_072;

/** Of each function in order, read by long stretches: which kind it is, and the address of its name. */
function* functionIds(
  executable: Executable,
  header: TableHeader,
): Generator<{ readonly id: number; readonly name: number }> {
  const { index, functionCount, functions, functionSize } = header;
  const end = executable.segments.find((s) => functions >= s.start && functions < s.end)?.end ?? functions;
  let start = 0;
  let bytes: Buffer = Buffer.alloc(0);
  for (let number = 0; number < functionCount; number++) {
    const address = functions + (index[number * 2 + 1] ?? 0);
    if (address < start || address + functionSize > start + bytes.length) {
      if (address + functionSize > end) return;
      start = address;
      bytes = executable.bytes(address, Math.min(STRETCH, end - address));
    }
    const at = address - start;
    yield { id: bytes[at + functionSize - 4] ?? 0, name: header.names + bytes.readInt32LE(at + 4) };
  }
}
