/** A live local copy of a list: list, watch from there, resume where it broke, list again where history is gone. */
import * as z from 'zod/mini';
import type { Clock, Random } from '../ports/clock.ts';
import type { KubeObject, ListQuery, Listed, Mirror, Resource } from '../ports/cluster.ts';
import { isMedicError, type MedicError } from '../ports/errors.ts';
import type { Log } from '../ports/log.ts';
import { backoffMs } from '../runtime/backoff.ts';
import { watchAccept } from './accept.ts';
import { inTurns } from '../runtime/turns.ts';
import { createMirrorStore } from './mirror-store.ts';
import { tryParse } from './parsed.ts';
import { listPath } from './paths.ts';
import type { Transport } from './connection/transport.ts';
import { runWatch, type WatchEnd, type WatchEvent } from './watch.ts';

export interface MirrorOptions<T extends KubeObject> {
  readonly resource: Resource<T>;
  readonly query: ListQuery;
  readonly list: () => Promise<Listed<T>>;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly callClock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly signal: AbortSignal;
}

/** The server is asked to end a watch after 290 s and some chance: below the usual 5 minutes of proxies on the way. */
const WATCH_SECONDS = 290;
const WATCH_JITTER_SECONDS = 30;
/** Bookmarks come every minute, a quarter more or less. A quiet watch is opened anew from where it was: that is cheap. */
const SILENCE_MS = 90_000;
const BACKOFF = { firstMs: 200, longestMs: 20_000 };
/** A watch that has lasted this long was a good one. The backoff begins anew after it. */
const GOOD_WATCH_MS = 30_000;

const Versioned = z.object({ metadata: z.object({ resourceVersion: z.string() }) });

/** Starts at once, and ends with the signal. */
export function createMirror<T extends KubeObject>(options: MirrorOptions<T>): Mirror<T> {
  const { resource, clock, signal, random } = options;
  const log = options.log.child({ resource: resource.plural });
  const store = createMirrorStore<T>((error) => {
    log.error('a handler of a mirror has thrown', { err: error });
  });
  const synced = Promise.withResolvers<undefined>();
  // Nobody need wait for it, and then its rejection must not end the process.
  synced.promise.catch(() => undefined);
  let failures = 0;
  let freshAt: number | undefined;
  let resourceVersion = '';

  function isFresh(): void {
    freshAt = clock.monotonic();
  }

  async function pause(error?: unknown): Promise<void> {
    failures += 1;
    await clock.sleep(backoffMs(failures, BACKOFF, random, error), signal);
  }

  async function relist(): Promise<void> {
    const listed = await options.list();
    for (const { name, message } of listed.malformed) log.warn('a malformed object is left out', { name, message });
    resourceVersion = listed.resourceVersion;
    await inTurns(store.replacing(listed), options.callClock, signal);
    isFresh();
    synced.resolve(undefined);
  }

  function handle(event: WatchEvent): void {
    isFresh();
    const versioned = Versioned.safeParse(event.object);
    if (versioned.success) resourceVersion = versioned.data.metadata.resourceVersion;
    if (event.type === 'BOOKMARK') return;
    const parsed = tryParse(resource, event.object);
    if (event.type === 'DELETED') {
      store.remove(parsed);
      return;
    }
    store.set(parsed);
    if (parsed.kind === 'object') return;
    const { name, message } = parsed.malformed;
    log.warn('a malformed object keeps its last good copy', { name, message });
  }

  async function watch(): Promise<WatchEnd> {
    const seconds = Math.round(WATCH_SECONDS + random.next() * WATCH_JITTER_SECONDS);
    return await runWatch({
      transport: options.transport,
      clock,
      callClock: options.callClock,
      signal,
      path: listPath(resource, options.query, {
        watch: 'true',
        allowWatchBookmarks: 'true',
        resourceVersion,
        timeoutSeconds: seconds.toString(),
      }),
      what: `WATCH ${resource.plural}`,
      accept: watchAccept(resource),
      silenceMs: SILENCE_MS,
      onOpen: isFresh,
      onEvent: handle,
      onMalformedLine: (line) => {
        log.warn('a malformed watch line is left out', { line });
      },
    });
  }

  /** @returns whether history is gone, so that a list is due. */
  async function watchOnce(): Promise<boolean> {
    const startedAt = clock.monotonic();
    const end = await watch();
    const wasGood = clock.monotonic() - startedAt >= GOOD_WATCH_MS;
    if (wasGood) failures = 0;
    if (end.kind === 'failed') {
      log.info('a watch has failed', { reason: end.error.code, err: end.error });
      await pause(end.error);
      return needsList(end.error);
    }
    if (!wasGood) await pause();
    return false;
  }

  async function relistUntilDone(): Promise<void> {
    for (;;) {
      try {
        await relist();
        return;
      } catch (error) {
        signal.throwIfAborted();
        log.warn('a list has failed', { err: error });
        await pause(error);
      }
    }
  }

  async function run(): Promise<never> {
    for (;;) {
      await relistUntilDone();
      while (!(await watchOnce()));
    }
  }

  run().catch((error: unknown) => {
    synced.reject(error);
    if (!signal.aborted) log.error('a mirror has ended by a bug', { err: error });
  });

  return {
    get: store.get,
    list: store.list,
    malformed: store.malformed,
    onChange: store.onChange,
    async whenSynced(): Promise<void> {
      await synced.promise;
    },
    freshAt: () => freshAt,
  };
}

/** The server no longer has the history from our version on, or does not understand where we are. */
function needsList(error: MedicError): boolean {
  return error.code === 'E_KUBE_EXPIRED' || isMedicError(error, 'invalid', 'absent');
}
