import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { backoffMs } from '../../../src/runtime/backoff.ts';
import { MedicError } from '../../../src/ports/errors.ts';

const BOUNDS = { firstMs: 200, longestMs: 20_000 };

test('delays double from 200 ms to 20 s, never less than half of that, and begin anew with the first', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 40 }), (chance, failures) => {
      const random = { next: () => chance };
      const full = Math.min(20_000, 200 * 2 ** failures);
      const delay = backoffMs(failures + 1, BOUNDS, random);
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
      expect(backoffMs(1, BOUNDS, random)).toBeLessThanOrEqual(200);
    }),
  );
});

test("a server's Retry-After is kept", () => {
  const throttled = new MedicError('E_KUBE_THROTTLED', 'throttled', 'busy', { retryAfterMs: 5_000 });
  expect(backoffMs(1, BOUNDS, { next: () => 0 }, throttled)).toBe(5_000);
});
