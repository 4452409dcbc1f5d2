/** Goroutine dumps of kubelet and runtime, in rounds some seconds apart: what stands still in all of them is stuck. */
import type { Collector, StackReader, UnitRole } from '../../ports/host.ts';

/** A kubelet of 220 goroutines takes 0.3 s, one of 100,000 takes 3 s; the reader ends itself before this. */
const TIMEOUT_MS = 15_000;

export interface DumpTarget {
  readonly role: UnitRole;
  readonly kind: Collector['kind'];
  /** Of the round, from 1. */
  readonly file: (round: number) => string;
}

export const DUMP_TARGETS: readonly DumpTarget[] = [
  { role: 'kubelet', kind: 'GoroutineDump', file: (round) => `goroutines-${String(round)}.txt` },
  { role: 'runtime', kind: 'RuntimeStacks', file: (round) => `runtime-goroutines-${String(round)}.txt` },
];

/** Rounds of dumps that an order asks for. */
export interface DumpRounds {
  /** Number of the first round, from 1. */
  readonly first: number;
  readonly count: number;
  /** From the start of one round to the start of the next, in milliseconds. */
  readonly intervalMs: number;
}

/** @param round from 1. */
export function stackCollectors(stacks: StackReader, round: number): readonly Collector[] {
  return DUMP_TARGETS.map(({ role, kind, file }) => ({
    name: file(round),
    kind,
    source: `memory of the ${role}`,
    timeoutMs: TIMEOUT_MS,
    collect: (_window, signal) => stacks.read(role, signal),
  }));
}
