/** A second build gives the same bytes: test/release/main.ts has made it in another folder. */
import { join } from 'node:path';
import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { released } from './built.ts';

test('two builds are the same', () => {
  const again = process.env['KUBELET_MEDIC_RELEASE_AGAIN'];
  expect(again).toBeDefined();
  expect(readFileSync(join(again ?? '', 'SHA256SUMS'), 'utf8')).toBe(released('SHA256SUMS').toString('utf8'));
});
