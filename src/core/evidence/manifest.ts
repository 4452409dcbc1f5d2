/** The manifest of the evidence: an entry for each artifact that was taken, or could not be. */
import { createHash } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import type { EvidenceEntry, EvidenceKind } from '../../api/v1alpha1/parts/evidence.ts';
import { cleanText, redactBytes } from '../redaction/redact.ts';

/** What is known of an artifact before its bytes are. */
export interface ArtifactOrigin {
  /** File name in the bundle, without `.gz`. */
  readonly name: string;
  readonly kind: EvidenceKind;
  readonly by: EvidenceEntry['by'];
  readonly source: string;
  /** When it was taken, milliseconds since 1970. */
  readonly at: number;
}

export interface ArtifactContent {
  readonly bytes: Buffer;
  readonly truncated: boolean;
  /** What a person should know of it; empty: nothing. */
  readonly message: string;
}

/** An artifact as it is stored. */
export interface Sealed {
  /** File name in the bundle: the entry's. */
  readonly file: string;
  readonly bytes: Buffer;
  /** What was compressed: without secrets, where they were to be blacked out. */
  readonly content: Buffer;
  readonly entry: EvidenceEntry;
}

/**
 * Redacts if asked to, compresses, and writes the entry: size and SHA-256 are of the bytes as stored. The same content
 * gives the same bytes: gzip's header carries no time.
 */
export function sealArtifact(
  origin: ArtifactOrigin,
  content: ArtifactContent,
  options: { readonly redact: boolean },
): Sealed {
  return seal(origin, content, cleaned(content.bytes, options));
}

interface Clean {
  readonly bytes: Buffer;
  /** Secrets that were blacked out. */
  readonly count: number;
}

function cleaned(bytes: Buffer, options: { readonly redact: boolean }): Clean {
  return options.redact ? redactBytes(bytes) : { bytes, count: 0 };
}

function seal(origin: ArtifactOrigin, content: Omit<ArtifactContent, 'bytes'>, clean: Clean): Sealed {
  const bytes = gzipSync(clean.bytes);
  const file = `${origin.name}.gz`;
  const entry: EvidenceEntry = {
    ...head(origin, file),
    state: 'Captured',
    bytes: bytes.length,
    sha256: sha256(bytes),
    ...(content.truncated ? { truncated: true } : {}),
    ...(clean.count > 0 ? { redactions: clean.count } : {}),
    ...(content.message === '' ? {} : { message: cleanText(content.message, 1024) }),
  };
  return { file, bytes, content: clean.bytes, entry };
}

/**
 * Sealed, and cut until its bytes as stored fit; the beginning is kept. A beginning may compress worse than the whole, so
 * each cut is looked at. Where there is no room at all an empty file stays (20 bytes), which says that it was cut.
 */
export function sealWithin(
  origin: ArtifactOrigin,
  content: ArtifactContent,
  options: { readonly redact: boolean; readonly maxBytes: number },
): Sealed {
  // A cut before that may halve a secret, which would no longer be seen as one.
  const clean = cleaned(content.bytes, options);
  let sealed = seal(origin, content, clean);
  let { length } = clean.bytes;
  while (sealed.bytes.length > options.maxBytes && length > 0) {
    length = Math.floor(length * Math.max(0, options.maxBytes / sealed.bytes.length) * 0.9);
    const bytes = clean.bytes.subarray(0, length);
    const message = `cut to ${String(options.maxBytes)} bytes as stored`;
    sealed = seal(origin, { truncated: true, message }, { ...clean, bytes });
  }
  return sealed;
}

/** The entry of an artifact that is missing. */
export function failedArtifact(origin: ArtifactOrigin, message: string): EvidenceEntry {
  return { ...head(origin, `${origin.name}.gz`), state: 'Failed', message: cleanText(message, 1024) };
}

function head(origin: ArtifactOrigin, file: string): Pick<EvidenceEntry, 'name' | 'kind' | 'by' | 'at' | 'source'> {
  const { kind, by } = origin;
  const at = new Date(origin.at).toISOString();
  return { name: file.slice(0, 128), kind, by, at, source: cleanText(origin.source, 512) };
}

/** In hex. */
export function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** Without these there is nothing to diagnose from, and a restart would destroy what there was. */
const GATE: readonly { readonly kinds: readonly EvidenceKind[]; readonly what: string }[] = [
  // A process whose memory hangs, since a thread of it is in state D, has no goroutines to show: its threads are what there is.
  { kinds: ['GoroutineDump', 'ThreadStacks'], what: 'a goroutine dump' },
  { kinds: ['KubeletLog'], what: 'the kubelet log' },
];

export interface Gate {
  readonly met: boolean;
  /** For a person, each with the reason where there is one: `a goroutine dump (403 Forbidden)`. Empty if it is met. */
  readonly missing: readonly string[];
}

/** Whether what is saved is enough to act on: one goroutine dump, unless there is no kubelet, and one kubelet log. */
export function evidenceGate(
  entries: readonly EvidenceEntry[],
  { needsDump }: { readonly needsDump: boolean } = { needsDump: true },
): Gate {
  const missing = GATE.filter(({ kinds }) => needsDump || !kinds.includes('GoroutineDump'))
    .filter(({ kinds }) => !entries.some((e) => kinds.includes(e.kind) && e.state === 'Captured'))
    .map(({ kinds, what }) => {
      const failure = entries.findLast((e) => kinds.includes(e.kind) && e.state === 'Failed');
      return failure?.message === undefined ? what : `${what} (${failure.message})`;
    });
  return { met: missing.length === 0, missing };
}

/** A goroutine dump of the kubelet that was saved. */
export function isKubeletDump({ kind, state }: Pick<EvidenceEntry, 'kind' | 'state'>): boolean {
  return kind === 'GoroutineDump' && state === 'Captured';
}

/** What the controller's decision reads: it is kept in the API server too, each in one object. */
export function isForDecision({ kind }: Pick<EvidenceEntry, 'kind'>): boolean {
  return kind === 'GoroutineDump' || kind === 'RuntimeStacks' || kind === 'WatchdogDump';
}
