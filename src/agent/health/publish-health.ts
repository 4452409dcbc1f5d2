/**
 * Writes what the agent sees to its KubeletHealth: at once when it changes or is asked for, every 30 s while an incident of its
 * node is at work, and every 5 minutes at rest (docs/adr/0013-heartbeats-on-demand.md).
 */
import { HEALTHS } from '../../api/resources.ts';
import { AGENT_MANAGER, API_VERSION } from '../../api/v1alpha1/words/names.ts';
import type { HealthStatus, KubeletHealth } from '../../api/v1alpha1/kinds/health.ts';
import type { Condition } from '../../api/v1alpha1/parts/condition.ts';
import { waitsForLong } from '../../core/decision/record/long-wait.ts';
import type { Moment } from '../../core/time/moment.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import { isMedicError } from '../../ports/errors.ts';
import { buildStatus, isNews, type StatusInput, urgentKey } from './health-status.ts';
import type { Requests } from '../requests.ts';
import type { ObservationBoard } from './observation.ts';
import { momentOf, retryMs, type World } from '../world.ts';

/** Give or take a tenth, by chance. */
const HEARTBEAT_MS = 300_000;
/** While an incident of its node is at work, and not waiting for a place or a person: it looks at how long things have lasted. */
const INCIDENT_BEAT_MS = 30_000;
/** Within which agents that were started together report, where the controller knows already what there is to report. */
const START_SPREAD_MS = 30_000;
/** Within which agents whose heartbeats have failed together try again. */
const OUTAGE_SPREAD_MS = 120_000;
/** At most five writes a second, whatever happens. */
const SPACING_MS = 200;
const CALL_LIMIT_MS = 10_000;

export interface Publisher {
  /** Runs until the signal. */
  run(signal: AbortSignal): Promise<never>;
  /** For how long something that should have been written has not been, in milliseconds; undefined: nothing was written yet. */
  lateMs(): number | undefined;
}

interface Due {
  readonly status: HealthStatus;
  readonly key: string;
  readonly uid: string;
  /** Only to say that the agent is there: nobody waits for it. */
  readonly isHeartbeat: boolean;
}

export function createPublisher(world: World, board: ObservationBoard, requests: Requests): Publisher {
  const { clock, cluster, log, metrics, node, random } = world;
  const wakeUp = createWakeUp(clock);
  /** Who asks now can be answered now: his question has come through. */
  const retryWakeUp = createWakeUp(clock);
  let conditions: readonly Condition[] = [];
  let writtenKey = '';
  let publishedAt: number | undefined;
  /** On the monotonic clock. */
  let beatAt = Number.NaN;
  /** Since when a write has been tried in vain. */
  let dueSince: number | undefined;
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

  /** An agent that has just started: whether its KubeletHealth does not say already what it sees. */
  function isFirstNews({ status: told, metadata }: KubeletHealth, status: HealthStatus): boolean {
    return told.agent === undefined || told.observedGeneration !== metadata.generation || isNews(told, status);
  }

  function isAtWork(): boolean {
    return requests.openIncidents().some((incident) => !waitsForLong(incident));
  }

  function nextBeatAt(): number {
    return isAtWork() ? Math.min(beatAt, (publishedAt ?? Number.NEGATIVE_INFINITY) + INCIDENT_BEAT_MS) : beatAt;
  }

  /** undefined: there is nothing to write yet. */
  function due(): Due | undefined {
    const [from, health] = [input(), requests.health()];
    if (from === undefined || health === undefined) return undefined;
    if (Number.isNaN(beatAt)) beatAt = from.now.monotonicMs + START_SPREAD_MS * random.next();
    const status = buildStatus(from);
    const key = urgentKey({ ...from, conditions: status.conditions ?? [] });
    const { uid } = health.metadata;
    const isChange = publishedAt === undefined ? isFirstNews(health, status) : uid !== writtenUID || key !== writtenKey;
    if (!isChange && from.now.monotonicMs < nextBeatAt()) return undefined;
    return { status, key, uid, isHeartbeat: !isChange && !isAtWork() };
  }

  async function write({ status, key, uid }: Due, signal: AbortSignal): Promise<void> {
    dueSince ??= clock.monotonic();
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
    beatAt = publishedAt + HEARTBEAT_MS * (0.9 + 0.2 * random.next());
    dueSince = undefined;
    metrics.count('health_writes_total');
    metrics.gauge('health_written_timestamp_seconds', clock.now() / 1000);
  }

  async function pause(isHeartbeat: boolean, error: unknown, signal: AbortSignal): Promise<void> {
    const waitMs = retryMs(world, failures, error);
    // Who asks to be left alone is left alone, whatever there is to say by now.
    if (isMedicError(error, 'throttled')) await clock.sleep(waitMs, signal);
    else if (!isHeartbeat) await retryWakeUp.wait(waitMs, signal);
    if (isHeartbeat) beatAt = clock.monotonic() + OUTAGE_SPREAD_MS * random.next();
  }

  /** @returns whether there was something to write; there may be more by now. */
  async function turn(signal: AbortSignal): Promise<boolean> {
    const found = due();
    if (found === undefined) return false;
    try {
      await write(found, signal);
      failures = 0;
      await clock.sleep(SPACING_MS, signal);
    } catch (error) {
      signal.throwIfAborted();
      failures += 1;
      metrics.count('health_write_failures_total');
      log.warn('The health of the node cannot be written; trying again', { node, failures, err: error });
      await pause(found.isHeartbeat, error, signal);
    }
    return true;
  }

  /** A heartbeat that is late with nothing to write has no object to be written to: a new one wakes it. */
  function restMs(): number {
    const leftMs = nextBeatAt() - clock.monotonic();
    return leftMs > 0 ? leftMs : HEARTBEAT_MS;
  }

  return {
    lateMs: () =>
      publishedAt === undefined ? undefined : Math.max(0, clock.monotonic() - Math.min(dueSince ?? beatAt, beatAt)),
    async run(signal): Promise<never> {
      board.onPost(wakeUp.wake);
      requests.onHealth(wakeUp.wake);
      requests.onIncident(wakeUp.wake);
      requests.onHealth(() => {
        if (failures > 0) retryWakeUp.wake();
      });
      for (;;) {
        if (!(await turn(signal))) await wakeUp.wait(restMs(), signal);
      }
    },
  };
}
