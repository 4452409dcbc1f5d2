/** Takes stack dumps of a kubelet and keeps them in a Secret. Doing it twice takes one more dump and loses none. */
import type { EvidenceEntry } from '../../api/v1alpha1/evidence.ts';
import {
  type ArtifactContent,
  type ArtifactOrigin,
  failedArtifact,
  sealArtifact,
  type Sealed,
} from '../../core/evidence/manifest.ts';
import type { World } from '../world.ts';
import { BUNDLE_BYTES, bytesOf, type Bundle, type BundleRef, writeBundle } from './secret-bundle.ts';
import { dumpFile, fetchFile, ONCE, type Fetched } from './kubelet-files.ts';

type SealOptions = Parameters<typeof sealArtifact>[2];

interface CaptureOptions {
  readonly node: string;
  readonly ref: BundleRef;
  /** What is there already. */
  readonly bundle: Bundle;
  readonly redact: boolean;
  readonly signal: AbortSignal;
}

/**
 * Sealed, and cut until it fits the room of its Secret; the beginning is kept. A beginning may compress worse than the
 * whole, so each cut is looked at. Where there is no room at all an empty file stays (20 bytes), which says that it was cut.
 */
function sealWithin(origin: ArtifactOrigin, content: ArtifactContent, options: SealOptions, roomBytes: number): Sealed {
  let sealed = sealArtifact(origin, content, options);
  let { length } = content.bytes;
  while (sealed.bytes.length > roomBytes && length > 0) {
    length = Math.floor(length * Math.max(0, roomBytes / sealed.bytes.length) * 0.9);
    const bytes = content.bytes.subarray(0, length);
    sealed = sealArtifact(origin, { bytes, truncated: true, message: 'cut to fit its Secret' }, options);
  }
  return sealed;
}

/** In its place, since the API server keeps the places of a list's items: another order would look like a change. */
function withEntry(entries: readonly EvidenceEntry[], entry: EvidenceEntry): readonly EvidenceEntry[] {
  const isThere = entries.some((old) => old.name === entry.name);
  return isThere ? entries.map((old) => (old.name === entry.name ? entry : old)) : [...entries, entry];
}

function withFetched(world: World, options: CaptureOptions, bundle: Bundle, fetched: Fetched): Bundle {
  const { name, kind, source, body, truncated, message = '' } = fetched;
  const origin: ArtifactOrigin = { name, kind, source, by: 'Controller', at: world.clock.now() };
  const location = (file: string): string => `secret://${world.namespace}/${options.ref.name}#${file}`;
  const files = new Map(bundle.files);
  let entry: EvidenceEntry;
  if (body === undefined) entry = failedArtifact(origin, message);
  else {
    const room = BUNDLE_BYTES - bytesOf(bundle);
    const sealed = sealWithin(origin, { bytes: body, truncated, message }, { redact: options.redact, location }, room);
    files.set(sealed.file, sealed.bytes);
    entry = sealed.entry;
  }
  world.metrics.count('evidence_artifacts_total', { kind: entry.kind, state: entry.state });
  return { entries: withEntry(bundle.entries, entry), files };
}

/** One more goroutine dump, and with the first one what is taken once. @returns what is kept now. */
export async function captureStacks(world: World, options: CaptureOptions): Promise<Bundle> {
  const dumps = options.bundle.entries.filter(
    ({ kind, state }) => kind === 'GoroutineDump' && state === 'Captured',
  ).length;
  const once = options.bundle.entries.some(({ kind }) => kind === 'GoroutineCounts') ? [] : ONCE;
  const fetched = await Promise.all(
    [dumpFile(dumps + 1), ...once].map((file) => fetchFile(world.cluster, options.node, file, options.signal)),
  );
  const bundle = fetched.reduce((kept, file) => withFetched(world, options, kept, file), options.bundle);
  await writeBundle(world, options.ref, bundle);
  return bundle;
}
