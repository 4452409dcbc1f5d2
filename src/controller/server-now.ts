import type { World } from './world.ts';

/** The API server's time, in milliseconds since 1970: nothing is deleted because our own clock is ahead. */
export function serverNow({ clock, cluster }: Pick<World, 'clock' | 'cluster'>): number {
  return clock.now() - (cluster.clockAheadMs() ?? 0);
}
