/** All that a decision on one node may look at, and what a decision is. */
import type { Node } from '../../../api/kubernetes/node.ts';
import type { HealthSpec, KubeletHealth } from '../../../api/v1alpha1/kinds/health.ts';
import type { KubeletIncident, Plan, Trigger } from '../../../api/v1alpha1/kinds/incident.ts';
import type { AgentContact, AskAgent, Need } from '../contact.ts';
import type { LeaseSilence } from '../incident/incident-snapshot.ts';
import type { PolicyMatch } from '../policy/policy-match.ts';
import type { StuckReason } from '../record/reasons.ts';

export interface NodeSnapshot {
  readonly now: number;
  readonly node: Node;
  readonly match: PolicyMatch;
  readonly health: KubeletHealth | undefined;
  readonly contact: AgentContact;
  /** All incidents of this node (by UID), newest first. */
  readonly incidents: readonly KubeletIncident[];
  /** For how long this process has seen the node well without a break, in milliseconds; undefined: it is not. */
  readonly wellMs: number | undefined;
  /** What this process last claimed of the node in the condition KubeletStuck; undefined: nothing yet. */
  readonly told: StuckClaim | undefined;
  /** undefined: not known, or of no matter. */
  readonly kubeletLease?: LeaseSilence | undefined;
}

export interface StuckClaim {
  readonly status: 'True' | 'False' | 'Unknown';
  readonly reason: StuckReason;
  readonly message: string;
  /** The incident that the message names. */
  readonly incident?: string;
}

export type NodeCommand =
  | { readonly kind: 'ApplyHealth'; readonly spec: HealthSpec }
  | AskAgent
  /** A cordon of ours that nobody undoes any more: its incident is over or gone. */
  | { readonly kind: 'SweepCordon'; readonly incident: string; readonly why: string }
  /** Our annotations on a node whose cordon is not ours any more: a person has undone it, or made it his own. */
  | { readonly kind: 'SweepMark'; readonly incident: string }
  | { readonly kind: 'SetStuck'; readonly claim: StuckClaim }
  | { readonly kind: 'OpenIncident'; readonly trigger: Trigger; readonly plan: Plan };

export interface NodeDecision {
  readonly commands: readonly NodeCommand[];
  readonly reason: string;
  /** For what the agent is asked. */
  readonly need: Need;
  readonly nextCheckAt: number;
}
