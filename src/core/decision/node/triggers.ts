/**
 * What opens an incident. A trigger is one entry here; its name is in the API (`TriggerType`).
 * Times of episodes are the node's own clock; they are compared with each other, never with ours.
 */
import { type Trigger, TriggerType } from '../../../api/v1alpha1/kinds/incident.ts';
import type { KubeletRecoveryPolicy } from '../../../api/v1alpha1/kinds/policy.ts';
import { parsePlegLine } from '../../detection/pleg-line.ts';
import { durationMs, formatSeconds } from '../../time/duration.ts';
import { isInTouch, isSilent } from '../contact.ts';
import { clockSkewMs, isLogUnreadable, lastedMs, readyCondition } from '../node-state.ts';
import { fromTime, toTime } from '../../time/timestamp.ts';
import type { NodeSnapshot } from './node-snapshot.ts';
import { type Claimed, kubeletDown, kubeletSilent, runtimeDown } from './program-claims.ts';
import { cleanText } from '../../redaction/redact.ts';

/** Pure. undefined: there is nothing of it. */
type Claim = (snapshot: NodeSnapshot, policy: KubeletRecoveryPolicy) => Claimed | undefined;

interface TriggerFacts {
  /** One sentence, for the reference. */
  readonly meaning: string;
  /** From what the node's agent sees. Asked in the order of the table. */
  readonly claim?: Claim;
  /** From the Node alone; asked after every `claim`. */
  readonly claimWithoutAgent?: Claim;
  /**
   * It says that the node is stuck: the Node is marked so, the same trouble opens no second incident, and evidence that was
   * saved early is of it. What a person asks for says nothing of the node.
   */
  readonly isFault: boolean;
  /** It is about this moment: a node that is well again before anything was done is left alone. */
  readonly isMomentary: boolean;
  /** It is about a program that does not run, or does nothing: whether relist moves says nothing of it. */
  readonly isOfProgram?: true;
  /** There may be no kubelet to take a dump of: the gate does not ask for one. */
  readonly hasNoKubelet?: true;
}

/** The agent says that PLEG is unhealthy, for long enough. */
function plegUnhealthy({ health, now, contact }: NodeSnapshot, policy: KubeletRecoveryPolicy): Claimed | undefined {
  const pleg = health?.status.pleg;
  if (!isInTouch(contact) || pleg?.state !== 'Unhealthy') return undefined;
  const at = pleg.episodes.at(-1)?.startedAt ?? pleg.since;
  const reportedAt = fromTime(health?.status.agent?.reportedAt) ?? now;
  const lastedMs = reportedAt - (fromTime(at) ?? reportedAt);
  if (lastedMs < durationMs(policy.spec.detection.sustainedFor)) return undefined;
  return { at, source: 'KubeletLog', message: pleg.message, elapsed: pleg.elapsed, threshold: pleg.threshold };
}

/** Ended by what an incident did: from the episode that opened it to its end, by the node's clock as far as it is known. */
function isOfAnAct({ incidents, health }: NodeSnapshot, startedAt: number): boolean {
  const skewMs = health === undefined ? 0 : clockSkewMs(health);
  return incidents.some(({ spec, status }) => {
    const end = fromTime(status.timings?.completedAt);
    const isActed = status.timings?.actedAt !== undefined && end !== undefined;
    return isActed && startedAt >= (fromTime(spec.trigger.at) ?? 0) && startedAt - skewMs <= end;
  });
}

/** PLEG recovers by itself, and breaches again: each episode is short, their number is the fault. */
function plegFlapping(snapshot: NodeSnapshot, policy: KubeletRecoveryPolicy): Claimed | undefined {
  const { health, contact } = snapshot;
  const pleg = health?.status.pleg;
  if (!isInTouch(contact) || pleg?.state !== 'Unhealthy') return undefined;
  const { episodes, within } = policy.spec.detection.flapping;
  const newest = fromTime(pleg.episodes.at(-1)?.startedAt) ?? 0;
  const recent = pleg.episodes.filter((episode) => {
    const startedAt = fromTime(episode.startedAt) ?? 0;
    return startedAt > newest - durationMs(within) && !isOfAnAct(snapshot, startedAt);
  });
  const last = recent.at(-1);
  if (last === undefined || recent.length < episodes) return undefined;
  return {
    at: last.startedAt,
    source: 'KubeletLog',
    message: `${recent.length} episodes of an unhealthy PLEG within ${within}; the last: ${pleg.message}`,
  };
}

/** A kubelet that is well again says so to the API within 20 s. */
const LASTING_MS = 60_000;

