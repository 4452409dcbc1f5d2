/** The form of a capture and of what it should be diagnosed as. */
import type { CauseClass, Confidence, RestartEffect } from '../../../../src/api/v1alpha1/parts/diagnosis.ts';
import type { ProbeState } from '../../../../src/api/v1alpha1/kinds/health.ts';
import type { HostSummary } from '../../../../src/api/v1alpha1/parts/host-summary.ts';

interface Expected {
  readonly class: readonly CauseClass[];
  /** Where the id of the cause is known to others. */
  readonly cause?: string;
  readonly kubelet?: readonly RestartEffect[];
  readonly runtime?: readonly RestartEffect[];
  readonly confidence?: readonly Confidence[];
}

export interface CaptureCase extends Expected {
  readonly name: string;
  readonly dumps?: readonly string[];
  readonly log?: string;
  readonly probe?: ProbeState;
  readonly host?: Partial<HostSummary>;
  readonly kubeletVersion?: string;
  readonly runtimeVersion?: string;
}

export const NO_HELP: readonly RestartEffect[] = ['DoesNotHelp', 'Harms'];
export const SURE: readonly Confidence[] = ['High', 'Medium'];
export const UNSURE: readonly Confidence[] = ['Low', 'Medium'];
