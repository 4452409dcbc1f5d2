/** The node's clock, which may be set while logs are written: their windows are of the times that the lines bear. */
import { type ClockSetting, type WallWindow, wallWindow, withSetting } from '../core/time/wall-window.ts';
import type { Moment } from '../core/time/moment.ts';
import type { Clock } from '../ports/clock.ts';
import type { Host } from '../ports/host.ts';
import { momentOf } from './world.ts';

export interface RememberedClock extends Clock {
  /** All wall times of the last `lengthMs` milliseconds. */
  window(lengthMs: number): WallWindow;
}

/** It is looked at with each question for the time, which the watch of the log asks every second. */
export function rememberClock(clock: Clock): RememberedClock {
  let settings: readonly ClockSetting[] = [];
  function look(): Moment {
    const now = momentOf(clock);
    settings = withSetting(settings, now);
    return now;
  }
  look();
  return {
    now: () => look().wallMs,
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    window(lengthMs): WallWindow {
      const now = look();
      return wallWindow(settings, now, lengthMs);
    },
  };
}

/** What collectors are asked for is as long as it was, and is of the clock as it was set then. */
export function withWholeWindows(host: Host, clock: RememberedClock): Host {
  const collectors = host.collectors.map((collector) => ({
    ...collector,
    collect: ({ since, until }: WallWindow, signal: AbortSignal) =>
      collector.collect(clock.window(until - since), signal),
  }));
  return { ...host, collectors };
}
