/** The agent: watch, detect, capture, execute. All of it runs until the signal, whatever fails on the way. */
import { createWakeUp } from '../runtime/wake-up.ts';
import { runBucketUploads } from './evidence/bucket-upload.ts';
import { runDeepCaptures } from './evidence/deep-capture.ts';
import { createEarlyCaptures } from './evidence/early-capture.ts';
import { runLane } from './run-steps.ts';
import { runFactsLoop } from './health/look-at-host.ts';
import { createLogWatch } from './log/follow-log.ts';
import { createRequests } from './requests.ts';
import { runKubeletProbeLoop } from './health/probe-kubelet.ts';
import { runProbeLoop } from './health/probe-runtime.ts';
import { rememberClock, withWholeWindows } from './remembered-clock.ts';
import { createPublisher } from './health/publish-health.ts';
import { runShimCaptures } from './evidence/shim-capture.ts';
import { runRetention } from './evidence/spool-retention.ts';
import { runUploads } from './evidence/upload-requested.ts';
import { createObservationBoard } from './health/observation.ts';
import { createMutex } from '../runtime/mutex.ts';
import { boundHost } from './bounded-host.ts';
import type { World } from './world.ts';
import { cleanCluster } from '../stores/clean-cluster.ts';

/** For /healthz and /readyz: whether it is well, and why not. */
interface Check {
  readonly ok: boolean;
  readonly message: string;
}

export interface Agent {
  /** Ends when all of its parts have ended: rejects with the signal's reason, or with a bug. */
  readonly done: Promise<void>;
  /** Whether the process is alive: its watch takes its turns. An API server that is away is no reason to restart it. */
  health(): Check;
  /** Whether the controller can see what this agent sees. */
  readiness(): Check;
}

/** The watch takes a turn every second; a host whose disk hangs may hold it for some. */
const STALLED_MS = 120_000;
/** A write that fails, or does not come, for so long. */
const UNPUBLISHED_MS = 95_000;
/** A watch that works says something every 90 s, or is opened anew. */
const UNHEARD_MS = 120_000;

/** Starts at once. */
export function startAgent(outside: World, stop: AbortSignal): Agent {
  const own = new AbortController();
  const { signal } = own;
  const onStop = (): void => {
    own.abort(stop.reason);
  };
  if (stop.aborted) onStop();
  stop.addEventListener('abort', onStop, { once: true });
  const clock = rememberClock(outside.clock);
  const host = boundHost(withWholeWindows(outside.host, clock), clock, signal);
  const world: World = { ...outside, clock, host, cluster: cleanCluster(outside.cluster) };
  const board = createObservationBoard(clock.now());
  const requests = createRequests(world, signal);
  const hostWakeUp = createWakeUp(clock);
  const mutex = createMutex();
  const watch = createLogWatch(world, board, hostWakeUp);
  const publisher = createPublisher(world, board, requests);
  const early = createEarlyCaptures(world, board, requests, mutex);
  const executor = { world, board, requests, hostWakeUp, mutex };

  const parts = [
    watch.run(signal),
    runProbeLoop(world, board, signal),
    runKubeletProbeLoop(world, board, signal),
    runFactsLoop(world, board, hostWakeUp, signal),
    publisher.run(signal),
    early.run(signal),
    runLane('acts', executor, signal),
    runLane('captures', executor, signal),
    runDeepCaptures({ world, requests, mutex }, signal),
    runShimCaptures({ world, requests, mutex }, signal),
    runRetention(world, board, { requests, mutex }, signal),
    runUploads(world, requests, signal),
    ...(world.bucket === undefined ? [] : [runBucketUploads({ world, bucket: world.bucket, board, requests }, signal)]),
  ];

  return {
    done: endOf(parts, own),
    health(): Check {
      const stalledMs = clock.monotonic() - watch.turnedAt();
      if (stalledMs < STALLED_MS) return { ok: true, message: 'watching' };
      return { ok: false, message: `the watch has not taken a turn for ${String(Math.round(stalledMs / 1000))} s` };
    },
    readiness(): Check {
      const freshAt = requests.freshAt();
      if (freshAt === undefined) return { ok: false, message: 'the API server has not answered yet' };
      if (requests.health() === undefined) {
        return { ok: false, message: `no KubeletHealth ${world.node} yet: the controller creates it` };
      }
      const lateMs = publisher.lateMs();
      if (lateMs === undefined) return { ok: false, message: 'nothing has been reported yet' };
      if (lateMs >= UNPUBLISHED_MS) return notFor('nothing could be reported', lateMs);
      const unheardMs = clock.monotonic() - freshAt;
      return unheardMs < UNHEARD_MS
        ? { ok: true, message: 'reporting' }
        : notFor('the API server has not been heard', unheardMs);
    },
  };
}

function notFor(what: string, ms: number): Check {
  return { ok: false, message: `${what} for ${String(Math.round(ms / 1000))} s` };
}

/** Every part runs until the signal. An early return of one is a bug, and stops them all. */
async function endOf(parts: readonly Promise<unknown>[], own: AbortController): Promise<void> {
  try {
    await Promise.all(parts);
  } finally {
    own.abort(new Error('a part of the agent has ended'));
    await Promise.allSettled(parts);
  }
}
