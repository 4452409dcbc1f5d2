/**
 * What opens an incident. A trigger is data: a function from the snapshot to a claim, and one entry in the list.
 * Times of episodes are the node's own clock; they are compared with each other, never with ours.
 */
import type { Trigger } from '../../../api/v1alpha1/incident.ts';
import type { KubeletRecoveryPolicy } from '../../../api/v1alpha1/policy.ts';
import { parsePlegLine } from '../../detection/pleg-line.ts';
import { durationMs, formatSeconds } from '../../time/duration.ts';
import { isAgentFresh, isLogUnreadable, readyCondition } from '../node-state.ts';
import { fromTime, toTime } from '../../time/timestamp.ts';
import type { NodeSnapshot } from './node-snapshot.ts';

type TriggerRule = (snapshot: NodeSnapshot, policy: KubeletRecoveryPolicy) => Trigger | undefined;

/** The agent says that PLEG is unhealthy, for long enough. */
function plegUnhealthy({ health, now }: NodeSnapshot, policy: KubeletRecoveryPolicy): Trigger | undefined {
  const pleg = health?.status.pleg;
  if (!isAgentFresh(health, now) || pleg?.state !== 'Unhealthy') return undefined;
  const at = pleg.episodes.at(-1)?.startedAt ?? pleg.since;
  const reportedAt = fromTime(health?.status.agent?.reportedAt) ?? now;
  const lastedMs = reportedAt - (fromTime(at) ?? reportedAt);
  if (lastedMs < durationMs(policy.spec.detection.sustainedFor)) return undefined;
  return { type: 'PLEGUnhealthy', at, message: pleg.message, elapsed: pleg.elapsed, threshold: pleg.threshold };
}

/** PLEG recovers by itself, and breaches again: each episode is short, their number is the fault. */
function plegFlapping({ health, now }: NodeSnapshot, policy: KubeletRecoveryPolicy): Trigger | undefined {
  const pleg = health?.status.pleg;
  if (!isAgentFresh(health, now) || pleg?.state !== 'Unhealthy') return undefined;
  const { episodes, within } = policy.spec.detection.flapping;
  const newest = fromTime(pleg.episodes.at(-1)?.startedAt) ?? 0;
  const recent = pleg.episodes.filter((episode) => (fromTime(episode.startedAt) ?? 0) > newest - durationMs(within));
  const last = recent.at(-1);
  if (last === undefined || recent.length < episodes) return undefined;
  return {
    type: 'PLEGFlapping',
    at: last.startedAt,
    message: `${recent.length} episodes of an unhealthy PLEG within ${within}; the last: ${pleg.message}`,
  };
}

/**
 * The kubelet says it in its Ready condition, and no agent can read its log: 73 s later than the log (measured).
 */
function conditionOnly({ node, health, now }: NodeSnapshot): Trigger | undefined {
  const ready = readyCondition(node);
  const agentSees = isAgentFresh(health, now) && !isLogUnreadable(health);
  if (agentSees || ready?.status !== 'False') return undefined;
  const line = parsePlegLine(ready.message);
  if (line.kind !== 'breach') return undefined;
  return {
    type: 'PLEGUnhealthy',
    at: ready.lastTransitionTime === '' ? toTime(now) : ready.lastTransitionTime,
    message: `Node condition Ready: ${ready.message}`.slice(0, 1024),
    elapsed: line.elapsedText,
    threshold: line.thresholdText,
  };
}

/** The agent's probe, where it says that the runtime accepts calls and answers none, and since when. */
function silence({ health, now }: NodeSnapshot): { readonly since: string; readonly forMs: number } | undefined {
  const probe = isAgentFresh(health, now) ? health?.status.runtime?.probe : undefined;
  if (probe?.state !== 'Timeout' || probe.failingSince === undefined) return undefined;
  return { since: probe.failingSince, forMs: (fromTime(probe.at) ?? now) - (fromTime(probe.failingSince) ?? now) };
}

/** The CRI call in which relist waited, by a dump that the agent took after the runtime fell silent. Both times are the node's. */
function relistCallSince({ health }: NodeSnapshot, since: string): string | undefined {
  const early = health?.status.spool?.early;
  const isOfNow = (fromTime(early?.at) ?? 0) >= (fromTime(since) ?? Number.POSITIVE_INFINITY);
  return isOfNow ? early?.relistCall : undefined;
}

/** Opt-in: the runtime answers nobody, and a dump in hand shows relist waiting for it. */
function runtimeHung(snapshot: NodeSnapshot, policy: KubeletRecoveryPolicy): Trigger | undefined {
  const after = policy.spec.detection.runtimeHungAfter;
  const silent = silence(snapshot);
  const call = after === undefined || silent === undefined ? undefined : relistCallSince(snapshot, silent.since);
  if (after === undefined || silent === undefined || call === undefined) return undefined;
  if (silent.forMs < durationMs(after)) return undefined;
  const message = `the CRI has not answered for ${formatSeconds(silent.forMs)}, and a stack dump shows relist waiting in ${call}`;
  return { type: 'RuntimeHung', at: silent.since, message };
}

const RULES: readonly TriggerRule[] = [plegUnhealthy, plegFlapping, runtimeHung, conditionOnly];

export function findTrigger(snapshot: NodeSnapshot, policy: KubeletRecoveryPolicy): Trigger | undefined {
  for (const rule of RULES) {
    const trigger = rule(snapshot, policy);
    if (trigger !== undefined) return trigger;
  }
  return undefined;
}
