/** Which policy rules a node. */
import type { Node } from '../../../api/kubernetes/node.ts';
import type { KubeletRecoveryPolicy, NodeSelector } from '../../../api/v1alpha1/kinds/policy.ts';

type Labels = Readonly<Record<string, string>>;
type Requirement = NonNullable<NodeSelector['matchExpressions']>[number];

function meets(requirement: Requirement, labels: Labels): boolean {
  const value = labels[requirement.key];
  const values = requirement.values ?? [];
  switch (requirement.operator) {
    case 'In':
      return value !== undefined && values.includes(value);
    case 'NotIn':
      return value === undefined || !values.includes(value);
    case 'Exists':
      return value !== undefined;
    case 'DoesNotExist':
      return value === undefined;
    default:
      return requirement.operator satisfies never;
  }
}

/** Kubernetes: `metav1.LabelSelectorAsSelector`. An empty selector matches everything. */
export function selects(selector: NodeSelector, labels: Labels): boolean {
  const exact = Object.entries(selector.matchLabels ?? {}).every(([key, value]) => labels[key] === value);
  return exact && (selector.matchExpressions ?? []).every((requirement) => meets(requirement, labels));
}

/** Higher priority first; on a tie the older policy, then the name. */
function byRank(a: KubeletRecoveryPolicy, b: KubeletRecoveryPolicy): number {
  return (
    b.spec.priority - a.spec.priority ||
    a.metadata.creationTimestamp.localeCompare(b.metadata.creationTimestamp) ||
    a.metadata.name.localeCompare(b.metadata.name)
  );
}

export interface PolicyMatch {
  /** undefined: no policy matches the node. */
  readonly policy: KubeletRecoveryPolicy | undefined;
  /** Policies that match it too and lose. */
  readonly overridden: readonly KubeletRecoveryPolicy[];
}

export function matchPolicy(node: Node, policies: readonly KubeletRecoveryPolicy[]): PolicyMatch {
  const [policy, ...overridden] = policies
    .filter((candidate) => candidate.metadata.deletionTimestamp === undefined)
    .filter((candidate) => selects(candidate.spec.nodeSelector, node.metadata.labels))
    .sort(byRank);
  return { policy, overridden };
}
