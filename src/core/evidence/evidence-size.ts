/** What one KubeletEvidence takes of etcd, told by its metadata alone, so that nobody reads the bytes to count them. */
import { MAX_EVIDENCE_DATA } from '../../api/v1alpha1/kinds/kubelet-evidence.ts';
import { ANNOTATION_BYTES } from '../../api/v1alpha1/words/names.ts';

/** An object without its bytes: metadata, managed fields and the entry. Measured: 1.5 KB. */
const OBJECT_BYTES = 2_048;

/** @param data in base64, as it is stored. */
export function sizeAnnotation(data: string): Readonly<Record<string, string>> {
  return { [ANNOTATION_BYTES]: String(Buffer.byteLength(data)) };
}

/** In bytes. An object that does not say its size counts as the largest that there can be. */
export function storedBytes(annotations: Readonly<Record<string, string>>): number {
  const text = annotations[ANNOTATION_BYTES] ?? '';
  const said = /^[0-9]{1,9}$/.test(text) ? Number(text) : MAX_EVIDENCE_DATA;
  return Math.min(said, MAX_EVIDENCE_DATA) + OBJECT_BYTES;
}
