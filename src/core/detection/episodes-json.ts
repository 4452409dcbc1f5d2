/** The state of the episode counter as JSON, for the StateStore. */
import * as z from 'zod/mini';
import { type EpisodeRecord, type EpisodeState, NO_EPISODES } from './episodes.ts';
import { MAX_EPISODES } from './settings.ts';

const optionalNumber = z.optional(z.number());

const StoredEpisode = z.object({
  startedAt: z.number(),
  endedAt: optionalNumber,
  lastLineAt: z.number(),
  lines: z.number(),
  // Absent in what an older agent stored, and of a word that this one does not know.
  lastFault: z.catch(z.optional(z.enum(['breach', 'never-relisted', 'evented-full'])), undefined),
  lastElapsedMs: optionalNumber,
  maxElapsedMs: optionalNumber,
  thresholdMs: optionalNumber,
  relistAt: optionalNumber,
});

const Stored = z.object({
  version: z.literal(1),
  episodes: z.array(z.unknown()),
  boundaryAt: z.number(),
  kubelet: z.optional(z.string()),
  neverRelisted: z.optional(z.object({ lastLineAt: z.number(), forMs: z.number() })),
});

/** Readings of the monotonic clock are left out: they mean nothing to the next process. */
export function saveEpisodes(state: EpisodeState): string {
  const { episodes, boundaryAt, kubelet, neverRelisted } = state;
  const run = neverRelisted && { lastLineAt: neverRelisted.lastLineAt, forMs: neverRelisted.forMs };
  return JSON.stringify({ version: 1, episodes, boundaryAt, kubelet, neverRelisted: run });
}

/** Takes what it can read; from a torn, foreign or newer text it starts anew. It never throws. */
export function loadEpisodes(text: string | undefined): EpisodeState {
  const stored = Stored.safeParse(parseJson(text));
  if (!stored.success) return NO_EPISODES;
  const { boundaryAt, kubelet, neverRelisted } = stored.data;
  return {
    episodes: stored.data.episodes.flatMap(loadEpisode).slice(-MAX_EPISODES).map(onlyLastOpen),
    boundaryAt,
    kubelet,
    neverRelisted: neverRelisted && { ...neverRelisted, seenAtMs: undefined },
    seenAtMs: undefined,
    quietFromMs: undefined,
  };
}

function parseJson(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function loadEpisode(raw: unknown): readonly EpisodeRecord[] {
  const parsed = StoredEpisode.safeParse(raw);
  if (!parsed.success) return [];
  const e = parsed.data;
  return [
    {
      startedAt: e.startedAt,
      endedAt: e.endedAt,
      lastLineAt: e.lastLineAt,
      lines: e.lines,
      lastFault: e.lastFault ?? (e.lastElapsedMs === undefined ? 'never-relisted' : 'breach'),
      lastElapsedMs: e.lastElapsedMs,
      maxElapsedMs: e.maxElapsedMs,
      thresholdMs: e.thresholdMs,
      relistAt: e.relistAt,
    },
  ];
}

function onlyLastOpen(episode: EpisodeRecord, index: number, all: readonly EpisodeRecord[]): EpisodeRecord {
  if (episode.endedAt !== undefined || index === all.length - 1) return episode;
  return { ...episode, endedAt: episode.lastLineAt };
}