/** A kubelet whose sync loop is stuck too writes one line of it, or none: the episode closes, and Ready stays False. */
function isLasting({ health, contact }: NodeSnapshot, since: string): boolean {
  return isInTouch(contact) && (lastedMs(health, since) ?? 0) >= LASTING_MS;
}

/**
 * The kubelet says it in its Ready condition, and its log does not: no agent can read it, 73 s later than the log (measured),
 * or nothing is written to it.
 */
function conditionOnly(snapshot: NodeSnapshot): Claimed | undefined {
  const { node, health, contact, now } = snapshot;
  const ready = readyCondition(node);
  const isBlind = isSilent(contact) || (isInTouch(contact) && isLogUnreadable(health));
  if (ready?.status !== 'False' || !(isBlind || isLasting(snapshot, ready.lastTransitionTime))) return undefined;
  const line = parsePlegLine(ready.message);
  if (line.kind !== 'breach') return undefined;
  return {
    at: ready.lastTransitionTime === '' ? toTime(now) : ready.lastTransitionTime,
    source: 'NodeReady',
    message: cleanText(`Node condition Ready: ${ready.message}`, 1024),
    elapsed: line.elapsedText,
    threshold: line.thresholdText,
  };
}

/** The agent's probe, where it says that the runtime accepts calls and answers none, and since when. */
function silence({
  health,
  contact,
  now,
}: NodeSnapshot): { readonly since: string; readonly forMs: number } | undefined {
  const probe = isInTouch(contact) ? health?.status.runtime?.probe : undefined;
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
function runtimeHung(snapshot: NodeSnapshot, policy: KubeletRecoveryPolicy): Claimed | undefined {
  const after = policy.spec.detection.runtimeHungAfter;
  const silent = silence(snapshot);
  const call = after === undefined || silent === undefined ? undefined : relistCallSince(snapshot, silent.since);
  if (after === undefined || silent === undefined || call === undefined) return undefined;
  if (silent.forMs < durationMs(after)) return undefined;
  const message = `the CRI has not answered for ${formatSeconds(silent.forMs)}, and a stack dump shows relist waiting in ${call}`;
  return { at: silent.since, source: 'RuntimeProbe', message };
}

export const TRIGGERS: Readonly<Record<TriggerType, TriggerFacts>> = {
  PLEGUnhealthy: {
    meaning: 'The kubelet says that PLEG is not healthy, for as long as the policy asks.',
    claim: plegUnhealthy,
    claimWithoutAgent: conditionOnly,
    isFault: true,
    isMomentary: true,
  },
  PLEGFlapping: {
    meaning: 'PLEG recovers by itself and breaches again, as often as the policy asks.',
    claim: plegFlapping,
    isFault: true,
    isMomentary: false,
  },
  RuntimeHung: {
    meaning:
      'The runtime has not answered for as long as the policy asks, and a dump shows relist waiting for it. Off unless the policy sets `runtimeHungAfter`.',
    claim: runtimeHung,
    isFault: true,
    isMomentary: true,
  },
  RuntimeDown: {
    meaning:
      'systemd says that the container runtime is stopped, masked, broken, failed or crash-looping, and it does not answer.',
    claim: runtimeDown,
    isFault: true,
    isMomentary: true,
    isOfProgram: true,
  },
  KubeletDown: {
    meaning: 'systemd says that the kubelet is stopped, masked, broken, failed or crash-looping.',
    claim: kubeletDown,
    isFault: true,
    isMomentary: true,
    isOfProgram: true,
    hasNoKubelet: true,
  },
  KubeletSilent: {
    meaning:
      'The kubelet does nothing (frozen, without an answer, held in the kernel or by a debugger), or does not report while its agent does.',
    claim: kubeletSilent,
    isFault: true,
    isMomentary: true,
    isOfProgram: true,
  },
  Manual: {
    meaning: 'A person asked for evidence.',
    isFault: false,
    isMomentary: false,
  },
  Drill: {
    meaning:
      'A person has a fault made on the node, to see that it recovers. What the fault does opens an incident of its own.',
    isFault: false,
    isMomentary: false,
  },
};

/** The first that claims: in the order of the table, and those that know only the Node after those that know more. */
export function findTrigger(snapshot: NodeSnapshot, policy: KubeletRecoveryPolicy): Trigger | undefined {
  for (const by of ['claim', 'claimWithoutAgent'] as const) {
    for (const type of TriggerType.options) {
      const claimed = TRIGGERS[type][by]?.(snapshot, policy);
      if (claimed !== undefined) return { type, ...claimed };
    }
  }
  return undefined;
}
