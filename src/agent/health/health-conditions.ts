/** The conditions of KubeletHealth: can the agent see, and is there what a recovery needs. */
import type { HealthReasons } from '../../api/v1alpha1/words/conditions.ts';
import type { HealthClaim } from '../../core/decision/record/conditions-and-steps.ts';
import { LOG_GRACE_MS } from '../../core/detection/settings.ts';
import { brokenText, isBroken, type ProgramRecord } from '../../core/detection/program-state.ts';
import type { UnitFacts } from '../../ports/host.ts';
import type {
  HostObservation,
  LogObservation,
  Observation,
  ProbeObservation,
  Reading,
  SpoolObservation,
  StacksObservation,
} from './observation.ts';

/** Reason and message of what is missing, for a person. */
interface Lack {
  readonly status: 'False' | 'Unknown';
  readonly reason: HealthReasons['Recoverable'];
  readonly message: string;
}

/** @param failedForMs how long the log source has failed; undefined: it has not. */
export function conditionClaims(
  observation: Observation,
  logSource: string,
  failedForMs: number | undefined,
): readonly HealthClaim[] {
  return [
    logReadable(observation.log, logSource, failedForMs),
    runtimeReachable(observation.probe),
    spoolWritable(observation.spool),
    stacksReadable(observation.host?.stacks),
    recoverable(observation.host),
  ];
}

function logReadable(log: LogObservation, source: string, failedForMs: number | undefined): HealthClaim {
  const type = 'LogReadable';
  // A source may be started again within seconds; that is not reported.
  if (log.state === 'failed' && (failedForMs ?? 0) >= LOG_GRACE_MS) {
    return { type, status: 'False', reason: 'LogUnreadable', message: `${source}: ${log.error ?? 'unknown error'}` };
  }
  if (log.state === 'reading') {
    return { type, status: 'Unknown', reason: 'Reading', message: `${source} is being read to its end` };
  }
  return { type, status: 'True', reason: 'Following', message: `${source} is followed` };
}

function runtimeReachable(probe: ProbeObservation): HealthClaim {
  const type = 'RuntimeReachable';
  if (probe.state === 'Answered') {
    return { type, status: 'True', reason: 'Answered', message: 'the CRI answers' };
  }
  const message = probe.message === '' ? 'the CRI has not been asked yet' : probe.message;
  if (probe.state === 'Unknown') return { type, status: 'Unknown', reason: 'NotProbed', message };
  return { type, status: 'False', reason: probe.state, message };
}

function spoolWritable(spool: SpoolObservation): HealthClaim {
  const type = 'SpoolWritable';
  if (spool.error !== undefined) return { type, status: 'False', reason: 'WriteFailed', message: spool.error };
  return { type, status: 'True', reason: 'Writable', message: 'evidence can be stored on the node' };
}

function stacksReadable(stacks: StacksObservation | undefined): HealthClaim {
  const type = 'StacksReadable';
  switch (stacks?.kind) {
    case 'readable':
      return { type, status: 'True', reason: 'Readable', message: "the kubelet's goroutines are read from its memory" };
    case 'unreadable':
      return { type, status: 'False', reason: 'MemoryUnreadable', message: stacks.message };
    case 'unchecked':
    case undefined:
      return {
        type,
        status: 'Unknown',
        reason: 'NotCheckedYet',
        message: 'no kubelet has run since the agent started',
      };
    default:
      return stacks satisfies never;
  }
}

type Units = Pick<HostObservation, 'kubeletUnit' | 'kubeletProgram' | 'runtimeUnit' | 'runtimeProgram'>;

/** What is missing first, in this order: a person mends one thing at a time. */
export function recoveryLack(host: Units | undefined): Lack | undefined {
  if (host === undefined)
    return { status: 'Unknown', reason: 'NotLookedYet', message: 'the host has not been looked at yet' };
  return (
    unitLack('Kubelet', 'kubelet', host.kubeletUnit) ??
    personLack('Kubelet', host.kubeletProgram) ??
    restartLack('NoRestartPolicy', 'kubelet', host.kubeletUnit) ??
    unitLack('Runtime', 'runtime', host.runtimeUnit) ??
    personLack('Runtime', host.runtimeProgram) ??
    restartLack('NoRuntimeRestartPolicy', 'runtime', host.runtimeUnit)
  );
}

function unitLack(prefix: 'Kubelet' | 'Runtime', role: string, unit: Reading<UnitFacts>): Lack | undefined {
  switch (unit.kind) {
    case 'known':
      return startLack(prefix, unit.value);
    case 'absent':
      return {
        status: 'False',
        reason: `${prefix}UnitUnknown`,
        message: `no systemd unit of the ${role} was found; if it has one, agent.${role}Unit of the chart names it`,
      };
    case 'unreadable':
      return {
        status: 'Unknown',
        reason: `${prefix}UnitUnreadable`,
        message: `the ${role} unit cannot be read: ${unit.message}`,
      };
    default:
      return unit satisfies never;
  }
}

/** What runs now cannot be started again. */
function startLack(prefix: 'Kubelet' | 'Runtime', unit: UnitFacts): Lack | undefined {
  if (unit.loadState === 'masked')
    return { status: 'False', reason: `${prefix}Masked`, message: `${unit.unit} is masked` };
  return isBroken(unit) ? { status: 'False', reason: `${prefix}UnitBroken`, message: brokenText(unit) } : undefined;
}

/** What a person has done to a unit is not undone. */
function personLack(prefix: 'Kubelet' | 'Runtime', { state, message }: ProgramRecord): Lack | undefined {
  if (state !== 'Stopped' && state !== 'Debugged') return undefined;
  return { status: 'False', reason: `${prefix}${state}`, message };
}

/** systemd does not start such a unit again when it dies, so a start that fails leaves it dead (npd issue 861). */
function restartLack(reason: HealthReasons['Recoverable'], role: string, unit: Reading<UnitFacts>): Lack | undefined {
  if (unit.kind !== 'known' || (unit.value.restart !== 'no' && unit.value.restart !== '')) return undefined;
  return { status: 'False', reason, message: `${role} unit has no Restart=` };
}

function recoverable(host: HostObservation | undefined): HealthClaim {
  const lack = recoveryLack(host);
  const type = 'Recoverable';
  if (lack !== undefined) return { type, ...lack };
  return {
    type,
    status: 'True',
    reason: 'Recoverable',
    message: 'the units of kubelet and runtime are known and restart',
  };
}
