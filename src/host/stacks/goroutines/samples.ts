/**
 * What a process runs, sample by sample: the goroutines that are on a thread which runs, and those that wait for one.
 *
 * The stack of a goroutine that waits for a thread is exact, and so it is of one that has left its own code for a call of the
 * kernel, for C or for the garbage collector: it has said where. Where one is that runs its own code is in the registers of a
 * CPU alone: Go sets g.sched.sp to 0 when it lets a goroutine run (runtime.gogo), and what stands on its stack may be of calls
 * that are over. The function that it began with is known, and no more. Since Go takes a thread from a goroutine after 10 ms,
 * those that compute are mostly seen waiting where there are more of them than CPUs.
 */
import { isMedicError } from '../../../ports/errors.ts';
import type { SampleCounts } from '../../../ports/stacks.ts';
import { readWord } from '../byte-source.ts';
import type { CallSite } from '../program/call-frames.ts';
import { createFoldedStacks, type FoldedBounds } from './folded.ts';
import { isDead, type Layout, SCAN, STATUS, statusOf, THREAD } from './layout.ts';
import { createGoroutineScan, type GoroutineScan } from './scan.ts';
import { type GoroutineContext, type Settled, settle } from './settle.ts';
import { printedName } from './text.ts';
import { threadIdOf } from './unwind.ts';

export interface SampleOrder extends FoldedBounds {
  /** From the first sample on. */
  readonly durationMs: number;
  /** From the start of one sample to the start of the next, at least: a reader rests as long as it has worked. */
  readonly periodMs: number;
  readonly maxGoroutines: number;
  /** Samples end by then, with what there is. */
  readonly isTimeOver: () => boolean;
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => void;
}

export interface Samples {
  readonly counts: SampleCounts;
  /** Of folded stacks. */
  readonly lines: readonly string[];
}

type Counts = { -readonly [K in keyof SampleCounts]: SampleCounts[K] };

export function takeSamples(context: GoroutineContext, order: SampleOrder): Samples {
  const counts: Counts = { samples: 0, busy: 0, failed: 0, stacks: 0, running: 0, torn: 0, incomplete: 0 };
  const folded = createFoldedStacks(order);
  const scan = createGoroutineScan(context.memory, context.list, order.maxGoroutines);
  const beganMs = order.nowMs();
  for (let dueMs = beganMs; !order.isTimeOver();) {
    const startedMs = order.nowMs();
    if (startedMs - beganMs >= order.durationMs) break;
    const before = counts.stacks;
    for (const seen of sampleOnce(context, scan, order, counts)) {
      counts.stacks++;
      folded.add(framesOf(context, seen, counts));
    }
    if (counts.stacks > before) counts.busy++;
    const endedMs = order.nowMs();
    dueMs = Math.max(dueMs + order.periodMs, 2 * endedMs - startedMs);
    order.sleep(Math.max(0, dueMs - endedMs));
  }
  return { counts, lines: folded.lines() };
}

/** Goroutines that ran, or could. `isTorn`: it has gone on while it was read. */
function* sampleOnce(
  context: GoroutineContext,
  scan: GoroutineScan,
  order: SampleOrder,
  counts: Counts,
): Generator<Settled> {
  const { layout } = context;
  counts.samples++;
  try {
    for (const found of scan.find((bytes, at) => isOnItsWay(layout, bytes, at))) {
      if (!isRunning(context, found.raw)) continue;
      const settled = settle(context, found);
      yield isOnItsWay(layout, settled.goroutine.raw, 0) ? settled : { ...settled, isTorn: true };
      if (order.isTimeOver()) return;
    }
  } catch (error) {
    // What is read changes all the time: what looks damaged now may be whole in the next sample.
    if (!isMedicError(error) || error.code !== 'E_STACKS_MALFORMED') throw error;
    counts.failed++;
  }
}

/** It waits for a thread or has one. One that waits for something of Go has left its thread. */
function isOnItsWay(layout: Layout, bytes: Buffer, at: number): boolean {
  const status = bytes.readUInt32LE(at + layout.status) & ~SCAN;
  if (isDead(status)) return false;
  return status === STATUS.runnable || status === STATUS.preempted || readWord(bytes, at + THREAD) !== 0;
}

/** In a call of the kernel, in C, or at work for the garbage collector it runs if its thread does. */
function isRunning(context: GoroutineContext, raw: Buffer): boolean {
  if (readWord(raw, THREAD) === 0) return true;
  const thread = threadIdOf(context, raw);
  if (thread === undefined) return statusOf(raw, context.layout) === STATUS.running;
  return context.source.isThreadRunning(thread);
}

/** The outermost first. */
function framesOf(context: GoroutineContext, { goroutine: { raw }, stack, isTorn }: Settled, counts: Counts): string[] {
  const { table, frames, layout } = context;
  const first = printedName(table.find(readWord(raw, layout.startPc))?.name ?? '?');
  // Frames of two moments would tell of calls that never were.
  if (isTorn) {
    counts.torn++;
    return [first, '[changed while read]'];
  }
  const names = calls(stack.sites)
    .flatMap((site) => site.frames.map(({ name }) => printedName(name)))
    .reverse();
  if (stack.end === 'whole') return names;
  if (names.length > 0) {
    counts.incomplete++;
    return [first, '[frames unknown]', ...names];
  }
  counts.running++;
  const creator = frames.createdAt(readWord(raw, layout.createdAt));
  return [first, `[running, stack unknown${creator === undefined ? '' : `, created by ${printedName(creator.name)}`}]`];
}

/** Without what the runtime puts around them: the end of all goroutines, and how one was stopped, which it did not call. */
function calls(sites: readonly CallSite[]): readonly CallSite[] {
  const stopped = sites.findIndex(({ function: { name } }) => name === 'runtime.asyncPreempt');
  return sites.slice(stopped + 1).filter(({ function: { name } }) => name !== 'runtime.goexit');
}
