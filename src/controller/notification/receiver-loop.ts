/** Tells one receiver what is due, one message after the other. It waits for nobody, and nobody waits for it. */
import { INCIDENTS } from '../../api/resources.ts';
import { nextBatch, type Allowance, type Batch } from '../../core/notification/batch.ts';
import { dueNews } from '../../core/notification/due.ts';
import type { Due, News } from '../../core/notification/news.ts';
import { pruned, withGivenUp, withSent, type Ledger } from '../../core/notification/ledger.ts';
import { messageOf } from '../../core/notification/message.ts';
import type { Receiver } from '../../core/notification/receiver.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { isMedicError } from '../../ports/errors.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { createBuckets } from '../../runtime/buckets.ts';
import type { WakeUp } from '../../runtime/wake-up.ts';
import type { World } from '../world.ts';
import { deliver, type Deliverer } from './deliver.ts';

export interface ReceiverLoop {
  readonly world: World;
  readonly outside: Deliverer;
  readonly receiver: Receiver;
  /** What the cluster is called. */
  readonly cluster: string;
  readonly news: () => News;
  readonly wakeUp: WakeUp;
  readonly ledger: Ledger;
  /** false: nobody has stored it yet. */
  readonly isStored: boolean;
  /** @returns whether it is stored. */
  readonly save: (ledger: Ledger, signal: AbortSignal) => Promise<boolean>;
}

/** What comes within this time is told together where it is much; Slack takes one message a second. */
const GATHERED_MS = 1_000;
const SINGLES = { burst: 10, refillMs: 30_000 };
const GROUPS = { burst: 4, refillMs: 15_000 };
/** Until there may be room for the next message of a storm. */
const NO_ROOM_MS = 5_000;
const LOOK_AGAIN_MS = 60_000;
const BACKOFF = { firstMs: 1_000, longestMs: 300_000 };
/** A message that was refused lets others go first for so long. */
const REFUSED_REST_MS = 600_000;
const DETAILS_MS = 5_000;

function isSilent(due: Due): boolean {
  return due.kind === 'incident' && due.isSilent;
}

/** An end with its reason: the copy here has no texts of what is over. */
async function withDetails({ cluster }: World, due: Due, signal: AbortSignal): Promise<Due> {
  if (due.kind !== 'incident' || isOpen(due.incident)) return due;
  const { name, uid } = due.incident.metadata;
  try {
    const whole = await cluster.get(INCIDENTS, { name }, { signal, deadlineMs: DETAILS_MS });
    return whole?.metadata.uid === uid ? { ...due, incident: whole } : due;
  } catch (error) {
    signal.throwIfAborted();
    if (!isMedicError(error)) throw error;
    return due;
  }
}

/** Runs until the signal, and throws its reason. */
export async function runReceiver(loop: ReceiverLoop, signal: AbortSignal): Promise<never> {
  const { world, outside, receiver, wakeUp } = loop;
  const { clock, log, metrics, random } = world;
  const labels = { receiver: receiver.name, type: receiver.type };
  const isPagerDuty = receiver.type === 'PagerDuty';
  const singles = createBuckets(clock, SINGLES);
  const groups = createBuckets(clock, GROUPS);
  const allowance: Allowance = { single: () => singles.take(''), group: () => groups.take('') };
  /** By the id of what lets others go first: until when, on the monotonic clock. */
  let resting: ReadonlyMap<string, number> = new Map();
  /** What could not be sent: it may be the one that something on the way does not let pass, and others go before it is tried again. */
  let failed: ReadonlySet<string> = new Set();
  let { ledger, isStored } = loop;
  let failures = 0;

  async function store(next: Ledger): Promise<void> {
    ledger = pruned(next, loop.news().incidents, clock.now());
    isStored = await loop.save(ledger, signal);
  }

  /** What is due and may go. */
  async function look(): Promise<readonly Due[]> {
    const { due, givenUp } = dueNews(receiver, ledger, loop.news());
    const silent = due.filter(isSilent);
    const loud = due.filter((one) => !isSilent(one));
    const ids = new Set(loud.map(({ id }) => id));
    const now = clock.monotonic();
    resting = new Map([...resting].filter(([id, until]) => until > now && ids.has(id)));
    metrics.gauge('notifications_waiting', loud.length, labels);
    if (givenUp.length > 0) {
      log.warn('Ends of incidents are too old to be told', { receiver: receiver.name, count: givenUp.length });
      givenUp.forEach(() => {
        metrics.count('notifications_given_up_total', labels);
      });
    }
    if (givenUp.length > 0 || silent.length > 0)
      await store(withSent(withGivenUp(ledger, givenUp), silent, { type: receiver.type, isStorm: true }));
    else if (!isStored) await store(ledger);
    const may = loud.filter(({ id }) => !resting.has(id));
    return [...may.filter(({ id }) => !failed.has(id)), ...may.filter(({ id }) => failed.has(id))];
  }

  /** @returns how long to rest, in milliseconds. */
  async function send(batch: Batch): Promise<number> {
    const [first, ...others] = batch;
    const told: Batch = others.length === 0 ? [await withDetails(world, first, signal)] : batch;
    const verdict = await deliver(outside, receiver, messageOf(told, loop.cluster), signal);
    if (verdict.kind === 'sent') {
      failures = 0;
      metrics.count('notifications_sent_total', labels);
      metrics.gauge('notification_last_success_timestamp_seconds', clock.now() / 1_000, labels);
      await store(withSent(ledger, batch, { type: receiver.type, isStorm: batch.length > 1 }));
      return GATHERED_MS;
    }
    failures++;
    metrics.count('notifications_failed_total', labels);
    const said = { receiver: receiver.name, reason: verdict.why, count: batch.length, failures };
    if (verdict.kind === 'refused') {
      log.warn('A receiver refuses a message; others go first, and it is tried again', said);
      const until = clock.monotonic() + REFUSED_REST_MS;
      resting = new Map([...resting, ...batch.map(({ id }) => [id, until] as const)]);
      return GATHERED_MS;
    }
    log.warn('A message could not be sent, and is tried again', said);
    failed = new Set(batch.map(({ id }) => id));
    return Math.max(backoffMs(failures, BACKOFF, random), verdict.afterMs ?? 0);
  }

  for (;;) {
    const due = await look();
    const batch = nextBatch(due, isPagerDuty, allowance);
    if (batch !== undefined) await clock.sleep(await send(batch), signal);
    else {
      await wakeUp.wait(due.length > 0 ? NO_ROOM_MS : LOOK_AGAIN_MS, signal);
      await clock.sleep(GATHERED_MS, signal);
    }
  }
}
