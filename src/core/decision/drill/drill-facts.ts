/** What a decision on a drill may look at before the fault is made, beside the incident's own snapshot. */
import type { Pod } from '../../../api/kubernetes/pod.ts';
import type { KubeletRecoveryPolicy } from '../../../api/v1alpha1/kinds/policy.ts';

export interface DrillFacts {
  /** The policy that rules the node now. */
  readonly ruling: KubeletRecoveryPolicy | undefined;
  readonly pods:
    | { readonly kind: 'known'; readonly pods: readonly Pod[] }
    | { readonly kind: 'unreadable'; readonly message: string };
}
