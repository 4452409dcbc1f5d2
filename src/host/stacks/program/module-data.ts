/** runtime.firstmoduledata: where the linker has put the parts of the program. Found without symbols. */
import { type AddressRange, placesOf, readWord, wordBytes } from '../byte-source.ts';
import type { Executable } from './executable.ts';
import type { TableHeader } from './function-table.ts';
import { malformed } from '../stack-errors.ts';
import type { ProcessMemory } from '../process-memory.ts';

export interface ModuleData {
  /** Where the code begins in memory. */
  readonly text: number;
  readonly data: AddressRange;
  readonly bss: AddressRange;
  /** What offsets of funcdata count from, by address in the file. */
  readonly funcdata: number;
}

/** Offsets that have not changed from Go 1.18 to 1.27. */
const MIN_PC = 160;
const MAX_PC = 168;
const TEXT = 176;
const DATA = 208;
const BSS = 224;
const SIZE = 400;
/** Of gofunc: Go 1.18 and 1.19, 1.20 to 1.26, 1.27. */
const FUNCDATA = [304, 320, 344];

/** @throws `E_STACKS_MALFORMED`. */
export function findModuleData(executable: Executable, memory: ProcessMemory, header: TableHeader): ModuleData {
  const bytes = find(executable, memory, header);
  return {
    text: readWord(bytes, TEXT),
    data: { start: readWord(bytes, DATA), end: readWord(bytes, DATA + 8) },
    bss: { start: readWord(bytes, BSS), end: readWord(bytes, BSS + 8) },
    funcdata: chooseFuncdata(
      executable,
      header,
      FUNCDATA.map((at) => readWord(bytes, at) - memory.bias),
    ),
  };
}

/** It begins with the addresses of the table and of its names, and has the ends of the code. */
function find(executable: Executable, memory: ProcessMemory, header: TableHeader): Buffer {
  const look = wordBytes(header.address + memory.bias, header.names + memory.bias);
  for (const { start, end } of executable.segments.filter(({ isWritable }) => isWritable)) {
    for (const { bytes } of memory.chunks({ start: start + memory.bias, end: end + memory.bias }, SIZE)) {
      const at = [...placesOf(look, bytes)].find((place) => isModuleData(bytes, place, header));
      if (at !== undefined) return Buffer.from(bytes.subarray(at, at + SIZE));
    }
  }
  throw malformed('the description of its parts (moduledata) is not in its memory');
}

function isModuleData(bytes: Buffer, at: number, { index, functionCount }: TableHeader): boolean {
  if (at + SIZE > bytes.length) return false;
  const text = readWord(bytes, at + TEXT);
  const [first, last] = [text + (index[0] ?? 0), text + (index[functionCount * 2] ?? 0)];
  return readWord(bytes, at + MIN_PC) === first && readWord(bytes, at + MAX_PC) === last;
}

export const NO_FUNCDATA = 0xffffffff;
const INLINE_TREE = 3;
const SAMPLES = 60;
const LOOKED_AT = 1500;

/** The offset of a function's tree of inlined calls. */
export function inlineTreeOf(executable: Executable, { functionSize }: TableHeader, record: number): number {
  if (INLINE_TREE >= executable.u8(record + functionSize - 1)) return NO_FUNCDATA;
  const pcdata = executable.u32(record + 28);
  return executable.u32(record + functionSize + pcdata * 4 + INLINE_TREE * 4);
}

/** The field has moved twice: with the right one, each inlined call of a sample names a function. */
function chooseFuncdata(executable: Executable, header: TableHeader, bases: readonly number[]): number {
  const good = bases.map(() => 0);
  const step = Math.max(1, Math.floor(header.functionCount / LOOKED_AT));
  for (let number = 0, samples = 0; number < header.functionCount && samples < SAMPLES; number += step) {
    const tree = inlineTreeOf(executable, header, header.functions + (header.index[number * 2 + 1] ?? 0));
    if (tree === NO_FUNCDATA) continue;
    samples++;
    bases.forEach((base, which) => {
      if (isNamed(executable, header, base + tree)) good[which] = (good[which] ?? 0) + 1;
    });
  }
  return bases[good.indexOf(Math.max(...good))] ?? 0;
}

function isNamed(executable: Executable, header: TableHeader, call: number): boolean {
  const at = call + (header.isBefore120 ? 12 : 4);
  if (!executable.has(at) || !executable.has(at + 3)) return false;
  const name = executable.u32(at);
  if (name === 0 || name >= header.units - header.names) return false;
  return executable.u8(header.names + name - 1) === 0 && executable.u8(header.names + name) !== 0;
}
