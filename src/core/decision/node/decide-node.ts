/** What one node needs: settings for its agent, a condition, an incident. */
import type { HealthSpec, KubeletHealth, PlegState } from '../../../api/v1alpha1/kinds/health.ts';
import type { KubeletIncident, Plan, Trigger } from '../../../api/v1alpha1/kinds/incident.ts';
import { NODE_CONDITION_STUCK } from '../../../api/v1alpha1/words/conditions.ts';
import type { KubeletRecoveryPolicy } from '../../../api/v1alpha1/kinds/policy.ts';
import { canonical } from '../canonical.ts';
import { askCommands, askInMs, isInTouch, isSilent, type Need, silentInMs } from '../contact.ts';
import { silenceWords } from '../silence.ts';
import { clockSkewMs, isCordonedBy, isOpen } from '../node-state.ts';
import { isRuntimeDeaf } from '../actions.ts';
import { nodeReady } from '../incident/recovery/witness.ts';
import { sweepCommand } from './sweep-cordon.ts';
import { needOf } from './agent-need.ts';
import { findCondition } from '../record/conditions-and-steps.ts';
import { isOutcome, OUTCOMES } from '../record/outcomes.ts';
import { inARow, isRetried, retryAfterMs } from '../record/retry-after.ts';
import { fromTime } from '../../time/timestamp.ts';
import type { NodeReason } from '../record/reasons.ts';
import type { NodeCommand, NodeDecision, NodeSnapshot, StuckClaim } from './node-snapshot.ts';
import { findTrigger, TRIGGERS } from './triggers.ts';

const LOOK_AGAIN_MS = 60_000;
/** A node's clock may differ from the API server's by this much before it is worth a word. */
const CLOCK_SKEW_MS = 30_000;

function healthSpec(policy: KubeletRecoveryPolicy | undefined): HealthSpec {
  const none = { episodes: 3, within: '30m' };
  if (policy === undefined) {
    return {
      mode: 'Observe',
      detection: { sustainedFor: '0s', flapping: none, earlyCapture: false, kubeletSilentAfter: '40s' },
      logWindow: '15m',
      redact: true,
    };
  }
  const { detection, evidence, mode } = policy.spec;
  return { policy: policy.metadata.name, mode, detection, logWindow: evidence.logWindow, redact: evidence.redact };
}

export function planOf(policy: KubeletRecoveryPolicy): Plan {
  const { mode, strategy, evidence, remediation, budget } = policy.spec;
  return {
    policy: policy.metadata.name,
    policyGeneration: policy.metadata.generation,
    mode,
    strategy,
    evidence,
    remediation,
    budget,
  };
}

/** What a person asks for says nothing of how the node is. */
function isOfFault({ spec }: KubeletIncident): boolean {
  return TRIGGERS[spec.trigger.type].isFault;
}

/** Stamped by a clock that was ahead: the creation is of the API server's clock, in whole seconds. */
const AHEAD_MS = 60_000;

/**
 * Whether an incident is about the trouble that is seen now, or about a later one. Times of episodes are the node's clock: one
 * that was ahead when the incident was stamped says nothing of what is stamped since.
 */
function isSameTrouble({ health }: NodeSnapshot, incident: KubeletIncident, trigger: Trigger): boolean {
  const { spec, metadata } = incident;
  const [known, seen] = [fromTime(spec.trigger.at) ?? 0, fromTime(trigger.at) ?? 0];
  const isOfFuture = known > (fromTime(metadata.creationTimestamp) ?? known) + AHEAD_MS;
  if (known === seen || (known > seen && !isOfFuture)) return true;
  // What the Node's condition says has the API server's time, or the kubelet's, which is not known to be off.
  const skewMs = health === undefined || trigger.source === 'NodeReady' ? 0 : clockSkewMs(health);
  return isLeftIll(incident) && seen - skewMs <= endOf(incident);
}

/** What had begun when an incident left its node ill is what it left: our own restart begins an episode anew. */
function isLeftIll({ status: { outcome = '' } }: KubeletIncident): boolean {
  return isOutcome(outcome) && !OUTCOMES[outcome].isNodeWell;
}

