/** Incidents and evidence as the suite looks at them. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { EvidenceEntry } from '../../src/api/v1alpha1/evidence.ts';
import { KubeletIncident } from '../../src/api/v1alpha1/incident.ts';
import { execOn, getJson } from './lab.ts';
import { until } from './shell.ts';

export async function incidentsOf(node: string): Promise<readonly KubeletIncident[]> {
  const list = (await getJson('kubeletincidents', '--field-selector', `spec.nodeName=${node}`)) as { items: unknown[] };
  return list.items.map((item) => KubeletIncident.parse(item));
}

/** The node's only incident, when it is complete. */
export function completedIncident(node: string, limitMs: number): Promise<KubeletIncident> {
  return until(`the incident of ${node} is complete`, limitMs, async () => {
    const [incident] = await incidentsOf(node);
    return incident?.status.outcome === undefined ? undefined : incident;
  });
}

async function storedBytes(entry: EvidenceEntry): Promise<Buffer> {
  const [, namespace, name, key] = /^secret:\/\/([^/]+)\/([^#]+)#(.+)$/.exec(entry.location ?? '') ?? [];
  if (namespace !== undefined) {
    const secret = (await getJson('secret', name ?? '', '-n', namespace)) as { data: Record<string, string> };
    return Buffer.from(secret.data[key ?? ''] ?? '', 'base64');
  }
  const [, node, path] = /^spool:\/\/([^/]+)\/(.+)$/.exec(entry.location ?? '') ?? [];
  if (node === undefined) throw new Error(`${entry.name} has no location: ${String(entry.location)}`);
  return Buffer.from(await execOn(node, 'base64', '-w0', `/var/lib/kubelet-medic/spool/${path ?? ''}`), 'base64');
}

/** The text of an artifact, where it is kept. @throws if its checksum is not that of the manifest. */
export async function artifact(entry: EvidenceEntry): Promise<string> {
  const bytes = await storedBytes(entry);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (sha256 !== entry.sha256)
    throw new Error(`${entry.name}: checksum ${sha256}, the manifest says ${String(entry.sha256)}`);
  return gunzipSync(bytes).toString('utf8');
}

export function captured(incident: KubeletIncident, kind: EvidenceEntry['kind']): readonly EvidenceEntry[] {
  return (incident.status.evidence ?? []).filter((entry) => entry.kind === kind && entry.state === 'Captured');
}
