/** Reads what a report is made from, with the rights of the person who asks. */
import type { EvidenceEntry, EvidenceKind } from '../../api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { fetchArtifacts, type Fetched, type FetchOptions } from '../evidence/fetch-artifacts.ts';
import type { Session } from '../session.ts';
import type { Artifact, Artifacts } from './report-input.ts';

interface Wanted {
  readonly kind: EvidenceKind;
  /** For a person, where there is none. */
  readonly what: string;
}

const WANTED = {
  kubeletStacks: { kind: 'GoroutineDump', what: "the kubelet's goroutines" },
  runtimeStacks: { kind: 'RuntimeStacks', what: "the runtime's stacks" },
  kubeletLog: { kind: 'KubeletLog', what: "the kubelet's log" },
} as const satisfies Readonly<Record<keyof Artifacts, Wanted>>;

/** @throws `MedicError` where the API server cannot be asked at all. What may not be read says why in its place. */
export async function gatherArtifacts(
  session: Session,
  incident: KubeletIncident,
  options: FetchOptions,
): Promise<Artifacts> {
  const evidence = Object.values(WANTED).flatMap(({ kind }) => entryOf(incident, kind) ?? []);
  const only: KubeletIncident = { ...incident, status: { ...incident.status, evidence } };
  const fetched: Fetched[] = [];
  for await (const one of fetchArtifacts(session, only, options)) fetched.push(one);
  const artifactOf = (wanted: Wanted): Artifact => read(incident, wanted, fetched);
  return {
    kubeletStacks: artifactOf(WANTED.kubeletStacks),
    runtimeStacks: artifactOf(WANTED.runtimeStacks),
    kubeletLog: artifactOf(WANTED.kubeletLog),
  };
}

/** The last that was saved, else the last that was tried. */
function entryOf({ status }: KubeletIncident, kind: EvidenceKind): EvidenceEntry | undefined {
  const entries = (status.evidence ?? []).filter((entry) => entry.kind === kind).sort((a, b) => atOf(a) - atOf(b));
  return entries.findLast(({ state }) => state === 'Captured') ?? entries.at(-1);
}

function atOf({ at }: EvidenceEntry): number {
  return Date.parse(at);
}

function read(incident: KubeletIncident, { kind, what }: Wanted, fetched: readonly Fetched[]): Artifact {
  const one = fetched.find(({ entry }) => entry.kind === kind);
  if (one === undefined) return { kind: 'none', why: whyNone(incident, what) };
  const { entry, found } = one;
  if (found.kind === 'whole') return { kind: 'read', name: entry.name, content: found.bytes };
  return { kind: 'none', why: `${entry.name} is not shown: ${found.message}.` };
}

function whyNone({ spec, status }: KubeletIncident, what: string): string {
  if (spec.plan.mode === 'Observe') return `Not saved: the policy only observes (${what}).`;
  const isOpen = status.outcome === undefined;
  return `Of ${what} nothing ${isOpen ? 'is saved yet' : 'was saved'}.`;
}
