/** Follows the kubelet log, whatever happens to it, and keeps what it says of PLEG. */
import { openEpisode } from '../../core/detection/episodes.ts';
import type { LogRecord } from '../../ports/host.ts';
import type { WakeUp } from '../../runtime/wake-up.ts';
import type { ObservationBoard } from '../health/observation.ts';
import { onEvent, onFailure, onRecord, onRestart, logObservationOf, plegOf, type WatchState } from './log-state.ts';
import { loadWatch, saveWatch, WATCH_KEY } from './log-state-store.ts';
import { momentOf, reasonOf, retryMs, type World } from '../world.ts';

const TICK_MS = 1_000;
/** Without a cursor, how far back to look: an open fault prints every 5 s, and flapping shows over half an hour. */
const LOOK_BACK_MS = 30 * 60_000;
/** Lines after the stored cursor are read again after a crash, which changes nothing; so it is stored seldom. */
const STORE_EVERY_MS = 15_000;
/** A source that ran this long was a good one. The backoff begins anew after it. */
const GOOD_RUN_MS = 60_000;

export interface LogWatch {
  /** Runs until the signal. */
  run(signal: AbortSignal): Promise<void>;
  /** When the watch last took a turn, on the monotonic clock: for the liveness check. */
  turnedAt(): number;
}

/** @param hostWakeUp rung when the log says that a kubelet has started. */
export function createLogWatch(world: World, board: ObservationBoard, hostWakeUp: WakeUp): LogWatch {
  const { clock, host, log, metrics } = world;
  const source = host.log.description;
  let state: WatchState = loadWatch(undefined, source);
  let storedAt = Number.NEGATIVE_INFINITY;
  let turnedAt = clock.monotonic();

  function post(): void {
    const now = momentOf(clock);
    const { pleg: previous, probe, host: seen } = board.current();
    const pleg = plegOf(state, { probe, kubelet: seen?.kubeletProgram, previous }, now);
    if (previous !== undefined && previous.state !== pleg.state) {
      log.info('PLEG changed', { node: world.node, reason: pleg.reason, state: pleg.state, detail: pleg.message });
      metrics.count('pleg_changes_total', { state: pleg.state });
    }
    board.post({ pleg, log: logObservationOf(state) });
  }

  async function store(signal: AbortSignal): Promise<void> {
    storedAt = clock.monotonic();
    try {
      await host.state.write(WATCH_KEY, saveWatch(source, state));
    } catch (error) {
      signal.throwIfAborted();
      log.warn('The state of the watch cannot be stored', { err: error });
      board.post({ spool: { ...board.current().spool, error: `state folder: ${reasonOf(error)}`.slice(0, 1024) } });
    }
  }

  /** Takes a new state. An episode that opens or closes is stored at once. */
  async function take(next: WatchState, signal: AbortSignal): Promise<void> {
    const changed = episodesKey(next) !== episodesKey(state);
    const due = next.cursor !== state.cursor && clock.monotonic() - storedAt >= STORE_EVERY_MS;
    state = next;
    if (changed || due) await store(signal);
  }

  async function takeRecord(record: LogRecord, signal: AbortSignal): Promise<void> {
    if (record.kind === 'lost')
      log.warn('Lines of the kubelet log are lost', { lines: record.lines, reason: record.message });
    const before = state;
    const next = onRecord(before, record, momentOf(clock));
    await take(next, signal);
    if (next.starts !== before.starts) hostWakeUp.wake();
    // Most lines say nothing of PLEG. The tick publishes how far the reading is.
    const telling = next.episodes !== before.episodes || next.suspicion !== before.suspicion;
    if (telling || next.status !== before.status) post();
  }

  async function followOnce(signal: AbortSignal): Promise<never> {
    state = onRestart(state);
    const from = { ...(state.cursor === undefined ? {} : { cursor: state.cursor }), since: clock.now() - LOOK_BACK_MS };
    for await (const record of host.log.follow(from, signal)) await takeRecord(record, signal);
    throw new Error('the log source has ended');
  }

  async function follow(signal: AbortSignal): Promise<never> {
    for (let failures = 1; ; failures++) {
      const startedAt = clock.monotonic();
      try {
        await followOnce(signal);
      } catch (error) {
        signal.throwIfAborted();
        if (clock.monotonic() - startedAt >= GOOD_RUN_MS) failures = 1;
        log.warn('The kubelet log cannot be read; trying again', { reason: reasonOf(error), failures });
        metrics.count('log_source_failures_total');
        state = onFailure(state, reasonOf(error), momentOf(clock));
        post();
      }
      await clock.sleep(retryMs(world, failures), signal);
    }
  }

  async function isKubeletAlive(signal: AbortSignal): Promise<boolean> {
    const unit = board.current().host?.kubeletUnit;
    if (unit?.kind !== 'known' || unit.value.mainPID === 0) return false;
    const { mainPID } = unit.value;
    try {
      const process = await host.facts.process(mainPID);
      return process !== undefined && !process.frozen && !'TtZX'.includes(process.state);
    } catch {
      signal.throwIfAborted();
      return false;
    }
  }

  async function tick(signal: AbortSignal): Promise<never> {
    for (;;) {
      const unit = board.current().host?.kubeletUnit;
      const inEpisode = openEpisode(state.episodes) !== undefined;
      const kubeletAlive = inEpisode ? await isKubeletAlive(signal) : true;
      const now = momentOf(clock);
      let next = state;
      if (unit?.kind === 'known' && unit.value.mainPID !== 0) {
        const { invocationID, mainPID, startedAt } = unit.value;
        next = onEvent(next, { kind: 'kubelet', identity: `${invocationID}/${String(mainPID)}`, startedAt }, now);
      }
      next = onEvent(next, { kind: 'tick', logCurrent: state.status.kind === 'current', kubeletAlive }, now);
      await take(next, signal);
      if (state.status.kind === 'current') metrics.gauge('log_read_timestamp_seconds', now.wallMs / 1000);
      post();
      turnedAt = clock.monotonic();
      await clock.sleep(TICK_MS, signal);
    }
  }

  return {
    turnedAt: () => turnedAt,
    async run(signal): Promise<void> {
      state = loadWatch(await readStored(world, signal), source);
      try {
        await Promise.all([follow(signal), tick(signal)]);
      } finally {
        // Not needed for correctness, and so not waited for beyond a moment: the next agent reads a little less again.
        await host.state.write(WATCH_KEY, saveWatch(source, state)).catch(() => undefined);
      }
    },
  };
}

/** Changes when an episode opens, closes, or is forgotten; not with each line. */
function episodesKey({ episodes }: WatchState): string {
  const last = episodes.episodes.at(-1);
  return `${String(episodes.episodes.length)}/${String(last?.startedAt)}/${String(last?.endedAt)}/${episodes.kubelet ?? ''}`;
}

async function readStored(world: World, signal: AbortSignal): Promise<string | undefined> {
  try {
    return await world.host.state.read(WATCH_KEY);
  } catch (err) {
    signal.throwIfAborted();
    world.log.warn('The stored state of the watch cannot be read; starting anew', { err });
    return undefined;
  }
}
