/** Evidence taken as soon as PLEG is suspected, so that it is there when the restart is wanted. Nothing else follows. */
import type { HealthSpec, PlegInfo } from '../../api/v1alpha1/kinds/health.ts';
import { fromTime, toPreciseTime } from '../../core/time/timestamp.ts';
import { durationMs } from '../../core/time/duration.ts';
import { type BundleManifest, earlyBundleName } from '../../core/evidence/bundle.ts';
import { bundlesOf, newestEarly, writeManifest } from './spool-bundle.ts';
import { capture } from './collect-artifacts.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import type { Requests } from '../requests.ts';
import type { ObservationBoard } from '../health/observation.ts';
import { noteSpoolError } from '../health/spool-error.ts';
import type { Mutex } from '../../runtime/mutex.ts';
import { reasonOf, type World } from '../world.ts';

/** While one suspicion lasts. */
const AGAIN_MS = 10 * 60_000;
/** Between two tries for different troubles: a probe that fails now and then must not load the node. */
const SPACING_MS = 2 * 60_000;
const LIMIT_MS = 45_000;
const LOOK_MS = 5_000;

export interface EarlyQuestion {
  readonly spec: HealthSpec;
  readonly pleg: PlegInfo | undefined;
  /** When the newest early capture was complete, milliseconds since 1970. */
  readonly earlyAt: number | undefined;
  /** How long ago the last try began, whatever came of it. */
  readonly sinceTryMs: number | undefined;
  readonly now: number;
}

/** When the present trouble began: the stuck relist began before its breach line, by what the line says. */
function troubleBegan(pleg: Pick<PlegInfo, 'state' | 'since' | 'elapsed'>): number | undefined {
  const since = fromTime(pleg.since);
  if (since === undefined || pleg.state !== 'Unhealthy') return since;
  // `elapsed` is of the newest line and grows with it; taken from `since` it only makes the trouble look older.
  return since - (pleg.elapsed === undefined ? 0 : durationMs(pleg.elapsed));
}

export function isEarlyCaptureDue({ spec, pleg, earlyAt, sinceTryMs, now }: EarlyQuestion): boolean {
  if (pleg === undefined || (pleg.state !== 'Suspected' && pleg.state !== 'Unhealthy')) return false;
  if (spec.mode === 'Observe' || !spec.detection.earlyCapture) return false;
  if (sinceTryMs !== undefined && sinceTryMs < SPACING_MS) return false;
  const began = troubleBegan(pleg) ?? now;
  if (earlyAt === undefined || earlyAt < began) return true;
  return pleg.state === 'Suspected' && now - earlyAt >= AGAIN_MS;
}

export interface EarlyCaptures {
  /** Runs until the signal. */
  run(signal: AbortSignal): Promise<never>;
}

export function createEarlyCaptures(
  world: World,
  board: ObservationBoard,
  requests: Requests,
  mutex: Mutex,
): EarlyCaptures {
  const { clock, host, log, metrics } = world;
  let triedAtMs: number | undefined;

  function isDue(): boolean {
    const { pleg, spool } = board.current();
    return isEarlyCaptureDue({
      spec: requests.spec(),
      pleg,
      earlyAt: fromTime(spool.early?.at),
      sinceTryMs: triedAtMs === undefined ? undefined : clock.monotonic() - triedAtMs,
      now: clock.now(),
    });
  }

  async function take(signal: AbortSignal): Promise<void> {
    // An incident that is open has its own capture.
    if (!isDue() || requests.openIncidents().length > 0) return;
    triedAtMs = clock.monotonic();
    const spec = requests.spec();
    const reason = board.current().pleg?.reason ?? 'Unknown';
    const bundle = earlyBundleName(clock.now());
    const keep = new Set([bundle, ...bundlesOf(requests.openIncidents())]);
    const order = {
      bundle,
      collectors: host.collectors,
      dumps: { first: 1, count: 1, intervalMs: 0 },
      windowMs: durationMs(spec.logWindow),
      redact: spec.redact,
      keep,
      limitMs: LIMIT_MS,
    };
    const taken = await capture(world, order, signal);
    const at = clock.now();
    const manifest: BundleManifest = {
      version: 1,
      at,
      reason,
      entries: [...taken.entries],
      host: taken.host,
      ...relistOf(taken.relistCall),
    };
    await writeManifest(host.spool, bundle, manifest, keep);
    const artifacts = taken.entries.filter(({ state }) => state === 'Captured').length;
    const early = {
      id: bundle,
      at: toPreciseTime(at),
      reason,
      artifacts,
      bytes: taken.bytes,
      ...relistOf(taken.relistCall),
    };
    board.post({ spool: { ...board.current().spool, early, error: undefined } });
    metrics.count('early_captures_total', { reason });
    log.info('Evidence was saved early', { node: world.node, reason, bundle, artifacts, bytes: taken.bytes });
  }

  /** What was saved while the clock was ahead of now may be of long before the present trouble. Nobody is told of it. */
  function forgetFuture(): void {
    const { spool } = board.current();
    if ((fromTime(spool.early?.at) ?? 0) > clock.now()) board.post({ spool: { ...spool, early: undefined } });
  }

  return {
    async run(signal): Promise<never> {
      const wakeUp = createWakeUp(clock);
      board.onPost(wakeUp.wake);
      await postNewest(world, board);
      for (;;) {
        try {
          forgetFuture();
          if (isDue()) await mutex(() => take(signal));
        } catch (error) {
          signal.throwIfAborted();
          log.warn('Evidence could not be saved early', { node: world.node, err: error });
          noteSpoolError(board, reasonOf(error));
        }
        await wakeUp.wait(LOOK_MS, signal);
      }
    },
  };
}

function relistOf(call: string | undefined): { readonly relistCall?: string } {
  return call === undefined ? {} : { relistCall: call.slice(0, 64) };
}

/** What an earlier agent has left. */
async function postNewest({ host, clock, log }: World, board: ObservationBoard): Promise<void> {
  try {
    const found = await newestEarly(host.spool, clock.now());
    if (found === undefined) return;
    const { at, reason, entries, relistCall } = found.manifest;
    const captured = entries.filter(({ state }) => state === 'Captured');
    const bytes = captured.reduce((sum, entry) => sum + (entry.bytes ?? 0), 0);
    const early = {
      id: found.bundle,
      at: toPreciseTime(at),
      reason,
      artifacts: captured.length,
      bytes,
      ...relistOf(relistCall),
    };
    board.post({ spool: { ...board.current().spool, early } });
  } catch (error) {
    log.warn('The spool cannot be read', { err: error });
    noteSpoolError(board, reasonOf(error));
  }
}
