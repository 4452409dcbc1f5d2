/** From a goroutine to its calls, as runtime/traceback.go goes through a stack. */
import { readWord, type ProcessSource, type Registers } from '../byte-source.ts';
import type { ProcessMemory } from '../process-memory.ts';
import type { CallFrames, CallSite } from '../program/call-frames.ts';
import type { GoFunction } from '../program/function-table.ts';
import { type Layout, SCHED_PC, SCHED_SP, SELF, STACK_HIGH, STACK_LOW, STATUS, statusOf, THREAD } from './layout.ts';

export interface Stack {
  /** One for each frame on the stack, innermost first. */
  readonly sites: readonly CallSite[];
  /**
   * - `whole`: the outermost frame is where the runtime says that it is;
   * - `cut`: it could not be followed to its end, or was changed meanwhile;
   * - `running`: it changes all the time.
   */
  readonly end: 'whole' | 'cut' | 'running';
}

export interface UnwindContext {
  readonly memory: ProcessMemory;
  readonly source: Pick<ProcessSource, 'registersOf'>;
  readonly frames: CallFrames;
  readonly layout: Layout;
  readonly isArm64: boolean;
}

const MAX_SITES = 100_000;
/** The runtime puts these on a stack as if the function below had called them; its pc is where it was stopped. */
const INJECTED = /^runtime\.(?:sigpanic|asyncPreempt|debugCallV[12])$/;

interface Cursor {
  pc: number;
  sp: number;
  /** arm64: the return address that is not on the stack; 0: it is. */
  lr: number;
  isExact: boolean;
}

export function unwind(context: UnwindContext, raw: Buffer): Stack {
  const cursor = beginning(context, raw);
  if (cursor === undefined) return { sites: [], end: 'running' };
  const stack = createStackView(context.memory, readWord(raw, STACK_LOW), readWord(raw, STACK_HIGH));
  if (!stack.has(cursor.sp)) return { sites: [], end: 'cut' };
  if (cursor.pc === 0) {
    // A call of a nil function: what called it is on the stack.
    cursor.pc = stack.word(cursor.sp);
    if (!context.isArm64) cursor.sp += 8;
  }
  const isInSyscall = readWord(raw, context.layout.syscallSp) !== 0;
  const walk = { context, stack, cursor, isInSyscall, top: readWord(raw, context.layout.stackTop) };
  const sites: CallSite[] = [];
  while (sites.length < MAX_SITES) {
    const site = context.frames.at(cursor.pc, cursor.isExact);
    if (site === undefined || (site.frameSize ?? 0) < 0) break;
    sites.push(site);
    const end = goOut(walk, site, sites.length === 1);
    if (end !== undefined) return { sites, end };
  }
  return { sites, end: 'cut' };
}

interface Walk {
  readonly context: UnwindContext;
  readonly stack: StackView;
  readonly cursor: Cursor;
  readonly isInSyscall: boolean;
  /** Where the outermost frame ends, as the runtime says. */
  readonly top: number;
}

/** Moves the cursor to the caller. @returns how the stack ends, where there is none. */
function goOut(walk: Walk, site: CallSite, isInnermost: boolean): 'whole' | 'cut' | undefined {
  const { context, stack, cursor, top } = walk;
  if (site.frameSize === undefined) return 'cut';
  const frameEnd = cursor.sp + site.frameSize + (context.isArm64 ? 0 : 8);
  if (site.function.isTop) return isEnd(cursor, frameEnd, top) ? 'whole' : 'cut';
  if (!isFollowed(site.function, isInnermost && walk.isInSyscall)) return 'cut';
  const caller = callerOf(context, stack, cursor, { frameEnd, isInnermost });
  if (caller === 0) return frameEnd === top ? 'whole' : 'cut';
  if (caller === cursor.pc && cursor.sp === frameEnd) return 'cut';
  const isExact = INJECTED.test(site.function.name);
  Object.assign(cursor, { pc: caller, sp: frameEnd, lr: 0, isExact });
  if (isExact) stepOverInjected(context, stack, cursor);
  return undefined;
}

