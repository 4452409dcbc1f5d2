/**
 * A kubelet process of a simulated host: it relists, says what the real one says when it cannot, and posts the Ready
 * condition as late as the real one does.
 */
import type { Clock } from '../../../src/ports/clock.ts';
import type { Journal } from './journal.ts';
import {
  breachReason,
  cannotStartLine,
  leaseFailedLine,
  type LineContext,
  mainLoopLine,
  ordinaryLine,
  relistFailedLine,
  RUNTIME_DOWN,
  skippingLine,
  versionLine,
  YET_TO_BE_SUCCESSFUL,
} from './kubelet-log.ts';
import { type FaultKind, type KubeletProfile, TIMES } from './scenario.ts';

export interface ReadyCondition {
  readonly status: 'True' | 'False';
  readonly reason: string;
  readonly message: string;
  /** Milliseconds since 1970. */
  readonly lastTransitionAt: number;
}

export interface KubeletWorld {
  readonly clock: Clock;
  readonly journal: Journal;
  readonly profile: KubeletProfile;
  /** What keeps this process from relisting now; undefined: nothing. */
  readonly blockedBy: () => FaultKind | undefined;
  readonly isRuntimeHung: () => boolean;
  /** Why its reports do not arrive, as its HTTP client words it; undefined: they do. */
  readonly reportError: () => string | undefined;
  readonly pid: () => number;
  readonly postReady: (ready: Omit<ReadyCondition, 'lastTransitionAt'>) => void;
}

export interface KubeletLife {
  /** Ends when the process does: `failed` if by itself, or with the signal. */
  run(signal: AbortSignal): Promise<'failed'>;
  /** How long no relist has begun, in milliseconds; undefined: it has never relisted. */
  relistAgeMs(): number | undefined;
}

export function createKubeletLife(world: KubeletWorld): KubeletLife {
  const { clock, journal } = world;
  let relistAt: number | undefined;
  /** Monotonic: since when the present fault has been on. */
  let blockedSince: number | undefined;

  function context(): LineContext {
    return { at: clock.now(), pid: world.pid(), profile: world.profile };
  }

  function relistAgeMs(): number | undefined {
    return relistAt === undefined ? undefined : clock.monotonic() - relistAt;
  }

  function blockedForMs(): number {
    return blockedSince === undefined ? 0 : clock.monotonic() - blockedSince;
  }

  async function relist(signal: AbortSignal): Promise<never> {
    let nextFailureAt = Number.POSITIVE_INFINITY;
    for (;;) {
      const fault = world.blockedBy();
      if (fault === 'kubelet-frozen') {
        await clock.sleep(TIMES.relistPeriod, signal);
        continue;
      }
      if (fault === undefined) {
        relistAt = clock.monotonic();
        blockedSince = undefined;
        nextFailureAt = Number.POSITIVE_INFINITY;
      } else if (blockedSince === undefined) {
        blockedSince = clock.monotonic();
        if (fault !== 'event-channel-deadlock') nextFailureAt = blockedSince + TIMES.criCallLimit;
      }
      if (clock.monotonic() >= nextFailureAt) {
        journal.write(relistFailedLine(context()));
        nextFailureAt += TIMES.criCallLimit;
      }
      await clock.sleep(TIMES.relistPeriod, signal);
    }
  }

  /** What the sync loop finds wrong; a loop that waits for a CRI call itself finds nothing. */
  function errors(): readonly string[] {
    const fault = world.blockedBy();
    if (fault === 'kubelet-frozen') return [];
    // It was frozen until now: the sync loop comes before the next relist.
    const isOld = (relistAgeMs() ?? 0) > TIMES.threshold;
    if (fault === undefined) return isOld ? [breachReason(relistAgeMs() ?? 0, TIMES.threshold)] : [];
    if (blockedSince === undefined) return [];
    const isDown = fault !== 'event-channel-deadlock';
    if (isDown && blockedForMs() < TIMES.syncLoopBlockedFor) return [];
    const age = relistAgeMs();
    const breach =
      age === undefined ? [YET_TO_BE_SUCCESSFUL] : age > TIMES.threshold ? [breachReason(age, TIMES.threshold)] : [];
    return [...(isDown ? [RUNTIME_DOWN] : []), ...breach];
  }

  async function syncLoop(signal: AbortSignal): Promise<never> {
    let backoff: number = TIMES.backoffFirst;
    for (;;) {
      const found = errors();
      if (found.length === 0) {
        backoff = TIMES.backoffFirst;
        await clock.sleep(500, signal);
        continue;
      }
      journal.write(skippingLine(context(), found));
      await clock.sleep(backoff, signal);
      backoff = Math.min(backoff * 2, TIMES.backoffLongest);
    }
  }

  async function chatter(signal: AbortSignal): Promise<never> {
    for (let count = 1; ; count++) {
      if (world.blockedBy() !== 'kubelet-frozen') journal.write(ordinaryLine(context(), count));
      await clock.sleep(20_000, signal);
    }
  }

  /** What it says of a Lease that it cannot renew: each 10 s, as its requests have that time. */
  async function heartbeat(signal: AbortSignal): Promise<never> {
    for (;;) {
      await clock.sleep(TIMES.statusPeriod, signal);
      const error = world.reportError();
      if (error !== undefined) journal.write(leaseFailedLine(context(), error));
    }
  }

  function readyNow(): Omit<ReadyCondition, 'lastTransitionAt'> | undefined {
    const fault = world.blockedBy();
    const good = { status: 'True', reason: 'KubeletReady', message: 'kubelet is posting ready status' } as const;
    if (fault === undefined) return good;
    if (fault === 'kubelet-frozen') return undefined;
    const isDeadlock = fault === 'event-channel-deadlock';
    const age = relistAgeMs() ?? 0;
    const forMs = blockedForMs();
    if (isDeadlock ? age <= TIMES.threshold : forMs < TIMES.statusBlockedFor) return isDeadlock ? good : undefined;
    const namesPleg = isDeadlock || forMs >= TIMES.statusNamesPlegAfter;
    const reasons = [...(isDeadlock ? [] : [RUNTIME_DOWN]), ...(namesPleg ? [breachReason(age, TIMES.threshold)] : [])];
    const message = reasons.length === 1 ? (reasons[0] ?? '') : `[${reasons.join(', ')}]`;
    return { status: 'False', reason: 'KubeletNotReady', message };
  }

  async function postStatus(signal: AbortSignal): Promise<never> {
    for (let postedAt = Number.NEGATIVE_INFINITY; ;) {
      const ready = readyNow();
      if (ready !== undefined && clock.monotonic() - postedAt >= TIMES.statusPeriod) {
        world.postReady(ready);
        postedAt = clock.monotonic();
      }
      await clock.sleep(2_000, signal);
    }
  }

  return {
    relistAgeMs,
    async run(signal): Promise<'failed'> {
      journal.write(versionLine(context()));
      if (world.isRuntimeHung()) {
        await clock.sleep(TIMES.kubeletExitsAfter, signal);
        if (world.isRuntimeHung()) {
          journal.write(cannotStartLine(context()));
          return 'failed';
        }
      }
      journal.write(mainLoopLine(context()));
      journal.write(
        skippingLine(context(), ['container runtime status check may not have completed yet', YET_TO_BE_SUCCESSFUL]),
      );
      await clock.sleep(TIMES.kubeletFirstRelist, signal);
      await Promise.all([relist(signal), syncLoop(signal), chatter(signal), heartbeat(signal), postStatus(signal)]);
      return 'failed';
    },
  };
}
