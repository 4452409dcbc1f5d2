/** Kubernetes Events on Nodes and incidents: for people, best effort. The record is the incident. */
import { EVENTS } from '../api/resources.ts';
import type { EventReason } from '../api/v1alpha1/event-reasons.ts';
import type { TriggerType } from '../api/v1alpha1/incident.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../api/v1alpha1/names.ts';
import type { Outcome } from '../core/decision/record/outcomes.ts';
import { toTime } from '../core/time/timestamp.ts';
import type { Manifest } from '../ports/cluster.ts';
import { isMedicError } from '../ports/errors.ts';
import { createWakeUp } from '../runtime/wake-up.ts';
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
   * Takes no time: nothing that is done waits for an Event. The same words on the same subject are sent once in five minutes.
   */
  record(subject: Subject, claim: EventClaim): void;
  /** Sends what is recorded, one after the other, until the signal. What cannot be sent is logged. */
  run(signal: AbortSignal): Promise<void>;
}

const REPEAT_MS = 5 * 60_000;
const REMEMBERED = 2_000;
/** A storm of incidents records some hundreds at once. More wait only where the API server takes none. */
const MOST_WAITING = 2_000;
const NAP_MS = 60_000;
/** Digits change from line to line ("30 s", "29 s") without anything new being said. */
const DIGITS = /\d+/g;

function eventOf(subject: Subject, claim: EventClaim, now: number): Manifest {
  const time = toTime(now);
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
    count: 1,
  };
}

interface Recorded {
  readonly subject: Subject;
  readonly claim: EventClaim;
  readonly at: number;
}

export function createEventRecorder({ clock, cluster, log }: Pick<World, 'clock' | 'cluster' | 'log'>): EventRecorder {
  const told = new Map<string, number>();
  const waiting: Recorded[] = [];
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

  async function send({ subject, claim, at }: Recorded): Promise<void> {
    try {
      await cluster.create(EVENTS, eventOf(subject, claim, at), { manager: CONTROLLER_MANAGER });
    } catch (err) {
      if (!isMedicError(err)) throw err;
      log.warn('An event could not be sent', { subject: subject.name, reason: claim.reason, err });
    }
  }

  return {
    record: (subject, claim) => {
      const at = clock.now();
      const key = `${subject.uid}/${claim.reason}/${claim.message.replace(DIGITS, '#')}`;
      if (isRepeat(key, at)) return;
      if (waiting.length >= MOST_WAITING) {
        log.warn('An event is left out: too many wait to be sent', { subject: subject.name, reason: claim.reason });
        return;
      }
      waiting.push({ subject, claim, at });
      wakeUp.wake();
    },
    run: async (signal) => {
      try {
        for (;;) {
          signal.throwIfAborted();
          const next = waiting.shift();
          if (next === undefined) await wakeUp.wait(NAP_MS, signal);
          else await send(next);
        }
      } catch (err) {
        if (!signal.aborted) throw err;
      }
    },
  };
}
