/** Since when a node has not been Ready: the condition alone forgets it where it goes from Unknown to False. */
import type { Node } from '../../api/kubernetes/node.ts';
import { fromTime } from '../time/timestamp.ts';
import { readyCondition } from './node-state.ts';

/** A node that is not Ready, as it was last seen. */
export interface ReadyLost {
  readonly uid: string;
  readonly status: string;
  /** Since when the condition has this status, and since when it has not been True: milliseconds since 1970. */
  readonly turnedAt: number;
  readonly since: number;
}

/**
 * The same status with another time has been something else between, which may have been True: it counts anew.
 * @param before what was seen of this name before; undefined: it was Ready, or nothing was seen.
 * @returns undefined: it is Ready, or nobody says since when it is not.
 */
export function readyLost(node: Node, before: ReadyLost | undefined): ReadyLost | undefined {
  const ready = readyCondition(node);
  const turnedAt = fromTime(ready?.lastTransitionTime);
  if (ready === undefined || turnedAt === undefined || ready.status === 'True') return undefined;
  const { uid } = node.metadata;
  const goesOn = before?.uid === uid && (before.status !== ready.status || before.turnedAt === turnedAt);
  return { uid, status: ready.status, turnedAt, since: goesOn ? Math.min(before.since, turnedAt) : turnedAt };
}