function isEnd({ sp, isExact }: Cursor, frameEnd: number, top: number): boolean {
  return frameEnd === top || sp === top || top === 0 || isExact;
}

/** What called a function that changes the stack pointer by itself is not known. */
function isFollowed({ name, writesSp }: GoFunction, isSyscall: boolean): boolean {
  return !writesSp || isSyscall || name === 'runtime.cgocallback';
}

interface FrameEnd {
  readonly frameEnd: number;
  readonly isInnermost: boolean;
}

function callerOf(
  { isArm64 }: UnwindContext,
  stack: StackView,
  { sp, lr }: Cursor,
  { frameEnd, isInnermost }: FrameEnd,
): number {
  if (!isArm64) return stack.word(frameEnd - 8);
  return (isInnermost && sp < frameEnd) || lr === 0 ? stack.word(sp) : lr;
}

/** arm64: an injected call has saved the link register in 16 bytes of its own. */
function stepOverInjected({ frames, isArm64 }: UnwindContext, stack: StackView, cursor: Cursor): void {
  if (!isArm64) return;
  const saved = stack.word(cursor.sp);
  cursor.sp += 16;
  const next = frames.at(cursor.pc, true);
  if (next === undefined) cursor.pc = saved;
  else if (next.frameSize === 0) cursor.lr = saved;
}

/** undefined: it runs, and where is not known. */
function beginning(context: UnwindContext, raw: Buffer): Cursor | undefined {
  const { layout, isArm64, frames } = context;
  const syscallSp = readWord(raw, layout.syscallSp);
  if (syscallSp !== 0) return { sp: syscallSp, pc: readWord(raw, layout.syscallSp + 8), lr: 0, isExact: false };
  const lr = isArm64 ? readWord(raw, layout.lr) : 0;
  const left = { sp: readWord(raw, SCHED_SP), pc: readWord(raw, SCHED_PC), lr, isExact: false };
  if (statusOf(raw, layout) !== STATUS.running) return left;
  const registers = registersOf(context, raw);
  if (registers === undefined) return undefined;
  const { sp, pc } = registers;
  const isOnOwnStack = sp >= readWord(raw, STACK_LOW) && sp < readWord(raw, STACK_HIGH);
  if (isOnOwnStack && frames.at(pc, true) !== undefined) return { sp, pc, lr: 0, isExact: true };
  // On another stack (of the runtime, of a signal, of C): the goroutine has said where it left its own.
  return left;
}

const THREAD_HEAD = 256;

/** Of the thread that runs it, where the kernel has stopped or blocked that. */
function registersOf(context: UnwindContext, raw: Buffer): Registers | undefined {
  const thread = threadIdOf(context, raw);
  return thread === undefined ? undefined : context.source.registersOf(thread);
}

/** In the PID namespace of the process. undefined: no thread runs it. */
export function threadIdOf({ memory, layout }: UnwindContext, raw: Buffer): number | undefined {
  const thread = memory.tryRead(readWord(raw, THREAD), THREAD_HEAD);
  if (thread?.length !== THREAD_HEAD || readWord(thread, layout.current) !== readWord(raw, SELF)) return undefined;
  return readWord(thread, layout.threadId);
}

interface StackView {
  has(address: number): boolean;
  /** 0: it is not on the stack, or cannot be read. */
  word(address: number): number;
}

const FIRST_WINDOW = 2048;
const WINDOW = 16_384;

/** Most stacks are in the first 2 KiB from where they are left; the rest comes by 16 KiB. */
function createStackView(memory: ProcessMemory, low: number, high: number): StackView {
  let bytes: Buffer | undefined;
  let base = 0;
  const has = (address: number): boolean => address >= low && address + 8 <= high;

  function isIn(address: number): boolean {
    return bytes !== undefined && address >= base && address + 8 <= base + bytes.length;
  }

  return {
    has,
    word(address): number {
      if (!has(address)) return 0;
      if (!isIn(address)) {
        const length = Math.min(high - address, bytes === undefined ? FIRST_WINDOW : WINDOW);
        bytes = memory.tryRead(address, length);
        base = address;
      }
      return bytes !== undefined && isIn(address) ? readWord(bytes, address - base) : 0;
    },
  };
}
