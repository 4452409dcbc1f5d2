/**
 * Uploads evidence of this node into the bucket, as the controller grants it: each grant is sealed for a key that lives in the
 * memory of this process (docs/adr/0018). It runs beside everything else; no capture and no act waits for it.
 */
import { objectName } from '../../core/evidence/bucket-objects.ts';
import { folderOf, objectUrl } from '../../core/evidence/bucket-settings.ts';
import { isFileName } from '../../core/evidence/location.ts';
import {
  createGrantKey,
  type Grant,
  type GrantedPut,
  type GrantKey,
  openGrant,
} from '../../core/evidence/sealed-grant.ts';
import type { PutAnswer } from '../../ports/bucket.ts';
import { isMedicError, MedicError } from '../../ports/errors.ts';
import { withDeadline } from '../../runtime/deadline.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import type { ObservationBoard } from '../health/observation.ts';
import type { Requests } from '../requests.ts';
import { reasonOf, retryMs, type World } from '../world.ts';
import { bundleNameOf } from './spool-bundle.ts';

/** Bytes of a file that are in memory at once. */
const PIECE = 65_536;
const MAX_TRIES = 3;
/** Of one try. */
const PUT_MS = 60_000;
/** Of all objects of one grant: its presigned requests live for 15 minutes. */
const GRANT_MS = 10 * 60_000;
const LOOK_MS = 60_000;

export interface BucketUploads {
  readonly world: World;
  readonly bucket: NonNullable<World['bucket']>;
  readonly board: ObservationBoard;
  readonly requests: Requests;
}

/** Runs until the signal. */
export async function runBucketUploads(parts: BucketUploads, signal: AbortSignal): Promise<never> {
  const { world, board, requests } = parts;
  const own = createGrantKey();
  const wakeUp = createWakeUp(world.clock);
  requests.onHealth(wakeUp.wake);
  board.post({ bucket: { key: own.publicKey } });
  let last: string | undefined;
  for (;;) {
    const granted = requests.health()?.spec.bucket;
    if (granted !== undefined && granted.id !== last) {
      const message = await carryOut(parts, own, granted, signal);
      last = granted.id;
      const said = message === undefined ? {} : { message: message.slice(0, 512) };
      board.post({ bucket: { key: own.publicKey, grant: granted.id, ...said } });
    }
    await wakeUp.wait(LOOK_MS, signal);
  }
}

/** @returns what could not be uploaded, and why; undefined: all was. */
async function carryOut(
  parts: BucketUploads,
  own: GrantKey,
  { id, sealed }: { readonly id: string; readonly sealed: string },
  signal: AbortSignal,
): Promise<string | undefined> {
  const { clock, log, node } = parts.world;
  const grant = openGrant(own, { node, id }, sealed);
  if (grant === undefined) return 'the grant was not sealed for this agent';
  const endsAt = clock.monotonic() + GRANT_MS;
  const failures = new Map<string, number>();
  for (const put of grant.puts) {
    const why = clock.monotonic() >= endsAt ? 'NoTimeLeft' : await upload(parts, grant, put, signal);
    if (why !== undefined) failures.set(why, (failures.get(why) ?? 0) + 1);
  }
  const failed = [...failures.values()].reduce((sum, count) => sum + count, 0);
  const detail = `${String(grant.puts.length - failed)} of ${String(grant.puts.length)} objects`;
  log.info('Evidence is copied into the bucket', { node, incident: grant.incident, detail });
  if (failed === 0) return undefined;
  const words = [...failures].map(([why, count]) => `${String(count)}: ${why}`).join(', ');
  log.warn('Evidence could not be copied into the bucket', { node, incident: grant.incident, reason: words });
  return `${String(failed)} of ${String(grant.puts.length)} could not be uploaded (${words})`;
}

/** @returns why it could not be. */
async function upload(
  { world, bucket }: BucketUploads,
  grant: Grant,
  put: GrantedPut,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { clock, node } = world;
  const folder = folderOf(bucket.settings, node, grant.incident);
  if (folder === undefined || !isFileName(put.file)) return 'Malformed';
  // Where it leads is in the settings of this agent alone; the grant says how it is signed.
  const url = objectUrl(bucket.settings, `${folder}/${objectName(put.file, put.sha256)}`);
  url.search = put.query;
  const limit = { ms: PUT_MS, code: 'E_BUCKET_DEADLINE', what: 'the bucket' } as const;
  for (let tries = 1; ; tries++) {
    try {
      const answer = await withDeadline(clock, limit, signal, (inner) =>
        bucket.put({ url, headers: put.headers, body: piecesOf(world, grant, put) }, inner),
      );
      if (answer.status === 200) return undefined;
      if (tries === MAX_TRIES || !isWorthATry(answer)) return wordsOf(answer);
    } catch (error) {
      signal.throwIfAborted();
      if (!isMedicError(error)) throw error;
      if (tries === MAX_TRIES || error.class !== 'transient') return reasonOf(error);
    }
    await clock.sleep(retryMs(world, tries), signal);
  }
}

function isWorthATry({ status }: PutAnswer): boolean {
  return status >= 500 || status === 429 || status === 408;
}

function wordsOf({ status, code }: PutAnswer): string {
  return code === undefined ? `status ${String(status)}` : `status ${String(status)} ${code}`;
}

/** The file, piece by piece; each is a read of its own, so that a capture that writes meanwhile waits for one piece at most. */
async function* piecesOf({ host }: World, { incident }: Grant, { file, bytes }: GrantedPut): AsyncGenerator<Buffer> {
  const bundle = bundleNameOf(incident);
  for (let offset = 0; offset < bytes;) {
    const piece = await host.spool.readPart(bundle, file, offset, Math.min(PIECE, bytes - offset));
    if (piece === undefined) throw new MedicError('E_EVIDENCE_MISSING', 'absent', 'GoneFromTheSpool');
    if (piece.length === 0) throw new MedicError('E_EVIDENCE_DAMAGED', 'terminal', 'DamagedInTheSpool');
    offset += piece.length;
    yield piece;
  }
}
