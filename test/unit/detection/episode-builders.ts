/** A kubelet log and two clocks, for tests of the episode counter. */
import {
  type EpisodeEvent,
  type EpisodeState,
  NO_EPISODES,
  reduceEpisodes,
} from '../../../src/core/detection/episodes.ts';
import type { PlegLine } from '../../../src/core/detection/pleg-line.ts';

export const T0 = Date.UTC(2026, 10, 24, 10, 0, 0);

export function breach(elapsedMs: number): PlegLine {
  return { kind: 'breach', elapsedMs, elapsedText: '', thresholdMs: 180_000, thresholdText: '3m0s', otherReasons: [] };
}
export const NEVER: PlegLine = { kind: 'never-relisted', otherReasons: [] };
export const START: PlegLine = { kind: 'kubelet-start' };

/** Times in seconds after T0. The wall clock can be set; the other one only runs. */
export interface Bench {
  state(): EpisodeState;
  count(): number;
  open(): boolean;
  /** Runs to a time, with a tick at each second. */
  runTo(second: number, tick?: { readonly logCurrent?: boolean; readonly kubeletAlive?: boolean }): void;
  setWallBy(seconds: number): void;
  send(event: EpisodeEvent): void;
  /** A line that is written and read now. */
  line(line: PlegLine): void;
  /** A line that was written at another time (seconds after T0) and is read now. */
  lineOf(second: number, line: PlegLine): void;
  restartAgent(state: EpisodeState): void;
}

export function bench(initial: EpisodeState = NO_EPISODES): Bench {
  let state = initial;
  let second = 0;
  let jumpMs = 0;
  const now = (): { wallMs: number; monotonicMs: number } => ({
    wallMs: T0 + second * 1000 + jumpMs,
    monotonicMs: 7_000_000 + second * 1000,
  });
  function send(event: EpisodeEvent): void {
    state = reduceEpisodes(state, event, now());
  }
  return {
    state: () => state,
    count: () => state.episodes.length,
    open: () => state.episodes.at(-1)?.endedAt === undefined && state.episodes.length > 0,
    runTo(to, tick = {}): void {
      while (second < to) {
        second++;
        send({ kind: 'tick', logCurrent: tick.logCurrent ?? true, kubeletAlive: tick.kubeletAlive ?? true });
      }
    },
    setWallBy(seconds): void {
      jumpMs += seconds * 1000;
    },
    send,
    line: (line) => {
      send({ kind: 'line', at: now().wallMs - 50, line });
    },
    lineOf: (at, line) => {
      send({ kind: 'line', at: T0 + at * 1000, line });
    },
    restartAgent(loaded): void {
      state = loaded;
    },
  };
}

/** Breach lines every 5 s of one stuck relist, live, from `from` to `to`. */
export function stuck(b: Bench, from: number, to: number, elapsedAtStart = 183): void {
  for (let s = from; s <= to; s += 5) {
    b.runTo(s);
    b.line(breach((elapsedAtStart + s - from) * 1000));
  }
}
