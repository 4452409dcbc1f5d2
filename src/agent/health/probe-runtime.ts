/** The agent's own CRI call, every 5 s: the earliest signal of a hung runtime, at +15 s (measured). */
import { type Moment, wallOf } from '../../core/time/moment.ts';
import type { ProbeResult } from '../../ports/host.ts';
import type { ProbeObservation, ObservationBoard } from './observation.ts';
import { momentOf, type World } from '../world.ts';

const PROBE_EVERY_MS = 5_000;
const PROBE_DEADLINE_MS = 5_000;

/** One probe; it never throws but with the signal. */
export async function probeOnce({ host }: World, signal: AbortSignal): Promise<ProbeResult> {
  const result = await host.probe.probe(PROBE_DEADLINE_MS, signal);
  signal.throwIfAborted();
  return result;
}

/** What is known after one more probe. A run of failures ends with an answer; `Unknown` is no failure. */
export function nextProbeObservation(
  previous: ProbeObservation,
  result: ProbeResult,
  began: Moment,
  ended: Moment,
): ProbeObservation {
  const failed = result.state !== 'Answered' && result.state !== 'Unknown';
  const failingSinceMs = failed ? (previous.failingSinceMs ?? began.monotonicMs) : undefined;
  return {
    state: result.state,
    at: ended.wallMs,
    latencyMs: result.state === 'Answered' ? Math.round(result.latencyMs) : previous.latencyMs,
    lastSuccessAt: result.state === 'Answered' ? ended.wallMs : previous.lastSuccessAt,
    failingSince: failingSinceMs === undefined ? undefined : wallOf(failingSinceMs, previous.failingSince, ended),
    failingSinceMs,
    message: result.state === 'Answered' ? '' : result.message.slice(0, 1024),
    runtimeName: result.runtimeName ?? previous.runtimeName,
    runtimeVersion: result.runtimeVersion ?? previous.runtimeVersion,
  };
}

/** Runs until the signal. */
export async function runProbeLoop(world: World, board: ObservationBoard, signal: AbortSignal): Promise<never> {
  const { clock, metrics } = world;
  for (;;) {
    const began = momentOf(clock);
    const result = await probeOnce(world, signal);
    const ended = momentOf(clock);
    metrics.count('cri_probes_total', { state: result.state });
    metrics.observe('cri_probe_seconds', (ended.monotonicMs - began.monotonicMs) / 1000);
    if (result.state === 'Answered') metrics.gauge('cri_answered_timestamp_seconds', ended.wallMs / 1000);
    board.post({ probe: nextProbeObservation(board.current().probe, result, began, ended) });
    const spentMs = clock.monotonic() - began.monotonicMs;
    await clock.sleep(Math.max(0, PROBE_EVERY_MS - spentMs), signal);
  }
}
