/** The faults that a drill may make. A fault is one entry here; its name is in the API (`Fault`). */
import type { Fault } from '../../../api/v1alpha1/parts/drill.ts';
import type { Detection, Action } from '../../../api/v1alpha1/kinds/policy.ts';
import { NEVER_RELISTED_MS } from '../../detection/settings.ts';
import { durationMs } from '../../time/duration.ts';

interface FaultFacts {
  /** The program whose main process is stopped. */
  readonly role: 'kubelet' | 'runtime';
  /** What heals it. */
  readonly cure: Action;
  /** How long it lasts where nobody says so, in milliseconds: long enough to be noticed and healed. */
  readonly defaultMs: number;
  /**
   * How long it may last at most, in milliseconds. A pod is evicted 300 s after its node turned NotReady or Unknown
   * (Kubernetes: DefaultTolerationSeconds), and that is 40 s after a kubelet fell silent, and 3 min after a runtime did.
   */
  readonly maxMs: number;
  /** By when an incident is to be open, in milliseconds after the fault. */
  readonly noticedMs: (detection: Detection) => number;
  /** How much of the time from the evidence to the act the policy asks for, in milliseconds. */
  readonly waitsMs: (detection: Detection) => number;
  /** What is done, for people. */
  readonly done: string;
}

/** Looks at the host are 10 s apart, and so are probes; and a report takes a moment. */
const LOOKS_MS = 30_000;

export const FAULTS: Readonly<Record<Fault, FaultFacts>> = {
  HungRuntime: {
    role: 'runtime',
    cure: 'RestartRuntime',
    defaultMs: 360_000,
    maxMs: 420_000,
    noticedMs: ({ runtimeHungAfter, sustainedFor }) => {
      // relist has 3 minutes.
      const breachMs = NEVER_RELISTED_MS + durationMs(sustainedFor);
      const earlier = runtimeHungAfter === undefined ? breachMs : durationMs(runtimeHungAfter);
      return Math.min(breachMs, earlier) + LOOKS_MS;
    },
    waitsMs: () => 0,
    done: "the runtime's main process is stopped (SIGSTOP)",
  },
  FrozenKubelet: {
    role: 'kubelet',
    cure: 'RestartKubelet',
    defaultMs: 180_000,
    maxMs: 300_000,
    noticedMs: () => LOOKS_MS,
    waitsMs: ({ kubeletSilentAfter }) => durationMs(kubeletSilentAfter),
    done: "the kubelet's main process is stopped (SIGSTOP)",
  },
};

/** Shorter than this nobody notices it. */
export const MIN_FAULT_MS = 10_000;
