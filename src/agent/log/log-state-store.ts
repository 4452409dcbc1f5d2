/** What the watch keeps over a restart: where it was in the log, and the episodes. One value, so that they agree. */
import * as z from 'zod/mini';
import type { EpisodeState } from '../../core/detection/episodes.ts';
import { loadEpisodes, saveEpisodes } from '../../core/detection/episodes-json.ts';
import { beginWatch, type WatchState } from './log-state.ts';

export const WATCH_KEY = 'watch';

const Stored = z.object({
  version: z.literal(1),
  source: z.string(),
  cursor: z.optional(z.string()),
  episodes: z.string(),
});

export function saveWatch(source: string, state: WatchState): string {
  const { cursor, episodes } = state;
  return JSON.stringify({ version: 1, source, cursor, episodes: saveEpisodes(episodes) });
}

/** A text that is torn, foreign or newer is as good as none. A cursor of another source says nothing of this one. */
export function loadWatch(text: string | undefined, source: string): WatchState {
  const stored = Stored.safeParse(parseJson(text));
  if (!stored.success) return beginWatch({ cursor: undefined, episodes: undefined });
  const episodes: EpisodeState = loadEpisodes(stored.data.episodes);
  return beginWatch({ cursor: stored.data.source === source ? stored.data.cursor : undefined, episodes });
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
