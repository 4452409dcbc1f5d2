/** What a goroutine waits for, from its state or, where the format has none, from its first frames. */
import type { StackGroup } from '../../dump/goroutine.ts';
import { isLibrary, plainName } from './function-names.ts';

export const WAITS = ['lock', 'send', 'receive', 'select', 'syscall', 'io', 'sleep', 'other'] as const;
export type Wait = (typeof WAITS)[number];

const BY_STATE: readonly (readonly [string, Wait])[] = [
  ['semacquire', 'lock'],
  ['sync.Mutex.Lock', 'lock'],
  ['sync.RWMutex', 'lock'],
  ['chan send', 'send'],
  ['chan receive', 'receive'],
  ['select', 'select'],
  ['syscall', 'syscall'],
  ['IO wait', 'io'],
  ['sleep', 'sleep'],
];
const LOCK = /^(?:internal\/)?sync\.(?:\(\*(?:rw)?mutex\)\.|runtime_semacquire(?:mutex|rwmutex))/;

function isLock(leaf: string): boolean {
  return LOCK.test(leaf);
}

/** `semacquire` is also how a WaitGroup waited before Go 1.25. */
function isGroupWait({ frames }: StackGroup): boolean {
  return frames.slice(0, 3).some(({ func }) => func === 'sync.(*WaitGroup).Wait');
}

function fromLeaf(leaf: string): Wait | undefined {
  if (isLock(leaf)) return 'lock';
  if (leaf.startsWith('syscall.') || leaf.startsWith('internal/runtime/syscall')) return 'syscall';
  if (leaf.startsWith('internal/poll.')) return 'io';
  return leaf === 'time.sleep' ? 'sleep' : undefined;
}

/** undefined: the format does not say. */
export function waitOf(group: StackGroup): Wait | undefined {
  const leaf = plainName(group.frames[0]?.func ?? '');
  if (group.state === undefined) return fromLeaf(leaf);
  if (group.state.startsWith('semacquire') && isGroupWait(group)) return 'other';
  const { state } = group;
  return BY_STATE.find(([start]) => state.startsWith(start))?.[1] ?? 'other';
}

/** The first function that is not of Go's library: the one that waits. */
export function waiterOf(group: StackGroup): string {
  return group.frames.find(({ func }) => !isLibrary(func))?.func ?? group.frames[0]?.func ?? '';
}

/** `[select, 1 minutes]`, as a dump has it; `[no state]` for the format without states. */
export function waitText({ state = 'no state', minutes }: StackGroup): string {
  return `[${state}${minutes > 0 ? `, ${minutes} minutes` : ''}]`;
}
