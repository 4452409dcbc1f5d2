/** What lasted from when to when: the lanes of the timeline. Pure. */
import type { ActionRecord, KubeletIncident, Step } from '../../../api/v1alpha1/kinds/incident.ts';
import { ACTIONS, isAct } from '../../../core/decision/actions.ts';
import { TRIGGERS } from '../../../core/decision/node/triggers.ts';
import { findCondition } from '../../../core/decision/record/conditions-and-steps.ts';
import { isOutcome, OUTCOMES } from '../../../core/decision/record/outcomes.ts';
import { fromTime } from '../../../core/time/timestamp.ts';
import { firstSignAt } from './moments.ts';

type SpanKind = 'fault' | 'notReady' | 'evidence' | 'held' | 'cordoned' | 'action' | 'verify' | 'drill';

export interface Span {
  readonly kind: SpanKind;
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** It is not over; `to` is the end of what is shown. */
  readonly isOpen: boolean;
}

interface Draft {
  readonly kind: SpanKind;
  readonly title: string;
  readonly from: number | undefined;
  readonly to: number | undefined;
}

/** @param end of what is shown: now, or when it was complete. */
export function spansOf(incident: KubeletIncident, end: number): readonly Span[] {
  const drafts = [
    fault(incident),
    notReady(incident),
    evidence(incident),
    ofStep(incident, 'Hold', { kind: 'held', title: 'held for a person' }),
    cordoned(incident),
    ...(incident.status.actions ?? []).map(action),
    ofStep(incident, 'Verify', { kind: 'verify', title: 'verified' }),
    drillFault(incident),
  ];
  return drafts.flatMap((draft) => (draft === undefined ? [] : spanOf(draft, end)));
}

function spanOf({ kind, title, from, to }: Draft, end: number): readonly Span[] {
  if (from === undefined || !Number.isFinite(from)) return [];
  const isOpen = to === undefined;
  return [{ kind, title, from, to: Math.max(from, to ?? end), isOpen }];
}

/** Milliseconds since 1970; undefined: it is open. */
export function completedAt({ status }: KubeletIncident): number | undefined {
  return fromTime(status.timings?.completedAt ?? findCondition(status.conditions, 'Complete')?.lastTransitionTime);
}

/** When the node was well again; undefined: it is not. */
function wellAt(incident: KubeletIncident): number | undefined {
  const { outcome, timings } = incident.status;
  const isWell = outcome !== undefined && isOutcome(outcome) && OUTCOMES[outcome].isNodeWell;
  return fromTime(timings?.readyAt) ?? (isWell ? completedAt(incident) : undefined);
}

function fault(incident: KubeletIncident): Draft | undefined {
  const { trigger } = incident.spec;
  if (!TRIGGERS[trigger.type].isFault) return undefined;
  const title = trigger.type.startsWith('PLEG') ? 'PLEG silent' : trigger.type;
  return { kind: 'fault', title, from: firstSignAt(incident) ?? fromTime(trigger.at), to: wellAt(incident) };
}

function notReady(incident: KubeletIncident): Draft {
  const from = fromTime(incident.status.timings?.notReadySince);
  return { kind: 'notReady', title: 'NotReady', from, to: wellAt(incident) };
}

function evidence({ status }: KubeletIncident): Draft | undefined {
  const steps = (status.steps ?? []).filter(({ type }) => type === 'CaptureStacks' || type === 'CaptureHost');
  if (steps.length === 0) return undefined;
  const isOver = steps.every(({ state }) => state !== 'Requested');
  const from = Math.min(...steps.map(({ startedAt }) => Date.parse(startedAt)));
  const to = Math.max(...steps.map(({ finishedAt, startedAt }) => Date.parse(finishedAt ?? startedAt)));
  return { kind: 'evidence', title: 'evidence', from, to: isOver ? to : undefined };
}

function lastOf({ status }: KubeletIncident, type: Step['type']): Step | undefined {
  return (status.steps ?? []).findLast((step) => step.type === type);
}

function ofStep(
  incident: KubeletIncident,
  type: Step['type'],
  names: Pick<Draft, 'kind' | 'title'>,
): Draft | undefined {
  const step = lastOf(incident, type);
  if (step === undefined || step.state === 'Skipped') return undefined;
  return { ...names, from: fromTime(step.startedAt), to: fromTime(step.finishedAt) };
}

/** A node that stays cordoned after the end is cordoned still. */
function cordoned(incident: KubeletIncident): Draft {
  const uncordon = lastOf(incident, 'Uncordon');
  const to = uncordon?.state === 'Succeeded' ? fromTime(uncordon.finishedAt) : undefined;
  return { kind: 'cordoned', title: 'cordoned', from: fromTime(incident.status.timings?.cordonedAt), to };
}

function action(record: ActionRecord): Draft | undefined {
  if (!isAct(record) || record.state === 'Refused') return undefined;
  const { issuedAt, reservedAt, finishedAt } = record;
  const title =
    record.state === 'Succeeded' ? ACTIONS[record.action].done : `${record.action} ${record.state.toLowerCase()}`;
  return { kind: 'action', title, from: fromTime(issuedAt ?? reservedAt), to: fromTime(finishedAt) };
}

function drillFault({ status }: KubeletIncident): Draft | undefined {
  const records = status.actions ?? [];
  const made = records.find((record) => record.action === 'InjectFault' && record.state === 'Succeeded');
  if (made === undefined) return undefined;
  const undone = records.find((record) => record.action === 'UndoFault' && record.finishedAt !== undefined);
  return { kind: 'drill', title: 'fault on purpose', from: fromTime(made.issuedAt), to: fromTime(undone?.finishedAt) };
}
