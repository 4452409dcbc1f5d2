/**
 * Uploads artifacts from the spool that people ask for (`spec.uploads`), also of incidents that are over. What cannot be
 * had becomes an object too, which says why: whoever asked is waiting for an answer.
 */
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import { type KubeletIncident, type Upload, UPLOAD_LIFE_MS } from '../../api/v1alpha1/kinds/incident.ts';
import { EVIDENCE_BYTES, EVIDENCE_PARTS } from '../../api/v1alpha1/kinds/kubelet-evidence.ts';
import { AGENT_MANAGER } from '../../api/v1alpha1/words/names.ts';
import { recordedObject } from '../../core/evidence/bucket-objects.ts';
import { isFileName } from '../../core/evidence/location.ts';
import { isRequestInForce } from '../../core/evidence/upload-request.ts';
import { toPreciseTime } from '../../core/time/timestamp.ts';
import { isMedicError } from '../../ports/errors.ts';
import { createWakeUp } from '../../runtime/wake-up.ts';
import { createObjectStore } from '../../stores/object-store.ts';
import { createSpoolStore } from '../../stores/spool-store.ts';
import type { Requests } from '../requests.ts';
import { reasonOf, retryMs, type World } from '../world.ts';
import { bundleNameOf } from './spool-bundle.ts';
import { cleanText } from '../../core/redaction/redact.ts';

/** Without news; a watch that is silent must not keep anybody waiting. */
const LOOK_MS = 10_000;
const MAX_BYTES = EVIDENCE_BYTES * EVIDENCE_PARTS;

interface Request {
  readonly key: string;
  readonly incident: KubeletIncident;
  readonly upload: Upload;
}

/** Requests that are in force, in the order in which they are carried out. */
function requestsInForce(incidents: readonly KubeletIncident[], nowMs: number): readonly Request[] {
  return incidents.flatMap((incident) =>
    (incident.spec.uploads ?? [])
      .filter((upload) => isRequestInForce(upload, nowMs))
      .map((upload) => ({
        // A newer time is a new request.
        key: JSON.stringify([incident.metadata.uid, upload.file, upload.at]),
        incident,
        upload,
      })),
  );
}

/** How a request has gone so far. */
type Progress =
  | { readonly kind: 'done' }
  /** `notBefore`: monotonic. */
  | { readonly kind: 'failed'; readonly failures: number; readonly notBefore: number };

/** Runs until the signal. One artifact at a time is in memory. */
export async function runUploads(world: World, requests: Requests, signal: AbortSignal): Promise<never> {
  const { clock } = world;
  const wakeUp = createWakeUp(clock);
  requests.onIncident(wakeUp.wake);
  const progress = new Map<string, Progress>();
  for (;;) {
    const asked = requestsInForce(requests.incidents.list(), apiTime(world, requests)).filter(
      ({ incident }) => incident.spec.nodeName === world.node,
    );
    forgetOthers(progress, asked);
    for (const request of asked) {
      const known = progress.get(request.key);
      if (isDue(known, clock.monotonic()))
        progress.set(request.key, await tryOnce(world, requests, { request, known }, signal));
    }
    await wakeUp.wait(waitMs(progress, clock.monotonic()), signal);
  }
}

function isDue(known: Progress | undefined, nowMs: number): boolean {
  return known === undefined || (known.kind === 'failed' && nowMs >= known.notBefore);
}

/** Until the next try is due. */
function waitMs(progress: ReadonlyMap<string, Progress>, nowMs: number): number {
  const due = [...progress.values()].map((known) => (known.kind === 'failed' ? known.notBefore - nowMs : LOOK_MS));
  return Math.max(0, Math.min(LOOK_MS, ...due));
}

/** Keeps the memory small: what is not asked for any more needs no remembering. */
function forgetOthers(progress: Map<string, Progress>, asked: readonly Request[]): void {
  const keys = new Set(asked.map(({ key }) => key));
  for (const key of progress.keys()) if (!keys.has(key)) progress.delete(key);
}

/** Requests and expiry are by the API server's clock. */
function apiTime({ clock }: World, requests: Requests): number {
  return clock.now() - requests.clockAheadMs();
}

