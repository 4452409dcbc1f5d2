/** CRDs of ours that an API server has begun to delete, for tests that wait until they have gone. */
import { CRDS, retryDeletion } from '../../src/cli/uninstall/crd.ts';
import type { Cluster } from '../../src/ports/cluster.ts';
import { CRD_FILES } from './raw-resource.ts';

/** Has each of them tried again that could not be deleted: `kubectl delete` only waits. */
export async function retryDeletions(cluster: Cluster): Promise<void> {
  for (const plural of CRD_FILES) {
    const crd = await cluster.get(CRDS, { name: `${plural}.kubelet-medic.io` });
    if (crd !== undefined) await retryDeletion(cluster, crd);
  }
}
