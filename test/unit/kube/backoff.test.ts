import { expect, test } from '@jest/globals';
import fc from 'fast-check';
import { createBackoff } from '../../../src/runtime/backoff.ts';
import { MedicError } from '../../../src/ports/errors.ts';

test('delays double from 200 ms to 20 s, never less than half of that, and begin anew after a reset', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: 0.999, noNaN: true }), fc.integer({ min: 0, max: 40 }), (chance, failures) => {
      const backoff = createBackoff({ next: () => chance });
      for (let index = 0; index < failures; index += 1) backoff.next();
      const full = Math.min(20_000, 200 * 2 ** failures);
      const delay = backoff.next();
      expect(delay).toBeGreaterThanOrEqual(full / 2);
      expect(delay).toBeLessThanOrEqual(full);
      backoff.reset();
      expect(backoff.next()).toBeLessThanOrEqual(200);
    }),
  );
});

test("a server's Retry-After is kept", () => {
  const backoff = createBackoff({ next: () => 0 });
  const throttled = new MedicError('E_KUBE_THROTTLED', 'throttled', 'busy', { retryAfterMs: 5_000 });
  expect(backoff.next(throttled)).toBe(5_000);
});
