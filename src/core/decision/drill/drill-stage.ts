/**
 * The life of a drill. It asks the agent for the fault, waits for the incident that the fault opens, and which knows nothing of the
 * drill, and has the fault undone. It never acts by itself: its plan is of mode Capture, as every plan of a person is.
 */
import type { Drill, DrillTime } from '../../../api/v1alpha1/parts/drill.ts';
import type { ActionRecord, IncidentStatus, KubeletIncident, Step } from '../../../api/v1alpha1/kinds/incident.ts';
import { durationMs, formatSeconds } from '../../time/duration.ts';
import { fromTime, toPreciseTime, toTime } from '../../time/timestamp.ts';
import { askCommands, isFresh } from '../contact.ts';
import { clockTrusted } from '../incident/decision-age.ts';
import type { Command, IncidentSnapshot, StageResult } from '../incident/incident-snapshot.ts';
import { isOpen } from '../node-state.ts';
import { TRIGGERS } from '../node/triggers.ts';
import { findStep, withCondition, withStep, withStepEnded } from '../record/conditions-and-steps.ts';
import type { IncidentReasons, WaitReason } from '../record/reasons.ts';
import { INJECT_STEP, UNDO_STEP } from '../record/step-names.ts';
import { drillOf } from './drill-objection.ts';
import { drillTimes, isInTime } from './drill-times.ts';
import { FAULTS } from './faults.ts';
import { judgeDrill } from './judge-drill.ts';

/** How long an agent may take to take up a request, and then to report, in milliseconds. */
const REQUEST_MS = 30_000;
const REPORT_MS = 60_000;
/** A node that was undone by its own timer may be noticed a moment later; and its recovery comes to its end. */
const AFTERWARDS_MS = 60_000;
const LONGEST_MS = 60 * 60_000;
const LOOK_AGAIN_MS = 2_000;

interface Turn {
  readonly snapshot: IncidentSnapshot;
  readonly status: IncidentStatus;
  readonly drill: Drill;
}

/** Passes for every other incident. */
export function drill(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { spec } = snapshot.incident;
  if (spec.trigger.type !== 'Drill') return { kind: 'pass', status };
  const own = drillOf(snapshot.incident);
  if (own === undefined)
    return { kind: 'complete', status, outcome: 'DrillRefused', message: 'the incident does not say which fault' };
  const turn = { snapshot, status, drill: own };
  const inject = findStep(status, INJECT_STEP);
  if (inject === undefined) return begin(turn);
  if (inject.state === 'Requested') return followRequest(turn, inject);
  return findStep(status, UNDO_STEP) === undefined ? followRecovery(turn, inject) : followUndo(turn, inject);
}

function recordOf({ snapshot }: Turn, step: string): ActionRecord | undefined {
  return snapshot.incident.status.actions?.find(({ name }) => name === step);
}

function wait(
  status: IncidentStatus,
  reason: WaitReason,
  until: number,
  commands: readonly Command[] = [],
): StageResult {
  return { kind: 'wait', status, reason, until, commands };
}

type NotInjected = Exclude<IncidentReasons['FaultInjected'], 'HungRuntime' | 'FrozenKubelet'>;

function notInjected({ snapshot }: Turn, status: IncidentStatus, reason: NotInjected, message: string): IncidentStatus {
  const claim = { type: 'FaultInjected', status: 'False', reason, message } as const;
  return { ...status, conditions: withCondition(status.conditions, claim, snapshot.now) };
}

function refused(turn: Turn, reason: NotInjected, words: string): StageResult {
  const message = `${reason}: ${words}`;
  return { kind: 'complete', status: notInjected(turn, turn.status, reason, words), outcome: 'DrillRefused', message };
}

/** Who ended it, and why; undefined: nobody. */
function abortion({ spec }: KubeletIncident): string | undefined {
  const { approval } = spec;
  if (approval?.decision !== 'Reject') return undefined;
  return `ended by ${approval.by}${approval.reason === undefined ? '' : `: ${approval.reason}`}`;
}

