/** What the contract suites are about, and what they share. */
import type { Clock } from '../../src/ports/clock.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { AGENT_MANAGER, CONTROLLER_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { MedicError } from '../../src/ports/errors.ts';

/** What the suites need of a server. Its node proxy leads to a kubelet that answers as `kubelet.ts` here does. */
export interface ClusterUnderTest {
  /** A new client. `nobody` is known and may do nothing. @param clock of its machine; by default the server's. */
  cluster(user: 'admin' | 'nobody', clock?: Clock): Cluster;
  /** Cuts all connections that are open. */
  cutConnections(): Promise<void>;
  /** Cuts all connections, and watches cannot be resumed from before. `meanwhile` has a connection that works. */
  loseHistory(meanwhile: (cluster: Cluster) => Promise<void>): Promise<void>;
  /** A Node whose kubelet answers. */
  readonly node: string;
  close(): Promise<void>;
}

export const CONTROLLER = { manager: CONTROLLER_MANAGER };
export const AGENT = { manager: AGENT_MANAGER };
export const MANAGER = { manager: 'contract' };

let serial = 0;
/** A name that no other test uses. */
export function unique(prefix: string): string {
  serial += 1;
  return `${prefix}-${process.pid}-${serial}`;
}

/** The error that `work` fails with. @throws if it does not fail. */
export async function failure(work: Promise<unknown>): Promise<MedicError> {
  try {
    await work;
  } catch (error) {
    if (error instanceof MedicError) return error;
    throw error;
  }
  throw new Error('it did not fail');
}
