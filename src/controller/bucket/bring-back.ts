/**
 * Brings evidence back that a person asks for and that its node no longer has: from the bucket into KubeletEvidence objects
 * that live for an hour, as the agent would have done. Who may read it is said by the API server, as ever.
 */
import { createHash } from 'node:crypto';
import { EVIDENCES, INCIDENTS } from '../../api/resources.ts';
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import { type KubeletIncident, type Upload, UPLOAD_LIFE_MS } from '../../api/v1alpha1/kinds/incident.ts';
import { EVIDENCE_BYTES, EVIDENCE_PARTS } from '../../api/v1alpha1/kinds/kubelet-evidence.ts';
import { CONTROLLER_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { type BucketObject, recordedObject } from '../../core/evidence/bucket-objects.ts';
import { folderOf, uriOf } from '../../core/evidence/bucket-settings.ts';
import { evidenceName } from '../../core/evidence/evidence-objects.ts';
import { isRequestInForce } from '../../core/evidence/upload-request.ts';
import { fromTime, toPreciseTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import { backoffMs } from '../../runtime/backoff.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { createObjectWriter, type ObjectWriter, ownerOf } from '../../stores/object-store.ts';
import { serverNow } from '../server-now.ts';
import type { LocalView } from '../view/local-view.ts';
import type { World } from '../world.ts';
import type { EvidenceBucket } from './evidence-bucket.ts';

const PASS_MS = 2_000;
/** An agent that is there answers sooner. */
const AGENT_FIRST_MS = 10_000;
/** What is not recorded yet may be by then. */
const AGAIN_MS = 30_000;
const BACKOFF = { firstMs: 2_000, longestMs: 60_000 };
const MAX_FAILURES = 5;
/** Of one artifact of 8 MiB. */
const COPY_MS = 120_000;

interface Progress {
  readonly failures: number;
  /** Monotonic; infinite: it is answered. */
  readonly notBefore: number;
}

const ANSWERED = { failures: 0, notBefore: Number.POSITIVE_INFINITY };

interface Found {
  readonly incident: KubeletIncident;
  readonly entry: EvidenceEntry;
  readonly object: BucketObject;
  readonly folder: string;
}

/** Runs until the signal. */
export async function runBringBack(
  world: World,
  view: LocalView,
  { settings, client }: EvidenceBucket,
  signal: AbortSignal,
): Promise<void> {
  const { clock, cluster, log, random } = world;
  const known = new Map<string, Progress>();

  function isDue(row: KubeletIncident, { at }: Upload): boolean {
    const isGone = view.nodes.get(row.spec.nodeName)?.metadata.uid !== row.spec.nodeUID;
    return isGone || serverNow(world) - (fromTime(at) ?? 0) >= AGENT_FIRST_MS;
  }

  /** Two parts are in memory at most. The first one is written last, when all of them are what was sealed. */
  async function copy({ entry, object, folder }: Found, writer: ObjectWriter, signal: AbortSignal): Promise<void> {
    const parts = Math.max(1, Math.ceil(object.bytes / EVIDENCE_BYTES));
    const uri = uriOf(settings, `${folder}/${object.key}`);
    if (parts > EVIDENCE_PARTS) {
      await writer.fail(entry, `it is larger than the API server takes: read it at ${uri}`, signal);
      return;
    }
    const hash = createHash('sha256');
    let [size, next] = [0, 0];
    let first: Buffer = Buffer.alloc(0);
    let rest: Buffer = Buffer.alloc(0);
    const write = async (bytes: Buffer): Promise<void> => {
      if (next === 0) first = bytes;
      else await writer.part(entry, bytes, { part: next, parts }, signal);
      next += 1;
    };
    for await (const piece of client.read(`${folder}/${object.key}`, signal)) {
      size += piece.length;
      // A bucket that has more than was saved is not read on.
      if (size > object.bytes) break;
      hash.update(piece);
      rest = Buffer.concat([rest, piece]);
      while (rest.length > EVIDENCE_BYTES) {
        await write(rest.subarray(0, EVIDENCE_BYTES));
        rest = Buffer.from(rest.subarray(EVIDENCE_BYTES));
      }
    }
    if (size !== object.bytes || hash.digest('hex') !== entry.sha256) {
      await writer.fail(entry, `what is at ${uri} is not what was saved`, signal);
      return;
    }
    await write(rest);
    await writer.part(entry, first, { part: 0, parts }, signal);
  }

  /** undefined: there is no such artifact. 'later': it is not recorded, and may be. */
  async function find(row: KubeletIncident, file: string): Promise<Found | 'later' | undefined> {
    const { name, uid } = row.metadata;
    const incident = await cluster.get(INCIDENTS, { name }, { signal });
    const entry = incident?.status.evidence?.find((one) => one.name === file);
    if (incident?.metadata.uid !== uid || entry === undefined) return undefined;
    const object = recordedObject(incident.status.bucket, entry);
    const folder = folderOf(settings, incident.spec.nodeName, name);
    return object === undefined || folder === undefined ? 'later' : { incident, entry, object, folder };
  }

  async function answer(row: KubeletIncident, { file, at }: Upload, failures: number): Promise<Progress> {
    const found = await find(row, file);
    if (found === undefined) return ANSWERED;
    if (found === 'later') return { failures, notBefore: clock.monotonic() + AGAIN_MS };
    const { incident, entry } = found;
    const there = await cluster.get(EVIDENCES, { name: evidenceName(ownerOf(incident), file, at, 0) }, { signal });
    if (there !== undefined) return ANSWERED;
    const upload = { askedAt: at, expiresAt: toPreciseTime(serverNow(world) + UPLOAD_LIFE_MS) };
    const writer = createObjectWriter({ cluster, incident, manager: CONTROLLER_MANAGER, upload });
    const recorded = incident.status.bucket?.uri ?? '';
    if (recorded !== uriOf(settings, found.folder)) {
      const message = `it is at ${recorded}/${found.object.key}, and the settings name another bucket or folder by now: read it there`;
      await writer.fail(entry, message, signal);
      return ANSWERED;
    }
    try {
      const limit = { ms: COPY_MS, code: 'E_BUCKET_DEADLINE', what: 'the bucket' } as const;
      await withDeadline(clock, limit, signal, (inner) => copy(found, writer, inner));
    } catch (error) {
      if (signal.aborted || !isMedicError(error) || failures + 1 < MAX_FAILURES) throw error;
      await writer.fail(entry, `the bucket does not give it: ${error.message}`, signal);
    }
    log.info('Evidence is brought back from the bucket', { incident: incident.metadata.name, file });
    return ANSWERED;
  }

  async function tryOnce(row: KubeletIncident, upload: Upload, { failures }: Progress): Promise<Progress> {
    try {
      return await answer(row, upload, failures);
    } catch (err) {
      if (signal.aborted || !isMedicError(err)) throw err;
      const { name } = row.metadata;
      log.warn('Evidence cannot be brought back from the bucket', { incident: name, file: upload.file, err });
      return { failures: failures + 1, notBefore: clock.monotonic() + backoffMs(failures + 1, BACKOFF, random) };
    }
  }

  async function pass(): Promise<void> {
    const now = serverNow(world);
    const asked = view.incidents
      .list()
      .flatMap((row) => (row.spec.uploads ?? []).map((upload) => ({ row, upload })))
      .filter(({ upload }) => isRequestInForce(upload, now))
      .map((one) => ({ ...one, id: JSON.stringify([one.row.metadata.uid, one.upload.file, one.upload.at]) }));
    const ids = new Set(asked.map(({ id }) => id));
    for (const id of known.keys()) if (!ids.has(id)) known.delete(id);
    for (const { row, upload, id } of asked) {
      const progress = known.get(id) ?? { failures: 0, notBefore: Number.NEGATIVE_INFINITY };
      if (clock.monotonic() >= progress.notBefore && isDue(row, upload)) {
        known.set(id, await tryOnce(row, upload, progress));
      }
    }
  }

  const isOver = (): boolean => signal.aborted;
  while (!isOver()) {
    try {
      await pass();
    } catch (err) {
      if (!isOver()) log.warn('Evidence cannot be brought back from the bucket', { err });
    }
    await clock.sleep(PASS_MS, signal).catch(() => undefined);
  }
}
