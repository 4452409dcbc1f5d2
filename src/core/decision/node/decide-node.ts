/** What one node needs: settings for its agent, a condition, an incident. */
import type { HealthSpec, KubeletHealth, PlegState } from '../../../api/v1alpha1/health.ts';
import type { KubeletIncident, Plan, Trigger } from '../../../api/v1alpha1/incident.ts';
import { NODE_CONDITION_STUCK } from '../../../api/v1alpha1/conditions.ts';
import type { KubeletRecoveryPolicy } from '../../../api/v1alpha1/policy.ts';
import { canonical } from '../canonical.ts';
import { AGENT_SILENT_MS, agentSeenAt, clockSkewMs, isAgentFresh, isOpen } from '../node-state.ts';
import { retryAfterMs } from '../record/retry-after.ts';
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
      detection: { sustainedFor: '0s', flapping: none, earlyCapture: false },
      logWindow: '15m',
      redact: true,
    };
  }
  const { detection, evidence, mode } = policy.spec;
  return { policy: policy.metadata.name, mode, detection, logWindow: evidence.logWindow, redact: evidence.redact };
}

function planOf(policy: KubeletRecoveryPolicy): Plan {
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

/** An incident that has already dealt with this very trouble; it is not opened twice. */
function alreadyHandled({ incidents, now }: NodeSnapshot, trigger: Trigger): boolean {
  return incidents.filter(isOfFault).some((incident) => {
    const sameTrouble = (fromTime(incident.spec.trigger.at) ?? 0) >= (fromTime(trigger.at) ?? 0);
    const endedAt = fromTime(incident.status.timings?.completedAt) ?? now;
    return sameTrouble && now - endedAt < retryAfterMs(incident);
  });
}

function silentClaim({ health, node }: NodeSnapshot): StuckClaim {
  const seen = agentSeenAt(health);
  const what = seen === undefined ? 'has never reported' : `has not reported since ${new Date(seen).toISOString()}`;
  const message = `the kubelet-medic agent on ${node.metadata.name} ${what}`;
  return { status: 'Unknown', reason: 'AgentSilent', message };
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

function stuckClaim(snapshot: NodeSnapshot): StuckClaim {
  const { health, incidents, now } = snapshot;
  const open = incidents.find((incident) => isOpen(incident) && isOfFault(incident));
  if (open !== undefined) return incidentClaim(open);
  if (health === undefined || !isAgentFresh(health, now)) return silentClaim(snapshot);
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
  return isTold(snapshot, claim) ? [] : [{ kind: 'SetStuck', claim }];
}

function incidentCommand(snapshot: NodeSnapshot): readonly NodeCommand[] {
  const { policy } = snapshot.match;
  if (policy === undefined || snapshot.incidents.some(isOpen)) return [];
  const trigger = findTrigger(snapshot, policy);
  if (trigger === undefined || alreadyHandled(snapshot, trigger)) return [];
  return [{ kind: 'OpenIncident', trigger, plan: planOf(policy) }];
}

function healthCommand({ health, match }: NodeSnapshot): readonly NodeCommand[] {
  const spec = healthSpec(match.policy);
  const same = health !== undefined && canonical(health.spec) === canonical(spec);
  return same ? [] : [{ kind: 'ApplyHealth', spec }];
}

export function decideNode(snapshot: NodeSnapshot): NodeDecision {
  const { now, health } = snapshot;
  const open = incidentCommand(snapshot);
  const commands = [...open, ...healthCommand(snapshot), ...stuckCommand(snapshot)];
  const seen = agentSeenAt(health);
  const silentAt = seen === undefined ? now + LOOK_AGAIN_MS : seen + AGENT_SILENT_MS;
  return {
    commands,
    reason: health?.status.pleg?.state ?? 'AgentSilent',
    nextCheckAt: silentAt > now ? Math.min(silentAt, now + LOOK_AGAIN_MS) : now + LOOK_AGAIN_MS,
  };
}
