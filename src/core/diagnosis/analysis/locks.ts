/** Goroutines at one lock, and the one that seems to hold it. */
import type { Dump, StackGroup } from '../../dump/goroutine.ts';
import { plainName } from './function-names.ts';
import { waiterOf, waitOf } from './waits.ts';

export interface LockQueue {
  /** The function that asks for the lock. */
  readonly waiter: string;
  readonly count: number;
  readonly first: StackGroup;
  /** A goroutine within the same type that waits for something else. It is likely, not certain: a dump does not name holders. */
  readonly holder: StackGroup | undefined;
}

/** `pkg/network.(*pluginmanager).` of `pkg/network.(*pluginmanager).getpodnetworkstatus`; of a plain function, its package. */
function ownerOf(func: string): string {
  const name = plainName(func);
  const receiver = name.indexOf(').');
  return receiver >= 0 ? name.slice(0, receiver + 2) : name.slice(0, name.lastIndexOf('.') + 1);
}

function isWithin(group: StackGroup, owner: string): boolean {
  return group.frames.some(({ func }) => plainName(func).startsWith(owner));
}

/** The longest queues first, at most 16. */
export function lockQueues(dump: Dump): readonly LockQueue[] {
  const queues = new Map<string, { waiter: string; count: number; first: StackGroup }>();
  const atLocks = new Set<StackGroup>();
  for (const group of dump.groups) {
    if (waitOf(group) !== 'lock') continue;
    atLocks.add(group);
    const waiter = waiterOf(group);
    const known = queues.get(waiter);
    queues.set(waiter, { waiter, count: (known?.count ?? 0) + group.count, first: known?.first ?? group });
  }
  return [...queues.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, 16)
    .map((queue) => {
      const owner = ownerOf(queue.waiter);
      const holders = dump.groups.filter(
        (group) => !atLocks.has(group) && group.state !== 'running' && isWithin(group, owner),
      );
      return { ...queue, holder: holders.sort((a, b) => b.minutes - a.minutes)[0] };
    });
}
