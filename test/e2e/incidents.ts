/** Incidents and evidence as the suite looks at them. */
import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import type { EvidenceEntry } from '../../src/api/v1alpha1/parts/evidence.ts';
import { KubeletEvidence } from '../../src/api/v1alpha1/kinds/kubelet-evidence.ts';
import { KubeletIncident } from '../../src/api/v1alpha1/kinds/incident.ts';
import { parseLocation } from '../../src/core/evidence/location.ts';
import { execOn, getJson } from './lab.ts';
import { until } from './shell.ts';

/** A kubelet notices after 3 minutes; and slack for a machine of two cores. */
const BREACH_LIMIT_MS = 8 * 60_000;
/** Each look is a program that is started: a dozen stories wait at a time, and figures are those of the objects. */
const LOOK_MS = 5_000;

export async function incidentsOf(node: string): Promise<readonly KubeletIncident[]> {
  const list = (await getJson('kubeletincidents', '--field-selector', `spec.nodeName=${node}`)) as { items: unknown[] };
  return list.items.map((item) => KubeletIncident.parse(item));
}

/** The node's only incident, when it is complete. */
export function completedIncident(node: string, limitMs: number): Promise<KubeletIncident> {
  return until(
    `the incident of ${node} is complete`,
    limitMs,
    async () => {
      const [incident] = await incidentsOf(node);
      return incident?.status.outcome === undefined ? undefined : incident;
    },
    LOOK_MS,
  );
}

/** Which incidents there are: for `nextIncident`. */
export async function uidsOf(node: string): Promise<ReadonlySet<string>> {
  return new Set((await incidentsOf(node)).map(({ metadata }) => metadata.uid));
}

/** An incident that was not there before, when it is complete. */
export function nextIncident(node: string, before: ReadonlySet<string>, limitMs: number): Promise<KubeletIncident> {
  async function ask(): Promise<KubeletIncident | undefined> {
    const incidents = await incidentsOf(node);
    return incidents.find(({ metadata, status }) => !before.has(metadata.uid) && status.outcome !== undefined);
  }
  return until(`another incident of ${node} is complete`, limitMs, ask, LOOK_MS);
}

/** Messages of the events of an incident, each with its reason. */
export async function eventsOf(incident: KubeletIncident): Promise<readonly string[]> {
  const { items } = (await getJson(
    'events',
    '-A',
    '--field-selector',
    `involvedObject.name=${incident.metadata.name}`,
  )) as {
    items: { reason: string; message?: string }[];
  };
  return items.map(({ reason, message }) => `${reason}: ${message ?? ''}`);
}

/** As soon as may be: its only incident, once it is as far as is asked for. */
export async function incidentWhen(
  node: string,
  what: string,
  isSo: (incident: KubeletIncident) => boolean,
): Promise<KubeletIncident> {
  await until(`${node} has an incident`, BREACH_LIMIT_MS, async () => (await incidentsOf(node))[0]);
  async function ask(): Promise<KubeletIncident | undefined> {
    const [incident] = await incidentsOf(node);
    if (incident?.status.outcome !== undefined && !isSo(incident))
      throw new Error(`${incident.metadata.name} ended as ${incident.status.outcome}, and never: ${what}`);
    return incident !== undefined && isSo(incident) ? incident : undefined;
  }
  return await until(`${node}: ${what}`, 120_000, ask, 50);
}

/** The node is cordoned, and this is written down. */
export function isCordonDone({ status }: KubeletIncident): boolean {
  return status.steps?.some(({ name, state }) => name === 'cordon' && state === 'Succeeded') === true;
}

/** The agent has reserved the restart: it is issued at once. */
export function isReserved({ status }: KubeletIncident): boolean {
  return status.actions?.some(({ action }) => action === 'RestartKubelet' || action === 'RestartRuntime') === true;
}

async function storedBytes(entry: EvidenceEntry): Promise<Buffer> {
  const location = parseLocation(entry.location ?? '');
  if (location?.kind === 'evidence') {
    const object = KubeletEvidence.parse(await getJson('kubeletevidence', location.name));
    if (object.spec.parts !== 1) throw new Error(`${location.name} has ${String(object.spec.parts)} parts`);
    return Buffer.from(object.spec.data, 'base64');
  }
  if (location === undefined) throw new Error(`${entry.name} has no location: ${String(entry.location)}`);
  const path = `/var/lib/kubelet-medic/spool/${location.bundle}/${location.file}`;
  return Buffer.from(await execOn(location.node, 'base64', '-w0', path), 'base64');
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
