/** What every part of the agent is given. */
import type { Step } from '../api/v1alpha1/kinds/incident.ts';
import type { BucketSettings } from '../core/evidence/bucket-settings.ts';
import type { OwnCauses } from '../core/diagnosis/catalogue/own-causes.ts';
import type { Moment } from '../core/time/moment.ts';
import type { Put } from '../ports/bucket.ts';
import type { Clock, Random } from '../ports/clock.ts';
import type { Cluster } from '../ports/cluster.ts';
import type { Host } from '../ports/host.ts';
import type { Log } from '../ports/log.ts';
import type { Metrics } from '../ports/metrics.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { cleanText } from '../core/redaction/redact.ts';

export interface World {
  /** Name of the Node that this agent runs on. */
  readonly node: string;
  /** Version of this program. */
  readonly version: string;
  readonly pod: string | undefined;
  readonly namespace: string | undefined;
  readonly cluster: Cluster;
  /** Inside the agent each of its calls has a limit: `boundHost`. */
  readonly host: Host;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly metrics: Metrics;
  /** Causes of the user's own (chart: `ownCauses`); absent: there are none. */
  readonly ownCauses?: OwnCauses;
  /** Where evidence is copied to (chart: `evidence.bucket`), and the way there; absent: nowhere. */
  readonly bucket?: { readonly settings: BucketSettings; readonly put: Put };
  /** Called right after the reservation of a restart is durable; tests end the process there. */
  readonly onReserved?: (step: Step) => void;
  /** Called when a capture is stored: its texts are garbage then, and a node's memory is not ours to keep. */
  readonly onCaptured?: () => void;
}

export function momentOf(clock: Clock): Moment {
  return { wallMs: clock.now(), monotonicMs: clock.monotonic() };
}

const BACKOFF = { firstMs: 500, longestMs: 30_000 };

/** How long the agent waits after so many failures in a row, from 1, in milliseconds; a server's Retry-After counts. */
export function retryMs({ random }: World, failures: number, error?: unknown): number {
  return backoffMs(failures, BACKOFF, random, error);
}

/** A failure in words, without secrets, cut to what a status message holds. */
export function reasonOf(error: unknown): string {
  return cleanText(error instanceof Error ? error.message : String(error), 1024);
}
