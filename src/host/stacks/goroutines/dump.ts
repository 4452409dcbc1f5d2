/** All goroutines as the text of pprof's `goroutine?debug=2`. Each is consistent in itself; all of them are not of one instant. */
import type { DumpStats } from '../../../ports/stacks.ts';
import { readWord } from '../byte-source.ts';
import { isDead, SCAN, STATUS, statusOf } from './layout.ts';
import { readAddresses, readGoroutines } from './list.ts';
import { type GoroutineContext, type Settled, settle } from './settle.ts';
import { goroutineText } from './text.ts';

export interface DumpLimits {
  readonly maxGoroutines: number;
  readonly maxTextBytes: number;
  /** Asked after each goroutine. */
  readonly isTimeOver: () => boolean;
}

/** @param write gets the text in pieces of one goroutine each. */
export function dumpAll(context: GoroutineContext, limits: DumpLimits, write: (text: string) => void): DumpStats {
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

const USER_CODE = new Set(['runtime.main', 'runtime.corostart', 'runtime.handleAsyncEvent']);
/** These are shown while they call functions of the program, that is, while they do not wait for work. */
const CALLS_BACK = /^runtime\.(?:runfinq|runFinalizers|runCleanups)$/;
const IDLE = new Set(['finalizer wait', 'cleanup wait']);

/** Go leaves its own goroutines out. */
function isOfRuntime({ table, layout, reasons }: GoroutineContext, raw: Buffer): boolean {
  const name = table.find(readWord(raw, layout.startPc))?.name ?? '';
  if (!name.startsWith('runtime.') || USER_CODE.has(name)) return false;
  if (!CALLS_BACK.test(name)) return true;
  const status = statusOf(raw, layout);
  const reason = reasons[raw[layout.waitReason] ?? 0] ?? '';
  return status === STATUS.runnable || (status === STATUS.waiting && IDLE.has(reason));
}

const MINUTE_NS = 60e9;

function textOf(context: GoroutineContext, { goroutine: { raw }, stack, isTorn }: Settled): string {
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

function stateOf({ layout, reasons }: GoroutineContext, raw: Buffer): string {
  const status = statusOf(raw, layout);
  const name = STATE_NAMES.get(status) ?? '???';
  const reason = reasons[raw[layout.waitReason] ?? 0] ?? '';
  const isWaiting = status === STATUS.waiting || status === STATUS.leaked;
  const state = isWaiting && reason !== '' ? reason : name;
  const isScanned = (raw.readUInt32LE(layout.status) & SCAN) !== 0;
  return `${state}${status === STATUS.leaked ? ' (leaked)' : ''}${isScanned ? ' (scan)' : ''}`;
}

/** How long it waits is known once the garbage collector has seen it. */
function minutesOf({ source, layout }: GoroutineContext, raw: Buffer): number {
  const status = statusOf(raw, layout);
  const since = readWord(raw, layout.waitSince);
  if ((status !== STATUS.waiting && status !== STATUS.syscall) || since === 0) return 0;
  return Math.max(0, Math.floor((source.nowNs() - since) / MINUTE_NS));
}
