/** What is not healthy about a node, as it and its agent say. Pure. */
import type { KubeletHealth, ProgramInfo } from '../../api/v1alpha1/kinds/health.ts';
import { clockSkewMs, readyCondition } from '../../core/decision/node-state.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { silentForMs } from './agent-word.ts';
import type { NodeView } from './read-fleet.ts';

export interface Trouble {
  /** The same for nodes of the same trouble. */
  readonly kind: string;
  /** More, for a person; empty where the kind says all. */
  readonly detail: string;
  /** When it began, milliseconds since 1970. */
  readonly since?: number | undefined;
}

function notReady({ node }: NodeView): readonly Trouble[] {
  const ready = readyCondition(node);
  if (ready?.status === 'True') return [];
  const { status = 'Unknown', reason = '', message = '', lastTransitionTime } = ready ?? {};
  const kind = status === 'False' ? 'NotReady' : 'Ready unknown';
  return [{ kind, detail: message === '' ? reason : message, since: fromTime(lastTransitionTime) }];
}

/** Of these nobody needs to be told. */
const QUIET_PROGRAMS: readonly string[] = ['Running', 'Unknown'];

function program(name: string, info: ProgramInfo | undefined): readonly Trouble[] {
  if (info === undefined || QUIET_PROGRAMS.includes(info.state)) return [];
  return [{ kind: `${name} ${info.state}`, detail: info.message ?? '', since: fromTime(info.since) }];
}

function pleg({ status }: KubeletHealth): readonly Trouble[] {
  if (status.pleg === undefined) return [];
  const { state, message, since } = status.pleg;
  if (state !== 'Unhealthy' && state !== 'Suspected') return [];
  return [{ kind: `PLEG ${state}`, detail: message, since: fromTime(since) }];
}

function deafRuntime({ status }: KubeletHealth): readonly Trouble[] {
  if (status.runtime === undefined) return [];
  const { state, message, failingSince } = status.runtime.probe;
  if (state === 'Answered' || state === 'Unknown') return [];
  return [{ kind: `CRI ${state}`, detail: message ?? '', since: fromTime(failingSince) }];
}

/** What the agent needs to do its work. */
const NEEDS: Readonly<Record<string, string>> = { LogReadable: 'log unreadable', SpoolWritable: 'disk not writable' };

function needs({ status }: KubeletHealth): readonly Trouble[] {
  return (status.conditions ?? []).flatMap(({ type, status: is, message, lastTransitionTime }) => {
    const kind = NEEDS[type];
    return kind === undefined || is !== 'False' ? [] : [{ kind, detail: message, since: fromTime(lastTransitionTime) }];
  });
}

/** A node's clock may be off by this much before it is worth a word. */
const MAX_SKEW_MS = 30_000;

function clock(health: KubeletHealth): readonly Trouble[] {
  const skewMs = clockSkewMs(health);
  if (Math.abs(skewMs) < MAX_SKEW_MS) return [];
  return [{ kind: 'clock is off', detail: `${Math.round(skewMs / 1_000)} s off the API server's` }];
}

/** What an agent said that is silent now is of then. */
function ofAgent({ health }: NodeView, now: number): readonly Trouble[] {
  if (health?.status.agent === undefined) return [{ kind: 'no agent', detail: 'none has ever reported' }];
  const silentMs = silentForMs(health, now);
  if (silentMs !== undefined) {
    const { pleg: last } = health.status;
    return [{ kind: 'agent silent', detail: `it last said: PLEG ${last?.state ?? 'Unknown'}`, since: now - silentMs }];
  }
  const { kubelet, runtime } = health.status;
  return [
    ...pleg(health),
    ...program('kubelet', kubelet?.program),
    ...program('runtime', runtime?.program),
    ...deafRuntime(health),
    ...needs(health),
    ...clock(health),
  ];
}

/** Empty: it is healthy. */
export function troublesOf(view: NodeView, now: number): readonly Trouble[] {
  return [...notReady(view), ...ofAgent(view, now)];
}
