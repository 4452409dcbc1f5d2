/** A goroutine as pprof's `goroutine?debug=2` prints it (runtime/traceback.go: goroutineheader, traceback2, printcreatedby). */
import type { CallFrame, CallSite } from '../program/call-frames.ts';

export interface ShownGoroutine {
  readonly id: number;
  /** With what Go adds to it: `select (no cases)`, `running`, ... */
  readonly state: string;
  readonly minutes: number;
  readonly isLocked: boolean;
  /** What is wrong with the stack, for the header, where our reader and others take it for one more state. */
  readonly mark: 'changed while read' | 'incomplete' | undefined;
  readonly isRunning: boolean;
  readonly sites: readonly CallSite[];
  readonly createdBy: CallFrame | undefined;
  /** 0: not known. */
  readonly parentId: number;
  /** Up to Go 1.20: the first 100 frames on the stack, and no more. */
  readonly isBefore121: boolean;
}

/** So many innermost, and so many outermost. */
const SHOWN = 50;

export function goroutineText(goroutine: ShownGoroutine): string {
  const lines = goroutine.isRunning
    ? ['\tgoroutine running on other thread; stack unavailable\n']
    : stackLines(goroutine);
  return `${headerLine(goroutine)}${lines.join('')}${creatorLines(goroutine)}\n`;
}

function headerLine({ id, state, minutes, isLocked, mark }: ShownGoroutine): string {
  const parts = [state];
  if (minutes >= 1) parts.push(`${minutes} minutes`);
  if (isLocked) parts.push('locked to thread');
  if (mark !== undefined) parts.push(mark);
  return `goroutine ${id} [${parts.join(', ')}]:\n`;
}

function stackLines({ sites, isBefore121 }: ShownGoroutine): string[] {
  const frames = (isBefore121 ? sites.slice(0, 2 * SHOWN) : sites).flatMap((site) => site.frames);
  const shown = visibleFrames(frames);
  const some = shown.length > 0 ? shown : frames;
  if (some.length <= 2 * SHOWN) {
    const isElided = isBefore121 && some.length === 2 * SHOWN;
    return [...some.map(frameLines), ...(isElided ? ['...additional frames elided...\n'] : [])];
  }
  const elided = some.length - 2 * SHOWN;
  if (isBefore121) return some.map(frameLines);
  return [
    ...some.slice(0, SHOWN).map(frameLines),
    `...${elided} frames elided...\n`,
    ...some.slice(-SHOWN).map(frameLines),
  ];
}

function place({ file, line, isInlined, offset }: CallFrame): string {
  return `\t${file}:${line}${isInlined || offset <= 0 ? '' : ` +0x${offset.toString(16)}`}\n`;
}

function frameLines(frame: CallFrame): string {
  return `${printedName(frame.name)}(...)\n${place(frame)}`;
}

function creatorLines({ id, createdBy, parentId }: ShownGoroutine): string {
  if (createdBy === undefined || id === 1 || !isShown(createdBy, false, '')) return '';
  const parent = parentId === 0 ? '' : ` in goroutine ${parentId}`;
  return `created by ${printedName(createdBy.name)}${parent}\n${place(createdBy)}`;
}

/** None of the runtime but panics and exported functions, and no wrappers of methods. */
function visibleFrames(frames: readonly CallFrame[]): readonly CallFrame[] {
  let callee = '';
  let count = 0;
  return frames.filter((frame) => {
    const isVisible = isShown(frame, count === 0, callee);
    callee = frame.name;
    if (isVisible) count++;
    return isVisible;
  });
}

const PANICS = /^runtime\.(?:gopanic|sigpanic|panicwrap)$/;
const ALWAYS = /^runtime\.(?:runFinalizers|runCleanups)$/;
/** `runtime.Gosched`, `runtime.(*Func).Name`. */
const EXPORTED = /^runtime\.(?:\(?\*?[A-Z][^.]*\)?\.)?[A-Z][^.]*$/;

function isShown({ name, isWrapper }: CallFrame, isFirst: boolean, callee: string): boolean {
  if (isWrapper && !PANICS.test(callee)) return false;
  if ((name === 'runtime.gopanic' && !isFirst) || ALWAYS.test(name)) return true;
  if (!name.includes('.')) return false;
  return !name.startsWith('runtime.') || EXPORTED.test(name);
}

/** Type arguments are left out; since Go 1.27 a method may have its own besides its receiver's. */
export function printedName(name: string): string {
  if (name === 'runtime.gopanic') return 'panic';
  const open = name.indexOf('[');
  if (open < 0 || name.lastIndexOf(']') <= open) return name;
  let depth = 0;
  let printed = '';
  for (const char of name) {
    if (char === '[' && depth++ === 0) printed += '[...]';
    if (depth === 0) printed += char;
    if (char === ']') depth--;
  }
  return printed;
}
