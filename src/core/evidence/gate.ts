/** The gate: what must have been saved before a node may be touched. */
import type { EvidenceEntry, EvidenceKind } from '../../api/v1alpha1/evidence.ts';

/** Where it is stuck, and what it said. Everything else is welcome and may be missing. */
const NEEDED: readonly { readonly kind: EvidenceKind; readonly words: string }[] = [
  { kind: 'GoroutineDump', words: 'a goroutine dump' },
  { kind: 'KubeletLog', words: 'a kubelet log window' },
];

/** What the gate lacks, in words, each with the reason where one is known; empty: it is met. */
export function missingFromGate(entries: readonly EvidenceEntry[]): readonly string[] {
  return NEEDED.filter(({ kind }) => !entries.some((entry) => entry.kind === kind && entry.state === 'Captured')).map(
    ({ kind, words }) => {
      const why = entries.find((entry) => entry.kind === kind && entry.message !== undefined)?.message;
      return why === undefined ? words : `${words} (${why})`;
    },
  );
}
