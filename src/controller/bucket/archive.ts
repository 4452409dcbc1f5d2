/**
 * Copies evidence into the bucket: what incidents have saved, by the agents of their nodes, some at a time. It is beside the
 * recovery: nothing waits for it, and of an incident it writes one field, when it is over (docs/adr/0018).
 */
import { INCIDENTS } from '../../api/resources.ts';
import type { BucketRecord } from '../../api/v1alpha1/parts/bucket.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { API_VERSION, BUCKET_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { isSilent } from '../../core/decision/contact.ts';
import { isOpen } from '../../core/decision/node-state.ts';
import { isSettled, type WantedObject, wantedObjects } from '../../core/evidence/bucket-objects.ts';
import { folderOf, uriOf } from '../../core/evidence/bucket-settings.ts';
import { fromTime, toPreciseTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { serverNow } from '../server-now.ts';
import type { World } from '../world.ts';
import { type ArchiveParts, createGrants, SILENT } from './grants.ts';
import { createProgressBook, type Progress } from './progress.ts';

const PASS_MS = 5_000;
/** Of one question to the bucket. */
const CALL_MS = 10_000;
const QUESTIONS = 8;
/** While the bucket does not answer, or refuses: from one question to the next. */
const PAUSE = { firstMs: 5_000, longestMs: 60_000 };
/** An open incident that has nothing new is looked at again. */
const REST_MS = 30_000;
/** From the end of an incident on it is tried for so long. */
const GIVE_UP_MS = 24 * 60 * 60_000;
/** Then the incident says that it waits. */
const TOLD_FAILURES = 3;

interface Case {
  readonly incident: KubeletIncident;
  readonly folder: string;
  readonly wanted: readonly WantedObject[];
  readonly progress: Progress;
}

function leftWords({ wanted }: Case, count: number): string {
  return `${String(count)} of ${String(wanted.length)} objects are missing`;
}

function endedAt({ status }: KubeletIncident): number {
  return fromTime(status.timings?.completedAt) ?? 0;
}

/** Incidents that ended before there was a bucket stay as they are. */
function isCandidate(incident: KubeletIncident, nowMs: number): boolean {
  const { bucket } = incident.status;
  if (isOpen(incident)) return isSettled(incident, nowMs);
  return bucket?.state === 'Waiting' || (bucket === undefined && nowMs - endedAt(incident) < GIVE_UP_MS);
}

/** Runs until the signal. */
export async function runArchive(world: World, parts: ArchiveParts, signal: AbortSignal): Promise<void> {
  const { clock, cluster, log, metrics, random } = world;
  const { view, contacts, bucket } = parts;
  const { settings, client } = bucket;
  const grants = createGrants(world, parts);
  const book = createProgressBook(clock, random);
  let pausedUntil = Number.NEGATIVE_INFINITY;
  let refusals = 0;

  function fail(progress: Progress, reason: 'Agent' | 'Bucket' | 'Incident', why: string): void {
    book.fail(progress, why);
    metrics.count('bucket_failures_total', { reason });
  }

  async function find(folder: string, object: WantedObject): Promise<WantedObject | undefined> {
    const limit = { ms: CALL_MS, code: 'E_BUCKET_DEADLINE', what: 'the bucket' } as const;
    const found = await withDeadline(clock, limit, signal, (inner) => client.find(`${folder}/${object.key}`, inner));
    const isIt = found?.bytes === object.bytes && (found.sha256 ?? object.sha256) === object.sha256;
    return isIt ? object : undefined;
  }

  /** What is there is seen there, whatever an agent says. */
  async function confirm({ folder, wanted, progress: { confirmed } }: Case): Promise<readonly WantedObject[]> {
    const unseen = wanted.filter(({ key }) => !confirmed.has(key));
    for (let from = 0; from < unseen.length; from += QUESTIONS) {
      const some = unseen.slice(from, from + QUESTIONS);
      for (const seen of await Promise.all(some.map((object) => find(folder, object)))) {
        if (seen === undefined) continue;
        const { key, bytes, sha256 } = seen;
        confirmed.set(key, { key, bytes, sha256 });
        metrics.count('bucket_objects_total');
      }
    }
    refusals = 0;
    return unseen.filter(({ key }) => !confirmed.has(key));
  }

  async function record(one: Case, state: BucketRecord['state'], message?: string): Promise<void> {
    const { incident, folder, wanted, progress } = one;
    const { name, uid } = incident.metadata;
    const written: BucketRecord = {
      state,
      at: toPreciseTime(serverNow(world)),
      uri: uriOf(settings, folder),
      objects: wanted.map(({ key }) => progress.confirmed.get(key)).filter((object) => object !== undefined),
      ...(message === undefined ? {} : { message: message.slice(0, 1024) }),
    };
    const manifest = {
      apiVersion: API_VERSION,
      kind: INCIDENTS.kind,
      metadata: { name, uid },
      status: { bucket: written },
    };
    await cluster.apply(INCIDENTS, manifest, { manager: BUCKET_MANAGER, subresource: 'status', force: true, signal });
    progress.isTold = true;
    progress.isDone = state !== 'Waiting';
    if (state === 'Complete') metrics.gauge('bucket_last_success_timestamp_seconds', clock.now() / 1_000);
    const detail = `${String(written.objects.length)} of ${String(wanted.length)} objects`;
    log.info('Evidence in the bucket', { node: incident.spec.nodeName, incident: name, reason: state, detail });
  }

  function isNodeGone({ spec }: KubeletIncident): boolean {
    return view.nodes.get(spec.nodeName)?.metadata.uid !== spec.nodeUID;
  }

  /** Why the rest of an incident that is over will not come; undefined: it may. */
  function endWords(one: Case, missing: number): string | undefined {
    const { incident, progress } = one;
    if (isNodeGone(incident)) return `${leftWords(one, missing)}: the node is gone`;
    if (serverNow(world) - endedAt(incident) < GIVE_UP_MS) return undefined;
    return `${leftWords(one, missing)} after 24 hours: ${progress.why ?? 'there was no time'}`;
  }

  /** @returns why no agent can be asked. */
  async function ask(one: Case, missing: readonly WantedObject[]): Promise<string | undefined> {
    const { incident, folder, progress } = one;
    const health = view.healths.get(incident.spec.nodeName);
    if (health?.status.bucket?.key === undefined) return 'its agent has not said for which key a grant is to be sealed';
    if (isSilent(contacts.of(health))) return SILENT;
    progress.tried = new Set(await grants.grant(health, { incident: incident.metadata, folder }, missing, signal));
    return undefined;
  }

  async function advance(one: Case): Promise<void> {
    const { incident, progress } = one;
    const isOver = !isOpen(incident);
    const missing = await confirm(one);
    if (missing.length === 0) {
      if (isOver) await record(one, 'Complete');
      else progress.notBefore = clock.monotonic() + REST_MS;
      return;
    }
    const end = isOver ? endWords(one, missing.length) : undefined;
    if (end !== undefined) {
      await record(one, 'GivenUp', end);
      return;
    }
    const isFailed = missing.some(({ key }) => progress.tried.has(key));
    const why = isFailed ? (progress.why ?? 'the agent says that all is there') : await ask(one, missing);
    if (why !== undefined) fail(progress, 'Agent', why);
  }

  /** What is missing may be there, where the bucket could not be asked. */
  async function tellWaiting(one: Case): Promise<void> {
    const { incident, wanted, progress } = one;
    if (isOpen(incident) || progress.isTold || progress.failures < TOLD_FAILURES) return;
    // It is the record itself that cannot be written.
    if (progress.confirmed.size === wanted.length) return;
    await record(one, 'Waiting', `${leftWords(one, wanted.length - progress.confirmed.size)}: ${progress.why ?? ''}`);
  }

  async function read(row: KubeletIncident, progress: Progress): Promise<Case | undefined> {
    const { name } = row.metadata;
    const incident = await cluster.get(INCIDENTS, { name }, { signal });
    if (incident?.metadata.uid !== row.metadata.uid) return undefined;
    // The copy may be older than a record of an earlier controller, which stays as it is.
    const state = incident.status.bucket?.state;
    progress.isDone = state === 'Complete' || state === 'GivenUp';
    if (progress.isDone) return undefined;
    const folder = folderOf(settings, incident.spec.nodeName, name);
    const wanted = wantedObjects(incident);
    if (folder !== undefined && wanted.length > 0) return { incident, folder, wanted, progress };
    progress.notBefore = clock.monotonic() + REST_MS;
    progress.isDone = !isOpen(incident);
    return undefined;
  }

  /** Whatever is wrong with one incident is its own matter: others are not to wait for it. */
  async function look(row: KubeletIncident): Promise<void> {
    const progress = book.of(row.metadata.uid);
    const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
      try {
        return await work();
      } catch (err) {
        signal.throwIfAborted();
        const isBucket = isMedicError(err) && err.code.startsWith('E_BUCKET');
        fail(progress, isBucket ? 'Bucket' : 'Incident', err instanceof Error ? err.message : String(err));
        log.warn('Evidence cannot be copied into the bucket; it is tried again', { incident: row.metadata.name, err });
        if (isBucket) {
          refusals += 1;
          pausedUntil = clock.monotonic() + backoffMs(refusals, PAUSE, random);
        }
        return undefined;
      }
    };
    const one = await attempt(() => read(row, progress));
    if (one === undefined) return;
    await attempt(() => advance(one));
    await attempt(() => tellWaiting(one));
  }

  async function pass(): Promise<void> {
    const now = serverNow(world);
    const candidates = view.incidents.list().filter((row) => isCandidate(row, now));
    book.keepOnly(new Set(candidates.map(({ metadata }) => metadata.uid)));
    const waiting = candidates.filter((row) => !isOpen(row) && !book.of(row.metadata.uid).isDone);
    const oldest = Math.min(now, ...waiting.map(endedAt));
    metrics.gauge('bucket_waiting_incidents', waiting.length);
    metrics.gauge('bucket_waiting_age_seconds', (now - oldest) / 1_000);
    for (const { incident, message } of await grants.land(signal)) {
      const progress = book.of(incident);
      progress.why = message;
      progress.notBefore = clock.monotonic();
    }
    const byFailures = candidates.toSorted(
      (a, b) => book.of(a.metadata.uid).failures - book.of(b.metadata.uid).failures || endedAt(a) - endedAt(b),
    );
    for (const row of byFailures) {
      const { isDone, notBefore } = book.of(row.metadata.uid);
      const nowMs = clock.monotonic();
      if (nowMs < pausedUntil || grants.isFull()) return;
      if (!isDone && nowMs >= notBefore && !grants.isInFlight(row.spec.nodeName)) await look(row);
    }
  }

  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      await pass();
    } catch (err) {
      if (!isOver()) log.warn('Evidence cannot be copied into the bucket; it is tried again', { err });
    }
    await clock.sleep(PASS_MS, signal).catch(() => undefined);
  }
}