function endOf({ status }: KubeletIncident): number {
  return fromTime(status.timings?.completedAt) ?? 0;
}

function isFalseAlarm({ status }: KubeletIncident): boolean {
  return findCondition(status.conditions, 'Complete')?.reason === 'NotConfirmed';
}

/** Again and again: another episode of the trouble would end in the same way. */
function isWithoutEvidence({ status }: KubeletIncident): boolean {
  return findCondition(status.conditions, 'Complete')?.reason === 'EvidenceMissing';
}

/** Nothing but what was called a false alarm lately says that the node is stuck. */
function isFalseAlarmAgain(snapshot: NodeSnapshot, incident: KubeletIncident, { source }: Trigger): boolean {
  const isDeaf = isRuntimeDeaf(snapshot.health?.status.runtime?.probe.state ?? 'Unknown');
  return isFalseAlarm(incident) && nodeReady(snapshot) === undefined && (!isDeaf || source === 'RuntimeProbe');
}

/** It was called a false alarm since nobody else said so; now the kubelet does, that perhaps could not reach the API before. */
function isConfirmedSince(snapshot: NodeSnapshot, incident: KubeletIncident, { source }: Trigger): boolean {
  return isFalseAlarm(incident) && source !== 'NodeReady' && nodeReady(snapshot) !== undefined;
}

/** It was handed over, and nobody has taken it back: our cordon of then is on it. Whatever comes next is that person's too. */
function isLeftToPerson({ node }: NodeSnapshot, incident: KubeletIncident): boolean {
  const { outcome } = incident.status;
  return outcome === 'HandedOver' && !isRetried(incident) && isCordonedBy(node, incident.metadata.name);
}

/** An incident that has already dealt with this very trouble; it is not opened twice. */
function alreadyHandled(snapshot: NodeSnapshot, trigger: Trigger): boolean {
  const { now } = snapshot;
  const faults = snapshot.incidents.filter(isOfFault);
  return faults.some((incident, index) => {
    if (isLeftToPerson(snapshot, incident)) return true;
    const endedAt = fromTime(incident.status.timings?.completedAt) ?? now;
    // Trouble of another kind is not what was looked into in vain.
    const row = trigger.type === incident.spec.trigger.type ? inARow(faults.slice(index)) : 1;
    // A clock that was ahead when it ended does not keep it from being taken up again.
    const isRecent = Math.max(0, now - endedAt) < retryAfterMs(incident, row) && endedAt <= now + AHEAD_MS;
    if (!isRecent || isConfirmedSince(snapshot, incident, trigger)) return false;
    const isSame = isSameTrouble(snapshot, incident, trigger) || isFalseAlarmAgain(snapshot, incident, trigger);
    return isSame || (row > 1 && isWithoutEvidence(incident));
  });
}

function silentClaim({ health, node }: NodeSnapshot): StuckClaim {
  return { status: 'Unknown', reason: 'AgentSilent', message: silenceWords(health, node.metadata.name) };
}

type PlegClaim = StuckClaim & { readonly reason: NodeReason };

const CLAIMS: Readonly<Record<PlegState, Omit<PlegClaim, 'message'>>> = {
  Healthy: { status: 'False', reason: 'PLEGHealthy' },
  Suspected: { status: 'False', reason: 'PLEGSuspected' },
  Unhealthy: { status: 'True', reason: 'PLEGUnhealthy' },
  Unknown: { status: 'Unknown', reason: 'PLEGUnknown' },
};

function plegClaim({ status }: KubeletHealth): PlegClaim {
  const { state, message } = status.pleg ?? { state: 'Unknown', message: 'the agent cannot tell' };
  return { ...CLAIMS[state], message: message.slice(0, 512) };
}

function incidentClaim({ metadata, spec }: KubeletIncident): StuckClaim {
  const { type, message } = spec.trigger;
  const { name } = metadata;
  return { status: 'True', reason: type, message: `incident ${name}: ${message}`.slice(0, 512), incident: name };
}

