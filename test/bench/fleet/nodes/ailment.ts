/** What an agent's board says of a node that is well, and of one whose runtime does not answer. */
import type { PlegInfo } from '../../../../src/api/v1alpha1/kinds/health.ts';
import type { Observation, ObservationBoard } from '../../../../src/agent/health/observation.ts';
import type { ProgramRecord } from '../../../../src/core/detection/program-state.ts';
import { toPreciseTime } from '../../../../src/core/time/timestamp.ts';
import type { SimulatedHost } from '../../../support/host/simulated-host.ts';

export const BREACH = 'PLEG is not healthy: pleg was last seen active 3m7.4s ago; threshold is 3m0s';

function running(now: number, monotonic: number): ProgramRecord {
  const [since, sinceMs] = [now - 86_400_000, monotonic - 86_400_000];
  return { state: 'Running', message: '', since, sinceMs, idleAtMs: undefined, restarts: [], lookedAtMs: monotonic };
}

function healthyPleg(now: number): PlegInfo {
  const since = toPreciseTime(now - 86_400_000);
  return { state: 'Healthy', reason: 'NoBreach', message: 'no breach seen', since, episodes: [] };
}

export function wellPleg(now: number): Partial<Observation> {
  return { pleg: { ...healthyPleg(now), since: toPreciseTime(now) } };
}

export function illPleg(now: number): Partial<Observation> {
  const at = toPreciseTime(now);
  const [elapsed, threshold] = ['3m7.4s', '3m0s'];
  const episode = { startedAt: at, lastLineAt: at, lines: 1, maxElapsed: elapsed, threshold };
  const pleg: PlegInfo = {
    ...{ state: 'Unhealthy', reason: 'Breach', message: BREACH, since: at },
    ...{ elapsed, threshold, episodes: [episode] },
  };
  return { pleg };
}

/** As after a day without trouble. */
export function postWell(board: ObservationBoard, host: SimulatedHost, monotonic: number): void {
  const now = Date.now();
  board.post({
    pleg: healthyPleg(now),
    probe: {
      state: 'Answered',
      at: now,
      latencyMs: 4,
      lastSuccessAt: now,
      failingSince: undefined,
      failingSinceMs: undefined,
      message: '',
      runtimeName: 'containerd',
      runtimeVersion: '1.7.27',
    },
    kubeletSilence: 'answers',
    host: {
      kubeletUnit: { kind: 'known', value: host.kubelet() },
      runtimeUnit: { kind: 'known', value: host.runtime() },
      kubelet: {
        pid: host.kubelet().mainPID,
        argv: ['/usr/bin/kubelet'],
        endpoint: 'unix:///run/containerd/containerd.sock',
        healthz: undefined,
      },
      kubeletVersion: 'v1.36.3',
      kubeletProgram: running(now, monotonic),
      kubeletFallen: undefined,
      runtimeProgram: running(now, monotonic),
      runtimeProcessState: 'S',
      bootID: '4f1c7c1e-0f51-4f0e-9d1b-5d7f0c1f2a3b',
      kernel: '6.1.0-38-amd64',
      stacks: { kind: 'readable' },
    },
    log: {
      ...{ state: 'current', lagSeconds: 0, lastLineAt: now },
      ...{ lostLines: 0, unreadableLines: 0, error: undefined },
    },
    spool: { usedBytes: 0, limitBytes: 536_870_912, error: undefined, early: undefined },
  });
}
