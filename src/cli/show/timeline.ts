/** What happened when, from all that an incident records. Pure. */
import type { EventReason } from '../../api/v1alpha1/words/event-reasons.ts';
import type { Event } from '../../api/kubernetes/objects.ts';
import type { ActionRecord, KubeletIncident, Step } from '../../api/v1alpha1/kinds/incident.ts';
import { ACTIONS, type ActRecord, isAct } from '../../core/decision/actions.ts';
import { findCondition } from '../../core/decision/record/conditions-and-steps.ts';
import { TRIGGERS } from '../../core/decision/node/triggers.ts';
import { isGoodEnd } from '../../core/decision/record/outcomes.ts';
import { humanAge, humanBytes } from '../table.ts';

/** `good`, `bad`: it went well or not; `open`: it goes on; `plain`: it just was. */
export type Tone = 'good' | 'bad' | 'open' | 'plain';

export interface Moment {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly tone: Tone;
  readonly title: string;
  readonly text: string;
}

/** Oldest first; what happened at the same time stands in the order in which it was done. */
export function timelineOf(incident: KubeletIncident, events: readonly Event[], now: number): readonly Moment[] {
  const { steps = [], actions = [] } = incident.status;
  const moments = [
    ...early(incident),
    ...began(incident),
    ...steps.flatMap((step) => ofStep(step, incident, now)),
    ...actions.flatMap(ofAction),
    ...diagnosed(incident),
    ...confirmed(incident),
    ...refusal(incident, events),
    ...events.flatMap(ofEvent),
    ...ready(incident),
    ...ended(incident),
  ];
  return moments.filter(({ at }) => Number.isFinite(at)).sort((a, b) => a.at - b.at);
}

function timeOf(text: string | undefined): number {
  return text === undefined ? Number.NaN : Date.parse(text);
}

function early({ spec, status }: KubeletIncident): readonly Moment[] {
  const detectedAt = timeOf(spec.trigger.at);
  const before = (status.evidence ?? []).filter(({ state, at }) => state === 'Captured' && timeOf(at) < detectedAt);
  if (before.length === 0) return [];
  const at = Math.min(...before.map((entry) => timeOf(entry.at)));
  return [{ at, tone: 'good', title: 'early evidence', text: `${before.length} artifacts, taken on suspicion` }];
}

function began({ spec, status }: KubeletIncident): readonly Moment[] {
  const { type, at, message, by } = spec.trigger;
  const who = by === undefined ? '' : ` (asked for by ${by})`;
  const notReadyAt = timeOf(status.timings?.notReadySince);
  return [
    {
      at: timeOf(at),
      tone: TRIGGERS[type].isFault ? 'bad' : 'plain',
      title: 'detected',
      text: `${type}: ${message}${who}`,
    },
    { at: notReadyAt, tone: 'bad', title: 'NotReady', text: '' },
  ];
}

/** Of one that is under way, failed or was left out, and of one that succeeded. */
const STEP_TITLES: Readonly<Record<Step['type'], string>> = {
  CaptureStacks: 'stacks',
  CaptureHost: 'host evidence',
  Hold: 'hold',
  Cordon: 'cordon',
  Act: 'action',
  Verify: 'verification',
  Uncordon: 'uncordon',
  InjectFault: 'fault',
  UndoFault: 'end of the fault',
};
const DONE_TITLES: Readonly<Record<Step['type'], string>> = {
  CaptureStacks: 'stacks saved',
  CaptureHost: 'host evidence',
  Hold: 'held',
  Cordon: 'cordoned',
  Act: 'action',
  Verify: 'verified',
  Uncordon: 'uncordoned',
  InjectFault: 'fault made',
  UndoFault: 'fault undone',
};
const STEP_TONES: Readonly<Record<Step['state'], Tone>> = {
  Requested: 'open',
  Succeeded: 'good',
  Failed: 'bad',
  Skipped: 'plain',
};

function titleOf({ type, state }: Step): string {
  return (state === 'Succeeded' ? DONE_TITLES : STEP_TITLES)[type];
}

function ofStep(step: Step, incident: KubeletIncident, now: number): readonly Moment[] {
  const title = step.type === 'Act' ? (step.action ?? 'action') : titleOf(step);
  if (step.state === 'Requested') return [underWay(step, title, now)];
  // The agent's own record says what it did, with the pids.
  if (step.type === 'Act' && isToldByAgent(step, incident)) {
    return [
      {
        at: timeOf(step.startedAt),
        tone: 'plain',
        title: 'decided',
        text: `${title}${step.reason === undefined ? '' : ` (${step.reason})`}`,
      },
    ];
  }
  const at = timeOf(step.finishedAt ?? step.startedAt);
  // Of a cordon the reason says how far the reservation is, which is nobody's concern once it is done.
  const reason = step.type === 'Cordon' ? undefined : step.reason;
  return [{ at, tone: STEP_TONES[step.state], title, text: step.message ?? reason ?? '' }];
}

