/**
 * The step Act. Write-ahead: fresh facts, refusal or reservation in the API, only then the command, then a look whether
 * it took, then the report. An agent that dies anywhere in between is followed by one that finds out (resume-step.ts).
 */
import type { ActionRecord, KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import {
  ACTIONS,
  type ActRecord,
  type ActStep,
  agentLimitsOf,
  type Effect,
  isAct,
  isActStep,
} from '../../core/decision/actions.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import { durationMs, formatSeconds } from '../../core/time/duration.ts';
import type { UnitFacts } from '../../ports/host.ts';
import {
  agentPartOf,
  type Change,
  changeIncident,
  findRecord,
  type IncidentRef,
  withRecord,
  type Written,
} from '../record.ts';
import { type ActParts, type Assignment, type HostNow, judgeAct, readBootID } from './judge-act.ts';
import type { Refusal } from './refusal.ts';
import { ended, report, reportNotDone } from './report-act.ts';
import { startStopped } from './start-stopped.ts';
import { watchRestart } from './restart-verification.ts';
import { reasonOf, type World } from '../world.ts';

function reservation({ name, action }: ActStep, host: HostNow, now: number): ActRecord {
  const { command, proof } = ACTIONS[action].effect;
  const unit = host.unit.kind === 'known' && command === 'RestartUnit' ? host.unit.value : undefined;
  const time = toPreciseTime(now);
  return {
    name,
    action,
    state: 'Reserved',
    unit: unit?.unit,
    reservedAt: time,
    // A reboot ends this agent at any moment, so there is no second write before it, and never a second try.
    issuedAt: proof === 'AnotherBoot' ? time : undefined,
    before: { pid: unit?.mainPID ?? 0, invocationID: unit?.invocationID ?? '', bootID: host.bootID },
  };
}

/** The record of an act that is not done. */
export function refused(record: ActRecord, { reason, message }: Refusal, now: number): ActRecord {
  return { ...ended(record, 'Refused', `${reason}: ${message}`, now), reason };
}

/** The step as it is now, if it is still asked for: it was not withdrawn, nor taken up by an earlier write. */
function stillAsked(incident: KubeletIncident, step: ActStep): ActStep | undefined {
  const now = incident.status.steps?.find(({ name }) => name === step.name);
  if (now === undefined || !isActStep(now) || now.state !== 'Requested' || now.action !== step.action) return undefined;
  return findRecord(incident, step.name) === undefined ? now : undefined;
}

/** Whether the write that has just succeeded reserves the act. Only then is it done. */
export function reservedIn(written: Written, name: string): ActRecord | undefined {
  const record = written.kind === 'written' ? findRecord(written.incident, name) : undefined;
  return record !== undefined && isAct(record) && record.state === 'Reserved' ? record : undefined;
}

/**
 * Two agents of one node can be there at the same moment: a pod that should have ended, and the next one. In the first half of
 * this time, in milliseconds, an act is issued by who reserved it; nobody else takes it up before the end.
 */
export const AUTHOR_MS = 10_000;

/** @throws `MedicError` while the API server cannot be reached: then nothing is done, and it is tried again. */
export async function runActStep(parts: ActParts, assignment: Assignment, signal: AbortSignal): Promise<void> {
  const { world } = parts;
  const { step } = assignment;
  const { metadata } = assignment.incident;
  let decidedAt = 0;
  async function decide(incident: KubeletIncident): Promise<Change> {
    decidedAt = world.clock.monotonic();
    const asked = stillAsked(incident, step);
    if (asked === undefined) return { kind: 'leave', reason: 'the step is no longer asked for' };
    const judgement = await judgeAct(parts, { incident, step: asked }, signal);
    const now = world.clock.now();
    const record =
      judgement.kind === 'refused'
        ? refused(unreserved(asked, now), judgement.refusal, now)
        : reservation(asked, judgement.host, now);
    return { kind: 'write', part: withRecord(agentPartOf(incident), record) };
  }
  const written = await changeIncident(world, metadata, decide, signal);
  const reserved = reservedIn(written, step.name);
  if (reserved === undefined) {
    reportNotDone(world, metadata.name, step.name, written);
    return;
  }
  world.onReserved?.(step);
  if (world.clock.monotonic() - decidedAt > AUTHOR_MS / 2) {
    world.log.warn('A reservation is known too late; it is taken up anew', {
      incident: metadata.name,
      step: step.name,
    });
    return;
  }
  await issueAndReport(parts, assignment.incident, reserved, signal);
}

function unreserved({ name, action }: ActStep, now: number): ActRecord {
  return { name, action, state: 'Refused', reservedAt: toPreciseTime(now) };
}

/** Runs the command of a reserved record, once, and reports what came of it. */
export async function issueAndReport(
  parts: ActParts,
  { metadata: incident, spec }: Pick<KubeletIncident, 'metadata' | 'spec'>,
  reserved: ActRecord,
  signal: AbortSignal,
): Promise<void> {
  const { world } = parts;
  const { clock, log } = world;
  const issuedAt = toPreciseTime(clock.now());
  log.info('Acting', {
    incident: incident.name,
    step: reserved.name,
    unit: reserved.unit ?? '',
    reason: reserved.action,
  });
  const stopTimeoutMs = durationMs(spec.plan.remediation.stopTimeout);
  const issued = await issue(world, { record: reserved, stopTimeoutMs }, signal);
  const record = { ...reserved, issuedAt, command: issued.command?.slice(0, 512) };
  if (ACTIONS[reserved.action].effect.proof === 'AnotherBoot') {
    if (issued.failure === undefined) await awaitReboot(world, { incident, record, state: 'Failed' }, signal);
    else await report(world, incident, ended(record, 'Failed', issued.failure, clock.now()), signal);
    return;
  }
  await watchAndReport(parts, { incident, record, failure: issued.failure }, signal);
}

/** The host goes down with this agent; the next one sees another boot id. A host that stays up is reported in `state`. */
export async function awaitReboot(
  world: World,
  {
    incident,
    record,
    state,
  }: { readonly incident: IncidentRef; readonly record: ActRecord; readonly state: 'Failed' | 'Ambiguous' },
  signal: AbortSignal,
): Promise<void> {
  const { proofMs } = agentLimitsOf(record.action);
  await world.clock.sleep(proofMs, signal);
  const message = `the host did not go down within ${formatSeconds(proofMs)}`;
  await report(world, incident, ended(record, state, message, world.clock.now()), signal);
}

interface Order {
  readonly record: ActRecord;
  /** How long what is restarted may take to end, in milliseconds. */
  readonly stopTimeoutMs: number;
}

interface Issued {
  readonly command: string | undefined;
  readonly failure: string | undefined;
}

/** Each command of an action, by the port that runs it. @returns the command as it was run. */
const COMMANDS: Readonly<
  Record<Effect['command'], (host: World['host'], order: Order, signal: AbortSignal) => Promise<string>>
> = {
  RestartUnit: ({ services }, { record, stopTimeoutMs }, signal) =>
    services.restart(record.unit ?? '', signal, stopTimeoutMs),
  RebootHost: ({ services }, _, signal) => services.reboot(signal),
};

async function issue({ host }: World, order: Order, signal: AbortSignal): Promise<Issued> {
  try {
    const command = await COMMANDS[ACTIONS[order.record.action].effect.command](host, order, signal);
    return { command, failure: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { command: undefined, failure: reasonOf(error) };
  }
}

interface Issuance {
  readonly incident: IncidentRef;
  readonly record: ActRecord;
  /** Of the command. */
  readonly failure?: string | undefined;
}

/** systemd's word is not taken for it: the unit is looked at, also where the command failed or did not return. */
export async function watchAndReport(parts: ActParts, issuance: Issuance, signal: AbortSignal): Promise<void> {
  const { world } = parts;
  const { incident, record, failure } = issuance;
  const before = { pid: 0, invocationID: '', ...record.before };
  const watched = { unit: record.unit ?? '', before, limitMs: agentLimitsOf(record.action).proofMs };
  const seen = await watchRestart(world, watched, signal);
  const started = await startStopped(parts, record, signal);
  // A runtime that was not up at the first try may be at the second, which the kubelet's start has waited for.
  const verdict = seen.kind === 'failed' && started?.isDone ? await watchRestart(world, watched, signal) : seen;
  const now = world.clock.now();
  if (verdict.kind === 'failed') {
    const message = sentence(failure, verdict.message, started?.message);
    await report(world, incident, ended(record, 'Failed', message, now), signal);
    return;
  }
  const after = await afterOf(world, verdict.unit, signal);
  const words = sentence(replaced(before.pid, after.pid), started?.message);
  const message = failure === undefined ? words : `${failure}; but ${words}`;
  await report(world, incident, { ...ended(record, 'Succeeded', message, now), after }, signal);
}

export function sentence(...parts: readonly (string | undefined)[]): string {
  return parts.filter((part) => part !== undefined).join('; ');
}

function replaced(oldPid: number, newPid: number): string {
  return `pid ${String(oldPid)} -> ${String(newPid)}`;
}

export async function afterOf(
  world: World,
  { mainPID, invocationID }: UnitFacts,
  signal: AbortSignal,
): Promise<NonNullable<ActionRecord['after']>> {
  return { pid: mainPID, invocationID, bootID: await readBootID(world, signal) };
}