/** undefined: it is not known yet, and what was said before stands. */
function stuckClaim(snapshot: NodeSnapshot): StuckClaim | undefined {
  const { health, incidents, contact } = snapshot;
  const open = incidents.find((incident) => isOpen(incident) && isOfFault(incident));
  if (open !== undefined) return incidentClaim(open);
  if (health === undefined || isSilent(contact)) return silentClaim(snapshot);
  if (!isInTouch(contact)) return undefined;
  const claim = plegClaim(health);
  const skewMs = clockSkewMs(health);
  if (Math.abs(skewMs) < CLOCK_SKEW_MS) return claim;
  const words = `the node's clock is ${Math.round(skewMs / 1000)} s off the API server's`;
  return { ...claim, reason: `${claim.reason}ClockSkewed`, message: `${claim.message}; ${words}` };
}

/**
 * kubelet's own words grow with every line; only a change of what the claim is about is worth a write. A controller that has
 * just started does not know which incident the condition names, and writes it once.
 */
function isTold({ node, told }: NodeSnapshot, claim: StuckClaim): boolean {
  const old = node.status.conditions.find(({ type }) => type === NODE_CONDITION_STUCK);
  if (old?.status !== claim.status || old.reason !== claim.reason) return false;
  return claim.status !== 'True' || (told !== undefined && told.incident === claim.incident);
}

function stuckCommand(snapshot: NodeSnapshot): readonly NodeCommand[] {
  const claim = stuckClaim(snapshot);
  return claim === undefined || isTold(snapshot, claim) ? [] : [{ kind: 'SetStuck', claim }];
}

/**
 * One that only observes, and stays open until the node is well, keeps nothing back once the policy says more. A drill waits for
 * the incident that its fault opens.
 */
function thatCount({ incidents }: NodeSnapshot, { spec }: KubeletRecoveryPolicy): readonly KubeletIncident[] {
  const others = incidents.filter((incident) => incident.spec.trigger.type !== 'Drill');
  return others.filter(
    (incident) => spec.mode === 'Observe' || incident.spec.plan.mode !== 'Observe' || !isOpen(incident),
  );
}

function incidentCommand(snapshot: NodeSnapshot): readonly NodeCommand[] {
  const { policy } = snapshot.match;
  if (policy === undefined) return [];
  const incidents = thatCount(snapshot, policy);
  if (incidents.some(isOpen)) return [];
  const trigger = findTrigger(snapshot, policy);
  if (trigger === undefined || alreadyHandled({ ...snapshot, incidents }, trigger)) return [];
  return [{ kind: 'OpenIncident', trigger, plan: planOf(policy) }];
}

function healthCommand({ health, match }: NodeSnapshot): readonly NodeCommand[] {
  const inquiry = health?.spec.inquiry;
  const spec = { ...healthSpec(match.policy), ...(inquiry === undefined ? {} : { inquiry }) };
  // Grants of the bucket have a manager of their own.
  const { bucket, ...told } = health?.spec ?? {};
  const same = health !== undefined && canonical(told) === canonical(spec);
  return same ? [] : [{ kind: 'ApplyHealth', spec }];
}

/**
 * A node at rest is looked at when something changes, or when its agent is to be asked. What was asked now is looked at when no
 * answer to it would be silence.
 */
function nextLookMs({ contact }: NodeSnapshot, need: Need): number {
  const askMs = askInMs(contact, need);
  const nextMs = askMs === 0 ? silentInMs({ ...contact, unansweredMs: 0 }) : (askMs ?? silentInMs(contact));
  return need === 'ever' ? (nextMs ?? LOOK_AGAIN_MS) : Math.min(nextMs ?? LOOK_AGAIN_MS, LOOK_AGAIN_MS);
}

export function decideNode(snapshot: NodeSnapshot): NodeDecision {
  const { now, health, contact } = snapshot;
  const need = needOf(snapshot);
  const commands = [
    ...incidentCommand(snapshot),
    ...healthCommand(snapshot),
    ...askCommands(contact, need),
    ...stuckCommand(snapshot),
    ...sweepCommand(snapshot),
  ];
  return {
    commands,
    reason: health?.status.pleg?.state ?? 'AgentSilent',
    need,
    nextCheckAt: now + nextLookMs(snapshot, need),
  };
}
