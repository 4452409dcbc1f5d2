/**
 * The goroutines of another process as the text of pprof's `goroutine?debug=2`, from its program's file and its memory.
 * Nothing is written, no signal sent, nobody stopped: each goroutine is consistent in itself, all of them are not of one
 * instant. Go 1.18 to 1.27 on amd64 and arm64; arguments, labels and frames of C are not read.
 */
import { isMedicError } from '../../../ports/errors.ts';
import type { BuildInfo, DumpStats } from '../../../ports/stacks.ts';
import { type ProcessSource, readWord } from '../byte-source.ts';
import { createProcessMemory } from '../process-memory.ts';
import { readBuildInfo } from '../program/build-info.ts';
import { createCallFrames } from '../program/call-frames.ts';
import { openExecutable } from '../program/executable.ts';
import { createFunctionTable, type FunctionTable, readTableHeader } from '../program/function-table.ts';
import { findModuleData } from '../program/module-data.ts';
import { stackError } from '../stack-errors.ts';
import { chooseLayout, G_SIZE, isDead, type Layout, SCAN, SCHED_SP, STACK_LOW, STATUS, statusOf } from './layout.ts';
import { findGoroutines, type GoroutineList, type RawGoroutine, readAddresses, readGoroutines } from './list.ts';
import { goroutineText } from './text.ts';
import { type Stack, unwind, type UnwindContext } from './unwind.ts';
import { findWaitReasons } from './wait-reasons.ts';

export interface DumpLimits {
  readonly maxGoroutines: number;
  readonly maxTextBytes: number;
  /** Asked after each goroutine. */
  readonly isTimeOver: () => boolean;
}

export interface OpenProgram {
  readonly buildInfo: BuildInfo | undefined;
  /** @param write gets the text in pieces of one goroutine each. */
  dump(limits: DumpLimits, write: (text: string) => void): DumpStats;
}

const SAMPLE = 400;
const NEWEST = 27;

/** @throws `E_STACKS_NOT_GO`, `E_STACKS_UNSUPPORTED`, `E_STACKS_MALFORMED`. */
export function openProgram(source: ProcessSource): OpenProgram {
  const executable = openExecutable(source.file, source.fileSize);
  const buildInfo = readBuildInfo(executable);
  try {
    const memory = createProcessMemory(source.memory, source.entryPoint - executable.entry);
    const header = readTableHeader(executable);
    const module = findModuleData(executable, memory, header);
    const table = createFunctionTable(executable, header, module.text);
    const list = findGoroutines(memory, module.bss);
    const sample = readGoroutines(memory, readAddresses(memory, list, SAMPLE));
    const layout = chooseLayout(
      [...sample].map(({ raw }) => raw),
      table,
    );
    const frames = createCallFrames(executable, table, module.funcdata);
    const context = { memory, source, frames, layout, isArm64: executable.isArm64 };
    const reasons = findWaitReasons(memory, module.data);
    return { buildInfo, dump: (limits, write) => dumpAll({ ...context, source, table, list, reasons }, limits, write) };
  } catch (error) {
    throw explain(error, buildInfo);
  }
}

/** What is not understood of a Go version that nobody has tried is no fault of the program. */
function explain(error: unknown, buildInfo: BuildInfo | undefined): unknown {
  if (!isMedicError(error) || buildInfo === undefined) return error;
  const { goVersion } = buildInfo;
  const minor = Number(/^(?:devel )?go1\.(\d+)/.exec(goVersion)?.[1] ?? NEWEST);
  const isTried = minor >= 18 && minor <= NEWEST;
  if (error.code !== 'E_STACKS_MALFORMED' && error.code !== 'E_STACKS_NOT_GO') return error;
  const built = `the program is built by ${goVersion}`;
  if (isTried) return stackError(error.code, `${built}, but ${error.message}`, error);
  const range = `stacks are read from go1.18 to go1.${NEWEST}`;
  return stackError('E_STACKS_UNSUPPORTED', `${built}; ${range} (${error.message})`, error);
}

interface DumpContext extends UnwindContext {
  readonly source: ProcessSource;
  readonly table: FunctionTable;
  readonly list: GoroutineList;
  readonly reasons: readonly string[];
}

function dumpAll(context: DumpContext, limits: DumpLimits, write: (text: string) => void): DumpStats {
  const { memory, list } = context;
  const stats = { goroutines: 0, running: 0, torn: 0, incomplete: 0 };
  const addresses = readAddresses(memory, list, limits.maxGoroutines + 1);
  const some = addresses.slice(0, limits.maxGoroutines);
  let size = 0;
  for (const found of readGoroutines(memory, some)) {
    if (isDead(statusOf(found.raw, context.layout)) || isOfRuntime(context, found.raw)) continue;
    const settled = settle(context, found);
    if (isDead(statusOf(settled.goroutine.raw, context.layout))) continue;
    const text = textOf(context, settled);
    size += text.length;
    if (size > limits.maxTextBytes) return { ...stats, cutBy: 'size' };
    if (limits.isTimeOver()) return { ...stats, cutBy: 'time' };
    stats.goroutines++;
    if (settled.isTorn) stats.torn++;
    else if (settled.stack.end === 'running') stats.running++;
    else if (settled.stack.end === 'cut') stats.incomplete++;
    write(text);
  }
  return some.length < addresses.length ? { ...stats, cutBy: 'count' } : stats;
}

