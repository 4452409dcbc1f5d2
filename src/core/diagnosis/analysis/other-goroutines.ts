/** What else the kubelet's dump shows, besides the goroutine that the verdict rests on. */
import type { StackGroup } from '../../dump/goroutine.ts';
import { growthOf } from './compare.ts';
import type { NamedDump } from '../diagnosis-input.ts';
import type { Facts } from './facts.ts';
import { lockQueues } from './locks.ts';
import { criMethodOf } from './relist.ts';
import { waitText } from './waits.ts';

const LISTED = 3;

/** What a goroutine of the kubelet is there for, by a function of its stack. The first that fits counts. */
const WORK: readonly (readonly [part: string, what: string])[] = [
  ['pleg.(*EventedPLEG)', 'evented PLEG'],
  ['eviction.(*managerImpl)', 'eviction'],
  ['logs.(*containerLogManager)', 'container log rotation'],
  ['images.(*realImageGCManager)', 'image GC'],
  ['(*containerGC)', 'container GC'],
  ['(*Kubelet).StartGarbageCollection', 'container GC'],
  ['(*Kubelet).updateRuntimeUp', 'runtime status'],
  ['(*Kubelet).syncNodeStatus', 'node status'],
  ['(*Kubelet).tryUpdateNodeStatus', 'node status'],
  ['(*podWorkers)', 'pod workers'],
  ['(*Kubelet).syncPod', 'pod workers'],
  ['(*Kubelet).HandlePodCleanups', 'pod clean-up'],
  ['prober.', 'probes'],
  ['metrics/collectors.', 'metrics'],
  ['kubelet/server', 'requests of its server'],
  ['kubelet/stats', 'statistics'],
];

function workOf({ frames, createdBy }: StackGroup): string {
  const stack = [...frames.map(({ func }) => func), createdBy];
  return WORK.find(([part]) => stack.some((func) => func.includes(part)))?.[1] ?? 'other work';
}

/** `41 more goroutines wait for the container runtime: metrics (34), eviction, image GC`. */
function runtimeWaiters({ criWaiters }: Facts): readonly string[] {
  if (criWaiters.length === 0) return [];
  const counts = new Map<string, number>();
  for (const group of criWaiters) counts.set(workOf(group), (counts.get(workOf(group)) ?? 0) + group.count);
  const total = [...counts.values()].reduce((sum, count) => sum + count, 0);
  const parts = [...counts].sort(([, a], [, b]) => b - a).map(([what, n]) => (n > 1 ? `${what} (${n})` : what));
  const who = total === 1 ? '1 more goroutine waits' : `${total} more goroutines wait`;
  return [`${who} for the container runtime: ${parts.join(', ')}`];
}

/** Goroutines at one lock, and who seems to hold it: the longest queues of a dump, each a line. */
export function queuesOf({ name, dump }: NamedDump): readonly string[] {
  return lockQueues(dump)
    .filter(({ count }) => count >= LISTED)
    .slice(0, LISTED)
    .map(({ waiter, count, first, holder }) => {
      const held =
        holder === undefined ? '' : `; likely held by goroutine at line ${holder.atLine} [${holder.state ?? '-'}]`;
      return `${name}:${first.atLine} ${count} goroutines wait for a lock in ${waiter}${held}`;
    });
}

function growth({ kubelet, earlier }: Facts): readonly string[] {
  if (kubelet === undefined || earlier === undefined) return [];
  const { name, dump } = kubelet;
  return growthOf(earlier, dump)
    .slice(0, LISTED)
    .map(
      ({ group, from, to }) =>
        `${name}:${group.atLine} from ${from} to ${to} goroutines in ${group.frames[0]?.func ?? '-'}`,
    );
}

/** The goroutine that is blocked: `goroutine 368 [select, 1 minutes], CRI ListPodSandbox`; undefined: the dump only has its stack. */
export function nameOf(group: StackGroup): string | undefined {
  const { count, ids, state, frames } = group;
  const method = criMethodOf(frames);
  if (count === 1 && state === undefined && method === undefined) return undefined;
  const who = count > 1 ? `${count} goroutines` : ids[0] === undefined ? '1 goroutine' : `goroutine ${ids[0]}`;
  const doing = state === undefined ? '' : ` ${waitText(group)}`;
  return `${who}${doing}${method === undefined ? '' : `, CRI ${method}`}`;
}

/** Waiters for the runtime, queues at locks, and what grows from one dump to the next; each a line. */
export function othersOf(facts: Facts): readonly string[] {
  const queues = facts.kubelet === undefined ? [] : queuesOf(facts.kubelet);
  return [...runtimeWaiters(facts), ...queues, ...growth(facts)];
}
