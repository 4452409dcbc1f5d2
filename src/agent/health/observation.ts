/** What the agent sees of its node, as one value that its loops keep up to date. */
import type { HealthStatus, PlegInfo, ProbeState } from '../../api/v1alpha1/kinds/health.ts';
import type { Fallen } from '../../core/detection/fallen-with.ts';
import type { ProgramRecord } from '../../core/detection/program-state.ts';
import type { KubeletProcess, UnitFacts } from '../../ports/host.ts';

/** Not there and not readable are two things: the second never leads to an act. */
export type Reading<T> =
  | { readonly kind: 'known'; readonly value: T }
  | { readonly kind: 'absent' }
  | { readonly kind: 'unreadable'; readonly message: string };

/** undefined: it is not known. */
export function valueOf<T>(reading: Reading<T> | undefined): T | undefined {
  return reading?.kind === 'known' ? reading.value : undefined;
}

export interface ProbeObservation {
  readonly state: ProbeState;
  /** When the last probe ended, milliseconds since 1970; undefined: none has. */
  readonly at: number | undefined;
  readonly latencyMs: number | undefined;
  readonly lastSuccessAt: number | undefined;
  /** Start of the first probe of the present run of failures, milliseconds since 1970. */
  readonly failingSince: number | undefined;
  /** The same on the monotonic clock. */
  readonly failingSinceMs: number | undefined;
  readonly message: string;
  readonly runtimeName: string | undefined;
  readonly runtimeVersion: string | undefined;
}

/** Whether the goroutines of the kubelet that runs now can be read from its memory. */
export type StacksObservation =
  /** No kubelet has been seen to run yet. */
  | { readonly kind: 'unchecked' }
  | { readonly kind: 'readable' }
  | { readonly kind: 'unreadable'; readonly message: string };

export interface HostObservation {
  readonly kubeletUnit: Reading<UnitFacts>;
  readonly runtimeUnit: Reading<UnitFacts>;
  readonly kubelet: KubeletProcess | undefined;
  /** `v1.36.3`, as the Node has it; undefined: it is not known. */
  readonly kubeletVersion: string | undefined;
  readonly kubeletProgram: ProgramRecord;
  /** undefined: systemd has not stopped it with the runtime. */
  readonly kubeletFallen: Fallen | undefined;
  readonly runtimeProgram: ProgramRecord;
  readonly runtimeProcessState: string | undefined;
  readonly bootID: string | undefined;
  readonly kernel: string | undefined;
  readonly stacks: StacksObservation;
}

export interface LogObservation {
  /** `reading`: its end has not been reached yet. */
  readonly state: 'reading' | 'current' | 'failed';
  readonly lagSeconds: number | undefined;
  /** Milliseconds since 1970. */
  readonly lastLineAt: number | undefined;
  readonly lostLines: number;
  readonly unreadableLines: number;
  readonly error: string | undefined;
}

export interface SpoolObservation {
  readonly usedBytes: number;
  readonly limitBytes: number;
  /** Why nothing can be stored now. */
  readonly error: string | undefined;
  /** The newest early capture. */
  readonly early: NonNullable<HealthStatus['spool']>['early'];
}

export interface Observation {
  readonly startedAt: number;
  readonly pleg: PlegInfo | undefined;
  readonly probe: ProbeObservation;
  /** Since when the kubelet has not answered, on the monotonic clock; `answers`: it did; undefined: it cannot be asked. */
  readonly kubeletSilence: { readonly sinceMs: number } | 'answers' | undefined;
  /** undefined: not looked yet. */
  readonly host: HostObservation | undefined;
  readonly log: LogObservation;
  readonly spool: SpoolObservation;
  /** undefined: there is no bucket. */
  readonly bucket: HealthStatus['bucket'];
}

export interface ObservationBoard {
  current(): Observation;
  post(part: Partial<Observation>): void;
  /** Handlers only ring bells. */
  onPost(handler: () => void): void;
}

export function createObservationBoard(startedAt: number): ObservationBoard {
  let observation: Observation = {
    startedAt,
    pleg: undefined,
    probe: NOT_PROBED,
    kubeletSilence: undefined,
    host: undefined,
    log: {
      state: 'reading',
      lagSeconds: undefined,
      lastLineAt: undefined,
      lostLines: 0,
      unreadableLines: 0,
      error: undefined,
    },
    spool: { usedBytes: 0, limitBytes: 0, error: undefined, early: undefined },
    bucket: undefined,
  };
  const handlers: (() => void)[] = [];
  return {
    current: () => observation,
    post(part): void {
      observation = { ...observation, ...part };
      for (const handler of handlers) handler();
    },
    onPost(handler): void {
      handlers.push(handler);
    },
  };
}

export const NOT_PROBED: ProbeObservation = {
  state: 'Unknown',
  at: undefined,
  latencyMs: undefined,
  lastSuccessAt: undefined,
  failingSince: undefined,
  failingSinceMs: undefined,
  message: '',
  runtimeName: undefined,
  runtimeVersion: undefined,
};
