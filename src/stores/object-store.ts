/** Artifacts of one incident in the API server, as KubeletEvidence objects. */
import { EVIDENCES, INCIDENTS } from '../api/resources.ts';
import { nodeLabels } from '../core/decision/record/labels.ts';
import type { EvidenceEntry } from '../api/v1alpha1/parts/evidence.ts';
import type { KubeletEvidence } from '../api/v1alpha1/kinds/kubelet-evidence.ts';
import type { KubeletIncident } from '../api/v1alpha1/kinds/incident.ts';
import { API_VERSION, LABEL_UPLOAD } from '../api/v1alpha1/words/names.ts';
import {
  assemble,
  evidenceName,
  type EvidenceObject,
  type EvidenceOwner,
  partName,
  toObjects,
} from '../core/evidence/evidence-objects.ts';
import { sizeAnnotation } from '../core/evidence/evidence-size.ts';
import { cleanText } from '../core/redaction/redact.ts';
import { locationText, parseLocation } from '../core/evidence/location.ts';
import type { Cluster } from '../ports/cluster.ts';
import { isMedicError, MedicError } from '../ports/errors.ts';
import type { EvidenceStore } from '../ports/evidence-store.ts';

const CALL_LIMIT_MS = 10_000;

export interface ObjectStoreOptions {
  readonly cluster: Cluster;
  readonly incident: KubeletIncident;
  /** Field manager of what is created. */
  readonly manager: string;
  /** What a person asked for: when, and until when it lives (RFC 3339). undefined: it lives as long as its incident. */
  readonly upload?: { readonly askedAt: string; readonly expiresAt: string };
}

export function ownerOf({ metadata, spec }: KubeletIncident): EvidenceOwner {
  return { nodeName: spec.nodeName, incident: metadata.name, incidentUID: metadata.uid };
}

/**
 * The objects of one artifact, as they are found; none: it is not there.
 * @param first the name of its first part.
 */
export async function readObjects(
  cluster: Cluster,
  first: string,
  signal: AbortSignal,
): Promise<readonly KubeletEvidence[]> {
  const call = { signal, deadlineMs: CALL_LIMIT_MS };
  const parts: KubeletEvidence[] = [];
  let count = 1;
  for (let part = 0; part < count; part++) {
    const found = await cluster.get(EVIDENCES, { name: partName(first, part) }, call);
    if (part === 0) count = found?.spec.parts ?? 0;
    if (found !== undefined) parts.push(found);
  }
  return parts;
}

/** Writes KubeletEvidence objects of one incident. @throws `MedicError`. */
async function createEvidence(
  { cluster, incident, manager, upload }: ObjectStoreOptions,
  { name, spec }: EvidenceObject,
  signal: AbortSignal,
): Promise<void> {
  const { name: of, uid } = incident.metadata;
  const object = {
    apiVersion: API_VERSION,
    kind: EVIDENCES.kind,
    metadata: {
      name,
      labels: { ...nodeLabels(spec.nodeName), ...(upload === undefined ? {} : { [LABEL_UPLOAD]: 'true' }) },
      annotations: sizeAnnotation(spec.data),
      ownerReferences: [{ apiVersion: API_VERSION, kind: INCIDENTS.kind, name: of, uid }],
    },
    spec,
  };
  try {
    await cluster.create(EVIDENCES, object, { manager, signal, deadlineMs: CALL_LIMIT_MS });
  } catch (error) {
    // It is there: an earlier try has created it, and its answer was lost. Readers verify what they read.
    if (!isMedicError(error, 'conflict')) throw error;
  }
}

/** Answers a person's request part by part, without the whole artifact in memory. The first part comes last. */
export interface ObjectWriter {
  /** @param bytes `EVIDENCE_BYTES` at most. */
  part(entry: EvidenceEntry, bytes: Buffer, at: Pick<Spec, 'part' | 'parts'>, signal: AbortSignal): Promise<void>;
  /** Says why it cannot be had. */
  fail(entry: EvidenceEntry, message: string, signal: AbortSignal): Promise<void>;
}

type Spec = KubeletEvidence['spec'];

export function createObjectWriter(
  options: ObjectStoreOptions & Required<Pick<ObjectStoreOptions, 'upload'>>,
): ObjectWriter {
  const { incident, upload } = options;
  const owner = ownerOf(incident);

  async function write(entry: EvidenceEntry, bytes: Buffer, at: Pick<Spec, 'part' | 'parts'>, signal: AbortSignal) {
    const first = evidenceName(owner, entry.name, upload.askedAt, 0);
    const sealed =
      entry.state === 'Failed' ? entry : { ...entry, location: locationText({ kind: 'evidence', name: first }) };
    const { expiresAt } = upload;
    const spec = { ...owner, entry: sealed, ...at, expiresAt, data: bytes.toString('base64') };
    await createEvidence(options, { name: partName(first, at.part), spec }, signal);
  }

  return {
    part: write,
    fail: ({ name, kind, by, at, source }, message, signal) => {
      const entry: EvidenceEntry = { name, kind, by, at, source, state: 'Failed', message: cleanText(message, 1024) };
      return write(entry, Buffer.alloc(0), { part: 0, parts: 1 }, signal);
    },
  };
}

export function createObjectStore(options: ObjectStoreOptions): EvidenceStore {
  const { cluster, incident, upload } = options;
  const owner = ownerOf(incident);
  const occasionOf = (entry: EvidenceEntry): string => upload?.askedAt ?? entry.sha256 ?? entry.at;

  function nameOf(entry: EvidenceEntry): string | undefined {
    if (upload !== undefined) return evidenceName(owner, entry.name, upload.askedAt, 0);
    const location = parseLocation(entry.location ?? '');
    return location?.kind === 'evidence' ? location.name : undefined;
  }

  return {
    async put(entry, bytes, signal) {
      const occasion = occasionOf(entry);
      const name = evidenceName(owner, entry.name, occasion, 0);
      const sealed =
        entry.state === 'Failed' ? entry : { ...entry, location: locationText({ kind: 'evidence', name }) };
      const objects = toObjects(owner, sealed, bytes, { occasion, expiresAt: upload?.expiresAt });
      if (objects === undefined) {
        const message = `${entry.name} of ${String(bytes.length)} bytes is too large for the API server`;
        throw new MedicError('E_EVIDENCE_TOO_LARGE', 'invalid', message);
      }
      // The first part comes last: who finds it finds all of them.
      for (const object of [...objects].reverse()) await createEvidence(options, object, signal);
      return sealed;
    },
    async get(entry, signal) {
      const name = nameOf(entry);
      const parts = name === undefined ? [] : await readObjects(cluster, name, signal);
      if (parts.length === 0) return undefined;
      const read = assemble(owner, entry, parts);
      if (read.kind === 'missing') throw new MedicError('E_EVIDENCE_MISSING', 'absent', read.message);
      if (read.kind === 'refused') throw new MedicError('E_EVIDENCE_DAMAGED', 'terminal', read.message);
      return read.bytes;
    },
  };
}
