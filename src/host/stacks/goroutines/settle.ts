/** A goroutine and its stack, read until both are of one moment: the process goes on meanwhile. */
import type { ProcessSource } from '../byte-source.ts';
import type { FunctionTable } from '../program/function-table.ts';
import { G_SIZE, type Layout, SCHED_SP, STACK_LOW, statusOf } from './layout.ts';
import type { GoroutineList, RawGoroutine } from './list.ts';
import { type Stack, unwind, type UnwindContext } from './unwind.ts';

/** What is known of a program once it is open. */
export interface GoroutineContext extends UnwindContext {
  readonly source: ProcessSource;
  readonly table: FunctionTable;
  readonly list: GoroutineList;
  readonly reasons: readonly string[];
}

export interface Settled {
  readonly goroutine: RawGoroutine;
  readonly stack: Stack;
  readonly isTorn: boolean;
}

const ATTEMPTS = 10;

/** Reads its stack until it was the same goroutine, at the same place, before and after. */
export function settle(context: GoroutineContext, found: RawGoroutine): Settled {
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
