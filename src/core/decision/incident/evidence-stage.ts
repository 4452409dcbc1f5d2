/** Evidence first: the agent's capture, the controller's own where the agent cannot have it, then the gate. */
import type { EvidenceEntry } from '../../../api/v1alpha1/parts/evidence.ts';
import type { IncidentStatus } from '../../../api/v1alpha1/kinds/incident.ts';
import { evidenceGate, isKubeletDump } from '../../evidence/manifest.ts';
import { durationMs } from '../../time/duration.ts';
import { askCommands, isSilent } from '../contact.ts';
import { isOpen } from '../node-state.ts';
import { findCondition, findStep, withCondition, withStep, withStepEnded } from '../record/conditions-and-steps.ts';
import { tellSilence } from '../silence.ts';
import { TRIGGERS } from '../node/triggers.ts';
import { HOST_STEP, PROXY_STEP } from '../record/step-names.ts';
import { captureTurn, type CaptureTurn } from '../storage/capture-turn.ts';
import { FIRST_NODES } from '../storage/shared-faults.ts';
import { fromTime, toPreciseTime } from '../../time/timestamp.ts';
import type { Command, IncidentSnapshot, StageResult } from './incident-snapshot.ts';

/** Time between two tries at a dump that failed. */
const RETRY_MS = 2_000;

function begun(snapshot: IncidentSnapshot, status: IncidentStatus): IncidentStatus {
  if (findStep(status, HOST_STEP) !== undefined) return status;
  const { now, incident } = snapshot;
  return withStep(status, {
    name: HOST_STEP,
    type: 'CaptureHost',
    state: 'Requested',
    startedAt: toPreciseTime(now),
    deadline: toPreciseTime(now + durationMs(incident.spec.plan.evidence.deadline)),
    message: "dumps, logs, units, processes and runtime state, by the node's agent",
  });
}

/** What the agent has saved; a dump that cannot be read back counts as missing. */
function ofAgent({ incident, stacks }: IncidentSnapshot): readonly EvidenceEntry[] {
  return (incident.status.evidence ?? [])
    .filter(({ by }) => by === 'Agent')
    .map((entry) => {
      const message = stacks.unreadable.get(entry.name);
      return message === undefined ? entry : { ...entry, state: 'Failed', message };
    });
}

/** The agent has come to its end without a dump of the kubelet, or it is silent. */
function needsProxy(snapshot: IncidentSnapshot, status: IncidentStatus): boolean {
  if (!snapshot.nodeProxy || ofAgent(snapshot).some(isKubeletDump)) return false;
  return findStep(status, HOST_STEP)?.state !== 'Requested' || isSilent(snapshot.contact);
}

/** When the controller's next dump is due; undefined: it has none to take. */
function nextDumpAt(snapshot: IncidentSnapshot, status: IncidentStatus): number | undefined {
  const { incident, stacks, now } = snapshot;
  const { dumps, dumpInterval } = incident.spec.plan.evidence;
  if (findStep(status, PROXY_STEP) === undefined) return undefined;
  const taken = stacks.entries.filter(isKubeletDump);
  if (taken.length >= dumps) return undefined;
  const last = Math.max(0, ...stacks.entries.map((entry) => fromTime(entry.at) ?? 0));
  if (last === 0) return now;
  return last + (taken.length > 0 ? durationMs(dumpInterval) : RETRY_MS);
}

function manifest(snapshot: IncidentSnapshot): readonly EvidenceEntry[] {
  return [...snapshot.stacks.entries, ...ofAgent(snapshot)];
}

function withHostStep({ incident, now }: IncidentSnapshot, status: IncidentStatus): IncidentStatus {
  const record = incident.status.actions?.find((action) => action.name === HOST_STEP);
  if (record === undefined || record.state === 'Reserved') return status;
  const state = record.state === 'Succeeded' ? 'Succeeded' : 'Failed';
  const words = record.message === undefined ? {} : { message: record.message };
  return withStepEnded(status, HOST_STEP, { state, now, ...words });
}

function withProxyStep(snapshot: IncidentSnapshot, status: IncidentStatus): IncidentStatus {
  const { now, stacks } = snapshot;
  const step = findStep(status, PROXY_STEP);
  if (step !== undefined) {
    if (nextDumpAt(snapshot, status) !== undefined) return status;
    const message = `${String(stacks.entries.filter(isKubeletDump).length)} goroutine dumps`;
    return withStepEnded(status, PROXY_STEP, { state: 'Succeeded', now, message });
  }
  if (!needsProxy(snapshot, status)) return status;
  const deadline = findStep(status, HOST_STEP)?.deadline;
  return withStep(status, {
    name: PROXY_STEP,
    type: 'CaptureStacks',
    state: 'Requested',
    startedAt: toPreciseTime(now),
    ...(deadline === undefined ? {} : { deadline }),
    message: "goroutine dumps through the API server's node proxy: the agent has none of the kubelet",
  });
}

