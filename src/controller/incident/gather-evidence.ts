/** The evidence of an incident as the API server has it: the dumps, and what the controller itself has saved. */
import { gunzipSync } from 'node:zlib';
import { EVIDENCES } from '../../api/resources.ts';
import type { EvidenceEntry } from '../../api/v1alpha1/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/incident.ts';
import { CONTROLLER_MANAGER } from '../../api/v1alpha1/names.ts';
import type { Stacks } from '../../core/decision/incident/incident-snapshot.ts';
import type { NamedText } from '../../core/diagnosis/diagnosis-input.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { EvidenceStore } from '../../ports/evidence-store.ts';
import { createObjectStore } from '../../stores/object-store.ts';
import type { World } from '../world.ts';

const NONE: Stacks = { entries: [], dumps: [], unreadable: new Map() };
/** A dump that was cut to fit one object may unpack to much more; a kubelet with 100,000 goroutines has 78 MB. */
const MAX_TEXT = 96 * 1024 * 1024;

/** What the controller has saved through the node proxy; nobody else writes such objects in its name. */
async function savedByUs(world: World, incident: KubeletIncident): Promise<readonly EvidenceEntry[]> {
  if (!world.nodeProxy) return [];
  const { items } = await world.cluster.list(EVIDENCES, { fieldSelector: `spec.incidentUID=${incident.metadata.uid}` });
  const entries = items.map(({ spec }) => spec.entry).filter(({ by }) => by === 'Controller');
  // A list has one entry of a name: the newest, and what was saved before what failed.
  const newest = new Map([...entries].sort(byWorth).map((entry) => [entry.name, entry]));
  return [...newest.values()].sort((a, b) => a.at.localeCompare(b.at));
}

function byWorth(a: EvidenceEntry, b: EvidenceEntry): number {
  return a.state === b.state ? a.at.localeCompare(b.at) : a.state === 'Failed' ? -1 : 1;
}

function isDump({ kind, state }: EvidenceEntry): boolean {
  return state === 'Captured' && (kind === 'GoroutineDump' || kind === 'RuntimeStacks');
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
    if (isMedicError(error, 'terminal')) return { kind: 'unreadable', message: error.message };
    if (error instanceof RangeError || isZlibError(error))
      return { kind: 'unreadable', message: `${entry.name} is not gzip` };
    throw error;
  }
}

function isZlibError(error: unknown): boolean {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('Z_');
}

/** Read until the diagnosis is made: by then the evidence is sealed. */
export async function gatherEvidence(world: World, incident: KubeletIncident, signal: AbortSignal): Promise<Stacks> {
  if (incident.status.diagnosis !== undefined) return NONE;
  const entries = await savedByUs(world, incident);
  const store = createObjectStore({ cluster: world.cluster, incident, manager: CONTROLLER_MANAGER });
  const ofAgent = (incident.status.evidence ?? []).filter(({ by }) => by === 'Agent');
  const dumps: NamedText[] = [];
  const unreadable = new Map<string, string>();
  for (const entry of [...ofAgent, ...entries].filter(isDump)) {
    const read = await readDump(store, entry, signal);
    if (read.kind === 'text') dumps.push({ name: entry.name, text: read.text });
    else unreadable.set(entry.name, read.message);
  }
  return { entries, dumps, unreadable };
}
