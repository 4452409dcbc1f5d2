/** One right that the chart grants. */
export interface Right {
  /** `controller`, `agent` and `clean-up` are the chart's accounts, the others ClusterRoles for people. */
  readonly identity: string;
  /** The values that grant it; absent: always. */
  readonly when?: 'nodeProxy' | 'medik8s' | 'drills' | 'otherOperators' | 'nhc' | 'mhc' | 'replace' | 'bucket';
  /** `*`: in all, and of what is in none. */
  readonly namespace: string;
  /** `GROUP/RESOURCE`, `RESOURCE` of the core group; subresources after a slash of their own: `/nodes/status`. */
  readonly group: string;
  readonly resources: readonly string[];
  readonly names?: readonly string[];
  readonly verbs: readonly string[];
  readonly why: string;
}
