/**
 * What a receiver is to be told: the state of the API server against what it was told (docs/adr/0016). Nothing is queued, so that a
 * crash loses nothing and an endpoint that is dead for hours takes no memory; what has changed meanwhile is told as it is then.
 */
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { findCondition, findStep } from '../decision/record/conditions-and-steps.ts';
import { isForAPerson } from '../decision/record/outcomes.ts';
import { HOLD_STEP } from '../decision/record/step-names.ts';
import { fromTime } from '../time/timestamp.ts';
import { endedAt, GIVEN_UP_MS, isForgotten, type Ledger } from './ledger.ts';
import type { Due, News, OfIncident } from './news.ts';
import { isWanted, type Receiver } from './receiver.ts';

export interface DueNews {
  /** Oldest first. */
  readonly due: readonly Due[];
  /** Their ends are too old to be told. */
  readonly givenUp: readonly KubeletIncident[];
}

/** A person who asked for it watches it. */
function isOfAPerson({ spec }: KubeletIncident): boolean {
  return spec.trigger.type === 'Manual';
}

function heldSince({ status }: KubeletIncident): number | undefined {
  const step = findStep(status, HOLD_STEP);
  return step?.state === 'Requested' ? (fromTime(step.startedAt) ?? 0) : undefined;
}

interface Stage {
  readonly event: OfIncident['event'];
  readonly at: number;
  /** By which the ledger says that it was told. */
  readonly letter: 'o' | 'h' | 'e';
}

/** What can be told of it now, the newest first. */
function stagesOf(incident: KubeletIncident): readonly Stage[] {
  const ended = endedAt(incident);
  if (ended !== undefined)
    return [{ event: isForAPerson(incident.status.outcome) ? 'HandedOver' : 'Recovered', at: ended, letter: 'e' }];
  const held = heldSince(incident);
  const opened: Stage = { event: 'Opened', at: fromTime(incident.metadata.creationTimestamp) ?? 0, letter: 'o' };
  return held === undefined ? [opened] : [{ event: 'Held', at: held, letter: 'h' }, opened];
}

/** PagerDuty is asked to resolve what it was told, and nothing else. */
function isOfUse({ type }: Receiver, event: OfIncident['event'], told: string): boolean {
  return type !== 'PagerDuty' || event !== 'Recovered' || /[is]/.test(told);
}

function ofIncident(receiver: Receiver, ledger: Ledger, incident: KubeletIncident): readonly Due[] {
  if (isOfAPerson(incident)) return [];
  const { uid } = incident.metadata;
  const { policy } = incident.spec.plan;
  const told = ledger.told[uid] ?? '';
  const stage = stagesOf(incident).find(
    ({ event, letter }) => !told.includes(letter) && isWanted(receiver, event, policy),
  );
  if (stage === undefined || !isOfUse(receiver, stage.event, told)) return [];
  const { event, at } = stage;
  const isSilent = receiver.type === 'PagerDuty' && event === 'Recovered' && !told.includes('i');
  return [{ kind: 'incident', id: `${uid}/${event}`, event, policy, at, incident, isSilent }];
}

function ofPolicies(receiver: Receiver, { breakers }: Ledger, policies: News['policies'], now: number): readonly Due[] {
  const news = policies.flatMap(({ metadata: { uid, name }, status }): readonly Due[] => {
    const condition = findCondition(status.conditions, 'BudgetAvailable');
    const isBreakerOpen = condition?.reason === 'TooManyUnhealthy';
    if (condition === undefined || isBreakerOpen === uid in breakers) return [];
    const event = isBreakerOpen ? 'BreakerOpen' : 'BreakerClosed';
    const at = fromTime(condition.lastTransitionTime) ?? now;
    return [{ kind: 'breaker', id: `${uid}/${event}/${at}`, event, policy: name, at, uid, message: condition.message }];
  });
  const gone = Object.entries(breakers).filter(([uid]) => !policies.some(({ metadata }) => metadata.uid === uid));
  const closed = gone.map(([uid, policy]): Due => {
    const message = 'the policy is deleted';
    return { kind: 'breaker', id: `${uid}/gone`, event: 'BreakerClosed', policy, at: now, uid, message };
  });
  return [...news, ...closed].filter(({ event, policy }) => isWanted(receiver, event, policy));
}

function ofStorms(receiver: Receiver, ledger: Ledger, { incidents, now }: News): readonly Due[] {
  const last = new Set(
    incidents
      .filter((incident) => endedAt(incident) === undefined && ledger.told[incident.metadata.uid]?.includes('s'))
      .map(({ spec }) => spec.plan.policy),
  );
  const over = ledger.storms.filter((policy) => !last.has(policy) && isWanted(receiver, 'Recovered', policy));
  return over.map((policy) => ({ kind: 'storm', id: `storm/${policy}`, event: 'Recovered', policy, at: now }));
}

/** What is to be told now. An incident has one entry at most: its newest state. */
export function dueNews(receiver: Receiver, ledger: Ledger, news: News): DueNews {
  const all = news.incidents.flatMap((incident) =>
    isForgotten(incident, news.now) ? [] : ofIncident(receiver, ledger, incident),
  );
  const isOld = (due: Due): boolean =>
    due.kind === 'incident' && news.now - (endedAt(due.incident) ?? news.now) > GIVEN_UP_MS;
  const givenUp = all.flatMap((due) => (due.kind === 'incident' && isOld(due) ? [due.incident] : []));
  const due = [
    ...all.filter((one) => !isOld(one)),
    ...ofPolicies(receiver, ledger, news.policies, news.now),
    ...ofStorms(receiver, ledger, news),
  ];
  return { due: due.sort((a, b) => a.at - b.at), givenUp };
}
