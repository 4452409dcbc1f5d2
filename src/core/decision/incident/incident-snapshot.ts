/** All that a decision on one incident may look at, read at one moment; and what a decision is. */
import type { Node } from '../../../api/kubernetes/node.ts';
import type { EvidenceEntry } from '../../../api/v1alpha1/parts/evidence.ts';
import type { KubeletHealth } from '../../../api/v1alpha1/kinds/health.ts';
import type { IncidentStatus, KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import type { KubeletRecoveryPolicy } from '../../../api/v1alpha1/kinds/policy.ts';
import type { Cause } from '../../diagnosis/catalogue/cause.ts';
import type { NamedText } from '../../diagnosis/diagnosis-input.ts';
import type { AgentContact, AskAgent } from '../contact.ts';
import type { LeaseState } from '../other-actors.ts';
import type { DrillFacts } from '../drill/drill-facts.ts';
import type { BudgetView } from '../policy/budget-view.ts';
import type { ListedPlaces } from '../policy/places.ts';
import type { CaptureLimits } from '../storage/capture-turn.ts';
import type { Outcome } from '../record/outcomes.ts';
import type { WaitReason } from '../record/reasons.ts';

/** The evidence that is in the API server. Empty once the diagnosis is made. */
export interface Stacks {
  /** What the controller itself has saved, through the node proxy. */
  readonly entries: readonly EvidenceEntry[];
  /** Goroutine dumps of kubelet and runtime, whoever saved them, decompressed. */
  readonly dumps: readonly NamedText[];
  /** What processes left that systemd's watchdog ended: others than those that run now. */
  readonly left: readonly NamedText[];
  /** Dumps that were saved and cannot be read back, and why: a name of the manifest to a message. */
  readonly unreadable: ReadonlyMap<string, string>;
}

/** That the kubelet does not renew its Lease, as this process has seen it on its own monotonic clock. */
export interface LeaseSilence {
  /** For how long it has not been renewed for sure, in milliseconds. */
  readonly unrenewedMs: number;
  /** `leaseDurationSeconds`, in milliseconds: a kubelet renews four times within it. */
  readonly durationMs: number;
}

export interface IncidentSnapshot {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly incident: KubeletIncident;
  /** undefined: there is no Node of that name and UID any more. */
  readonly node: Node | undefined;
  /** Since when it has not been Ready, milliseconds since 1970; undefined: it is, or nobody says since when. */
  readonly notReadySince: number | undefined;
  readonly health: KubeletHealth | undefined;
  readonly contact: AgentContact;
  readonly stacks: Stacks;
  /** Of the user, beside those of the catalogue; absent: there are none. */
  readonly ownCauses?: readonly Cause[];
  /** The controller may ask the kubelet through the API server's node proxy. */
  readonly nodeProxy: boolean;
  /** The policy of the plan as it is now; undefined: there is none of that name any more, or the plan names none. */
  readonly policy: KubeletRecoveryPolicy | undefined;
  readonly budget: BudgetView;
  readonly captures: CaptureLimits;
  /** What a list says that was read after this incident's reservation; undefined: there is none to confirm. */
  readonly reserved: ListedPlaces | undefined;
  /** The node's maintenance lease. */
  readonly lease: LeaseState;
  /** undefined: not known, or of no matter. */
  readonly kubeletLease: LeaseSilence | undefined;
  /** What is looked at before a fault is made; absent: this is no drill that is to begin. */
  readonly drill?: DrillFacts;
  /** Of a drill: the incident that its fault opened, whole; absent: none is known, or it is gone. */
  readonly recovery?: KubeletIncident;
  /** How far the clock of `now` is ahead of the API server's, in milliseconds; undefined: not known. */
  readonly clockAheadMs: number | undefined;
}

/** What the controller is to do, besides writing the status. All of it can be done twice without harm. */
export type Command =
  | { readonly kind: 'CaptureStacks'; readonly round: number }
  | AskAgent
  /** Takes the node's maintenance lease, or renews it. */
  | { readonly kind: 'TakeLease' }
  | { readonly kind: 'ReleaseLease' }
  | { readonly kind: 'Cordon'; readonly reason: string }
  | { readonly kind: 'Uncordon' };

/**
 * - `pass`: this stage has nothing to wait for; the next one is asked.
 * - `wait`: look again at `until` (milliseconds since 1970) or when something changes.
 * - `complete`: the incident is over.
 */
export type StageResult =
  | { readonly kind: 'pass'; readonly status: IncidentStatus }
  | {
      readonly kind: 'wait';
      readonly status: IncidentStatus;
      readonly reason: WaitReason;
      readonly until: number;
      readonly commands?: readonly Command[];
    }
  | {
      readonly kind: 'complete';
      readonly status: IncidentStatus;
      readonly outcome: Outcome;
      readonly message: string;
    };

/** One question of the life of an incident. Pure. */
export type Stage = (snapshot: IncidentSnapshot, status: IncidentStatus) => StageResult;

export interface IncidentDecision {
  /** The status as the controller wants it; without the agent's own items. */
  readonly status: IncidentStatus;
  readonly commands: readonly Command[];
  /** Why it stands where it stands, in one word. */
  readonly reason: string;
  /** Milliseconds since 1970; undefined: it is over. */
  readonly nextCheckAt: number | undefined;
}
