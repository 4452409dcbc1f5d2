/**
 * Goroutine dumps of a kubelet through the API server's node proxy, kept as KubeletEvidence. Only where the value
 * `controller.nodeProxy` grants it, for hosts whose memory the agent cannot read. Done twice it takes one more dump.
 */
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import { EVIDENCE_BYTES } from '../../api/v1alpha1/kinds/kubelet-evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { CONTROLLER_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { failedArtifact, isKubeletDump, sealWithin, type ArtifactOrigin } from '../../core/evidence/manifest.ts';
import { createObjectStore } from '../../stores/object-store.ts';
import type { World } from '../world.ts';
import { dumpFile, fetchFile, ONCE, type Fetched } from './kubelet-files.ts';

const NOTHING = Buffer.alloc(0);

function sealed(
  fetched: Fetched,
  at: number,
  redact: boolean,
): { readonly entry: EvidenceEntry; readonly bytes: Buffer } {
  const { name, kind, source, body, truncated, message = '' } = fetched;
  const origin: ArtifactOrigin = { name, kind, source, by: 'Controller', at };
  if (body === undefined) return { entry: failedArtifact(origin, message), bytes: NOTHING };
  return sealWithin(origin, { bytes: body, truncated, message }, { redact, maxBytes: EVIDENCE_BYTES });
}

/** @param saved what this controller has saved of the incident already. */
export async function captureByProxy(
  world: World,
  incident: KubeletIncident,
  saved: readonly EvidenceEntry[],
  signal: AbortSignal,
): Promise<void> {
  const dumps = saved.filter(isKubeletDump).length;
  const once = saved.some(({ kind }) => kind === 'GoroutineCounts') ? [] : ONCE;
  const store = createObjectStore({ cluster: world.cluster, incident, manager: CONTROLLER_MANAGER });
  // One after the other: each answer may be large, and nobody waits for the second.
  for (const file of [dumpFile(dumps + 1), ...once]) {
    const fetched = await fetchFile(world.cluster, incident.spec.nodeName, file, signal);
    const { entry, bytes } = sealed(fetched, world.clock.now(), incident.spec.plan.evidence.redact);
    await store.put(entry, bytes, signal);
    world.metrics.count('evidence_artifacts_total', { kind: entry.kind, state: entry.state });
  }
}
