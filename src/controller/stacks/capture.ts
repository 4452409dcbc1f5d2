/** Takes stack dumps of a kubelet and keeps them in a Secret. Doing it twice takes one more dump and loses none. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { EvidenceEntry } from '../../api/v1alpha1/evidence.ts';
import { redact } from '../../core/evidence/redact.ts';
import { toPreciseTime } from '../../core/decision/status.ts';
import type { World } from '../world.ts';
import { BUNDLE_BYTES, bytesOf, type Bundle, type BundleRef, writeBundle } from './bundle.ts';
import { dumpFile, fetchFile, ONCE, type Fetched } from './kubelet-files.ts';

interface CaptureOptions {
  readonly node: string;
  readonly ref: BundleRef;
  /** What is there already. */
  readonly bundle: Bundle;
  readonly redact: boolean;
  readonly signal: AbortSignal;
}

interface Packed {
  readonly bytes: Buffer;
  readonly truncated: boolean;
  readonly redactions: number;
}

function pack(text: string, redactIt: boolean, roomBytes: number): Packed {
  const clean = redactIt ? redact(text) : { text, count: 0 };
  const whole = gzipSync(clean.text);
  if (whole.length <= roomBytes) return { bytes: whole, truncated: false, redactions: clean.count };
  // The beginning is kept: a dump compresses evenly, so this share of it fits with a margin.
  const share = Math.max(0, (roomBytes / whole.length) * 0.9);
  const cut = gzipSync(clean.text.slice(0, Math.floor(clean.text.length * share)));
  return { bytes: cut, truncated: true, redactions: clean.count };
}

function entryOf(world: World, options: CaptureOptions, fetched: Fetched, packed: Packed | undefined): EvidenceEntry {
  const name = `${fetched.name}.gz`;
  const base = {
    name,
    kind: fetched.kind,
    by: 'Controller',
    at: toPreciseTime(world.clock.now()),
    source: fetched.source,
  } as const;
  if (packed === undefined) return { ...base, state: 'Failed', message: fetched.message ?? 'no answer' };
  const truncated = fetched.truncated || packed.truncated;
  const message = packed.truncated ? 'cut to fit its Secret' : fetched.message;
  return {
    ...base,
    state: 'Captured',
    location: `secret://${world.namespace}/${options.ref.name}#${name}`,
    bytes: packed.bytes.length,
    sha256: createHash('sha256').update(packed.bytes).digest('hex'),
    redactions: packed.redactions,
    ...(truncated ? { truncated } : {}),
    ...(message === undefined ? {} : { message }),
  };
}

function withFetched(world: World, options: CaptureOptions, bundle: Bundle, fetched: Fetched): Bundle {
  const room = BUNDLE_BYTES - bytesOf(bundle);
  const packed = fetched.body === undefined ? undefined : pack(fetched.body.toString('utf8'), options.redact, room);
  const entry = entryOf(world, options, fetched, packed);
  const files = new Map(bundle.files);
  if (packed !== undefined) files.set(entry.name, packed.bytes);
  world.metrics.count('evidence_artifacts_total', { kind: entry.kind, state: entry.state });
  return { entries: [...bundle.entries.filter((old) => old.name !== entry.name), entry], files };
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
