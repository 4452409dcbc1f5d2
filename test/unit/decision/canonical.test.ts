import { expect, test } from '@jest/globals';
import { canonical } from '../../../src/core/decision/canonical.ts';
import { isLaterVersion } from '../../../src/core/decision/resource-version.ts';

test.each<[string, unknown, unknown]>([
  ['whatever the order of keys', { a: 1, b: { c: 2, d: 3 } }, { b: { d: 3, c: 2 }, a: 1 }],
  ['whatever the order of keys in items', [{ a: 1, b: 2 }], [{ b: 2, a: 1 }]],
  ['absent and undefined alike', { a: 1, b: undefined }, { a: 1 }],
])('the same: %s', (_name, one, other) => {
  expect(canonical(one)).toBe(canonical(other));
});

test.each<[string, unknown, unknown]>([
  ['another value', { a: 1 }, { a: 2 }],
  ['another key', { a: 1 }, { b: 1 }],
  ['null and absent', { a: null }, {}],
  ['null and empty', { a: null }, { a: {} }],
  ['a list and an object', [1], { 0: 1 }],
  ['another order of items', [1, 2], [2, 1]],
  ['a text and its list of letters', 'ab', ['a', 'b']],
])('not the same: %s', (_name, one, other) => {
  expect(canonical(one)).not.toBe(canonical(other));
});

// As numbers: they have grown longer than a number of JavaScript holds.
test.each([
  ['10', '9', true],
  ['9', '10', false],
  ['11', '10', true],
  ['10', '11', false],
  ['10', '10', false],
  ['90071992547409931', '90071992547409930', true],
])('version %s is later than %s: %s', (a, b, expected) => {
  expect(isLaterVersion(a, b)).toBe(expected);
});
