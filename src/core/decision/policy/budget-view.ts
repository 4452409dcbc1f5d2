/** All that a decision on the budget looks at: the other nodes and incidents. */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';

export interface BudgetView {
  /** Every incident there is, of all policies. */
  readonly incidents: readonly KubeletIncident[];
  /** Nodes of the cluster, whichever policy rules them. */
  readonly clusterNodes: number;
  /** Nodes that the policy rules. */
  readonly ruledNodes: number;
  /** Ruled nodes that are not Ready or whose PLEG is unhealthy. */
  readonly unhealthyNodes: number;
  /** Names of control plane nodes. */
  readonly controlPlaneNodes: ReadonlySet<string>;
  /** For how long some of this may have been out of date, in milliseconds. */
  readonly ageMs: number;
  /** Recoveries of all policies together that may be in flight at once. */
  readonly maxInCluster: number;
  /** Incidents that are there and cannot be read, unless it is known that they are over: what they do is not known. */
  readonly unreadable: readonly string[];
  /** What incidents did that are over and cannot be read. */
  readonly unreadActs: readonly UnreadActs[];
}

export interface UnreadActs {
  readonly nodeName: string;
  /** When something was asked for, milliseconds since 1970; infinite: it is not known when. */
  readonly times: readonly number[];
}