function begin(turn: Turn): StageResult {
  const { snapshot, status, drill: own } = turn;
  const { now, incident, contact } = snapshot;
  const trusted = clockTrusted(snapshot, status);
  if (trusted.kind !== 'pass') return trusted;
  const aborted = abortion(incident);
  if (aborted !== undefined) return refused(turn, 'DrillAborted', aborted);
  if (!isFresh(contact)) {
    const since = fromTime(incident.metadata.creationTimestamp) ?? now;
    if (!contact.hasReported || now - since > REQUEST_MS)
      return refused(turn, 'AgentSilent', `the agent on ${incident.spec.nodeName} does not answer`);
    return wait(status, 'AgentAsked', now + LOOK_AGAIN_MS, askCommands(contact, 'now'));
  }
  const objection = judgeDrill(snapshot, own);
  if (objection !== undefined) return refused(turn, objection.reason, objection.message);
  if (own.dryRun === true)
    return {
      kind: 'complete',
      status,
      outcome: 'DrillPossible',
      message: 'nothing objects to it now; no fault was made',
    };
  const message = `${FAULTS[own.fault].done}, for ${own.lastsFor} at most`;
  return request(turn, { name: INJECT_STEP, type: 'InjectFault', message }, 'FaultRequested');
}

/** To the agent's record of it. */
function followRequest(turn: Turn, step: Step): StageResult {
  const { snapshot, status } = turn;
  const { now } = snapshot;
  const record = recordOf(turn, INJECT_STEP);
  if (record === undefined || record.state === 'Reserved') {
    const until = (fromTime(step.deadline) ?? now) + (record === undefined ? 0 : REPORT_MS);
    if (now < until) return wait(status, 'FaultRequested', until);
    const message = `the agent on ${snapshot.incident.spec.nodeName} did not say that the fault is made`;
    return undo(
      turn,
      notInjected(turn, withStepEnded(status, step.name, { state: 'Failed', message, now }), 'AgentSilent', message),
    );
  }
  const words = record.message ?? '';
  if (record.state === 'Refused') {
    const message = `the agent refused: ${words}`;
    const ended = withStepEnded(status, step.name, { state: 'Failed', message, now });
    return refused({ ...turn, status: ended }, 'RefusedByAgent', message);
  }
  if (record.state !== 'Succeeded') {
    const ended = withStepEnded(status, step.name, { state: 'Failed', message: words, now });
    return undo(turn, notInjected(turn, ended, 'Failed', words));
  }
  return injected(turn, withStepEnded(status, step.name, { state: 'Succeeded', message: words, now }), words);
}

function injected({ snapshot, drill: own }: Turn, status: IncidentStatus, message: string): StageResult {
  const { now } = snapshot;
  const claim = { type: 'FaultInjected', status: 'True', reason: own.fault, message } as const;
  const result = { undoneBy: toTime(now + durationMs(own.lastsFor)) };
  return wait(
    { ...status, drill: result, conditions: withCondition(status.conditions, claim, now) },
    'FaultInjected',
    now + LOOK_AGAIN_MS,
  );
}

/**
 * The incident that the fault opened: none was open on the node before it, so that it is the one that is open now, or that has
 * ended since.
 */
function findRecovery({ snapshot, status }: Turn, inject: Step): KubeletIncident | undefined {
  const { incident, budget } = snapshot;
  if (status.drill?.incident !== undefined) return snapshot.recovery;
  const ofNode = budget.incidents.filter(({ spec }) => spec.nodeUID === incident.spec.nodeUID);
  const since = fromTime(inject.startedAt) ?? 0;
  return ofNode
    .filter(({ spec }) => TRIGGERS[spec.trigger.type].isFault)
    .find((one) => isOpen(one) || (fromTime(one.status.timings?.completedAt) ?? 0) >= since);
}

