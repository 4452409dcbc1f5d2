/** Asks the kubelet whether it does anything, every 5 s. One that is frozen accepts a connection, and never answers. */
import type { ObservationBoard } from './observation.ts';
import type { World } from '../world.ts';

const PROBE_EVERY_MS = 5_000;
const PROBE_DEADLINE_MS = 4_000;

/** Runs until the signal. */
export async function runKubeletProbeLoop(
  { host, clock }: World,
  board: ObservationBoard,
  signal: AbortSignal,
): Promise<never> {
  for (;;) {
    const beganMs = clock.monotonic();
    const { kubeletSilence: before, host: seen } = board.current();
    const address = seen?.kubelet?.healthz;
    const answers =
      address === undefined ? undefined : await host.kubeletProbe.answers(address, PROBE_DEADLINE_MS, signal);
    signal.throwIfAborted();
    const sinceMs = typeof before === 'object' ? before.sinceMs : beganMs;
    board.post({ kubeletSilence: answers === undefined ? undefined : answers ? 'answers' : { sinceMs } });
    await clock.sleep(Math.max(0, PROBE_EVERY_MS - (clock.monotonic() - beganMs)), signal);
  }
}
