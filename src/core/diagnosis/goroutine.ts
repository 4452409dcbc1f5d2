/** A goroutine dump as values. */

/** One call of a stack, leaf first. */
export interface Frame {
  /** The function without its arguments, `/vendor/` prefixes stripped: `k8s.io/kubernetes/pkg/kubelet/pleg.(*GenericPLEG).Relist`. */
  readonly func: string;
  /** As it stands in the dump; empty: not given. */
  readonly file: string;
  /** 0: not given. */
  readonly line: number;
}

/** Goroutines with one and the same stack. */
export interface StackGroup {
  /** Leaf first; frames of the runtime that stand above the leaf are left out. */
  readonly frames: readonly Frame[];
  /** The function that started it; empty: not given. */
  readonly createdBy: string;
  readonly count: number;
  /** `chan send`, `select`, ...; undefined: the format (debug=1) has none. The state of the first one that was read. */
  readonly state: string | undefined;
  /** The longest wait of the group in minutes; it understates: golang runtime/mgcmark.go stamps it at a GC. */
  readonly minutes: number;
  /** Ids of the first goroutines of the group; empty: the format has none. */
  readonly ids: readonly number[];
  /** Line of the dump on which the first one starts, from 1. */
  readonly atLine: number;
}

export type DumpFormat = 'debug=1' | 'debug=2' | 'none';

export interface Dump {
  readonly format: DumpFormat;
  readonly goroutines: number;
  readonly groups: readonly StackGroup[];
  /** Lines within the dump that could not be read. */
  readonly unreadLines: number;
}
