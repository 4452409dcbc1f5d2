import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { MAX_UPLOADS, UPLOAD_LIFE_MS } from '../../../src/api/v1alpha1/kinds/incident.ts';
import { isRequestInForce, withRequests } from '../../../src/core/evidence/upload-request.ts';
import { at, T0 } from '../../support/builders/objects.ts';

describe('a request for an upload', () => {
  test('is in force for an hour, by whichever clock it was asked', () => {
    const inForce = (ms: number): boolean => isRequestInForce({ at: at(ms) }, T0);
    expect([-UPLOAD_LIFE_MS, 1 - UPLOAD_LIFE_MS, 0, UPLOAD_LIFE_MS - 1, UPLOAD_LIFE_MS].map(inForce)).toEqual([
      false,
      true,
      true,
      true,
      false,
    ]);
    expect(isRequestInForce({ at: 'soon' }, T0)).toBe(false);
  });

  test('leaves what others wait for, drops what is over, and takes the place of an older one of its file', () => {
    const known = [
      { file: 'theirs', at: at(-60_000) },
      { file: 'over', at: at(-2 * UPLOAD_LIFE_MS) },
      { file: 'mine', at: at(-600_000) },
    ];
    expect(withRequests(known, ['mine', 'new'], T0)).toEqual([
      { file: 'theirs', at: at(-60_000) },
      { file: 'mine', at: at(0) },
      { file: 'new', at: at(0) },
    ]);
  });

  test('always fits, and always names what is asked for', () => {
    const file = fc.string({ minLength: 1, maxLength: 4 });
    const known = fc.array(fc.record({ file, at: fc.integer({ min: -9e6, max: 9e6 }).map(at) }), { maxLength: 64 });
    fc.assert(
      fc.property(known, fc.uniqueArray(file, { maxLength: MAX_UPLOADS }), (before, files) => {
        const after = withRequests(before, files, T0);
        expect(after.length).toBeLessThanOrEqual(MAX_UPLOADS);
        expect(after.filter((request) => request.at === at(0)).map((request) => request.file)).toEqual(
          expect.arrayContaining([...files]),
        );
      }),
    );
  });
});
