/** Two dumps of one process: what has not moved, what grows. */
import type { Dump, StackGroup } from '../../dump/goroutine.ts';
import { plainNames } from './function-names.ts';

/**
 * - `same-call`: same goroutine, same place, same arguments: it is still in the very same call.
 * - `same-place`: same goroutine, same place; a loop may have gone round between.
 * - `next-call`: same goroutine, same place, other arguments: another call of the same kind.
 * - `moved`: it is elsewhere.
 * - `unknown`: there is nothing to compare.
 */
export type Movement = 'same-call' | 'same-place' | 'next-call' | 'moved' | 'unknown';

function stackKey({ frames }: StackGroup): string {
  return plainNames(frames).join('|');
}

/** Values that may be stale are printed with a `?` (Go 1.18 and later). */
function firmArgs(group: StackGroup): string {
  return group.args.map((args) => args.replace(/0x[0-9a-f]+\?/g, '?')).join('|');
}

function hasFirmPointer(args: string): boolean {
  return /0x[0-9a-f]{6,}/.test(args);
}

/** Between an earlier dump and the group that a later one has. */
export function movementOf(earlier: Dump | undefined, group: StackGroup): Movement {
  const id = group.ids[0];
  if (earlier === undefined || id === undefined) return 'unknown';
  const before = earlier.groups.find(({ ids }) => ids.includes(id));
  if (before === undefined) return 'unknown';
  if (stackKey(before) !== stackKey(group)) return 'moved';
  const args = firmArgs(group);
  // Arguments are those of the group's first goroutine only.
  const comparable = before.ids[0] === id && hasFirmPointer(args);
  if (!comparable) return 'same-place';
  return firmArgs(before) === args ? 'same-call' : 'next-call';
}

export interface Growth {
  readonly group: StackGroup;
  readonly from: number;
  readonly to: number;
}

/** A stack of at least this many goroutines is looked at. */
const MIN_GROWN = 50;

/** Stacks that have half as many goroutines more than before, the largest first. */
export function growthOf(earlier: Dump, later: Dump): readonly Growth[] {
  const before = new Map<string, number>();
  for (const group of earlier.groups) before.set(stackKey(group), (before.get(stackKey(group)) ?? 0) + group.count);
  return later.groups
    .map((group) => ({ group, from: before.get(stackKey(group)) ?? 0, to: group.count }))
    .filter(({ from, to }) => to >= MIN_GROWN && to > from * 1.5)
    .sort((a, b) => b.to - b.from - (a.to - a.from));
}
