/**
 * When the capture of an incident may begin. In a storm captures begin one after the other, and none while the evidence of open
 * incidents takes all its room. The first nodes never wait, so that there is evidence of whatever began it.
 */
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { isOpen } from '../node-state.ts';
import { findCondition, findStep } from '../record/conditions-and-steps.ts';
import type { CaptureWait } from '../record/reasons.ts';
import { HOST_STEP } from '../record/step-names.ts';
import { fromTime } from '../../time/timestamp.ts';
import { FIRST_NODES } from './shared-faults.ts';

export interface CaptureLimits {
  /** Captures that may begin in a minute, over the whole cluster. */
  readonly perMinute: number;
  /** What evidence of open incidents takes in the API server, and may take. */
  readonly heldBytes: number;
  readonly budgetBytes: number;
}

export type CaptureTurn =
  | { readonly kind: 'now' }
  /** `until`: when to look again, milliseconds since 1970. */
  | { readonly kind: 'wait'; readonly reason: CaptureWait; readonly message: string; readonly until: number };

/** What a capture that is under way may still store: four times what the dumps of a usual kubelet and runtime take. */
const CAPTURE_BYTES = 512 * 1024;
const LOOK_AGAIN_MS = 10_000;
/** The pace of a minute is kept within so many seconds of it, so that its writes are spread too. */
const WINDOW_S = 5;

/** Of one that is over only the end of its capture is known. */
function startedAt({ status }: KubeletIncident): number | undefined {
  return fromTime(findStep(status, HOST_STEP)?.startedAt) ?? fromTime(status.timings?.evidenceAt);
}

function isUnderWay({ status }: KubeletIncident): boolean {
  return findStep(status, HOST_STEP) !== undefined && status.timings?.evidenceAt === undefined;
}

/** It has been looked at, and told to wait. */
export function waitsForCapture({ status }: KubeletIncident): boolean {
  const { reason } = findCondition(status.conditions, 'EvidenceCaptured') ?? {};
  return reason === 'CaptureRateLimited' || reason === 'EvidenceBudgetSpent';
}

function isBefore(a: KubeletIncident, b: KubeletIncident): boolean {
  const [one, other] = [a, b].map(({ metadata }) => `${metadata.creationTimestamp} ${metadata.name}`);
  return (one ?? '') < (other ?? '');
}

interface Row {
  /** When captures began within the last window, oldest first; milliseconds since 1970. */
  readonly starts: readonly number[];
  /** Incidents whose turn comes before this one's. */
  readonly before: number;
}

/** When it is the turn of whoever has so many before him: each start gives its place back after a window. */
function turnAt({ starts, before }: Row, perWindow: number, windowMs: number, now: number): number {
  const place = before - Math.max(0, perWindow - starts.length);
  const start = starts[place];
  if (start !== undefined) return start + windowMs;
  return now + windowMs * (1 + Math.floor(Math.max(0, place - starts.length) / perWindow));
}

export function captureTurn(
  incident: KubeletIncident,
  incidents: readonly KubeletIncident[],
  { perMinute, heldBytes, budgetBytes }: CaptureLimits,
  now: number,
): CaptureTurn {
  const open = incidents.filter((one) => isOpen(one) && one.metadata.uid !== incident.metadata.uid);
  if (open.filter((one) => startedAt(one) !== undefined).length < FIRST_NODES) return { kind: 'now' };
  const underWay = open.filter(isUnderWay).length;
  if (heldBytes + (underWay + 1) * CAPTURE_BYTES > budgetBytes) {
    const mib = String(Math.round(budgetBytes / 2 ** 20));
    const message = `the capture waits for room: evidence of open incidents takes its ${mib} MiB in the API server`;
    return { kind: 'wait', reason: 'EvidenceBudgetSpent', message, until: now + LOOK_AGAIN_MS };
  }
  const perWindow = Math.max(1, Math.round((perMinute * WINDOW_S) / 60));
  const windowMs = (perWindow * 60_000) / perMinute;
  const starts = incidents
    .flatMap((one) => startedAt(one) ?? [])
    // What is of the future was written by a clock that has been set back since.
    .filter((at) => at > now - windowMs && at <= now)
    .sort((a, b) => a - b);
  const before = open.filter((one) => waitsForCapture(one) && isBefore(one, incident)).length;
  if (starts.length + before < perWindow) return { kind: 'now' };
  const message = `the capture waits for its turn: ${String(perMinute)} begin in a minute, over the whole cluster`;
  const until = turnAt({ starts, before }, perWindow, windowMs, now);
  return { kind: 'wait', reason: 'CaptureRateLimited', message, until };
}
