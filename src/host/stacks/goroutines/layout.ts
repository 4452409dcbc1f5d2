/**
 * Where the fields of runtime.g stand (runtime/runtime2.go, 64 bit). Which layout a process has is told by what fits its
 * goroutines and not by the version that the program names, which may lie, lack or be newer than this table.
 */
import { readWord } from '../byte-source.ts';
import type { FunctionTable } from '../program/function-table.ts';
import { malformed } from '../stack-errors.ts';

export interface Layout {
  readonly go: string;
  readonly lr: number;
  /** The pc follows it. */
  readonly syscallSp: number;
  readonly stackTop: number;
  readonly status: number;
  readonly id: number;
  readonly waitSince: number;
  readonly waitReason: number;
  readonly lockedThread: number;
  /** Go 1.21 and later. */
  readonly parentId: number | undefined;
  readonly createdAt: number;
  readonly startPc: number;
  /** In runtime.m: the thread's id, and the goroutine that it runs. */
  readonly threadId: number;
  readonly current: number;
}

/** Fields that have not moved since Go 1.17. */
export const STACK_LOW = 0;
export const STACK_HIGH = 8;
export const THREAD = 48;
export const SCHED_SP = 56;
export const SCHED_PC = 64;
export const SELF = 72;
/** As much of a g as any layout needs. */
export const G_SIZE = 368;

type Offsets = readonly [lr: number, syscallSp: number, stackTop: number, status: number, lockedThread: number];

/** The id and what follows it keep their distance from the status. */
function layout(
  go: string,
  [lr, syscallSp, stackTop, status, lockedThread]: Offsets,
  parentId: number | undefined,
  createdAt: number,
): Layout {
  const isBefore125 = lr === 96;
  return {
    ...{ go, lr, syscallSp, stackTop, status, lockedThread, parentId, createdAt },
    id: status + 8,
    waitSince: status + 24,
    waitReason: status + 32,
    startPc: createdAt + 16,
    threadId: isBefore125 ? 72 : 64,
    current: isBefore125 ? 192 : 184,
  };
}

const LAYOUTS: readonly Layout[] = [
  layout('1.18 to 1.20', [96, 112, 128, 144, 232], undefined, 296),
  layout('1.21 and 1.22', [96, 112, 128, 144, 208], 272, 280),
  layout('1.23 and 1.24', [96, 112, 136, 152, 216], 280, 288),
  layout('1.25', [88, 104, 128, 144, 208], 272, 280),
  layout('1.26 and 1.27', [88, 104, 128, 144, 208], 280, 288),
];

export const STATUS = {
  idle: 0,
  runnable: 1,
  running: 2,
  syscall: 3,
  waiting: 4,
  dead: 6,
  copystack: 8,
  preempted: 9,
  leaked: 10,
  deadExtra: 11,
} as const;
const KNOWN_STATUS: ReadonlySet<number> = new Set(Object.values(STATUS));
/** Set while the garbage collector looks at the stack. */
export const SCAN = 0x1000;

export function statusOf(raw: Buffer, { status }: Layout): number {
  return raw.readUInt32LE(status) & ~SCAN;
}

/** It has no stack: it has ended, or has not begun. */
export function isDead(status: number): boolean {
  return status === STATUS.dead || status === STATUS.deadExtra || status === STATUS.idle;
}

/** The right one gets 0.98 and more, wrong ones up to 0.82. */
const MIN_SCORE = 0.9;

/** @param sample of goroutines. @throws `E_STACKS_MALFORMED`. */
export function chooseLayout(sample: readonly Buffer[], table: FunctionTable): Layout {
  const scored = LAYOUTS.map((of) => ({ of, score: score(sample, of, table) }));
  const best = scored.reduce((a, b) => (b.score > a.score ? b : a));
  if (best.score >= MIN_SCORE) return best.of;
  const scores = scored.map(({ of, score: value }) => `${of.go}: ${value.toFixed(2)}`).join(', ');
  throw malformed(`its goroutines have no known layout (${scores})`);
}

/** A rate, since a wrong layout also takes other goroutines for dead. */
function score(sample: readonly Buffer[], of: Layout, table: FunctionTable): number {
  const live = sample.filter((raw) => {
    const status = statusOf(raw, of);
    return status !== STATUS.dead && status !== STATUS.deadExtra;
  });
  const ids = new Set(live.map((raw) => readWord(raw, of.id)));
  const points = live.reduce((sum, raw) => sum + pointsOf(raw, of, table), ids.size);
  return live.length === 0 ? 0 : points / (11 * live.length);
}

function pointsOf(raw: Buffer, of: Layout, table: FunctionTable): number {
  const status = statusOf(raw, of);
  const [id, start, created] = [readWord(raw, of.id), readWord(raw, of.startPc), readWord(raw, of.createdAt)];
  const [low, high, top] = [readWord(raw, STACK_LOW), readWord(raw, STACK_HIGH), readWord(raw, of.stackTop)];
  const syscallSp = readWord(raw, of.syscallSp);
  // Without the last two, 1.21 and 1.25 look the same: where one has syscallsp the other has sched.bp.
  const tests: readonly (readonly [isSo: boolean, points: number])[] = [
    [KNOWN_STATUS.has(status), 1],
    [table.find(start)?.entry === start, 2],
    [created === 0 || table.find(created) !== undefined, 1],
    [(raw[of.waitReason] ?? 255) < 64, 1],
    [of.parentId === undefined || readWord(raw, of.parentId) < id, 1],
    [status === STATUS.waiting ? syscallSp === 0 : syscallSp < high, 2],
    [top > low && top <= high, 2],
  ];
  return tests.reduce((sum, [isSo, points]) => sum + (isSo ? points : 0), 0);
}