function followRecovery(turn: Turn, inject: Step): StageResult {
  const { snapshot, drill: own } = turn;
  const { now, incident } = snapshot;
  const recovery = findRecovery(turn, inject);
  const link = recovery === undefined ? {} : { incident: recovery.metadata.name };
  const status = { ...turn.status, drill: { ...turn.status.drill, ...link } };
  const endsAt = (fromTime(inject.finishedAt) ?? now) + durationMs(own.lastsFor) + AFTERWARDS_MS;
  const isLate = now >= (recovery === undefined ? endsAt : endsAt + LONGEST_MS);
  const isOver = inject.state !== 'Succeeded' || (recovery !== undefined && !isOpen(recovery)) || isLate;
  if (isOver || abortion(incident) !== undefined) return undo(turn, status);
  return wait(status, 'FaultInjected', now + LOOK_AGAIN_MS);
}

/** Also where the program was replaced: the host's timer is taken back. */
function undo({ snapshot }: Pick<Turn, 'snapshot'>, status: IncidentStatus): StageResult {
  return request({ snapshot, status }, { name: UNDO_STEP, type: 'UndoFault' }, 'UndoRequested');
}

/** Of the agent. */
function request(
  { snapshot: { now }, status }: Pick<Turn, 'snapshot' | 'status'>,
  what: Pick<Step, 'name' | 'type' | 'message'>,
  reason: WaitReason,
): StageResult {
  const deadline = now + REQUEST_MS;
  const times = { startedAt: toPreciseTime(now), deadline: toPreciseTime(deadline) };
  return wait(withStep(status, { ...what, state: 'Requested', ...times }), reason, deadline);
}

function followUndo(turn: Turn, inject: Step): StageResult {
  const { snapshot, status } = turn;
  const { now } = snapshot;
  const step = findStep(status, UNDO_STEP);
  const record = recordOf(turn, UNDO_STEP);
  const deadline = fromTime(step?.deadline) ?? now;
  if (record === undefined && now < deadline) return wait(status, 'UndoRequested', deadline);
  const isUndone = record?.state === 'Succeeded';
  const words = record?.message ?? "the agent did not answer: the host's own timer undoes the fault";
  const ended = withStepEnded(status, UNDO_STEP, { state: isUndone ? 'Succeeded' : 'Failed', message: words, now });
  return verdict({ ...turn, status: ended }, inject);
}

function verdict(turn: Turn, inject: Step): StageResult {
  const { snapshot, status, drill: own } = turn;
  const failed = (message: string): StageResult => ({ kind: 'complete', status, outcome: 'DrillFailed', message });
  if (inject.state !== 'Succeeded') return failed(inject.message ?? 'the fault was not made');
  const recovery = findRecovery(turn, inject);
  const aborted = abortion(snapshot.incident);
  if (recovery !== undefined) return ofRecovery(turn, inject, recovery);
  const { incident } = status.drill ?? {};
  const gone = incident === undefined ? 'nothing was noticed' : `the incident ${incident} is gone`;
  return failed(aborted ?? `${gone}; the fault lasted ${formatSeconds(durationMs(own.lastsFor))} at most`);
}

function ofRecovery({ snapshot, status, drill: own }: Turn, inject: Step, recovery: KubeletIncident): StageResult {
  const detection = snapshot.health?.spec.detection;
  const injectedAt = fromTime(inject.finishedAt) ?? 0;
  const times = detection === undefined ? [] : drillTimes({ fault: own.fault, injectedAt, recovery, detection });
  const told = { kind: 'complete', status: { ...status, drill: { ...status.drill, times } } } as const;
  const why = abortion(snapshot.incident) ?? failureOf(recovery, times);
  if (why !== undefined) return { ...told, outcome: 'DrillFailed', message: why };
  const message = `${recovery.metadata.name} recovered the node, each part within the time that the policy promises`;
  return { ...told, outcome: 'DrillPassed', message };
}

/** undefined: it recovered the node in time. */
function failureOf({ metadata, status }: KubeletIncident, times: readonly DrillTime[]): string | undefined {
  const { outcome } = status;
  if (outcome !== 'Recovered')
    return `${metadata.name}: ${outcome === undefined ? 'it is still open' : `it ended as ${outcome}`}`;
  const late = times.filter((time) => !isInTime(time)).map(({ what }) => what);
  if (late.length > 0) return `${metadata.name}: too late: ${late.join(', ')}`;
  return times.length > 0 ? undefined : `${metadata.name}: what the policy promises is not known`;
}
