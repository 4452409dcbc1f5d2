/**
 * Dumps go into the API server as well, where the controller reads them: what it decides on must not depend on a file of
 * the node. Everything else stays in the spool until a person asks for it.
 */
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { AGENT_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { isForDecision } from '../../core/evidence/manifest.ts';
import { isMedicError } from '../../ports/errors.ts';
import { createObjectStore } from '../../stores/object-store.ts';
import { createSpoolStore } from '../../stores/spool-store.ts';
import { reasonOf, type World } from '../world.ts';
import { bundleNameOf } from './spool-bundle.ts';

/**
 * @returns the entries, those that were uploaded with their new location. One that the API server will not take keeps its
 * place in the spool, and says why.
 * @throws `MedicError` while the API server cannot be reached: nothing is lost, and it is done again.
 */
export async function uploadForDecision(
  world: World,
  incident: KubeletIncident,
  entries: readonly EvidenceEntry[],
  signal: AbortSignal,
): Promise<readonly EvidenceEntry[]> {
  const { host, cluster, node, log } = world;
  const bundle = bundleNameOf(incident.metadata.name);
  const spool = createSpoolStore({ spool: host.spool, node, bundle, keep: new Set([bundle]) });
  const objects = createObjectStore({ cluster, incident, manager: AGENT_MANAGER });

  async function upload(entry: EvidenceEntry): Promise<EvidenceEntry> {
    if (entry.state !== 'Captured' || !isForDecision(entry)) return entry;
    try {
      const bytes = await spool.get(entry, signal);
      return bytes === undefined ? entry : await objects.put(entry, bytes, signal);
    } catch (error) {
      signal.throwIfAborted();
      // Absent: a cluster whose CRDs are those of an older version has no such kind.
      if (!isMedicError(error, 'denied', 'absent', 'invalid', 'terminal')) throw error;
      log.warn('A dump cannot be uploaded', { incident: incident.metadata.name, reason: entry.name, err: error });
      return { ...entry, message: `in the spool only: ${reasonOf(error)}`.slice(0, 1024) };
    }
  }

  const uploaded: EvidenceEntry[] = [];
  for (const entry of entries) uploaded.push(await upload(entry));
  return uploaded;
}
