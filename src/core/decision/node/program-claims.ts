/** What the kubelet and the runtime are as programs, where that opens an incident: down, or silent. */
import type { ProgramInfo, ProgramState } from '../../../api/v1alpha1/kinds/health.ts';
import type { Trigger } from '../../../api/v1alpha1/kinds/incident.ts';
import { PROGRAM_LASTS_MS } from '../../detection/settings.ts';
import { fromTime, toTime } from '../../time/timestamp.ts';
import { isInTouch } from '../contact.ts';
import { lastedMs, readyCondition } from '../node-state.ts';
import type { NodeSnapshot } from './node-snapshot.ts';

/** A trigger without its name, which is that of its entry. */
export type Claimed = Omit<Trigger, 'type'>;

const DOWN: readonly ProgramState[] = ['Stopped', 'Masked', 'Broken', 'Failed', 'CrashLooping'];
/** It does nothing, and only its node's agent sees that. */
const SILENT: readonly ProgramState[] = ['Frozen', 'Silent', 'Uninterruptible', 'Debugged'];
/** The node controller waits 40 s for a kubelet; one that was cut off with all others is back within 10 s. */
const UNKNOWN_MS = 20_000;
/** An agent that was heard all this time was not cut off when the Node turned Unknown, and need not be waited for. */
const HEARD_MS = 60_000;
const APART_MS = 10_000;
/** A kubelet that has just been started registers within this time; one that systemd has been starting for long is stuck. */
const UP_MS = 60_000;
const START_MS = 300_000;

/** For how long a program has been in its state, where it is one of these and its agent says so lately; else -1. */
function forMs(
  { health, contact }: NodeSnapshot,
  program: ProgramInfo | undefined,
  states: readonly ProgramState[],
): number {
  if (!isInTouch(contact) || program === undefined || !states.includes(program.state)) return -1;
  return lastedMs(health, program.since) ?? -1;
}

function downClaim(role: 'kubelet' | 'runtime', { state, since, message = '' }: ProgramInfo): Claimed {
  return { at: since, source: 'ServiceManager', message: `the ${role} is ${state}: ${message}`.slice(0, 1024) };
}

/** systemd says that the runtime is down, and it does not answer. */
export function runtimeDown(snapshot: NodeSnapshot): Claimed | undefined {
  const runtime = snapshot.health?.status.runtime;
  if (runtime?.program === undefined || runtime.probe.state === 'Answered') return undefined;
  return forMs(snapshot, runtime.program, DOWN) < PROGRAM_LASTS_MS ? undefined : downClaim('runtime', runtime.program);
}

export function kubeletDown(snapshot: NodeSnapshot): Claimed | undefined {
  const program = snapshot.health?.status.kubelet?.program;
  if (program === undefined || forMs(snapshot, program, DOWN) < PROGRAM_LASTS_MS) return undefined;
  return downClaim('kubelet', program);
}

/**
 * One that was cut off with all others would be back by now: its agent was heard all the time, or has answered for long enough in
 * which the kubelet did not renew its Lease.
 */
function isAlone({ contact, kubeletLease }: NodeSnapshot): boolean {
  const apartMs = Math.min(contact.answeringForMs, kubeletLease?.unrenewedMs ?? 0);
  return contact.heardForMs >= HEARD_MS || apartMs >= APART_MS;
}

/** It has run for a while, and the Node says that it does not report, while its agent does. */
function notReporting(snapshot: NodeSnapshot): Claimed | undefined {
  const { node, contact, health, now } = snapshot;
  const ready = readyCondition(node);
  const program = health?.status.kubelet?.program;
  if (ready?.status !== 'Unknown' || !isInTouch(contact) || program === undefined) return undefined;
  const isUp = forMs(snapshot, program, ['Running']) >= UP_MS || forMs(snapshot, program, ['Starting']) >= START_MS;
  const since = fromTime(ready.lastTransitionTime) ?? now;
  if (!isUp || (now - since < UNKNOWN_MS && !isAlone(snapshot))) return undefined;
  const message = `Node condition Ready=Unknown: ${ready.message}`.slice(0, 1024);
  return { at: toTime(since), source: 'NodeReady', message };
}

/** The agent sees that it does nothing; or it does not report. */
export function kubeletSilent(snapshot: NodeSnapshot): Claimed | undefined {
  const program = snapshot.health?.status.kubelet?.program;
  if (program === undefined || forMs(snapshot, program, SILENT) < PROGRAM_LASTS_MS) return notReporting(snapshot);
  const { state, since, message = '' } = program;
  const source = state === 'Silent' ? 'KubeletProbe' : 'Kernel';
  return { at: since, source, message: `the kubelet is ${state}: ${message}`.slice(0, 1024) };
}
