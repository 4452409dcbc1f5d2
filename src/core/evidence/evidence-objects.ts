/** Artifacts as KubeletEvidence objects: how one is cut into parts and named, and how the parts become the artifact again. */
import { createHash } from 'node:crypto';
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import { EVIDENCE_BYTES, EVIDENCE_PARTS, type KubeletEvidence } from '../../api/v1alpha1/kinds/kubelet-evidence.ts';
import { sha256 } from './manifest.ts';

/** The incident that an artifact is of. */
export interface EvidenceOwner {
  readonly nodeName: string;
  readonly incident: string;
  readonly incidentUID: string;
}

type Spec = KubeletEvidence['spec'];

/** An object as it is to be created. */
export interface EvidenceObject {
  readonly name: string;
  readonly spec: Spec;
}

/** Characters of a node's name in a name of an object, which holds 253. The chart's admission policy knows it too. */
const MAX_NODE = 230;

/**
 * The same artifact gives the same name, so that whoever creates it twice finds it there. The name is the node's and 12
 * hexadecimal digits: the admission policy holds an agent to names of its own node, so that no node can take the names
 * of another one's evidence.
 * @param occasion tells two artifacts of one file name apart: the checksum, or when a person asked for it.
 */
export function evidenceName(owner: EvidenceOwner, file: string, occasion: string, part: number): string {
  const text = JSON.stringify([owner.incidentUID, file, occasion]);
  const hash = createHash('sha256').update(text).digest('hex').slice(0, 12);
  return partName(`${nodeInName(owner.nodeName)}-${hash}`, part);
}

/** The node, as `evidenceName` has it; a long name is cut. */
export function nodeInName(nodeName: string): string {
  return nodeName.slice(0, MAX_NODE);
}

/** @param name of a KubeletEvidence; admission holds it to the node of its writer. */
export function nodeOfEvidence(name: string): string {
  return name.replace(/-[0-9a-f]{12}(?:\.\d{1,2})?$/, '');
}

/** @param first the name of the first part. */
export function partName(first: string, part: number): string {
  return part === 0 ? first : `${first}.${String(part)}`;
}

/**
 * @param bytes empty for an artifact that is missing.
 * @returns undefined if it is larger than `EVIDENCE_PARTS` objects hold.
 */
export function toObjects(
  owner: EvidenceOwner,
  entry: EvidenceEntry,
  bytes: Buffer,
  options: { readonly occasion: string; readonly expiresAt: string | undefined },
): readonly EvidenceObject[] | undefined {
  const parts = Math.max(1, Math.ceil(bytes.length / EVIDENCE_BYTES));
  if (parts > EVIDENCE_PARTS) return undefined;
  const expiry = options.expiresAt === undefined ? {} : { expiresAt: options.expiresAt };
  return Array.from({ length: parts }, (_, part) => {
    const piece = bytes.subarray(part * EVIDENCE_BYTES, (part + 1) * EVIDENCE_BYTES);
    const name = evidenceName(owner, entry.name, options.occasion, part);
    return { name, spec: { ...owner, entry, part, parts, ...expiry, data: piece.toString('base64') } };
  });
}

/** What was read, or why it is not evidence. */
export type Assembled =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** Who was to keep it could not have it, and says why. */
  | { readonly kind: 'missing'; readonly message: string }
  /** `bytes`: all of them, where only the checksum is another one. */
  | { readonly kind: 'refused'; readonly message: string; readonly bytes?: Buffer };

/**
 * Puts the parts together. They are believed only if they are of this incident and node, complete, and have the checksum
 * that was sealed: a node can write objects of its own.
 */
export function assemble(
  owner: EvidenceOwner,
  sealed: Pick<EvidenceEntry, 'name' | 'sha256'>,
  objects: readonly KubeletEvidence[],
): Assembled {
  const parts = [...objects].sort((a, b) => a.spec.part - b.spec.part);
  const count = parts[0]?.spec.parts ?? 0;
  if (count === 0 || parts.length !== count || parts.some(({ spec }, i) => spec.part !== i)) {
    return refused(`${sealed.name}: ${String(parts.length)} of ${String(count)} parts are there`);
  }
  const foreign = parts.find(({ spec }) => !isOf(owner, sealed.name, spec));
  if (foreign !== undefined) return refused(`${foreign.metadata.name} is not of this incident`);
  const failed = parts.find(({ spec }) => spec.entry.state === 'Failed');
  if (failed !== undefined) return { kind: 'missing', message: failed.spec.entry.message ?? 'no reason is given' };
  const bytes = Buffer.concat(parts.map(({ spec }) => Buffer.from(spec.data, 'base64')));
  const sum = sha256(bytes);
  if (sum !== sealed.sha256) {
    const message = `${sealed.name}: SHA-256 is ${sum}, ${sealed.sha256 ?? 'nothing'} was sealed`;
    return { kind: 'refused', message, bytes };
  }
  return { kind: 'whole', bytes };
}

function isOf({ nodeName, incidentUID }: EvidenceOwner, file: string, spec: Spec): boolean {
  return spec.nodeName === nodeName && spec.incidentUID === incidentUID && spec.entry.name === file;
}

function refused(message: string): Assembled {
  return { kind: 'refused', message };
}
