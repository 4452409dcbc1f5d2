/** What a diagnosis is made from. All of it is text and facts that somebody else has fetched. */
import type { ProbeState } from '../../api/v1alpha1/kinds/health.ts';
import type { HostSummary } from '../../api/v1alpha1/parts/host-summary.ts';
import type { Dump } from '../dump/goroutine.ts';
import type { Cause } from './catalogue/cause.ts';
import type { Clue } from './clues/clue.ts';

/** A file of the evidence: its name is what the verdict cites. */
export interface NamedText {
  readonly name: string;
  readonly text: string;
}

/** A dump that was parsed as it was read, for one that is too large to be held as text. */
export interface NamedDump {
  readonly name: string;
  readonly dump: Dump;
}

/** A log of which only what says something is kept, for one that is too large to be held as text. */
export interface NamedClues {
  readonly name: string;
  readonly clues: readonly Clue[];
}

export interface DiagnosisInput {
  /** Causes of the user's own, beside those of the catalogue. */
  readonly ownCauses?: readonly Cause[];
  /** Goroutine dumps in the order in which they were taken, any format. */
  readonly dumps: readonly (NamedText | NamedDump)[];
  /** Kubelet, runtime and kernel logs. */
  readonly logs: readonly (NamedText | NamedClues)[];
  /** What a CRI call of one's own says; `Unknown` where nobody asked. It distinguishes a hung runtime from a dead connection. */
  readonly probe: ProbeState;
  readonly host: HostSummary | undefined;
  /** From the Node or the dump's paths, for example `v1.36.3`. */
  readonly kubeletVersion: string | undefined;
  /** For example `containerd 1.6.20`. */
  readonly runtimeVersion: string | undefined;
}
