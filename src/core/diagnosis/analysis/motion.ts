/** Whether relist moves: what a line of a log cannot feign. */
import type { RelistMotion } from '../../../api/v1alpha1/parts/diagnosis.ts';
import type { Facts } from './facts.ts';

/** It waits for a minute at least, as Go's runtime says. */
function waitsLong({ relist }: Pick<Facts, 'relist'>): boolean {
  return (relist?.group.minutes ?? 0) >= 1;
}

/** One call seen twice at the same place may be two calls, where neither arguments nor a time of waiting tell them apart. */
function isAtOnePlace({ relist }: Pick<Facts, 'relist'>): boolean {
  return relist?.place === 'event-send' || relist?.place === 'lock';
}

export function relistMotion(facts: Pick<Facts, 'relist' | 'movement' | 'syncLoop'>): RelistMotion {
  const { relist, movement, syncLoop } = facts;
  // The kubelet itself finds PLEG or the runtime unhealthy, and sleeps.
  if (syncLoop.place === 'skipping') return 'Stuck';
  if (relist === undefined) return 'Unknown';
  if (relist.place === 'idle' || movement === 'moved' || movement === 'next-call') return 'Moving';
  if (movement === 'same-call' || waitsLong(facts)) return 'Stuck';
  return movement === 'same-place' && isAtOnePlace(facts) ? 'Stuck' : 'Unknown';
}
