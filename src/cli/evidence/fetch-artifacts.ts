/** The artifacts of an incident: those in the API server, then those that the agent of the node has to upload first. */
import type { EvidenceEntry } from '../../api/v1alpha1/parts/evidence.ts';
import type { KubeletIncident } from '../../api/v1alpha1/kinds/incident.ts';
import { recordedObject } from '../../core/evidence/bucket-objects.ts';
import { assemble, evidenceName } from '../../core/evidence/evidence-objects.ts';
import { isRequestInForce } from '../../core/evidence/upload-request.ts';
import { formatSeconds } from '../../core/time/duration.ts';
import { isMedicError } from '../../ports/errors.ts';
import { ownerOf, readObjects } from '../../stores/object-store.ts';
import type { Session } from '../session.ts';
import { oneLine } from '../terminal.ts';
import { locateEntry } from './locate-entry.ts';
import { requestUploads } from './request-uploads.ts';

type Found =
  | { readonly kind: 'whole'; readonly bytes: Buffer }
  /** It is not what was sealed. `bytes`: what is there instead. */
  | { readonly kind: 'damaged'; readonly message: string; readonly bytes?: Buffer }
  /** It was saved once, and cannot be had now. */
  | { readonly kind: 'lost'; readonly message: string }
  /** It was never saved. */
  | { readonly kind: 'never'; readonly message: string }
  /** It is on the node, and was not asked for. */
  | { readonly kind: 'left'; readonly message: string };

export interface Fetched {
  readonly entry: EvidenceEntry;
  readonly found: Found;
}

export interface FetchOptions {
  /** Whether to ask for what is in the spool of the node. */
  readonly upload: boolean;
  /** How long the agent may take for one artifact. */
  readonly timeoutMs: number;
}

const POLL_MS = 500;
const STILL_WAITING_MS = 10_000;

interface Spooled {
  readonly entry: EvidenceEntry;
  readonly path: string;
  /** Why it is not in the API server, where it has been. */
  readonly gone?: string;
}

interface Case {
  readonly session: Session;
  readonly incident: KubeletIncident;
  readonly options: FetchOptions;
}

/** Each entry of the manifest once, in the order in which they are to be had. */
export async function* fetchArtifacts(
  session: Session,
  incident: KubeletIncident,
  options: FetchOptions,
): AsyncGenerator<Fetched> {
  const one: Case = { session, incident, options };
  const spooled: Spooled[] = [];
  for (const entry of incident.status.evidence ?? []) {
    const place = locateEntry(entry, incident);
    if (place.kind === 'spool') spooled.push({ entry, path: place.path });
    else if (place.kind === 'evidence') {
      const found = await lostIfRefused(one, () => readOnce(one, entry, place.name));
      if (found !== undefined) yield { entry, found };
      // The agent keeps in the spool whatever it uploads.
      else if (place.path !== undefined && incident.status.trimmed !== undefined)
        spooled.push({ entry, path: place.path, gone: goneWords(incident, place.name) });
      else yield { entry, found: lost(goneWords(incident, place.name)) };
    } else yield { entry, found: { kind: place.kind === 'never' ? 'never' : 'lost', message: place.message } };
  }
  if (options.upload) yield* fetchSpooled(one, spooled);
  else
    yield* spooled.map((item) => ({ entry: item.entry, found: { kind: 'left', message: onNode(one, item) } as const }));
}

function goneWords({ status }: KubeletIncident, name: string): string {
  const { trimmed } = status;
  return trimmed === undefined ? `its KubeletEvidence ${name} is gone: somebody has deleted it` : trimmed.message;
}

/** @param name of the first part. @returns undefined: it is not there. */
async function readOnce({ session, incident }: Case, entry: EvidenceEntry, name: string): Promise<Found | undefined> {
  const objects = await readObjects(session.cluster, name, new AbortController().signal);
  if (objects.length === 0) return undefined;
  const read = assemble(ownerOf(incident), entry, objects);
  switch (read.kind) {
    case 'whole':
      return read;
    case 'missing':
      return { kind: 'lost', message: `the agent of ${incident.spec.nodeName} says: ${read.message}` };
    case 'refused':
      return { ...read, kind: 'damaged' };
    default:
      return read satisfies never;
  }
}

async function lostIfRefused<T>({ incident }: Case, work: () => Promise<T>): Promise<T | Found> {
  try {
    return await work();
  } catch (error) {
    if (!isMedicError(error)) throw error;
    if (error.class !== 'denied') return lost(error.message);
    const right = 'you have no right to get kubeletevidences (ClusterRole kubelet-medic-evidence-reader)';
    return lost(`${right}, so nothing of ${incident.metadata.name} can be read`);
  }
}

