/** What a pc stands for: the function, the calls inlined there, file and line, and how large the frame is at that point. */
import type { Executable } from './executable.ts';
import type { FunctionTable, GoFunction } from './function-table.ts';
import { inlineTreeOf, NO_FUNCDATA } from './module-data.ts';
import { malformed } from '../stack-errors.ts';

export interface CallFrame {
  readonly name: string;
  readonly file: string;
  readonly line: number;
  readonly isWrapper: boolean;
  readonly isInlined: boolean;
  /** Bytes from the beginning of the function. */
  readonly offset: number;
}

export interface CallSite {
  readonly function: GoFunction;
  /** The logical frames, innermost first. */
  readonly frames: readonly CallFrame[];
  /** Bytes of the frame; undefined: the function has none that is known. */
  readonly frameSize: number | undefined;
}

export interface CallFrames {
  /** undefined: the pc is in no function. @param isExact nothing was called there (a signal came): the pc is the instruction itself. */
  at(pc: number, isExact: boolean): CallSite | undefined;
  /** Of a `go` statement. */
  createdAt(pc: number): CallFrame | undefined;
}

const INLINE_INDEX = 2;
/** Offsets in a `_func`. */
const PC_SP = 16;
const PC_FILE = 20;
const PC_LINE = 24;
const PCDATA_COUNT = 28;
const UNIT = 32;
const MAX_INLINED = 200;
const MAX_PAIRS = 1_000_000;
const MAX_KNOWN = 20_000;

/** @param funcdata what offsets of it count from. */
export function createCallFrames(executable: Executable, table: FunctionTable, funcdata: number): CallFrames {
  const { header } = table;
  const known = new Map<number, CallSite>();

  function valueAt(offset: number, entry: number, pc: number): number {
    return offset === 0 ? -1 : readPcValue(executable, header.pcTables + offset, (pc - entry) / header.quantum);
  }

  function place(fn: GoFunction, pc: number): { readonly file: string; readonly line: number } {
    const record = executable.bytes(fn.record, 36);
    const file = valueAt(record.readUInt32LE(PC_FILE), fn.entry, pc);
    const line = valueAt(record.readUInt32LE(PC_LINE), fn.entry, pc);
    const unknown = { file: '?', line: 0 };
    if (file < 0 || line < 0) return unknown;
    const name = executable.u32(header.units + (record.readUInt32LE(UNIT) + file) * 4);
    return name === 0xffffffff ? unknown : { file: executable.text(header.files + name), line };
  }

  function inlinedAt(fn: GoFunction, tree: number, pc: number): number {
    if (tree === NO_FUNCDATA || INLINE_INDEX >= executable.u32(fn.record + PCDATA_COUNT)) return -1;
    return valueAt(executable.u32(fn.record + header.functionSize + INLINE_INDEX * 4), fn.entry, pc);
  }

  /** @param at the instruction. @param offset what is printed. */
  function framesAt(fn: GoFunction, at: number, offset: number): readonly CallFrame[] {
    const frames: CallFrame[] = [];
    const tree = inlineTreeOf(executable, header, fn.record);
    let pc = at;
    while (frames.length < MAX_INLINED) {
      const inlined = inlinedAt(fn, tree, pc);
      if (inlined < 0) {
        frames.push({ name: fn.name, ...place(fn, pc), isWrapper: fn.isWrapper, isInlined: false, offset });
        return frames;
      }
      const call = readInlined(funcdata + tree, inlined);
      const isWrapper = table.isWrapper(call.functionId);
      frames.push({ name: table.nameAt(call.name), ...place(fn, pc), isWrapper, isInlined: true, offset });
      pc = fn.entry + call.parentPc;
    }
    throw malformed(`the calls inlined in ${fn.name} are a circle`);
  }

  function readInlined(
    tree: number,
    number: number,
  ): { readonly functionId: number; readonly name: number; readonly parentPc: number } {
    if (header.isBefore120) {
      const call = executable.bytes(tree + number * 20, 20);
      return { functionId: call[2] ?? 0, name: call.readInt32LE(12), parentPc: call.readInt32LE(16) };
    }
    const call = executable.bytes(tree + number * 16, 16);
    return { functionId: call[0] ?? 0, name: call.readInt32LE(4), parentPc: call.readInt32LE(8) };
  }

  return {
    at(pc, isExact): CallSite | undefined {
      const key = isExact ? -pc : pc;
      const before = known.get(key);
      if (before !== undefined) return before;
      const fn = table.find(pc);
      if (fn === undefined) return undefined;
      const instruction = !isExact && pc > fn.entry ? pc - 1 : pc;
      const sp = executable.u32(fn.record + PC_SP);
      const frameSize = sp === 0 ? undefined : valueAt(sp, fn.entry, pc);
      const site = { function: fn, frames: framesAt(fn, instruction, pc - fn.entry), frameSize };
      if (known.size >= MAX_KNOWN) known.clear();
      known.set(key, site);
      return site;
    },
    createdAt(pc): CallFrame | undefined {
      const fn = pc === 0 ? undefined : table.find(pc);
      if (fn === undefined) return undefined;
      const { name, isWrapper } = fn;
      return {
        ...{ name, isWrapper, isInlined: false, offset: pc - fn.entry },
        ...place(fn, pc > fn.entry ? pc - 1 : pc),
      };
    },
  };
}

/** A table of (difference of the value, difference of the pc), as varints, that ends with a 0. -1: it says nothing of the pc. */
function readPcValue(executable: Executable, table: number, target: number): number {
  let view = executable.rest(table);
  let address = table;
  let at = 0;

  function varint(): number {
    let value = 0;
    for (let shift = 0; shift < 35; shift += 7) {
      if (at >= view.length) {
        address += at;
        view = executable.rest(address);
        at = 0;
      }
      const byte = view[at++] ?? 0;
      value |= (byte & 0x7f) << shift;
      if (byte < 0x80) return value >>> 0;
    }
    throw malformed('a number of its table of functions does not end');
  }

  let value = -1;
  let pc = 0;
  for (let pairs = 0; pairs < MAX_PAIRS; pairs++) {
    const delta = varint();
    if (delta === 0 && pairs > 0) return -1;
    value = (value + (delta & 1 ? ~(delta >>> 1) : delta >>> 1)) | 0;
    pc += varint();
    if (target < pc) return value;
  }
  throw malformed('a table of its functions does not end');
}
