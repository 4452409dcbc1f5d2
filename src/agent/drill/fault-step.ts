/**
 * The steps InjectFault and UndoFault. Write-ahead as an act is: refusal or reservation in the API, then the host's own order to
 * undo the fault, then the fault. An agent that dies on the way is followed by one that undoes it: a fault is never made twice.
 */
import type { ActionRecord, KubeletIncident, Step } from '../../api/v1alpha1/kinds/incident.ts';
import { INJECT_STEP } from '../../core/decision/record/step-names.ts';
import { durationMs } from '../../core/time/duration.ts';
import { toPreciseTime, toTime } from '../../core/time/timestamp.ts';
import type { ProcessIdentity } from '../../ports/host.ts';
import type { ActParts } from '../act/judge-act.ts';
import { ended } from '../act/report-act.ts';
import { agentPartOf, type Change, changeIncident, findRecord, reportUntilWritten, withRecord } from '../record.ts';
import { reasonOf, type World } from '../world.ts';
import { type FaultJudgement, judgeFault } from './judge-fault.ts';

interface Asked {
  readonly incident: KubeletIncident;
  readonly step: Step;
}

type Allowed = Extract<FaultJudgement, { kind: 'allowed' }>;

function recordOf(step: Step, judgement: FaultJudgement, now: number): ActionRecord {
  const base = { name: step.name, action: 'InjectFault', reservedAt: toPreciseTime(now) } as const;
  if (judgement.kind === 'refused') {
    const { reason, message } = judgement.refusal;
    return {
      ...base,
      state: 'Refused',
      reason,
      message: `${reason}: ${message}`.slice(0, 1024),
      finishedAt: toPreciseTime(now),
    };
  }
  const { pid, startTicks, unit, bootID } = judgement.patient;
  const before = { pid, startTicks, invocationID: unit.invocationID, bootID };
  return { ...base, state: 'Reserved', unit: unit.unit, before };
}

function stillAsked({ status }: KubeletIncident, { name, type }: Step): boolean {
  const now = status.steps?.find((step) => step.name === name);
  return now?.type === type && now.state === 'Requested' && !(status.actions ?? []).some((one) => one.name === name);
}

/** @throws `MedicError` while the API server cannot be reached: then nothing is done, and it is tried again. */
export async function runInjectStep(
  parts: ActParts,
  { incident: known, step }: Asked,
  signal: AbortSignal,
): Promise<void> {
  const { world } = parts;
  let allowed: Allowed | undefined;
  async function decide(incident: KubeletIncident): Promise<Change> {
    allowed = undefined;
    if (!stillAsked(incident, step)) return { kind: 'leave', reason: 'the step is no longer asked for' };
    const asked = incident.status.steps?.find(({ name }) => name === step.name) ?? step;
    const judgement = await judgeFault(parts, { incident, step: asked }, signal);
    if (judgement.kind === 'allowed') allowed = judgement;
    return { kind: 'write', part: withRecord(agentPartOf(incident), recordOf(step, judgement, world.clock.now())) };
  }
  const written = await changeIncident(world, known.metadata, decide, signal);
  const record = written.kind === 'written' ? findRecord(written.incident, step.name) : undefined;
  if (record?.state !== 'Reserved' || allowed === undefined) {
    const why = written.kind === 'left' ? written.reason : (record?.message ?? '');
    world.log.info('A fault is not made', { incident: known.metadata.name, step: step.name, reason: why });
    return;
  }
  world.onReserved?.(step);
  const ended = await make(world, allowed, record, signal);
  await report(world, known, ended, signal);
}

