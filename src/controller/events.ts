/** Kubernetes Events on Nodes and incidents: for people, best effort. The record is the incident. */
import { EVENTS } from '../api/resources.ts';
import type { EventReason } from '../api/v1alpha1/words/event-reasons.ts';
import type { TriggerType } from '../api/v1alpha1/kinds/incident.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../api/v1alpha1/words/names.ts';
import type { Outcome } from '../core/decision/record/outcomes.ts';
import { toTime } from '../core/time/timestamp.ts';
import type { Manifest } from '../ports/cluster.ts';
import { isMedicError } from '../ports/errors.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { createWakeUp } from '../runtime/wake-up.ts';
import { createSimilarEvents, type Recorded } from './similar-events.ts';
import type { World } from './world.ts';
import { cleanText } from '../core/redaction/redact.ts';

export interface EventClaim {
  readonly type: 'Normal' | 'Warning';
  readonly reason: EventReason | TriggerType | Outcome;
  readonly message: string;
}

export interface Subject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly name: string;
  readonly uid: string;
}

export function nodeSubject(name: string, uid: string): Subject {
  return { apiVersion: 'v1', kind: 'Node', name, uid };
}

export function incidentSubject(name: string, uid: string): Subject {
  return { apiVersion: API_VERSION, kind: 'KubeletIncident', name, uid };
}

export interface EventRecorder {
  /**
   * Takes no time: nothing that is done waits for an Event. The same words on the same subject are sent once in five minutes, and
   * in a storm those of a kind are told together.
   */
  record(subject: Subject, claim: EventClaim): void;
  /** Sends what is recorded, one after the other, until the signal. What cannot be sent is logged. */
  run(signal: AbortSignal): Promise<void>;
}

const REPEAT_MS = 5 * 60_000;
const REMEMBERED = 4_000;
/** More wait only where the API server takes none. */
const MOST_WAITING = 1_000;
/** Those that are told together are looked for as often. */
const NAP_MS = 10_000;
/** Of one that a busy API server does not take. */
const MOST_TRIES = 5;
const BACKOFF = { firstMs: 1_000, longestMs: 60_000 };
/** Digits change from line to line ("30 s", "29 s") without anything new being said. */
const DIGITS = /\d+/g;

function eventOf({ subject, claim, at, count }: Recorded): Manifest {
  const time = toTime(at);
  return {
    metadata: { generateName: `${subject.name.slice(0, 200)}.`, namespace: 'default' },
    involvedObject: subject,
    type: claim.type,
    reason: claim.reason,
    message: cleanText(claim.message, 1024),
    source: { component: CONTROLLER_MANAGER },
    reportingComponent: CONTROLLER_MANAGER,
    reportingInstance: CONTROLLER_MANAGER,
    firstTimestamp: time,
    lastTimestamp: time,
    count,
  };
}

export function createEventRecorder({
  clock,
  cluster,
  log,
  random,
}: Pick<World, 'clock' | 'cluster' | 'log' | 'random'>): EventRecorder {
  const told = new Map<string, number>();
  const waiting: Recorded[] = [];
  const similar = createSimilarEvents(clock);
  const wakeUp = createWakeUp(clock);

  function isRepeat(key: string, now: number): boolean {
    const last = told.get(key);
    if (last !== undefined && now - last < REPEAT_MS) return true;
    told.delete(key);
    told.set(key, now);
    const oldest = told.keys().next();
    if (told.size > REMEMBERED && oldest.done !== true) told.delete(oldest.value);
    return false;
  }

  function push(event: Recorded): void {
    if (waiting.length < MOST_WAITING) waiting.push(event);
    else {
      const { subject, claim } = event;
      log.warn('An event is left out: too many wait to be sent', { subject: subject.name, reason: claim.reason });
    }
  }

  async function send(event: Recorded, signal: AbortSignal): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        await cluster.create(EVENTS, eventOf(event), { manager: CONTROLLER_MANAGER });
        return;
      } catch (err) {
        if (!isMedicError(err)) throw err;
        if (err.class !== 'throttled' || tries === MOST_TRIES) {
          const { subject, claim } = event;
          log.warn('An event could not be sent', { subject: subject.name, reason: claim.reason, err });
          return;
        }
        await clock.sleep(backoffMs(tries, BACKOFF, random, err), signal);
      }
    }
  }

  return {
    record: (subject, claim) => {
      const at = clock.now();
      const key = `${subject.uid}/${claim.reason}/${claim.message.replace(DIGITS, '#')}`;
      if (isRepeat(key, at)) return;
      const event = similar.admit({ subject, claim, at, count: 1 });
      if (event === undefined) return;
      push(event);
      wakeUp.wake();
    },
    run: async (signal) => {
      try {
        for (;;) {
          signal.throwIfAborted();
          for (const event of similar.take()) push(event);
          const next = waiting.shift();
          if (next === undefined) await wakeUp.wait(NAP_MS, signal);
          else await send(next, signal);
        }
      } catch (err) {
        if (!signal.aborted) throw err;
      }
    },
  };
}
