/** KubeletHealth's status from what the agent sees. Pure. */
import type {
  HealthSpec,
  HealthStatus,
  HealthSummary,
  KubeletInfo,
  PlegInfo,
  ProgramInfo,
  RuntimeInfo,
} from '../../api/v1alpha1/kinds/health.ts';
import type { Condition } from '../../api/v1alpha1/parts/condition.ts';
import { withCondition } from '../../core/decision/record/conditions-and-steps.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import { durationMs, formatDuration } from '../../core/time/duration.ts';
import type { ProgramRecord } from '../../core/detection/program-state.ts';
import { PROGRAM_LASTS_MS } from '../../core/detection/settings.ts';
import type { Moment } from '../../core/time/moment.ts';
import type { UnitFacts } from '../../ports/host.ts';
import { conditionClaims, recoveryLack } from './health-conditions.ts';
import { type Observation, type ProbeObservation, type Reading, valueOf } from './observation.ts';
import type { World } from '../world.ts';
import { cleanText } from '../../core/redaction/redact.ts';

/** What one status is built from. */
export interface StatusInput {
  readonly world: Pick<World, 'version' | 'pod' | 'namespace'>;
  readonly observation: Observation;
  readonly logSource: string;
  /** How long the log source has failed; undefined: it has not. */
  readonly logFailedForMs: number | undefined;
  readonly spec: HealthSpec;
  readonly generation: number;
  /** Those of the last status, for their transition times. */
  readonly conditions: readonly Condition[];
  readonly now: Moment;
}

/** Keys without a value are undefined, and JSON leaves them out. */
export function buildStatus(input: StatusInput): HealthStatus {
  const { observation, world, now, spec } = input;
  const conditions = conditionClaims(observation, input.logSource, input.logFailedForMs).reduce<readonly Condition[]>(
    (list, claim) => withCondition(list, claim, now.wallMs),
    input.conditions,
  );
  return {
    observedGeneration: input.generation,
    agent: {
      version: world.version,
      startedAt: toPreciseTime(observation.startedAt),
      reportedAt: toPreciseTime(now.wallMs),
      pod: world.pod,
      namespace: world.namespace,
      inquiry: spec.inquiry,
    },
    kubelet: kubeletInfo(observation),
    runtime: runtimeInfo(observation),
    pleg: observation.pleg,
    log: logInfo(input),
    spool: spoolInfo(observation),
    summary: summaryOf(observation, spec),
    bootID: observation.host?.bootID,
    kernel: observation.host?.kernel?.slice(0, 128),
    bucket: observation.bucket,
    conditions: [...conditions],
  };
}

function time(ms: number | undefined): string | undefined {
  return ms === undefined ? undefined : toPreciseTime(ms);
}

function answersOf({ kubeletSilence }: Observation): boolean | undefined {
  return kubeletSilence === undefined ? undefined : kubeletSilence === 'answers';
}

function kubeletInfo(observation: Observation): KubeletInfo {
  const { host } = observation;
  const process = host?.kubelet;
  return {
    version: host?.kubeletVersion?.slice(0, 64),
    pid: process?.pid,
    endpoint: process?.endpoint === undefined ? undefined : cleanText(process.endpoint, 512),
    program: programInfo(host?.kubeletProgram),
    answers: answersOf(observation),
    ...kubeletUnitInfo(valueOf(host?.kubeletUnit)),
  };
}

function programInfo(record: ProgramRecord | undefined): ProgramInfo | undefined {
  if (record === undefined) return undefined;
  const { state, since, message } = record;
  return { state, since: toPreciseTime(since), message: message === '' ? undefined : message.slice(0, 512) };
}

function kubeletUnitInfo(unit: UnitFacts | undefined): KubeletInfo {
  if (unit === undefined) return {};
  return {
    unit: unit.unit,
    pid: unit.mainPID,
    invocationID: unit.invocationID,
    startedAt: time(unit.startedAt),
    restarts: unit.restarts,
    restart: unit.restart,
    watchdog: unit.watchdogMs === undefined ? undefined : formatDuration(unit.watchdogMs),
  };
}

function runtimeInfo({ host, probe }: Observation): RuntimeInfo {
  const unit = valueOf(host?.runtimeUnit);
  return {
    name: probe.runtimeName?.slice(0, 64),
    version: probe.runtimeVersion?.slice(0, 128),
    unit: unit?.unit,
    pid: unit?.mainPID,
    processState: host?.runtimeProcessState?.slice(0, 1),
    invocationID: unit?.invocationID,
    startedAt: time(unit?.startedAt),
    killMode: unit?.killMode,
    program: programInfo(host?.runtimeProgram),
    probe: probeInfo(probe),
  };
}

function probeInfo(probe: ProbeObservation): RuntimeInfo['probe'] {
  return {
    state: probe.state,
    at: time(probe.at),
    latencyMs: probe.latencyMs,
    lastSuccessAt: time(probe.lastSuccessAt),
    failingSince: time(probe.failingSince),
    message: probe.message === '' ? undefined : probe.message,
  };
}

