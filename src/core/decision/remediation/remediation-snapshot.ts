/** All that a decision on one request may look at, and what a decision is. */
import type { KubeletRemediation, RemediationStatus } from '../../../api/v1alpha1/kinds/remediation.ts';
import type { NodeSnapshot } from '../node/node-snapshot.ts';
import type { Answer } from './answers.ts';

/** What is known of the node, by the mirrors. */
export type NodeFacts = Omit<NodeSnapshot, 'told' | 'wellMs' | 'kubeletLease'>;

/**
 * - `node`: it is about this node.
 * - `nobody`: there is none that it could be about.
 */
export type Target =
  | { readonly kind: 'node'; readonly name: string; readonly facts: NodeFacts }
  | {
      readonly kind: 'nobody';
      readonly name?: string;
      readonly reason: 'NodeNotFound' | 'MachineMismatch';
      readonly message: string;
    };

export interface RemediationSnapshot {
  /** The API server's clock, in milliseconds since 1970. */
  readonly now: number;
  readonly remediation: KubeletRemediation;
  readonly target: Target;
}

/**
 * - `pass`: the next question is asked.
 * - `working`: it is being looked at or worked on; look again at `until`, milliseconds since 1970, or when something changes.
 * - `healed`, `givenBack`: it is answered.
 */
export type Judgement =
  | { readonly kind: 'pass' }
  | {
      readonly kind: 'working' | 'healed' | 'givenBack';
      readonly reason: Answer;
      readonly message: string;
      readonly incident?: string;
      readonly until?: number;
    };

export interface RemediationDecision {
  readonly status: RemediationStatus;
  /** Milliseconds since 1970; undefined: it is answered. */
  readonly nextCheckAt: number | undefined;
}
