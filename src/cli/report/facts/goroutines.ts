/** The goroutines of a dump: how many do what, and the stack that a verdict speaks of. Pure. */
import type { StackGroup } from '../../../core/dump/goroutine.ts';
import { parseDump } from '../../../core/dump/parser.ts';
import { shortFunction, shortPlace } from '../../diagnose/content/stack-lines.ts';

const MAX_GROUPS = 12;
const TOP_FRAMES = 4;
const MAX_STATES = 12;
const MAX_STACK = 40;

interface GoroutineGroup {
  readonly count: number;
  readonly state: string;
  /** The longest wait; 0: less than one, or not given. */
  readonly minutes: number;
  /** Functions, leaf first. */
  readonly top: readonly string[];
  /** The goroutine of the verdict is one of them. */
  readonly isBlocked: boolean;
}

export interface GoroutineFacts {
  readonly goroutines: number;
  readonly byState: readonly { readonly state: string; readonly count: number }[];
  /** The largest, and the one of the verdict. */
  readonly groups: readonly GoroutineGroup[];
  readonly otherGroups: number;
}

/** @param blockedId of the goroutine that the verdict names. @returns undefined: there are no goroutines in it. */
export function goroutineFacts(content: Buffer, blockedId: number | undefined): GoroutineFacts | undefined {
  const { goroutines, groups } = parseDump(content);
  if (goroutines === 0) return undefined;
  const bySize = [...groups].sort((a, b) => b.count - a.count);
  const blocked = bySize.find((group) => isOf(group, blockedId));
  const shown = [...(blocked === undefined ? [] : [blocked]), ...bySize.filter((group) => group !== blocked)];
  return {
    goroutines,
    byState: countByState(groups).slice(0, MAX_STATES),
    groups: shown.slice(0, MAX_GROUPS).map((group) => factsOf(group, group === blocked)),
    otherGroups: Math.max(0, shown.length - MAX_GROUPS),
  };
}

function isOf({ ids }: StackGroup, id: number | undefined): boolean {
  return id !== undefined && ids.includes(id);
}

function stateOf({ state }: StackGroup): string {
  return state ?? 'not given';
}

function countByState(groups: readonly StackGroup[]): readonly { readonly state: string; readonly count: number }[] {
  const counts = new Map<string, number>();
  for (const group of groups) counts.set(stateOf(group), (counts.get(stateOf(group)) ?? 0) + group.count);
  return [...counts].map(([state, count]) => ({ state, count })).sort((a, b) => b.count - a.count);
}

function factsOf(group: StackGroup, isBlocked: boolean): GoroutineGroup {
  const { count, minutes, frames } = group;
  const top = frames.slice(0, TOP_FRAMES).map(({ func }) => shortFunction(func));
  return { count, state: stateOf(group), minutes, top, isBlocked };
}

export interface WaitingStack {
  readonly title: string;
  /** `func` and `place`, leaf first. */
  readonly frames: readonly { readonly func: string; readonly place: string }[];
}

/** Waits that hold nothing up: they are how a server spends its time. */
const IDLE = new Set(['IO wait', 'running', 'syscall', 'GC worker (idle)', 'finalizer wait', 'force gc (idle)']);
const LOCK = /semacquire|Mutex|chan send/;

/** The one that the verdict names, else one that waits for a lock or a reader, longest first. */
export function waitingStack(content: Buffer, id: number | undefined): WaitingStack | undefined {
  const { groups } = parseDump(content);
  const named = groups.find((group) => isOf(group, id));
  const [longest] = groups
    .filter((group) => LOCK.test(stateOf(group)) && !IDLE.has(stateOf(group)))
    .sort((a, b) => b.minutes - a.minutes || b.count - a.count);
  const group = named ?? longest;
  if (group === undefined) return undefined;
  const { count, minutes, frames } = group;
  const wait = minutes === 0 ? '' : `, ${String(minutes)} minutes`;
  const who = named === undefined ? `${String(count)} goroutines` : `goroutine ${String(id)}`;
  return {
    title: `${who} [${stateOf(group)}${wait}]`,
    frames: frames.slice(0, MAX_STACK).map(({ func, file, line }) => {
      const place = file === '' ? '' : `${shortPlace(file)}:${String(line)}`;
      return { func: shortFunction(func), place };
    }),
  };
}

/** `goroutine 368 [select, 1 minutes], ...`: 368. */
export function goroutineId(text: string | undefined): number | undefined {
  const id = /\bgoroutine (\d{1,15}) \[/.exec(text ?? '')?.[1];
  return id === undefined ? undefined : Number(id);
}