function logInfo({ observation, logSource }: StatusInput): NonNullable<HealthStatus['log']> {
  const { log } = observation;
  return {
    source: cleanText(logSource, 512),
    lostLines: log.lostLines,
    unreadableLines: log.unreadableLines,
    lagSeconds: log.lagSeconds,
    lastLineAt: time(log.lastLineAt),
    error: log.error,
  };
}

function spoolInfo({ spool }: Observation): NonNullable<HealthStatus['spool']> {
  const { usedBytes, limitBytes, error, early } = spool;
  return { usedBytes, limitBytes, error, early };
}

function probeText({ state, latencyMs }: ProbeObservation): string {
  if (state === 'Answered' && latencyMs !== undefined) return `${String(latencyMs)}ms`;
  return state.toLowerCase();
}

function summaryOf(observation: Observation, spec: HealthSpec): HealthSummary {
  const { runtimeName, runtimeVersion } = observation.probe;
  const runtime = [runtimeName, runtimeVersion].filter((part) => part !== undefined).join(' ');
  return {
    runtime: runtime === '' ? undefined : runtime.slice(0, 128),
    probe: probeText(observation.probe),
    wouldRecover: wouldRecover(observation, spec).slice(0, 256),
  };
}

function wouldRecover(observation: Observation, spec: HealthSpec): string {
  if (spec.policy === undefined) return 'no: no policy';
  if (spec.mode !== 'Remediate') return `no: mode ${spec.mode}`;
  const lack = recoveryLack(observation.host);
  return lack === undefined ? 'yes' : `no: ${lack.message}`;
}

/**
 * Changes exactly when the status should be written at once: what a person or the controller acts on. Growing numbers
 * and times are not in it; that a time has grown beyond what the policy waits for is.
 */
export function urgentKey({
  observation,
  spec,
  conditions,
  now,
}: Pick<StatusInput, 'observation' | 'spec' | 'now'> & {
  readonly conditions: readonly Condition[];
}): string {
  const { probe, host, spool, bucket } = observation;
  const hungAfter = spec.detection.runtimeHungAfter;
  return JSON.stringify([
    plegKey(observation.pleg, spec, now),
    [answersOf(observation), probe.runtimeName, probe.runtimeVersion, host?.kubeletVersion],
    [probe.state, hungAfter !== undefined && failedForMs(probe) >= durationMs(hungAfter)],
    unitKey(host?.kubeletUnit),
    unitKey(host?.runtimeUnit),
    [programKey(host?.kubeletProgram, now), programKey(host?.runtimeProgram, now)],
    [host?.bootID, spool.early?.id],
    [bucket?.key, bucket?.grant],
    conditions.map(({ type, status, reason }) => [type, status, reason]),
    [spec.policy, spec.mode, spec.inquiry],
  ]);
}

/** What the agent cannot tell yet, as when it has just started, is no news. */
const NOT_TOLD: readonly unknown[] = [undefined, 'Unknown'];

function newsIn({ pleg, runtime, kubelet, bootID, bucket }: HealthStatus): readonly unknown[] {
  const [ofKubelet, ofRuntime] = [kubelet?.program?.state, runtime?.program?.state];
  return [pleg?.state, runtime?.probe.state, ofKubelet, ofRuntime, kubelet?.pid, runtime?.pid, bootID, bucket?.key];
}

/** Whether a status says of the node what another one, perhaps of an agent before, does not. */
export function isNews(told: HealthStatus, status: HealthStatus): boolean {
  const before = newsIn(told);
  return newsIn(status).some((value, at) => !NOT_TOLD.includes(value) && value !== before[at]);
}

/** Until the last probe's end, as the controller counts it: it knows no more than what is written. */
function failedForMs({ at, failingSince }: ProbeObservation): number {
  return at === undefined || failingSince === undefined ? 0 : at - failingSince;
}

function programKey(program: ProgramRecord | undefined, now: Moment): readonly unknown[] {
  return program === undefined ? [] : [program.state, now.monotonicMs - program.sinceMs >= PROGRAM_LASTS_MS];
}

function plegKey(pleg: PlegInfo | undefined, spec: HealthSpec, now: Moment): readonly unknown[] {
  if (pleg === undefined) return [];
  const last = pleg.episodes.at(-1);
  const forMs = now.wallMs - Date.parse(pleg.since);
  const isSustained = pleg.state === 'Unhealthy' && forMs >= durationMs(spec.detection.sustainedFor);
  return [pleg.state, pleg.reason, last?.startedAt, last?.endedAt, isSustained];
}

function unitKey(unit: Reading<UnitFacts> | undefined): readonly unknown[] {
  const facts = valueOf(unit);
  return [unit?.kind, facts?.mainPID, facts?.invocationID, facts?.restart, facts?.killMode];
}
