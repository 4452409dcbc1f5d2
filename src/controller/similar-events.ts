/**
 * One Event for each thing that a person must know, and in a storm one for many: those of a kind go by themselves as long as there
 * are few, and are then counted and told together. What client-go's EventCorrelator does for one object is done for a fleet too.
 */
import type { Clock } from '../ports/clock.ts';
import { createBuckets } from '../runtime/buckets.ts';

export interface Recorded {
  readonly subject: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid: string };
  readonly claim: { readonly type: 'Normal' | 'Warning'; readonly reason: string; readonly message: string };
  /** Milliseconds since 1970. */
  readonly at: number;
  /** How many are told with it. */
  readonly count: number;
}

export interface SimilarEvents {
  /** @returns what is to be sent by itself; undefined: it is kept to be told with others. */
  admit(event: Recorded): Recorded | undefined;
  /** What is due to be told together. */
  take(): readonly Recorded[];
}

/** Those of client-go's EventSourceObjectSpamFilter: 25, and one more in five minutes. */
const OF_OBJECT = { burst: 25, refillMs: 5 * 60_000 };
/** Of one reason on objects of one kind: the same number in five minutes. */
const OF_REASON = { burst: 25, refillMs: 12_000 };
/** How long those that are told together are gathered. */
const GATHERED_MS = 30_000;
/** In a message. */
const MAX_NAMED = 10;

interface Group {
  readonly first: Recorded;
  last: Recorded;
  readonly names: Set<string>;
  count: number;
  /** On the monotonic clock. */
  readonly dueAt: number;
}

function join(group: Group, event: Recorded): void {
  group.last = event;
  group.count += event.count;
  // One more than is named, to know that there are more.
  if (group.names.size <= MAX_NAMED) group.names.add(event.subject.name);
}

function together({ first, last, names, count }: Group): Recorded {
  if (count === 1) return first;
  const named = [...names].slice(0, MAX_NAMED).join(', ');
  const message = `${count} like it within 30 s (${named}${names.size > MAX_NAMED ? ', ...' : ''}); the last one: ${last.claim.message}`;
  return { ...last, claim: { ...last.claim, message }, count };
}

export function createSimilarEvents(clock: Clock): SimilarEvents {
  const ofObject = createBuckets(clock, OF_OBJECT);
  const ofReason = createBuckets(clock, OF_REASON);
  const groups = new Map<string, Group>();

  return {
    admit(event) {
      const { subject, claim } = event;
      const key = `${subject.kind}/${claim.type}/${claim.reason}`;
      const group = groups.get(key);
      if (group !== undefined) join(group, event);
      else if (ofObject.take(subject.uid) && ofReason.take(key)) return event;
      else {
        const names = new Set([subject.name]);
        groups.set(key, {
          first: event,
          last: event,
          names,
          count: event.count,
          dueAt: clock.monotonic() + GATHERED_MS,
        });
      }
      return undefined;
    },
    take() {
      const due = [...groups].filter(([, { dueAt }]) => dueAt <= clock.monotonic());
      for (const [key] of due) groups.delete(key);
      return due.map(([, group]) => together(group));
    },
  };
}
