/** Writes what the agent sees to its KubeletHealth: at once when it matters, every 30 s when it does not. */
import { HEALTHS } from '../../api/resources.ts';
import { AGENT_MANAGER, API_VERSION } from '../../api/v1alpha1/names.ts';
import type { Condition } from '../../api/v1alpha1/condition.ts';
import type { Moment } from '../../core/time/moment.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import { buildStatus, type StatusInput, urgentKey } from './health-status.ts';
import type { Requests } from '../requests.ts';
import type { ObservationBoard } from './observation.ts';
import { momentOf, retryMs, type World } from '../world.ts';

const HEARTBEAT_MS = 30_000;
/** At most five writes a second, whatever happens. */
const SPACING_MS = 200;
const CALL_LIMIT_MS = 10_000;

export interface Publisher {
  /** Runs until the signal. */
  run(signal: AbortSignal): Promise<never>;
  /** When the last write succeeded, on the monotonic clock; undefined: none has. */
  publishedAt(): number | undefined;
}

export function createPublisher(world: World, board: ObservationBoard, requests: Requests): Publisher {
  const { clock, cluster, log, metrics, node } = world;
  const wakeUp = createWakeUp(clock);
  /** Who asks now can be answered now: his question has come through. */
  const retryWakeUp = createWakeUp(clock);
  let conditions: readonly Condition[] = [];
  let writtenKey = '';
  let publishedAt: number | undefined;
  let failingSince: number | undefined;
  let failures = 0;
  /** The object that was last written to: a new one of the same name has none of our fields. */
  let writtenUID = '';

  function logFailedForMs(now: Moment): number | undefined {
    failingSince = board.current().log.state === 'failed' ? (failingSince ?? now.monotonicMs) : undefined;
    return failingSince === undefined ? undefined : now.monotonicMs - failingSince;
  }

  function input(): StatusInput | undefined {
    const health = requests.health();
    // Before the first look at the host there is nothing worth telling.
    if (health === undefined || board.current().host === undefined) return undefined;
    const now = momentOf(clock);
    return {
      world,
      observation: board.current(),
      logSource: world.host.log.description,
      logFailedForMs: logFailedForMs(now),
      spec: health.spec,
      generation: health.metadata.generation,
      conditions: conditions.length > 0 ? conditions : (health.status.conditions ?? []),
      now,
    };
  }

  function isDue(uid: string, key: string, now: Moment): boolean {
    if (publishedAt === undefined || uid !== writtenUID || key !== writtenKey) return true;
    return now.monotonicMs - publishedAt >= HEARTBEAT_MS;
  }

  /** @returns whether something was written. */
  async function publish(signal: AbortSignal): Promise<boolean> {
    const from = input();
    if (from === undefined) return false;
    const status = buildStatus(from);
    const key = urgentKey({ ...from, conditions: status.conditions ?? [] });
    const uid = requests.health()?.metadata.uid ?? '';
    if (!isDue(uid, key, from.now)) return false;
    const manifest = { apiVersion: API_VERSION, kind: HEALTHS.kind, metadata: { name: node }, status };
    const options = {
      manager: AGENT_MANAGER,
      subresource: 'status',
      force: true,
      signal,
      deadlineMs: CALL_LIMIT_MS,
    } as const;
    await cluster.apply(HEALTHS, manifest, options);
    conditions = status.conditions ?? [];
    writtenKey = key;
    writtenUID = uid;
    publishedAt = clock.monotonic();
    metrics.count('health_writes_total');
    return true;
  }

  async function turn(signal: AbortSignal): Promise<void> {
    try {
      const wrote = await publish(signal);
      failures = 0;
      if (wrote) await clock.sleep(SPACING_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      metrics.count('health_write_failures_total');
      log.warn('The health of the node cannot be written; trying again', { node, failures, err: error });
      await retryWakeUp.wait(retryMs(world, failures, error), signal);
    }
  }

  return {
    publishedAt: () => publishedAt,
    async run(signal): Promise<never> {
      board.onPost(wakeUp.wake);
      requests.onHealth(wakeUp.wake);
      requests.onHealth(() => {
        if (failures > 0) retryWakeUp.wake();
      });
      for (;;) {
        await turn(signal);
        await wakeUp.wait(HEARTBEAT_MS, signal);
      }
    },
  };
}
