/** What all that the operator stores may take of etcd, over the whole cluster. */
export interface StorageBounds {
  /** Bytes of KubeletEvidence. */
  readonly evidenceBytes: number;
  /** Bytes of KubeletIncidents. */
  readonly incidentBytes: number;
  /** Captures that may begin in a minute. */
  readonly capturesPerMinute: number;
}

const MIB = 1024 * 1024;

/** Of a fleet of 5,000 nodes; docs/adr/0014 has the sum. */
export const DEFAULT_BOUNDS: StorageBounds = {
  evidenceBytes: 64 * MIB,
  incidentBytes: 56 * MIB,
  // 500 nodes that breach at once have their verdict within five minutes.
  capturesPerMinute: 120,
};
