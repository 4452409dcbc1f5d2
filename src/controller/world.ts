/** What every reconciler is given. */
import type { StorageBounds } from '../core/decision/storage/bounds.ts';
import type { OwnCauses } from '../core/diagnosis/catalogue/own-causes.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import type { EvidenceBucket } from './bucket/evidence-bucket.ts';
import type { Notifications } from './notification/notifications.ts';

/** Moments at which a test may end the process, to see that the next one goes on where this one stopped. */
export type Failpoint = 'node-cordoned' | 'action-requested';

export interface RemediationSettings {
  /** What may be done with Machines of Cluster API: `none`; `read` which node one has; `replace`: ask its owner to replace it too. */
  readonly machines: 'none' | 'read' | 'replace';
}

export interface World {
  readonly cluster: Cluster;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Causes of the user's own (chart: `ownCauses`); absent: there are none. */
  readonly ownCauses?: OwnCauses;
  /** The right to ask kubelets through the API server's node proxy is granted (chart: `controller.nodeProxy`). */
  readonly nodeProxy: boolean;
  /** Maintenance leases of medik8s are respected and taken (chart: `medik8sLeases.enabled`). */
  readonly medik8sLeases: boolean;
  /** Other operators may ask for a node (chart: `otherOperators`); absent: there is nobody, and nothing is watched. */
  readonly remediations?: RemediationSettings;
  /** Recoveries of all policies together that may be in flight at once. */
  readonly maxInCluster: number;
  /** What all that is stored may take of etcd. */
  readonly storage: StorageBounds;
  /** Who is told of what, and how to reach them; undefined: nobody. */
  readonly notifications?: Notifications;
  /** Where evidence is copied to (chart: `evidence.bucket`); undefined: nowhere. */
  readonly bucket?: EvidenceBucket;
  /** Called when everything has been listed once: what that took is garbage then. */
  readonly onSynced?: () => void;
  /** Called at each failpoint; does nothing in production. */
  readonly failpoint: (name: Failpoint) => void;
}