async function tryOnce(
  world: World,
  requests: Requests,
  { request, known }: { readonly request: Request; readonly known: Progress | undefined },
  signal: AbortSignal,
): Promise<Progress> {
  const { clock, log } = world;
  const { incident, upload } = request;
  const fields = { node: world.node, incident: incident.metadata.name, file: upload.file };
  try {
    const artifact = await readArtifact(world, incident, upload.file, signal);
    if (artifact === 'in the bucket') return { kind: 'done' };
    const { entry, bytes } = artifact;
    const expiresAt = toPreciseTime(apiTime(world, requests) + UPLOAD_LIFE_MS);
    const { cluster } = world;
    const times = { askedAt: upload.at, expiresAt };
    await createObjectStore({ cluster, incident, manager: AGENT_MANAGER, upload: times }).put(entry, bytes, signal);
    log.info('Evidence that was asked for is uploaded', { ...fields, reason: entry.state, detail: entry.message });
    return { kind: 'done' };
  } catch (error) {
    signal.throwIfAborted();
    const failures = (known?.kind === 'failed' ? known.failures : 0) + 1;
    log.warn('Evidence that was asked for cannot be uploaded', { ...fields, failures, err: error });
    // A refusal that will not change.
    if (isMedicError(error, 'invalid', 'terminal', 'bug')) return { kind: 'done' };
    return { kind: 'failed', failures, notBefore: clock.monotonic() + retryMs(world, failures, error) };
  } finally {
    world.onCaptured?.();
  }
}

interface Artifact {
  readonly entry: EvidenceEntry;
  readonly bytes: Buffer;
}

/**
 * What was saved, or an entry that says why it cannot be had. Redaction was done when it was sealed. What cannot be had here any
 * more and is in the bucket is left to the controller, which has it from there, if it has a bucket, as this agent then has.
 */
async function readArtifact(
  world: World,
  incident: KubeletIncident,
  file: string,
  signal: AbortSignal,
): Promise<Artifact | 'in the bucket'> {
  const { node, host, clock } = world;
  const entry = incident.status.evidence?.find(({ name }) => name === file);
  const isMissing = (message: string): Artifact => ({
    entry: failedEntry(file, entry, toPreciseTime(clock.now()), message),
    bytes: Buffer.alloc(0),
  });
  if (entry === undefined) return isMissing('the record of the incident names no such artifact');
  const refusal = refusalOf(entry);
  if (refusal !== undefined) return isMissing(refusal);
  const isInBucket = world.bucket !== undefined && recordedObject(incident.status.bucket, entry) !== undefined;
  const bundle = bundleNameOf(incident.metadata.name);
  const store = createSpoolStore({ spool: host.spool, node, bundle, keep: new Set() });
  try {
    const bytes = await store.get(entry, signal);
    if (bytes === undefined) {
      if (isInBucket) return 'in the bucket';
      return isMissing(`it is gone from the spool of ${node}: newer evidence needed the room`);
    }
    return bytes.length > MAX_BYTES ? isMissing(tooLarge(bytes.length)) : { entry, bytes };
  } catch (error) {
    if (!isMedicError(error)) throw error;
    return isInBucket ? 'in the bucket' : isMissing(reasonOf(error));
  }
}

/** undefined: it may be read. */
function refusalOf({ name, by, state, bytes = 0, message }: EvidenceEntry): string | undefined {
  if (by !== 'Agent' || !isFileName(name)) return 'it was not saved by the agent of the node';
  if (state === 'Failed') return `it was never had: ${message ?? 'no reason is given'}`;
  return bytes > MAX_BYTES ? tooLarge(bytes) : undefined;
}

function tooLarge(bytes: number): string {
  return `it has ${String(bytes)} bytes, and the API server takes ${String(MAX_BYTES)}: read it on the node`;
}

function failedEntry(name: string, known: EvidenceEntry | undefined, at: string, message: string): EvidenceEntry {
  const { kind = 'HostFacts', source = 'spec.uploads' } = known ?? {};
  return { name, kind, by: 'Agent', state: 'Failed', at, source, message: cleanText(message, 1024) };
}
