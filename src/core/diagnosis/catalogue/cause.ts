/** The form of an entry of the catalogue. Adding a cause means adding an entry (and a case for its test), no code. */
import type { CauseClass, RestartEffect } from '../../../api/v1alpha1/parts/diagnosis.ts';
import type { ProbeState } from '../../../api/v1alpha1/kinds/health.ts';
import type { BlockPlace } from '../analysis/blocks.ts';
import type { Movement } from '../analysis/compare.ts';
import type { RelistPlace, SyncLoopPlace } from '../analysis/relist.ts';
import type { Wait } from '../analysis/waits.ts';
import type { Callee } from '../calls/callees.ts';
import type { CallCode } from '../calls/failing-call.ts';
import type { HostEventKind } from '../kernel/event.ts';
import type { Owner } from '../kernel/owners.ts';
import type { Place } from '../kernel/places.ts';
import type { ProcessKind } from '../../dump/goroutine.ts';

interface Weighted {
  /** 0 to 1: how sure this sign alone makes one. Signs combine as independent ones do: 1 - (1 - a)(1 - b). */
  readonly weight: number;
  /** It only counts beside another sign that is no support. */
  readonly support?: true;
}

/** The relist goroutine of the kubelet. */
export interface RelistSign extends Weighted {
  readonly kind: 'relist';
  readonly place: readonly RelistPlace[];
  readonly methods?: readonly string[];
  /** In this order among the frames above relist, leaf first; as in `fits`. */
  readonly frames?: readonly string[];
  readonly movement?: readonly Movement[];
}

/** A stack of any process. */
export interface StackSign extends Weighted {
  readonly kind: 'stack';
  /** In this order, leaf first, others between; as in `fits`: lower case, from a package or receiver on. */
  readonly frames: readonly string[];
  /** None of these in it. */
  readonly without?: readonly string[];
  readonly waits?: readonly Wait[];
  /** Goroutines with it, all such stacks together. */
  readonly atLeast?: number;
  readonly of?: readonly ProcessKind[];
  /** Only if it lasts: every process passes here for a moment. */
  readonly lasting?: true;
}

export interface LogSign extends Weighted {
  readonly kind: 'log';
  /** Global, linear in time, matched over all logs; it must not span lines. */
  readonly pattern: RegExp;
  readonly atLeast?: number;
}

/** Failing calls in the logs, whoever writes of them: all that fit, together. */
export interface CallSign extends Weighted {
  readonly kind: 'call';
  readonly callee: readonly Callee[];
  /** Any, where it is left out. */
  readonly codes?: readonly CallCode[];
  readonly atLeast?: number;
  /** Lines that name one and the same container or sandbox. */
  readonly ofOne?: true;
  /** For so long, in minutes, as the lines say or as their times do. */
  readonly minutes?: number;
}

/** Goroutines that have waited in one place for minutes, whatever for. */
export interface BlockSign extends Weighted {
  readonly kind: 'block';
  readonly at: readonly BlockPlace[];
  readonly of: readonly ProcessKind[];
  readonly atLeast?: number;
}

/** What kernel and host say in logs, in `ps` and /proc, or to the agent: all lines with it together. */
export interface HostSign extends Weighted {
  readonly kind: 'host';
  readonly events: readonly HostEventKind[];
  /** Whose; a line that names nobody does not fit. */
  readonly owners?: readonly Owner[];
  readonly places?: readonly Place[];
  /** A line without a duration does not fit. */
  readonly atLeastSeconds?: number;
  readonly atLeast?: number;
}

export interface ExitedSign extends Weighted {
  readonly kind: 'exited-containers';
  readonly atLeast: number;
}

export interface ProbeSign extends Weighted {
  readonly kind: 'probe';
  readonly states: readonly ProbeState[];
}

export interface RuntimeSign extends Weighted {
  readonly kind: 'runtime-version';
  readonly pattern: RegExp;
}

/**
 * PLEG in the logs: its relist is too old at the end of the log, it has never been successful (for minutes; for as long as
 * the text goes, which does not show the start), or it works to the end.
 */
export interface PlegSign extends Weighted {
  readonly kind: 'pleg-log';
  readonly is:
    'unhealthy' | 'check-stuck' | 'start-up-stuck' | 'start-up-open' | 'start-up-unclear' | 'start-up-passed' | 'works';
}

export interface SyncLoopSign extends Weighted {
  readonly kind: 'sync-loop';
  readonly place: readonly SyncLoopPlace[];
}

/** A whole kubelet whose relist idles, and whose sync loop does. */
interface IdleSign extends Weighted {
  readonly kind: 'idles';
}

export type Sign =
  | RelistSign
  | StackSign
  | LogSign
  | CallSign
  | BlockSign
  | HostSign
  | ExitedSign
  | ProbeSign
  | RuntimeSign
  | PlegSign
  | SyncLoopSign
  | IdleSign;

export interface Cause {
  /** Kebab-case; stable, since incidents are compared by it. */
  readonly id: string;
  readonly class: CauseClass;
  /** What is the matter, in one sentence. `{method}`: the CRI call that relist waits in. */
  readonly summary: string;
  /** Kubelets that have it: from this release on, and before that one, as `1.14`. A kubelet outside is never blamed. */
  readonly kubelets?: { readonly from?: string; readonly before?: string };
  /** Not where the runtime is known to be in one of these states. */
  readonly notIfProbe?: readonly ProbeState[];
  /** Only where it is. */
  readonly onlyIfProbe?: readonly ProbeState[];
  /** High confidence only where it is. */
  readonly sureOnlyIfProbe?: readonly ProbeState[];
  /** A kubelet whose relist idles may have it all the same. */
  readonly relistMayIdle?: true;
  /** More specific than these: where both are found, they are not named. */
  readonly explains?: readonly string[];
  readonly signs: readonly Sign[];
  readonly restartKubelet: RestartEffect;
  readonly restartRuntime: RestartEffect;
  readonly recommendation: string;
  /** Added where a stack is all that there is: nobody has asked the runtime, and no log tells of it. */
  readonly ifUnasked?: string;
  readonly fixedIn?: string;
  readonly references: readonly string[];
}