/** The second witness, or that there was none. */
function confirmed({ status }: KubeletIncident): readonly Moment[] {
  const claim = findCondition(status.conditions, 'Confirmed');
  if (claim === undefined) return [];
  const at = timeOf(claim.lastTransitionTime);
  if (claim.status === 'True')
    return [{ at, tone: 'good', title: 'confirmed', text: `${claim.reason}: ${claim.message}` }];
  const isOver = claim.status === 'False';
  return [
    { at, tone: isOver ? 'plain' : 'open', title: isOver ? 'not confirmed' : 'a second witness', text: claim.message },
  ];
}

function isToldByAgent({ name }: Step, { status }: KubeletIncident): boolean {
  return (status.actions ?? []).some((record) => record.name === name && record.finishedAt !== undefined);
}

function underWay(step: Step, title: string, now: number): Moment {
  const message = step.message ?? step.reason;
  const left = timeOf(step.deadline) - now;
  const limit = Number.isNaN(left) ? '' : left > 0 ? `; ${humanAge(left)} left` : '; its time is over';
  const text = `under way${message === undefined ? '' : `: ${message}`}${limit}`;
  return { at: timeOf(step.startedAt), tone: 'open', title, text };
}

function ofAction(record: ActionRecord): readonly Moment[] {
  // Of a capture the step says how it went; the record adds why it failed.
  if (!isAct(record) && (record.state === 'Succeeded' || record.state === 'Reserved')) return [];
  if (isAct(record) && record.state === 'Succeeded') return [ofSuccess(record)];
  const { action, state, finishedAt, issuedAt, reservedAt, message = '', unit = '' } = record;
  return [
    {
      at: timeOf(finishedAt ?? issuedAt ?? reservedAt),
      tone: state === 'Reserved' ? 'open' : 'bad',
      title: `${action} ${state.toLowerCase()}`,
      text: [unit, message].filter((part) => part !== '').join(': '),
    },
  ];
}

/** When it was issued: the node may be Ready before systemd says that all is up. */
function ofSuccess(record: ActRecord): Moment {
  const { action, issuedAt, finishedAt, reservedAt, command, unit = '' } = record;
  const how = [pidChange(record), command === undefined ? unit : `\`${command}\``, lasted(record)];
  const text = how.filter((part) => part !== '').join('  ');
  return { at: timeOf(issuedAt ?? finishedAt ?? reservedAt), tone: 'good', title: ACTIONS[action].done, text };
}

function pidChange({ before, after }: ActionRecord): string {
  if (before === undefined || after === undefined) return '';
  return `pid ${before.pid} -> ${after.pid}`;
}

/** From the command to what replaced it. */
function lasted({ issuedAt, finishedAt }: ActionRecord): string {
  const ms = timeOf(finishedAt) - timeOf(issuedAt);
  return ms >= 1_000 ? `took ${humanAge(ms)}` : '';
}

function diagnosed({ status }: KubeletIncident): readonly Moment[] {
  const condition = findCondition(status.conditions, 'Diagnosed');
  if (status.diagnosis === undefined || condition === undefined || condition.status === 'Unknown') return [];
  const { cause, confidence } = status.diagnosis;
  const tone = condition.status === 'True' ? 'good' : 'plain';
  return [{ at: timeOf(condition.lastTransitionTime), tone, title: 'diagnosis', text: `${cause} (${confidence})` }];
}

const SKIPPED: EventReason = 'RecoverySkipped';

/** Why nothing is done now, where no event says so. */
function refusal({ status }: KubeletIncident, events: readonly Event[]): readonly Moment[] {
  const condition = findCondition(status.conditions, 'ActionTaken');
  if (condition?.status !== 'False' || events.some(({ reason }) => reason === SKIPPED)) return [];
  const at = timeOf(condition.lastTransitionTime);
  return [{ at, tone: 'bad', title: 'no action', text: `${condition.reason}: ${condition.message}` }];
}

/** Of the events only the refusals: all else stands in the record itself. */
function ofEvent({ reason, message, count, metadata }: Event): readonly Moment[] {
  if (reason !== SKIPPED) return [];
  const times = count > 1 ? ` (${count} times)` : '';
  return [{ at: timeOf(metadata.creationTimestamp), tone: 'open', title: 'waits', text: `${message}${times}` }];
}

function ready({ status }: KubeletIncident): readonly Moment[] {
  const { readyAt, notReadyFor } = status.timings ?? {};
  const text = notReadyFor === undefined ? '' : `it was not ready for ${notReadyFor}`;
  return [{ at: timeOf(readyAt), tone: 'good', title: 'Ready', text }];
}

function ended({ status }: KubeletIncident): readonly Moment[] {
  const condition = findCondition(status.conditions, 'Complete');
  if (condition?.status !== 'True') return [];
  const at = timeOf(status.timings?.completedAt ?? condition.lastTransitionTime);
  const tone = isGoodEnd(condition.reason) ? 'good' : 'bad';
  return [{ at, tone, title: condition.reason, text: condition.message }];
}

/** `12 artifacts, 412 KiB; 1 missing`. */
export function evidenceSummary({ status }: KubeletIncident): string {
  const entries = status.evidence ?? [];
  const captured = entries.filter(({ state }) => state === 'Captured');
  const bytes = captured.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0);
  const failures = entries.length - captured.length;
  const missing = failures === 0 ? '' : `; ${failures} missing`;
  return `${captured.length} artifacts, ${humanBytes(bytes)}${missing}`;
}
