import { createCipheriv } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { BUNDLE_BYTES, type Bundle, bytesOf, EMPTY_BUNDLE } from '../../../src/controller/stacks/secret-bundle.ts';
import { captureStacks } from '../../../src/controller/stacks/capture-stacks.ts';
import { createControllerWorld } from '../../support/controller-world.ts';

const owner = { apiVersion: 'kubelet-medic.io/v1alpha1', kind: 'KubeletIncident', name: 'i', uid: 'uid-i' };
const ref = { name: 'kubelet-medic-i', component: 'incident-stacks', owner } as const;
const DUMP = '/debug/pprof/goroutine?debug=2';

async function captured(body: Buffer, bundle: Bundle = EMPTY_BUNDLE): Promise<Bundle> {
  const { world } = createControllerWorld((path) => ({ body: path === DUMP ? body : Buffer.from('ok') }));
  const { signal } = new AbortController();
  return captureStacks(world, { node: 'node-a', ref, bundle, redact: false, signal });
}

/** Bytes that gzip can do nothing with: the same for the same seed. */
function noise(length: number, seed: number): Buffer {
  return createCipheriv('aes-128-ctr', Buffer.alloc(16, seed), Buffer.alloc(16)).update(Buffer.alloc(length));
}

const part = fc
  .record({ isNoise: fc.boolean(), length: fc.integer({ min: 0, max: 1_300_000 }), seed: fc.nat(99) })
  .map(({ isNoise, length, seed }) => (isNoise ? noise(length, seed) : Buffer.alloc(length * 3, 'goroutine 1 ')));

describe('a bundle', () => {
  test('never grows beyond its bound, however unevenly a dump compresses', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 3 }), async (parts) => {
        const body = Buffer.concat(parts);
        const bundle = await captured(body);
        // The other four files say `ok`.
        expect(bytesOf(bundle)).toBeLessThanOrEqual(BUNDLE_BYTES + 4 * 22);
        const [dump] = bundle.entries;
        const kept = gunzipSync(bundle.files.get(dump?.name ?? '') ?? Buffer.alloc(0));
        expect(body.subarray(0, kept.length).equals(kept)).toBe(true);
        expect(dump?.truncated ?? false).toBe(kept.length < body.length);
      }),
      { numRuns: 12 },
    );
  });

  test.each([
    ['head', [noise(1_000_000, 1), Buffer.alloc(6_000_000, 'a')]],
    ['tail', [Buffer.alloc(6_000_000, 'a'), noise(1_000_000, 2)]],
  ])('whose dump has a %s that does not compress is cut until it fits, and keeps a good part', async (_, parts) => {
    const bundle = await captured(Buffer.concat(parts));
    expect(bytesOf(bundle)).toBeLessThanOrEqual(BUNDLE_BYTES + 4 * 22);
    expect(bytesOf(bundle)).toBeGreaterThan(1_000);
    expect(bundle.entries[0]).toMatchObject({ state: 'Captured', truncated: true, message: 'cut to fit its Secret' });
  });

  test('that is full takes no more, and says of each further file that it was cut', async () => {
    const files = new Map([['goroutines-0.txt.gz', noise(BUNDLE_BYTES, 3)]]);
    const bundle = await captured(noise(50_000, 4), { entries: [], files });
    expect(bytesOf(bundle) - BUNDLE_BYTES).toBeLessThanOrEqual(5 * 22);
    expect(bundle.entries.every(({ truncated }) => truncated === true)).toBe(true);
  });
});
