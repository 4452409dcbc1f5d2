/** A goroutine dump as values. */

/** One call of a stack. */
export interface Frame {
  /** The function without its arguments, `/vendor/` prefixes stripped: `k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist`. */
  readonly func: string;
  /** As it stands in the dump; empty: not given. */
  readonly file: string;
  /** 0: not given. */
  readonly line: number;
}

/** Goroutines with one and the same stack and state. */
export interface StackGroup {
  /** Leaf first. Frames of the Go runtime are left out above the first other one. */
  readonly frames: readonly Frame[];
  /** Arguments of the first frames, of the first goroutine of the group: the same in two dumps means the same call. */
  readonly args: readonly string[];
  /** The function that started it; empty: not given. */
  readonly createdBy: string;
  readonly count: number;
  /** `chan send`, `select`, ...; undefined: the format (debug=1) has none. */
  readonly state: string | undefined;
  /** The longest wait of the group in minutes; it understates: golang runtime/mgcmark.go stamps it at a GC. */
  readonly minutes: number;
  /** Ids of its goroutines; empty: the format has none. */
  readonly ids: readonly number[];
  /** Line of the file on which the first one starts, from 1. */
  readonly atLine: number;
}

export type DumpFormat = 'debug=1' | 'debug=2' | 'none';

/** The program that a dump is of, by its functions. */
export const PROCESS_KINDS = ['kubelet', 'containerd', 'crio', 'dockerd', 'shim', 'other'] as const;
export type ProcessKind = (typeof PROCESS_KINDS)[number];

export interface Dump {
  readonly format: DumpFormat;
  readonly goroutines: number;
  readonly groups: readonly StackGroup[];
  /** Lines within the dump that could not be read, and goroutines beyond the bounds. */
  readonly unreadLines: number;
  readonly process: ProcessKind;
  /** Of the module that the program is built from, for example `v1.36.3`; undefined: its paths do not say. */
  readonly version: string | undefined;
  /** Its end is missing. */
  readonly isCut?: true;
  /** Dumps that stand before this one in the same file, oldest first; the last eight of them. */
  readonly earlier: readonly Dump[];
  /** It was read from a text that somebody has changed: nothing that rests on it is sure. */
  readonly isMended?: true;
}
