/** Deletes uploads that have expired: what a person asked for lives for an hour, not for as long as its incident. */
import { EVIDENCE_PAGE } from '../../api/v1alpha1/kinds/kubelet-evidence.ts';
import * as z from 'zod/mini';
import { EVIDENCES } from '../../api/resources.ts';
import { UPLOAD_LIFE_MS } from '../../api/v1alpha1/kinds/incident.ts';
import { ObjectMeta } from '../../api/meta.ts';
import { LABEL_UPLOAD } from '../../api/v1alpha1/words/names.ts';
import { fromTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import type { LocalView } from '../view/local-view.ts';
import { serverNow } from '../server-now.ts';
import type { World } from '../world.ts';

const EVERY_MS = 60_000;
/** While nobody has asked for anything. A controller that was away for hours may have left some. */
const IDLE_MS = 30 * 60_000;
/** A request that is older has no upload any more: an hour in force, an hour of life, and as much for wrong clocks. */
const BUSY_MS = 3 * UPLOAD_LIFE_MS;

const Upload = z.object({ metadata: ObjectMeta, spec: z.object({ expiresAt: z.optional(z.string()) }) });
/** Without the bytes: they are not kept while they are listed. */
const UPLOADS = { ...EVIDENCES, parse: (raw: unknown): z.infer<typeof Upload> => Upload.parse(raw) };

async function sweep({ cluster, log }: World, nowMs: number, signal: AbortSignal): Promise<void> {
  const { items } = await cluster.list(
    UPLOADS,
    { labelSelector: `${LABEL_UPLOAD}=true`, pageSize: EVIDENCE_PAGE },
    { signal },
  );
  for (const { metadata, spec } of items) {
    const expiresAt = fromTime(spec.expiresAt) ?? (fromTime(metadata.creationTimestamp) ?? 0) + UPLOAD_LIFE_MS;
    if (nowMs < expiresAt) continue;
    try {
      await cluster.delete(EVIDENCES, { name: metadata.name, uid: metadata.uid }, { signal });
      log.info('An upload has expired and is deleted', { evidence: metadata.name });
    } catch (err) {
      if (signal.aborted || !isMedicError(err)) throw err;
      log.warn('An upload could not be deleted; it is tried again', { evidence: metadata.name, err });
    }
  }
}

/** A healthy fleet costs no list. */
function isBusy(view: LocalView, nowMs: number): boolean {
  const isRecent = ({ at }: { readonly at: string }): boolean => Math.abs(nowMs - (fromTime(at) ?? 0)) < BUSY_MS;
  return view.incidents.list().some(({ spec }) => spec.uploads?.some(isRecent) ?? false);
}

/** Runs until the signal. */
export async function runUploadRetention(world: World, view: LocalView, signal: AbortSignal): Promise<void> {
  const { clock, log } = world;
  let sweptMs: number | undefined;
  while (!signal.aborted) {
    try {
      const isDue = sweptMs === undefined || clock.monotonic() - sweptMs >= IDLE_MS || isBusy(view, serverNow(world));
      if (isDue) {
        await sweep(world, serverNow(world), signal);
        sweptMs = clock.monotonic();
      }
    } catch (err) {
      log.warn('Uploads that have expired could not be deleted; it is tried again', { err });
    }
    await clock.sleep(EVERY_MS, signal).catch(() => undefined);
  }
}
