/** Where the bytes of artifacts are kept. The spool of a node and the API server are two; a bucket can be a third. */
import type { EvidenceEntry } from '../api/v1alpha1/parts/evidence.ts';

export interface EvidenceStore {
  /**
   * Keeps an artifact; durable when it returns. The same artifact may be put twice.
   * @param entry the line of the manifest; `state: Failed` has no bytes.
   * @returns the entry as it is to be recorded, with its location in this store.
   * @throws `MedicError` if it cannot be kept.
   */
  put(entry: EvidenceEntry, bytes: Buffer, signal: AbortSignal): Promise<EvidenceEntry>;
  /**
   * Reads an artifact back, its checksum verified. undefined: this store does not have it.
   * @throws `MedicError` if it cannot be read, or `E_EVIDENCE_DAMAGED` if it is not what was sealed.
   */
  get(entry: EvidenceEntry, signal: AbortSignal): Promise<Buffer | undefined>;
}