/** What was uploaded within the hour is read as it is; the rest is asked for, all at once, and awaited one by one. */
async function* fetchSpooled(one: Case, spooled: readonly Spooled[]): AsyncGenerator<Fetched> {
  const missing: Spooled[] = [];
  for (const item of spooled) {
    const found = await lostIfRefused(one, () => readUploaded(one, item.entry));
    if (found === undefined) missing.push(item);
    else yield { entry: item.entry, found };
  }
  if (missing.length === 0) return;
  const asked = await ask(one, missing);
  if ('refusal' in asked) {
    yield* missing.map((item) => ({ entry: item.entry, found: lost(`${asked.refusal}; ${onNode(one, item)}`) }));
    return;
  }
  yield* awaitUploads(one, missing, asked.requests);
}

/** undefined: it has to be asked for. Without a request it is looked for all the same: that shows the right to read. */
async function readUploaded(one: Case, entry: EvidenceEntry): Promise<Found | undefined> {
  const { session, incident } = one;
  const request = (incident.spec.uploads ?? []).find(({ file }) => file === entry.name);
  const isThere = request !== undefined && isRequestInForce(request, session.clock.now());
  const found = await readOnce(one, entry, uploadName(one, entry, isThere ? request.at : ''));
  return found?.kind === 'whole' ? found : undefined;
}

type Asked = { readonly requests: ReadonlyMap<string, string> } | { readonly refusal: string };

async function ask({ session, incident, options }: Case, missing: readonly Spooled[]): Promise<Asked> {
  const files = missing.map(({ entry }) => entry.name);
  const { name } = incident.metadata;
  try {
    const requests = await requestUploads(session, name, files);
    const limit = formatSeconds(options.timeoutMs);
    const node = oneLine(incident.spec.nodeName);
    const orBucket = incident.status.bucket === undefined ? '' : ', or the controller for what is in the bucket';
    session.terminal.note(
      `the agent of ${node} is asked for ${files.length} artifacts${orBucket}; each may take ${limit}\n`,
    );
    return { requests };
  } catch (error) {
    if (!isMedicError(error)) throw error;
    const denied = 'it has to be uploaded by the agent, and you have no right to patch kubeletincidents to ask for it';
    return { refusal: error.class === 'denied' ? denied : `it could not be asked for: ${error.message}` };
  }
}

async function* awaitUploads(
  one: Case,
  missing: readonly Spooled[],
  requests: ReadonlyMap<string, string>,
): AsyncGenerator<Fetched> {
  const { clock } = one.session;
  const { timeoutMs } = one.options;
  let until = clock.monotonic() + timeoutMs;
  for (const item of missing) {
    const askedAt = requests.get(item.entry.name) ?? '';
    const found = await lostIfRefused(one, () => awaitOne(one, item.entry, { askedAt, until }));
    // It answers, so the next one has its whole time. After one that did not come the rest is looked for once.
    if (found !== undefined) until = clock.monotonic() + timeoutMs;
    const late = `the agent of ${one.incident.spec.nodeName} did not answer within ${formatSeconds(timeoutMs)}`;
    yield { entry: item.entry, found: found === undefined ? lost(`${late}; ${onNode(one, item)}`) : told(item, found) };
  }
}

async function awaitOne(
  one: Case,
  entry: EvidenceEntry,
  { askedAt, until }: { readonly askedAt: string; readonly until: number },
): Promise<Found | undefined> {
  const { clock, terminal } = one.session;
  const name = uploadName(one, entry, askedAt);
  const { signal } = new AbortController();
  let toldAt = clock.monotonic();
  for (;;) {
    const found = await readOnce(one, entry, name);
    const nowMs = clock.monotonic();
    if (found !== undefined || nowMs >= until) return found;
    if (nowMs - toldAt >= STILL_WAITING_MS) {
      toldAt = nowMs;
      terminal.note(`still waiting for ${oneLine(entry.name)}, ${formatSeconds(Math.round(until - nowMs))} more\n`);
    }
    await clock.sleep(Math.min(POLL_MS, until - nowMs), signal);
  }
}

function uploadName({ incident }: Case, entry: EvidenceEntry, askedAt: string): string {
  return evidenceName(ownerOf(incident), entry.name, askedAt, 0);
}

function lost(message: string): Found {
  return { kind: 'lost', message };
}

/** One that has been in the API server, and is not on the node either. */
function told({ gone }: Spooled, found: Found): Found {
  return gone === undefined || found.kind !== 'lost' ? found : lost(`${gone}; ${found.message}`);
}

function onNode({ incident }: Case, { entry, path, gone }: Spooled): string {
  const { nodeName } = incident.spec;
  const { bucket } = incident.status;
  const object = recordedObject(bucket, entry);
  const copy = object === undefined ? '' : `, and in the bucket at ${bucket?.uri ?? ''}/${object.key}`;
  return `${gone === undefined ? '' : `${gone}; `}it is on ${nodeName} at ${path}${copy}`;
}
