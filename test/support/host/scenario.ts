/** What goes wrong on a simulated host. Times and texts are those measured on real nodes; see docs/measurements.md. */

/**
 * - `event-channel-deadlock`: kubelet before 1.14 blocks in relist, sending to a channel that nobody drains. The runtime
 *   is well; a kubelet restart heals it (kubernetes#72482).
 * - `runtime-hung`: the runtime is stopped. Its restart heals; a kubelet restart makes the kubelet crash-loop.
 * - `kubelet-frozen`: the kubelet is stopped by a signal: it logs nothing and reports nothing.
 * - `not-reporting`: the kubelet's connection to the API server is dead, and all else is well. A kubelet restart heals.
 * - `frozen-connection`: the kubelet's own connection to the runtime is dead, new ones are well. A kubelet restart heals.
 */
export type FaultKind =
  'event-channel-deadlock' | 'runtime-hung' | 'frozen-connection' | 'kubelet-frozen' | 'not-reporting';

export interface KubeletProfile {
  readonly version: string;
  /** klog's text before 1.17 or so was a plain sentence; later ones are structured. */
  readonly log: 'plain' | 'structured';
}

export const KUBELET_1_12: KubeletProfile = { version: 'v1.12.10', log: 'plain' };
export const KUBELET_1_36: KubeletProfile = { version: 'v1.36.3', log: 'structured' };

/** Milliseconds, unless a name says otherwise. */
export const TIMES = {
  threshold: 180_000,
  relistPeriod: 1_000,
  /** The sync loop itself waits for a CRI call of two minutes before it says anything. */
  syncLoopBlockedFor: 121_000,
  /** Node status updates wait on CRI calls too. */
  statusBlockedFor: 126_000,
  statusNamesPlegAfter: 256_000,
  statusPeriod: 10_000,
  backoffFirst: 100,
  backoffLongest: 5_000,
  /** 10250/healthz turns 500 so long after the first breach. */
  healthzFailsAfter: 302_000,
  kubeletStop: 300,
  kubeletFirstRelist: 900,
  kubeletExitsAfter: 2_000,
  kubeletRestartSec: 10_000,
  runtimeRestart: 1_200,
  /** RestartSec= of containerd.service. */
  runtimeRestartSec: 5_000,
  criCallLimit: 120_000,
} as const;
