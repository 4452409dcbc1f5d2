/** What one receiver was told. It is remembered in the API server, so that the next leader does not tell it again. */
import * as z from 'zod/mini';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { isOpen } from '../decision/node-state.ts';
import { findCondition } from '../decision/record/conditions-and-steps.ts';
import { fromTime } from '../time/timestamp.ts';
import type { Due } from './news.ts';
import type { ReceiverType } from './receiver.ts';

/**
 * Of an incident, as letters: `o` opened, `h` held, `e` its end, `x` its end was given up; `i` it has an alert of its own,
 * `s` it is part of the alert of a storm.
 */
type Told = string;

const Ledger = z.object({
  /** By the UID of an incident. */
  told: z._default(z.record(z.string(), z.string()), {}),
  /** Breakers of which was told that they are open: by the UID of a policy, its name. */
  breakers: z._default(z.record(z.string(), z.string()), {}),
  /** Policies that have an open alert of a storm. */
  storms: z._default(z.array(z.string()), []),
});
export type Ledger = z.infer<typeof Ledger>;

/** An end that is older is told to nobody any more, in milliseconds: who reads it would look at the node of today. */
export const GIVEN_UP_MS = 24 * 60 * 60_000;
/** Until then it is remembered that it was told: longer, for clocks that are set. */
const REMEMBERED_MS = 2 * GIVEN_UP_MS;

/** undefined: it is not over. */
export function endedAt(incident: KubeletIncident): number | undefined {
  if (isOpen(incident)) return undefined;
  const { timings, conditions } = incident.status;
  return fromTime(timings?.completedAt) ?? fromTime(findCondition(conditions, 'Complete')?.lastTransitionTime) ?? 0;
}

/** Of a receiver that is asked for the first time: what is over is history, and what is open it is told. */
export function freshLedger(incidents: readonly KubeletIncident[]): Ledger {
  const over = incidents.filter((incident) => !isOpen(incident));
  return { told: Object.fromEntries(over.map(({ metadata }) => [metadata.uid, 'e'])), breakers: {}, storms: [] };
}

/** undefined: it is none. */
export function parseLedger(text: string): Ledger | undefined {
  try {
    return Ledger.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** It has been over for so long that nobody remembers what was told of it: that is told to nobody again. */
export function isForgotten(incident: KubeletIncident, now: number): boolean {
  return now - (endedAt(incident) ?? now) > REMEMBERED_MS;
}

/** Without what can be asked of no more: incidents that are gone, or over for long. */
export function pruned(ledger: Ledger, incidents: readonly KubeletIncident[], now: number): Ledger {
  const kept = incidents.flatMap((incident) => {
    const told = ledger.told[incident.metadata.uid];
    return told === undefined || isForgotten(incident, now) ? [] : [[incident.metadata.uid, told] as const];
  });
  return { ...ledger, told: Object.fromEntries(kept) };
}

function withLetters(told: Told | undefined, letters: string): Told {
  return [...new Set((told ?? '') + letters)].join('');
}

const LETTERS = { Opened: 'o', Held: 'oh', HandedOver: 'e', Recovered: 'e' } as const;

export interface Sending {
  readonly type: ReceiverType;
  /** Several were told in one message. */
  readonly isStorm: boolean;
}

/** With all of that told. Linear: a storm may be told in one message. */
export function withSent(ledger: Ledger, items: readonly Due[], { type, isStorm }: Sending): Ledger {
  const told = { ...ledger.told };
  const breakers = new Map(Object.entries(ledger.breakers));
  const storms = new Set(ledger.storms);
  for (const due of items) {
    if (due.kind === 'storm') storms.delete(due.policy);
    else if (due.kind === 'breaker') {
      if (due.event === 'BreakerOpen') breakers.set(due.uid, due.policy);
      else breakers.delete(due.uid);
    } else {
      const { uid } = due.incident.metadata;
      const isAlert = type === 'PagerDuty' && (due.event === 'Opened' || due.event === 'Held');
      told[uid] = withLetters(told[uid], LETTERS[due.event] + (isAlert ? (isStorm ? 's' : 'i') : ''));
      if (isAlert && isStorm) storms.add(due.policy);
    }
  }
  return { told, breakers: Object.fromEntries(breakers), storms: [...storms] };
}

/** With ends given up. */
export function withGivenUp(ledger: Ledger, incidents: readonly KubeletIncident[]): Ledger {
  const told = { ...ledger.told };
  for (const { metadata } of incidents) told[metadata.uid] = withLetters(told[metadata.uid], 'ex');
  return { ...ledger, told };
}
