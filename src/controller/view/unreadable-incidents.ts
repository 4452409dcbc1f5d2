/** Incidents that this release cannot read, for example of a newer one. As much as is safe to know of them. */
import * as z from 'zod/mini';
import type { UnreadActs } from '../../core/decision/policy/budget-view.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import type { Malformed } from '../../ports/cluster.ts';

const Texts = z.looseObject({ type: z.string(), status: z._default(z.string(), '') });
/** Without a word of what values mean: only that it is over, and when it asked for something. */
const Incident = z.object({
  spec: z.object({ nodeName: z.string() }),
  status: z.object({
    conditions: z.array(Texts),
    steps: z._default(z.array(z.object({ type: z.string(), startedAt: z.string() })), []),
  }),
});

export interface Unreadable {
  /** Names of those that may still be in flight. */
  readonly mayBeOpen: readonly string[];
  /** What those did that are over. */
  readonly acts: readonly UnreadActs[];
}

export function unreadableOf(malformed: readonly Malformed[]): Unreadable {
  const mayBeOpen: string[] = [];
  const acts: UnreadActs[] = [];
  for (const { name, raw } of malformed) {
    const { data } = Incident.safeParse(raw);
    const isOver = data?.status.conditions.some(({ type, status }) => type === 'Complete' && status === 'True');
    if (data === undefined || isOver !== true) mayBeOpen.push(name);
    else {
      const steps = data.status.steps.filter(({ type }) => type === 'Act');
      const times = steps.map(({ startedAt }) => fromTime(startedAt) ?? Number.POSITIVE_INFINITY);
      acts.push({ nodeName: data.spec.nodeName, times });
    }
  }
  return { mayBeOpen, acts };
}