function withProgress(snapshot: IncidentSnapshot, status: IncidentStatus): IncidentStatus {
  const next = withProxyStep(snapshot, withHostStep(snapshot, status));
  const captured = manifest(snapshot).filter((entry) => entry.state === 'Captured').length;
  return { ...next, evidence: [...snapshot.stacks.entries], evidenceCount: Math.min(64, captured) };
}

function sealed(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const { now, incident } = snapshot;
  const late = 'not finished by the deadline';
  const ended = [PROXY_STEP, HOST_STEP].reduce(
    (next, name) => withStepEnded(next, name, { state: 'Failed', now, message: failureOf(snapshot, name) ?? late }),
    status,
  );
  const entries = manifest(snapshot);
  const needsDump = TRIGGERS[incident.spec.trigger.type].hasNoKubelet !== true;
  const { met, missing } = evidenceGate(entries, { needsDump });
  const captured = entries.filter((entry) => entry.state === 'Captured');
  const failed = entries.length - captured.length;
  const count = `${captured.length} artifacts${failed === 0 ? '' : `, ${failed} missing`}`;
  const timings = { ...status.timings, evidenceAt: toPreciseTime(now) };
  if (met) {
    const claim = {
      type: 'EvidenceCaptured',
      status: 'True',
      reason: failed === 0 ? 'Complete' : 'Partial',
      message: count,
    } as const;
    return { kind: 'pass', status: { ...ended, timings, conditions: withCondition(status.conditions, claim, now) } };
  }
  const what = `missing: ${missing.join(', ')}; ${count}`;
  const message = tellSilence(snapshot, incident.spec.nodeName, what);
  const claim = { type: 'EvidenceCaptured', status: 'False', reason: 'Missing', message } as const;
  const next = { ...ended, timings, conditions: withCondition(status.conditions, claim, now) };
  if (incident.spec.plan.evidence.gate === 'BestEffort' || incident.spec.plan.mode !== 'Remediate') {
    return { kind: 'pass', status: next };
  }
  return {
    kind: 'complete',
    status: next,
    outcome: 'EvidenceMissing',
    message: tellSilence(snapshot, incident.spec.nodeName, `gate Required, ${what}; nothing was done to the node`),
  };
}

function failureOf({ stacks }: IncidentSnapshot, step: string): string | undefined {
  if (step !== PROXY_STEP) return undefined;
  return stacks.entries.find((entry) => entry.kind === 'GoroutineDump' && entry.state === 'Failed')?.message;
}

function commandsOf(
  { now, stacks, contact, budget }: IncidentSnapshot,
  dumpAt: number | undefined,
): readonly Command[] {
  const isDue = dumpAt !== undefined && dumpAt <= now;
  const isStorm = budget.incidents.filter(isOpen).length > FIRST_NODES;
  return [
    ...(isDue ? [{ kind: 'CaptureStacks', round: stacks.entries.length } as const] : []),
    // So that its answer is there when the act is to be decided on. In a storm most wait for a place first.
    ...(isStorm ? [] : askCommands(contact, 'now')),
  ];
}

/** A capture that has begun goes on. */
function turnOf({ incident, budget, captures, now }: IncidentSnapshot, status: IncidentStatus): CaptureTurn {
  if (findStep(status, HOST_STEP) !== undefined) return { kind: 'now' };
  return captureTurn(incident, budget.incidents, captures, now);
}

/** Its deadline begins with it. */
function waiting(
  { reason, message, until }: Extract<CaptureTurn, { kind: 'wait' }>,
  status: IncidentStatus,
  now: number,
): StageResult {
  const claim = { type: 'EvidenceCaptured', status: 'Unknown', reason, message } as const;
  return {
    kind: 'wait',
    status: { ...status, conditions: withCondition(status.conditions, claim, now) },
    reason,
    until,
  };
}

/** Passes when the evidence is sealed: all of it is there, or the deadline has come and the gate allows. */
export function evidence(snapshot: IncidentSnapshot, status: IncidentStatus): StageResult {
  const known = findCondition(status.conditions, 'EvidenceCaptured');
  if (known !== undefined && known.status !== 'Unknown') return { kind: 'pass', status };
  const { now } = snapshot;
  const turn = turnOf(snapshot, status);
  if (turn.kind === 'wait') return waiting(turn, status, now);
  const next = withProgress(snapshot, begun(snapshot, status));
  const deadline = fromTime(findStep(next, HOST_STEP)?.deadline) ?? now;
  const dumpAt = nextDumpAt(snapshot, next);
  const isOver = dumpAt === undefined && findStep(next, HOST_STEP)?.state !== 'Requested';
  if (isOver || now >= deadline) return sealed(snapshot, next);
  const claim = {
    type: 'EvidenceCaptured',
    status: 'Unknown',
    reason: 'Capturing',
    message: 'evidence is being saved',
  } as const;
  return {
    kind: 'wait',
    status: { ...next, conditions: withCondition(next.conditions, claim, now) },
    reason: 'Capturing',
    until: Math.min(deadline, dumpAt ?? deadline),
    commands: commandsOf(snapshot, dumpAt),
  };
}
