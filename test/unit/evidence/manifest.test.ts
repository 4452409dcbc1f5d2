import { createHash } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import { EvidenceEntry } from '../../../src/api/v1alpha1/parts/evidence.ts';
import { evidenceGate, failedArtifact, sealArtifact, sealWithin } from '../../../src/core/evidence/manifest.ts';

const ORIGIN = {
  name: 'kubelet.log',
  kind: 'KubeletLog',
  by: 'Agent',
  source: 'journald:kubelet.service',
  at: Date.UTC(2026, 10, 24),
} as const;
const DUMP = { ...ORIGIN, name: 'goroutines-1.txt', kind: 'GoroutineDump' } as const;
const OPTIONS = { redact: true };
const CONTENT = { bytes: Buffer.from('line\npassword=planted\n'), truncated: false, message: '' };

describe('a sealed artifact', () => {
  const sealed = sealArtifact(ORIGIN, CONTENT, OPTIONS);

  test('says size and SHA-256 of what is stored', () => {
    expect(sealed.entry).toEqual({
      name: 'kubelet.log.gz',
      kind: 'KubeletLog',
      by: 'Agent',
      state: 'Captured',
      at: '2026-11-24T00:00:00.000Z',
      source: 'journald:kubelet.service',
      bytes: sealed.bytes.length,
      sha256: createHash('sha256').update(sealed.bytes).digest('hex'),
      redactions: 1,
    });
    expect(() => EvidenceEntry.parse(sealed.entry)).not.toThrow();
  });

  test('holds no planted secret', () => {
    expect(gunzipSync(sealed.bytes).toString()).toBe('line\npassword=[REDACTED]\n');
  });

  test('is the same bytes for the same content', () => {
    expect(sealArtifact(ORIGIN, CONTENT, OPTIONS).bytes.equals(sealed.bytes)).toBe(true);
  });

  test('is left as it is where the policy says so', () => {
    const plain = sealArtifact(ORIGIN, CONTENT, { ...OPTIONS, redact: false });
    expect(gunzipSync(plain.bytes).toString()).toContain('planted');
    expect(plain.entry.redactions).toBeUndefined();
  });

  test('says that it was cut, and where', () => {
    const cut = sealArtifact(ORIGIN, { ...CONTENT, truncated: true, message: 'cut at 1 MiB' }, OPTIONS);
    expect(cut.entry).toMatchObject({ truncated: true, message: 'cut at 1 MiB' });
  });
});

describe('an artifact that is cut to fit', () => {
  /** Its end compresses far better than its beginning, so that a cut in proportion is still too large. */
  function uneven(): Buffer {
    const noise = Buffer.from(Array.from({ length: 60_000 }, (_, i) => ((i * i * 2654435761) >>> 13) & 0xff));
    return Buffer.concat([noise, Buffer.alloc(2_000_000, 'a')]);
  }

  test('is within its bound, and keeps its beginning', () => {
    const { bytes, entry } = sealWithin(DUMP, { ...CONTENT, bytes: uneven() }, { redact: false, maxBytes: 20_000 });
    expect(bytes.length).toBeLessThanOrEqual(20_000);
    expect(entry).toMatchObject({ truncated: true, message: 'cut to 20000 bytes as stored' });
    const kept = gunzipSync(bytes);
    expect(kept.length).toBeGreaterThan(1_000);
    expect(uneven().subarray(0, kept.length).equals(kept)).toBe(true);
  });

  test('is left whole where it fits', () => {
    const { entry } = sealWithin(DUMP, CONTENT, { redact: false, maxBytes: 20_000 });
    expect(entry.truncated).toBeUndefined();
  });
});

describe('the gate', () => {
  const log = sealArtifact(ORIGIN, CONTENT, OPTIONS).entry;
  const dump = sealArtifact(DUMP, CONTENT, OPTIONS).entry;

  test('is met by a goroutine dump and a kubelet log', () => {
    expect(evidenceGate([log, dump])).toEqual({ met: true, missing: [] });
    expect(evidenceGate([dump, log]).met).toBe(true);
  });

  test.each([
    ['nothing', [], ['a goroutine dump', 'the kubelet log']],
    ['a log only', [log], ['a goroutine dump']],
    ['a dump only', [dump], ['the kubelet log']],
    ['a dump that failed', [log, failedArtifact(DUMP, '403 Forbidden')], ['a goroutine dump (403 Forbidden)']],
  ])('is not met by %s, and says what is missing', (_what, entries, missing) => {
    expect(evidenceGate(entries)).toEqual({ met: false, missing });
  });

  test('is met by one capture beside a failure', () => {
    expect(evidenceGate([log, failedArtifact(DUMP, 'x'), dump]).met).toBe(true);
  });
});
