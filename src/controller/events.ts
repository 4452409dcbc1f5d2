/** Kubernetes Events on Nodes and incidents: for people, best effort. The record is the incident. */
import { EVENTS } from '../api/resources.ts';
import type { EventReason } from '../api/v1alpha1/event-reasons.ts';
import type { TriggerType } from '../api/v1alpha1/incident.ts';
import { API_VERSION, CONTROLLER_MANAGER } from '../api/v1alpha1/names.ts';
import type { Outcome } from '../core/decision/record/outcomes.ts';
import { toTime } from '../core/time/timestamp.ts';
import { isMedicError } from '../ports/errors.ts';
import type { World } from './world.ts';

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
  /** Never throws: what cannot be sent is logged. The same words on the same subject are sent once in five minutes. */
  record(subject: Subject, claim: EventClaim): Promise<void>;
}

const REPEAT_MS = 5 * 60_000;
const REMEMBERED = 2_000;
/** Digits change from line to line ("30 s", "29 s") without anything new being said. */
const DIGITS = /\d+/g;

export function createEventRecorder(world: World): EventRecorder {
  const sent = new Map<string, number>();

  function isRepeat(key: string, now: number): boolean {
    const last = sent.get(key);
    if (last !== undefined && now - last < REPEAT_MS) return true;
    sent.delete(key);
    sent.set(key, now);
    const oldest = sent.keys().next();
    if (sent.size > REMEMBERED && oldest.done !== true) sent.delete(oldest.value);
    return false;
  }

  return {
    record: async (subject, claim) => {
      const now = world.clock.now();
      const key = `${subject.uid}/${claim.reason}/${claim.message.replace(DIGITS, '#')}`;
      if (isRepeat(key, now)) return;
      const time = toTime(now);
      const event = {
        metadata: { generateName: `${subject.name.slice(0, 200)}.`, namespace: 'default' },
        involvedObject: subject,
        type: claim.type,
        reason: claim.reason,
        message: claim.message.slice(0, 1024),
        source: { component: CONTROLLER_MANAGER },
        reportingComponent: CONTROLLER_MANAGER,
        reportingInstance: CONTROLLER_MANAGER,
        firstTimestamp: time,
        lastTimestamp: time,
        count: 1,
      };
      try {
        await world.cluster.create(EVENTS, event, { manager: CONTROLLER_MANAGER });
      } catch (err) {
        if (!isMedicError(err)) throw err;
        world.log.warn('An event could not be sent', { subject: subject.name, reason: claim.reason, err });
      }
    },
  };
}