/** What cannot be seen to be stopped is undone at once. */
async function make(
  world: World,
  { drill, patient }: Allowed,
  reserved: ActionRecord,
  signal: AbortSignal,
): Promise<ActionRecord> {
  const { host, clock, log } = world;
  const forMs = durationMs(drill.lastsFor);
  const issuedAt = toPreciseTime(clock.now());
  log.warn('A fault is made, for a drill', { unit: reserved.unit ?? '', pid: patient.pid, reason: drill.fault });
  try {
    const command = await host.faults.stop(patient, forMs, signal);
    const state = await stateOnceStopped(world, patient.pid, signal);
    if (state !== 'T') throw new Error(`process ${String(patient.pid)} was to be stopped, and its state is ${state}`);
    const message = `process ${String(patient.pid)} of ${patient.unit.unit} is stopped; systemd continues it by ${toTime(clock.now() + forMs)}`;
    return ended({ ...reserved, issuedAt, command: command.slice(0, 512) }, 'Succeeded', message, clock.now());
  } catch (error) {
    signal.throwIfAborted();
    const undone = await resume(world, patient, signal);
    return ended({ ...reserved, issuedAt }, 'Failed', `${reasonOf(error)}; ${undone.message}`, clock.now());
  }
}

/** A signal is there at once, and a process on a busy machine stops when it is its turn. */
const STOPS_MS = 5_000;
const LOOK_MS = 50;

async function stateOnceStopped({ host, clock }: World, pid: number, signal: AbortSignal): Promise<string> {
  const endsAt = clock.monotonic() + STOPS_MS;
  for (;;) {
    const state = (await host.facts.process(pid))?.state ?? 'gone';
    if (state === 'T' || clock.monotonic() >= endsAt) return state;
    await clock.sleep(LOOK_MS, signal);
  }
}

interface Undone {
  readonly state: 'Succeeded' | 'Failed';
  readonly message: string;
}

async function resume({ host }: World, target: ProcessIdentity, signal: AbortSignal): Promise<Undone> {
  try {
    await host.faults.resume(target, signal);
    return {
      state: 'Succeeded',
      message: `process ${String(target.pid)} is not stopped any more, if it is still there`,
    };
  } catch (error) {
    signal.throwIfAborted();
    return {
      state: 'Failed',
      message: `the fault could not be undone from here (${reasonOf(error)}): systemd undoes it`,
    };
  }
}

/** By what was written before the fault; an agent needs to remember nothing. */
async function undo(world: World, { status }: KubeletIncident, signal: AbortSignal): Promise<Undone> {
  const { pid, startTicks } = status.actions?.find(({ name }) => name === INJECT_STEP)?.before ?? {};
  if (pid === undefined || startTicks === undefined) return { state: 'Succeeded', message: 'no fault was made' };
  return await resume(world, { pid, startTicks }, signal);
}

/** Reserved by an agent that did not live to report it. */
export async function runAbandonedFault(
  { world }: ActParts,
  { incident, record }: { readonly incident: KubeletIncident; readonly record: ActionRecord },
  signal: AbortSignal,
): Promise<void> {
  const { message } = await undo(world, incident, signal);
  const words = `the agent ended while it made the fault; ${message}`;
  await report(world, incident, ended(record, 'Failed', words, world.clock.now()), signal);
}

export async function runUndoStep({ world }: ActParts, { incident, step }: Asked, signal: AbortSignal): Promise<void> {
  const began = toPreciseTime(world.clock.now());
  const { state, message } = await undo(world, incident, signal);
  const record = { name: step.name, action: 'UndoFault', state, reservedAt: began } as const;
  await report(world, incident, ended(record, state, message, world.clock.now()), signal);
}

async function report(
  world: World,
  { metadata }: KubeletIncident,
  record: ActionRecord,
  signal: AbortSignal,
): Promise<void> {
  const written = await reportUntilWritten(world, metadata, (part) => withRecord(part, record), signal);
  const detail = written.kind === 'left' ? `not recorded: ${written.reason}` : (record.message ?? '');
  world.log.info('A step of a drill is over', {
    incident: metadata.name,
    step: record.name,
    reason: record.state,
    detail,
  });
}
