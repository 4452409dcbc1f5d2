/** The evidence of an incident as the API server has it: the dumps, and what the controller itself has saved. */
import { gunzipSync } from 'node:zlib';
import * as z from 'zod/mini';
import { ObjectMeta } from '../../api/meta.ts';
import { EVIDENCES } from '../../api/resources.ts';
import { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import { EVIDENCE_PAGE } from '../../api/v1alpha1/kinds/kubelet-evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { CONTROLLER_MANAGER } from '../../api/v1alpha1/words/names.ts';
import type { Stacks } from '../../core/decision/incident/incident-snapshot.ts';
import type { NamedText } from '../../core/diagnosis/diagnosis-input.ts';
import { isForDecision } from '../../core/evidence/manifest.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { EvidenceStore } from '../../ports/evidence-store.ts';
import { createObjectStore } from '../../stores/object-store.ts';
import type { World } from '../world.ts';

/** Without the bytes: they are not kept while they are listed. */
const Saved = z.object({ metadata: ObjectMeta, spec: z.object({ entry: EvidenceEntry }) });
type Saved = z.infer<typeof Saved>;
const SAVED = { ...EVIDENCES, parse: (raw: unknown): Saved => Saved.parse(raw) };

export const NO_STACKS: Stacks = { entries: [], dumps: [], left: [], unreadable: new Map() };
/**
 * Of one dump, unpacked, and of all dumps of an incident: a node that lies could send what unpacks to gigabytes, and end this
 * program again after each restart. An agent sends 8 MiB at most, which is a kubelet of 10,000 goroutines.
 */
const MAX_TEXT = 9 * 1024 * 1024;
const MAX_TEXTS = 20 * 1024 * 1024;

/** What the controller has saved through the node proxy; nobody else writes such objects in its name. */
async function savedByUs(world: World, incident: KubeletIncident): Promise<readonly EvidenceEntry[]> {
  if (!world.nodeProxy) return [];
  const entries = (await listSaved(world, incident))
    .map(({ spec }) => spec.entry)
    .filter(({ by }) => by === 'Controller');
  // A list has one entry of a name: the newest, and what was saved before what failed.
  const newest = new Map([...entries].sort(byWorth).map((entry) => [entry.name, entry]));
  return [...newest.values()].sort((a, b) => a.at.localeCompare(b.at));
}

/** Of this node only: an agent can create objects of another node's incident. None where the kind is not there, or not ours to read. */
async function listSaved({ cluster }: World, { metadata, spec }: KubeletIncident): Promise<readonly Saved[]> {
  const fieldSelector = `spec.incidentUID=${metadata.uid},spec.nodeName=${spec.nodeName}`;
  try {
    return (await cluster.list(SAVED, { fieldSelector, pageSize: EVIDENCE_PAGE })).items;
  } catch (error) {
    if (isMedicError(error, 'absent', 'denied')) return [];
    throw error;
  }
}

function byWorth(a: EvidenceEntry, b: EvidenceEntry): number {
  return a.state === b.state ? a.at.localeCompare(b.at) : a.state === 'Failed' ? -1 : 1;
}

type Read =
  { readonly kind: 'text'; readonly text: string } | { readonly kind: 'unreadable'; readonly message: string };

async function readDump(store: EvidenceStore, entry: EvidenceEntry, signal: AbortSignal): Promise<Read> {
  try {
    const bytes = await store.get(entry, signal);
    if (bytes === undefined) {
      return { kind: 'unreadable', message: entry.message ?? `${entry.name} is not in the API server any more` };
    }
    return { kind: 'text', text: gunzipSync(bytes, { maxOutputLength: MAX_TEXT }).toString('utf8') };
  } catch (error) {
    // What is not what was sealed is no evidence. An API server that is away is asked again.
    if (isMedicError(error, 'terminal', 'absent', 'invalid', 'denied')) {
      return { kind: 'unreadable', message: error.message };
    }
    const why = unzipFailure(error);
    if (why !== undefined) return { kind: 'unreadable', message: `${entry.name} ${why}` };
    throw error;
  }
}

/** By its code (Node.js: `ERR_BUFFER_TOO_LARGE`, and zlib's `Z_...`); undefined: it is another failure. */
function unzipFailure(error: unknown): string | undefined {
  const code = typeof error === 'object' && error !== null && 'code' in error ? String(error.code) : '';
  if (code === 'ERR_BUFFER_TOO_LARGE') return 'is too large unpacked';
  return code.startsWith('Z_') ? 'is not gzip' : undefined;
}

/** Read until the diagnosis is made: by then the evidence is sealed. */
export async function gatherEvidence(world: World, incident: KubeletIncident, signal: AbortSignal): Promise<Stacks> {
  if (incident.status.diagnosis !== undefined) return NO_STACKS;
  const entries = await savedByUs(world, incident);
  const store = createObjectStore({ cluster: world.cluster, incident, manager: CONTROLLER_MANAGER });
  const ofAgent = (incident.status.evidence ?? []).filter(({ by }) => by === 'Agent');
  const dumps: NamedText[] = [];
  const left: NamedText[] = [];
  const unreadable = new Map<string, string>();
  let size = 0;
  for (const entry of [...ofAgent, ...entries].filter((e) => e.state === 'Captured' && isForDecision(e))) {
    const read = await readDump(store, entry, signal);
    size += read.kind === 'text' ? read.text.length : 0;
    if (read.kind === 'unreadable') unreadable.set(entry.name, read.message);
    else if (size > MAX_TEXTS) unreadable.set(entry.name, `${entry.name} is beyond what is read of one incident`);
    else (entry.kind === 'WatchdogDump' ? left : dumps).push({ name: entry.name, text: read.text });
  }
  return { entries, dumps, left, unreadable };
}
