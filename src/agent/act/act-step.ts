/**
 * The step Act. Write-ahead: fresh facts, refusal or reservation in the API, only then the command, then a look whether
 * it took, then the report. An agent that dies anywhere in between is followed by one that finds out (resume.ts).
 */
import type { ActionRecord, KubeletIncident } from '../../api/v1alpha1/incident.ts';
import { ACTIONS, type ActRecord, type ActStep, agentLimitsOf, type Effect } from '../../core/decision/actions.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import { formatSeconds } from '../../core/time/duration.ts';
import type { UnitFacts } from '../../ports/host.ts';
import { readUnit } from '../health/look-at-host.ts';
import { agentPartOf, changeIncident, findRecord, reportUntilWritten, withRecord } from '../record.ts';
import type { Requests } from '../requests.ts';
import { probeOnce } from '../health/probe-runtime.ts';
import { type ActQuestion, type Refusal, refuse } from './refusal.ts';
import { watchRestart } from './restart-verification.ts';
import { reasonOf, type World } from '../world.ts';

export interface Assignment {
  readonly incident: KubeletIncident;
  readonly step: ActStep;
}

/** All that a refusal is judged on, read now. */
export async function gatherQuestion(
  world: World,
  requests: Requests,
  { incident, step }: Assignment,
  signal: AbortSignal,
): Promise<ActQuestion> {
  const { effect, needsRuntime } = ACTIONS[step.action];
  // A reboot has no unit of its own; what became of it is told with the kubelet's.
  const unit = await readUnit(world, effect.command === 'RestartUnit' ? effect.unit : 'kubelet', signal);
  const probe = needsRuntime ? (await probeOnce(world, signal)).state : 'Unknown';
  return { incident, step, nodeUID: requests.nodeUID(), unit, probe, clockAheadMs: requests.clockAheadMs() };
}

export async function readBootID({ host }: World, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await host.facts.bootID();
  } catch {
    signal.throwIfAborted();
    return undefined;
  }
}

function reservation(question: ActQuestion, bootID: string | undefined, now: number): ActRecord {
  const { action } = question.step;
  const { command, proof } = ACTIONS[action].effect;
  const unit = question.unit.kind === 'known' && command === 'RestartUnit' ? question.unit.value : undefined;
  const time = toPreciseTime(now);
  return {
    name: question.step.name,
    action,
    state: 'Reserved',
    unit: unit?.unit,
    reservedAt: time,
    // A reboot ends this agent at any moment, so there is no second write before it, and never a second try.
    issuedAt: proof === 'AnotherBoot' ? time : undefined,
    before: { pid: unit?.mainPID ?? 0, invocationID: unit?.invocationID ?? '', bootID },
  };
}

function refusalRecord({ name, action }: ActStep, { reason, message }: Refusal, now: number): ActRecord {
  const time = toPreciseTime(now);
  return {
    name,
    action,
    state: 'Refused',
    reservedAt: time,
    finishedAt: time,
    message: `${reason}: ${message}`.slice(0, 1024),
  };
}

/** A request that was withdrawn or taken up by an earlier write is left alone. */
function isStillAsked(incident: KubeletIncident, step: ActStep): boolean {
  const now = incident.status.steps?.find(({ name }) => name === step.name);
  return now?.state === 'Requested' && now.action === step.action && findRecord(incident, step.name) === undefined;
}

/** @throws `MedicError` while the API server cannot be reached: then nothing is done, and it is tried again. */
export async function runActStep(
  world: World,
  requests: Requests,
  assignment: Assignment,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log, metrics } = world;
  const { step } = assignment;
  const { name } = assignment.incident.metadata;
  const question = await gatherQuestion(world, requests, assignment, signal);
  const bootID = await readBootID(world, signal);
  let record: ActRecord | undefined;
  const written = await changeIncident(
    world,
    name,
    (incident) => {
      if (!isStillAsked(incident, step)) return { kind: 'leave', reason: 'the step is no longer asked for' };
      const refusal = refuse({ ...question, incident });
      const now = clock.now();
      record = refusal === undefined ? reservation(question, bootID, now) : refusalRecord(step, refusal, now);
      return { kind: 'write', part: withRecord(agentPartOf(incident), record) };
    },
    signal,
  );
  if (written.kind === 'left' || record === undefined) {
    log.info('An action is left alone', {
      incident: name,
      step: step.name,
      reason: written.kind === 'left' ? written.reason : '',
    });
    return;
  }
  if (record.state === 'Refused') {
    metrics.count('actions_total', { action: step.action, state: 'Refused' });
    log.warn('An action is refused', { incident: name, step: step.name, reason: record.message ?? '' });
    return;
  }
  world.onReserved?.(step);
  await issueAndReport(world, name, record, signal);
}

