/** What goes in the next message: one thing while there are few, and all of a kind together in a storm. */
import type { Due } from './news.ts';

export type Batch = readonly [Due, ...Due[]];

/** While more are due, those of a kind go together. */
const FEW = 5;

export interface Allowance {
  /** @returns whether a message of one thing may go now. */
  single(): boolean;
  /** The same of a message of many. */
  group(): boolean;
}

/** What costs nobody a look: PagerDuty resolves. */
function isQuiet(due: Due): boolean {
  return due.event === 'Recovered' || due.event === 'BreakerClosed';
}

function isTogether(one: Due, other: Due): boolean {
  return (
    one.kind === 'incident' && other.kind === 'incident' && one.event === other.event && one.policy === other.policy
  );
}

/** @param due oldest first; nothing silent. undefined: nothing may go now. */
export function nextBatch(due: readonly Due[], isPagerDuty: boolean, allowance: Allowance): Batch | undefined {
  // Each alert has to be ended by its own key.
  const resolve = isPagerDuty ? due.find(isQuiet) : undefined;
  if (resolve !== undefined) return [resolve];
  const [first] = due;
  if (first === undefined) return undefined;
  if (due.length <= FEW && allowance.single()) return [first];
  if (!allowance.group()) return undefined;
  return [first, ...due.filter((one) => one !== first && isTogether(first, one))];
}
