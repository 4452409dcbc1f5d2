/** One thing that a recovery needs. */
import type { Pod } from '../../api/kubernetes/pod.ts';
import type { Leader } from './leader.ts';
import type { NodeView } from './read-fleet.ts';

/** `no`: nothing would be restarted. `warn`: it would, with less evidence or with harm. */
export type Verdict = 'yes' | 'warn' | 'no';

export interface Check {
  readonly name: string;
  readonly verdict: Verdict;
  /** For a person. It has no name of the node, so that nodes of one lack can be told together, unless it has to. */
  readonly message: string;
}

export interface CheckInput extends NodeView {
  readonly now: number;
  /** Absent: it is told of the fleet as a whole. */
  readonly leader?: Leader;
  /** Pods of the node; absent: they were not looked at; undefined: they may not be listed. */
  readonly pods?: readonly Pod[] | undefined;
}