/** Runs the command of a reserved record, once, and reports what came of it. */
export async function issueAndReport(
  world: World,
  incident: string,
  reserved: ActRecord,
  signal: AbortSignal,
): Promise<void> {
  const { clock, log } = world;
  const issuedAt = toPreciseTime(clock.now());
  log.info('Acting', { incident, step: reserved.name, unit: reserved.unit ?? '', reason: reserved.action });
  const issued = await issue(world, reserved, signal);
  const record = { ...reserved, issuedAt, command: issued.command?.slice(0, 512) };
  if (ACTIONS[reserved.action].effect.proof === 'AnotherBoot') {
    if (issued.failure === undefined) await awaitReboot(world, { incident, record, state: 'Failed' }, signal);
    else await report(world, incident, ended(record, 'Failed', issued.failure, clock.now()), signal);
    return;
  }
  await watchAndReport(world, { incident, record, failure: issued.failure }, signal);
}

/** The host goes down with this agent; the next one sees another boot id. A host that stays up is reported in `state`. */
export async function awaitReboot(
  world: World,
  {
    incident,
    record,
    state,
  }: { readonly incident: string; readonly record: ActRecord; readonly state: 'Failed' | 'Ambiguous' },
  signal: AbortSignal,
): Promise<void> {
  const { proofMs } = agentLimitsOf(record.action);
  await world.clock.sleep(proofMs, signal);
  const message = `the host did not go down within ${formatSeconds(proofMs)}`;
  await report(world, incident, ended(record, state, message, world.clock.now()), signal);
}

interface Issued {
  readonly command: string | undefined;
  readonly failure: string | undefined;
}

/** Each command of an action, by the port that runs it. @returns the command as it was run. */
const COMMANDS: Readonly<
  Record<Effect['command'], (host: World['host'], record: ActRecord, signal: AbortSignal) => Promise<string>>
> = {
  RestartUnit: ({ services }, { unit = '' }, signal) => services.restart(unit, signal),
  RebootHost: ({ services }, _, signal) => services.reboot(signal),
};

async function issue({ host }: World, record: ActRecord, signal: AbortSignal): Promise<Issued> {
  try {
    const command = await COMMANDS[ACTIONS[record.action].effect.command](host, record, signal);
    return { command, failure: undefined };
  } catch (error) {
    signal.throwIfAborted();
    return { command: undefined, failure: reasonOf(error) };
  }
}

/** systemd's word is not taken for it: the unit is looked at, also where the command failed or did not return. */
export async function watchAndReport(
  world: World,
  {
    incident,
    record,
    failure,
  }: { readonly incident: string; readonly record: ActRecord; readonly failure?: string | undefined },
  signal: AbortSignal,
): Promise<void> {
  const before = { pid: record.before?.pid ?? 0, invocationID: record.before?.invocationID ?? '' };
  const { proofMs } = agentLimitsOf(record.action);
  const verdict = await watchRestart(world, { unit: record.unit ?? '', before, limitMs: proofMs }, signal);
  const now = world.clock.now();
  if (verdict.kind === 'failed') {
    const message = failure === undefined ? verdict.message : `${failure}; ${verdict.message}`;
    await report(world, incident, ended(record, 'Failed', message, now), signal);
    return;
  }
  const after = await afterOf(world, verdict.unit, signal);
  const message =
    failure === undefined ? replaced(before.pid, after.pid) : `${failure}; but ${replaced(before.pid, after.pid)}`;
  await report(world, incident, { ...ended(record, 'Succeeded', message, now), after }, signal);
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

export function ended(record: ActRecord, state: ActionRecord['state'], message: string, now: number): ActRecord {
  return { ...record, state, message: message.slice(0, 1024), finishedAt: toPreciseTime(now) };
}

export async function report(world: World, incident: string, record: ActionRecord, signal: AbortSignal): Promise<void> {
  const { log, metrics } = world;
  const written = await reportUntilWritten(world, incident, (part) => withRecord(part, record), signal);
  metrics.count('actions_total', { action: record.action, state: record.state });
  const detail = written.kind === 'left' ? `not recorded: ${written.reason}` : (record.message ?? '');
  log.info('Acted', { incident, step: record.name, unit: record.unit ?? '', reason: record.state, detail });
}
