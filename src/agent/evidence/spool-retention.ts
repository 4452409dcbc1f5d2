/** Keeps the spool tidy: bundles of incidents that no longer exist go, and all early ones but the newest. */
import { isEarlyBundle } from '../../core/evidence/bundle.ts';
import { bundlesOf, newestEarly } from './spool-bundle.ts';
import type { Requests } from '../requests.ts';
import type { ObservationBoard } from '../health/observation.ts';
import { noteSpoolError } from '../health/spool-error.ts';
import type { Mutex } from '../../runtime/mutex.ts';
import { reasonOf, type World } from '../world.ts';

const EVERY_MS = 5 * 60_000;
/** While something is wrong with the disk it is tried more often, so that the report is right soon after it is mended. */
const TRY_MS = 60_000;
/** A copy of the incidents that is older says nothing of what exists. */
const FRESH_MS = 2 * 60_000;
const TRIAL_BUNDLE = 'trial';

export interface RetentionQuestion {
  readonly bundles: readonly string[];
  /** Bundles of all incidents of this node, open or not. */
  readonly incidents: ReadonlySet<string>;
  readonly newestEarly: string | undefined;
}

/** Bundles that nothing refers to any more. */
export function bundlesToRemove({ bundles, incidents, newestEarly: early }: RetentionQuestion): readonly string[] {
  return bundles.filter((bundle) => (isEarlyBundle(bundle) ? bundle !== early : !incidents.has(bundle)));
}

async function tidy({ host, clock, log }: World, requests: Requests): Promise<void> {
  const { spool } = host;
  const newest = await newestEarly(spool, clock.now());
  const gone = bundlesToRemove({
    bundles: (await spool.list()).map(({ bundle }) => bundle),
    incidents: bundlesOf(requests.incidents.list()),
    newestEarly: newest?.bundle,
  });
  for (const bundle of gone) {
    await spool.remove(bundle);
    log.info('Evidence of an incident that no longer exists is removed', { bundle });
  }
}

/** A disk that was full may have room again. Only a write shows it. */
async function tryStorage({ host, clock }: World, board: ObservationBoard, requests: Requests): Promise<void> {
  const keep = new Set(bundlesOf(requests.incidents.list()));
  const early = board.current().spool.early;
  if (early !== undefined) keep.add(early.id);
  await host.state.write('trial', String(clock.now()));
  await host.spool.write(TRIAL_BUNDLE, 'trial', Buffer.from('kubelet-medic'), keep);
  await host.spool.remove(TRIAL_BUNDLE);
}

/** Runs until the signal. It never runs while evidence is being taken. */
export async function runRetention(
  world: World,
  board: ObservationBoard,
  { requests, mutex }: { readonly requests: Requests; readonly mutex: Mutex },
  signal: AbortSignal,
): Promise<never> {
  const { clock } = world;
  for (;;) {
    const broken = board.current().spool.error !== undefined;
    try {
      const freshAt = requests.freshAt();
      if (freshAt !== undefined && clock.monotonic() - freshAt < FRESH_MS) await mutex(() => tidy(world, requests));
      if (broken) await mutex(() => tryStorage(world, board, requests));
      if (broken) noteSpoolError(board, undefined);
    } catch (error) {
      signal.throwIfAborted();
      noteSpoolError(board, reasonOf(error));
    }
    await clock.sleep(broken ? TRY_MS : EVERY_MS, signal);
  }
}
