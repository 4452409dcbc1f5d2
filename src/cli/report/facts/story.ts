/** What happened, in one sentence, and the figures that matter. Pure. */
import type { ActionRecord, KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { ACTIONS, isAct } from '../../../core/decision/actions.ts';
import { findCondition } from '../../../core/decision/record/conditions-and-steps.ts';
import { isGoodEnd, isOutcome, OUTCOMES } from '../../../core/decision/record/outcomes.ts';
import { fromTime } from '../../../core/time/timestamp.ts';
import { headline } from '../../diagnose/verdict-text.ts';
import { shortDuration } from './scale.ts';

export type Ending = 'good' | 'bad' | 'open';

export function endingOf({ status }: KubeletIncident): Ending {
  if (status.outcome === undefined) return 'open';
  return isGoodEnd(status.outcome) ? 'good' : 'bad';
}

/** One sentence: what it was, what was done, and how it ended. */
export function storyOf(incident: KubeletIncident): string {
  const parts = [whatWasWrong(incident), ...whatWasDone(incident), ...howItStands(incident)];
  return `${parts.map((part) => part.replace(/[.;\s]+$/, '')).join('; ')}.`;
}

function whatWasWrong({ spec, status }: KubeletIncident): string {
  if (spec.drill !== undefined)
    return `A drill: ${spec.drill.fault} was ${spec.drill.dryRun === true ? 'only weighed' : 'asked for'} on ${spec.nodeName}`;
  const { diagnosis } = status;
  return diagnosis !== undefined && diagnosis.class !== 'Unknown' ? headline(diagnosis) : spec.trigger.message;
}

function acts({ status }: KubeletIncident): readonly ActionRecord[] {
  return (status.actions ?? []).filter((record) => isAct(record) && record.state === 'Succeeded');
}

function whatWasDone(incident: KubeletIncident): readonly string[] {
  const detectedAt = fromTime(incident.spec.trigger.at);
  const [first, ...more] = acts(incident);
  if (first === undefined || !isAct(first)) return [];
  const doneAt = fromTime(first.issuedAt ?? first.finishedAt);
  const after = lapse(detectedAt, doneAt, ' after it was seen');
  const times = more.length === 0 ? '' : `, and ${String(more.length)} more actions`;
  const readyAt = fromTime(incident.status.timings?.readyAt);
  const ready = readyAt === undefined ? '' : `, and the node was Ready${lapse(doneAt, readyAt, ' later')}`;
  return [`${ACTIONS[first.action].done}${after}${times}${ready}`];
}

/** Clocks of two machines may say that the end came first: then no time is told. */
function lapse(from: number | undefined, to: number | undefined, word: string): string {
  return from === undefined || to === undefined || to < from ? '' : ` ${shortDuration(to - from)}${word}`;
}

function howItStands(incident: KubeletIncident): readonly string[] {
  const { outcome, state } = incident.status;
  const decided = decidedBy(incident);
  if (outcome === undefined) return [...decided, `it is open${state === undefined ? '' : ` (${state})`}`];
  const words = acts(incident).length > 0 && outcome === 'Recovered' ? [] : [endOf(incident, outcome)];
  return [...decided, ...words, ...(isCordonedStill(incident) ? ['the node is still cordoned'] : [])];
}

function decidedBy({ spec }: KubeletIncident): readonly string[] {
  if (spec.approval === undefined) return [];
  const { decision, by } = spec.approval;
  return [`${decision === 'Approve' ? 'approved' : 'rejected'} by ${by}`];
}

function endOf({ status }: KubeletIncident, outcome: string): string {
  const message = findCondition(status.conditions, 'Complete')?.message ?? '';
  if (message !== '') return message;
  return isOutcome(outcome) ? OUTCOMES[outcome].meaning : outcome;
}

/** By the incident: somebody may have uncordoned it since. */
function isCordonedStill({ status }: KubeletIncident): boolean {
  const isOurs = status.timings?.cordonedAt !== undefined;
  return isOurs && findCondition(status.conditions, 'NodeUncordoned')?.status !== 'True';
}

export interface Figure {
  readonly name: string;
  readonly value: string;
}

/** Absent ones are left out. */
export function figuresOf({ spec, status }: KubeletIncident): readonly Figure[] {
  const { timings } = status;
  const detectedAt = fromTime(spec.trigger.at);
  const since = (text: string | undefined): string | undefined => {
    const at = fromTime(text);
    return at === undefined || detectedAt === undefined || at < detectedAt ? undefined : shortDuration(at - detectedAt);
  };
  const figures = [
    { name: 'not ready for', value: timings?.notReadyFor },
    { name: 'seen to evidence', value: since(timings?.evidenceAt) },
    { name: 'seen to action', value: since(timings?.actedAt) },
    { name: 'seen to Ready', value: since(timings?.readyAt) },
    { name: 'seen to close', value: since(timings?.completedAt) },
  ];
  return figures.flatMap(({ name, value }) => (value === undefined ? [] : [{ name, value }]));
}
