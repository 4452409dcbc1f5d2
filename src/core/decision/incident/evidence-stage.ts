/** Evidence first: the controller's stack dumps and the agent's host capture, then the gate. */
import type { EvidenceEntry } from '../../../api/v1alpha1/evidence.ts';
import { CONDITION_EVIDENCE, type IncidentStatus } from '../../../api/v1alpha1/incident.ts';
import { evidenceGate } from '../../evidence/manifest.ts';
import { durationMs } from '../../time/duration.ts';
import { findCondition, findStep, withCondition, withStep, withStepEnded } from '../conditions-and-steps.ts';
import { fromTime, toPreciseTime } from '../../time/timestamp.ts';
import type { IncidentSnapshot, StageResult } from './incident-snapshot.ts';

const STACKS_STEP = 'capture-stacks';
const HOST_STEP = 'capture-host';
/** Time between two tries at a dump that failed. */
const RETRY_MS = 2_000;

function begun(snapshot: IncidentSnapshot, status: IncidentStatus): IncidentStatus {
  if (findStep(status, STACKS_STEP) !== undefined) return status;
  const { now, incident } = snapshot;
  const deadline = toPreciseTime(now + durationMs(incident.spec.plan.evidence.deadline));
  const request = { state: 'Requested', startedAt: toPreciseTime(now), deadline } as const;
  const withStacks = withStep(status, {
    ...request,
    name: STACKS_STEP,
    type: 'CaptureStacks',
    message: "goroutine dumps through the API server's node proxy",
  });
  return withStep(withStacks, {
    ...request,
    name: HOST_STEP,
    type: 'CaptureHost',
    message: "logs, units, processes and runtime state, by the node's agent",
  });
}

function dumpsOf(entries: readonly EvidenceEntry[]): readonly EvidenceEntry[] {
  return entries.filter((entry) => entry.kind === 'GoroutineDump' && entry.state === 'Captured');
}

/** When the next dump is due; undefined: there are enough. */
function nextDumpAt({ incident, stacks, now }: IncidentSnapshot): number | undefined {
  const { dumps, dumpInterval } = incident.spec.plan.evidence;
  const taken = dumpsOf(stacks.entries);
  if (taken.length >= dumps) return undefined;
  const last = Math.max(0, ...stacks.entries.map((entry) => fromTime(entry.at) ?? 0));
  if (last === 0) return now;
  return last + (taken.length > 0 ? durationMs(dumpInterval) : RETRY_MS);
}

/** All items of the manifest: the controller's from its Secret, the agent's from the incident. */
function manifest({ incident, stacks }: IncidentSnapshot): readonly EvidenceEntry[] {
  return [...stacks.entries, ...(incident.status.evidence ?? []).filter((entry) => entry.by === 'Agent')];
}

function withProgress(snapshot: IncidentSnapshot, status: IncidentStatus): IncidentStatus {
  const { incident, now } = snapshot;
  const host = incident.status.actions?.find((action) => action.name === HOST_STEP);
  let next: IncidentStatus = { ...status, evidence: [...snapshot.stacks.entries] };
  if (host !== undefined && host.state !== 'Reserved') {
    const state = host.state === 'Succeeded' ? 'Succeeded' : 'Failed';
    next = withStepEnded(next, HOST_STEP, {
      state,
      now,
      ...(host.message === undefined ? {} : { message: host.message }),
    });
  }
  if (nextDumpAt(snapshot) === undefined) {
    next = withStepEnded(next, STACKS_STEP, {
      state: 'Succeeded',
      now,
      message: `${dumpsOf(snapshot.stacks.entries).length} goroutine dumps`,
    });
  }
  return {
    ...next,
    evidenceCount: Math.min(64, manifest(snapshot).filter((entry) => entry.state === 'Captured').length),
  };
}

function sealed(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { now, incident } = snapshot;
  const late = 'not finished by the deadline';
  const ended = [STACKS_STEP, HOST_STEP].reduce(
    (next, name) => withStepEnded(next, name, { state: 'Failed', now, message: failureOf(snapshot, name) ?? late }),
    status,
  );
  const entries = manifest(snapshot);
  const { met, missing } = evidenceGate(entries);
  const captured = entries.filter((entry) => entry.state === 'Captured');
  const failed = entries.length - captured.length;
  const count = `${captured.length} artifacts${failed === 0 ? '' : `, ${failed} could not be had`}`;
  const timings = { ...status.timings, evidenceAt: toPreciseTime(now) };
  if (met) {
    const claim = {
      type: CONDITION_EVIDENCE,
      status: 'True',
      reason: failed === 0 ? 'Complete' : 'Partial',
      message: count,
    } as const;
    return { kind: 'pass', status: { ...ended, timings, conditions: withCondition(status.conditions, claim, now) } };
  }
  const message = `missing: ${missing.join(', ')}; ${count}`;
  const claim = { type: CONDITION_EVIDENCE, status: 'False', reason: 'Missing', message } as const;
  const next = { ...ended, timings, conditions: withCondition(status.conditions, claim, now) };
  if (incident.spec.plan.evidence.gate === 'BestEffort' || incident.spec.plan.mode !== 'Remediate') {
    return { kind: 'pass', status: next };
  }
  return {
    kind: 'complete',
    status: next,
    outcome: 'EvidenceMissing',
    message: `gate Required, ${message}; nothing was done to the node`,
  };
}

function failureOf({ stacks }: IncidentSnapshot, step: string): string | undefined {
  if (step !== STACKS_STEP) return undefined;
  return stacks.entries.find((entry) => entry.kind === 'GoroutineDump' && entry.state === 'Failed')?.message;
}

/** Passes when the evidence is sealed: all of it is there, or the deadline has come and the gate allows. */
export function evidence(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const known = findCondition(status.conditions, CONDITION_EVIDENCE);
  if (known !== undefined && known.status !== 'Unknown') return { kind: 'pass', status };
  const { now } = snapshot;
  const next = withProgress(snapshot, begun(snapshot, status));
  const deadline = fromTime(findStep(next, STACKS_STEP)?.deadline) ?? now;
  const dumpAt = nextDumpAt(snapshot);
  // By what there is and not by the step: a Secret that was saved may be lost again.
  const isOver = dumpAt === undefined && findStep(next, HOST_STEP)?.state !== 'Requested';
  if (isOver || now >= deadline) return sealed(snapshot, next);
  const claim = {
    type: CONDITION_EVIDENCE,
    status: 'Unknown',
    reason: 'Capturing',
    message: 'evidence is being saved',
  } as const;
  return {
    kind: 'wait',
    status: { ...next, conditions: withCondition(next.conditions, claim, now) },
    reason: 'Capturing',
    until: Math.min(deadline, dumpAt ?? deadline),
    commands:
      dumpAt !== undefined && dumpAt <= now ? [{ kind: 'CaptureStacks', round: snapshot.stacks.entries.length }] : [],
  };
}