interface Settled {
  readonly goroutine: RawGoroutine;
  readonly stack: Stack;
  readonly isTorn: boolean;
}

const ATTEMPTS = 10;

/** Reads its stack until it was the same goroutine, at the same place, before and after. */
function settle(context: DumpContext, found: RawGoroutine): Settled {
  let goroutine = found;
  for (let attempt = 1; ; attempt++) {
    const stack = unwind(context, goroutine.raw);
    const now = { address: found.address, raw: context.memory.read(found.address, G_SIZE) };
    const isSame = isUnchanged(context.layout, goroutine.raw, now.raw);
    if ((isSame && stack.end !== 'cut') || attempt === ATTEMPTS) return { goroutine: now, stack, isTorn: !isSame };
    goroutine = now;
  }
}

function isUnchanged(layout: Layout, a: Buffer, b: Buffer): boolean {
  const isEqual = (at: number, length: number): boolean => a.compare(b, at, at + length, at, at + length) === 0;
  return (
    isEqual(layout.id, 8) &&
    statusOf(a, layout) === statusOf(b, layout) &&
    isEqual(STACK_LOW, 16) &&
    isEqual(SCHED_SP, 16) &&
    isEqual(layout.syscallSp, 16)
  );
}

const USER_CODE = new Set(['runtime.main', 'runtime.corostart', 'runtime.handleAsyncEvent']);
/** These are shown while they call functions of the program, that is, while they do not wait for work. */
const CALLS_BACK = /^runtime\.(?:runfinq|runFinalizers|runCleanups)$/;
const IDLE = new Set(['finalizer wait', 'cleanup wait']);

/** Go leaves its own goroutines out. */
function isOfRuntime({ table, layout, reasons }: DumpContext, raw: Buffer): boolean {
  const name = table.find(readWord(raw, layout.startPc))?.name ?? '';
  if (!name.startsWith('runtime.') || USER_CODE.has(name)) return false;
  if (!CALLS_BACK.test(name)) return true;
  const status = statusOf(raw, layout);
  const reason = reasons[raw[layout.waitReason] ?? 0] ?? '';
  return status === STATUS.runnable || (status === STATUS.waiting && IDLE.has(reason));
}

const MINUTE_NS = 60e9;

function textOf(context: DumpContext, { goroutine: { raw }, stack, isTorn }: Settled): string {
  const { layout, frames } = context;
  const cut = stack.end === 'cut' ? 'incomplete' : undefined;
  return goroutineText({
    id: readWord(raw, layout.id),
    state: stateOf(context, raw),
    minutes: minutesOf(context, raw),
    isLocked: readWord(raw, layout.lockedThread) !== 0,
    mark: isTorn ? 'changed while read' : cut,
    isRunning: stack.end === 'running',
    // Frames of two moments would tell of calls that never were.
    sites: isTorn ? [] : stack.sites,
    createdBy: frames.createdAt(readWord(raw, layout.createdAt)),
    parentId: layout.parentId === undefined ? 0 : readWord(raw, layout.parentId),
    isBefore121: layout.parentId === undefined,
  });
}

const STATE_NAMES = new Map<number, string>([
  ...Object.entries(STATUS).map(([name, number]) => [number, name] as const),
  [STATUS.deadExtra, 'waiting for cgo callback'],
]);

function stateOf({ layout, reasons }: DumpContext, raw: Buffer): string {
  const status = statusOf(raw, layout);
  const name = STATE_NAMES.get(status) ?? '???';
  const reason = reasons[raw[layout.waitReason] ?? 0] ?? '';
  const isWaiting = status === STATUS.waiting || status === STATUS.leaked;
  const state = isWaiting && reason !== '' ? reason : name;
  const isScanned = (raw.readUInt32LE(layout.status) & SCAN) !== 0;
  return `${state}${status === STATUS.leaked ? ' (leaked)' : ''}${isScanned ? ' (scan)' : ''}`;
}

/** How long it waits is known once the garbage collector has seen it. */
function minutesOf({ source, layout }: DumpContext, raw: Buffer): number {
  const status = statusOf(raw, layout);
  const since = readWord(raw, layout.waitSince);
  if ((status !== STATUS.waiting && status !== STATUS.syscall) || since === 0) return 0;
  return Math.max(0, Math.floor((source.nowNs() - since) / MINUTE_NS));
}
