/** Archives that depend on what is in them alone. */
import { gunzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { unzipSync } from 'fflate';
import { parseTar } from 'nanotar';
import { tarGz, zip } from '../../../tools/release/archive.ts';

const DATE = Date.parse('2026-11-24');
const FILES = [
  { name: 'kubectl-medic', data: Buffer.from('#!/bin/sh\n'), isExecutable: true },
  { name: 'a/Ключ.txt', data: Buffer.alloc(10_240 - 2 * 512 - 512, 1) },
];

test('a tar has each file with its mode, of root, at the date', () => {
  const entries = parseTar(new Uint8Array(gunzipSync(tarGz(FILES, DATE))));
  expect(entries.map(({ name, size }) => [name, size])).toEqual(FILES.map(({ name, data }) => [name, data.length]));
  expect(entries.map(({ attrs }) => attrs?.mode?.slice(-3))).toEqual(['755', '644']);
  expect(entries.map(({ attrs }) => [attrs?.user, attrs?.uid])).toEqual([
    ['root', 0],
    ['root', 0],
  ]);
});

test('a tar ends with two blocks of zeros, also where the files fill its last block', () => {
  const tar = gunzipSync(tarGz([{ name: 'x', data: Buffer.alloc(10_240 - 512, 1) }], DATE));
  expect(tar.length).toBeGreaterThanOrEqual(10_240 + 1024);
  expect(tar.subarray(-1024).every((byte) => byte === 0)).toBe(true);
});

test('a name that a tar has no room for is refused', () => {
  const name = 'x'.repeat(101);
  expect(() => tarGz([{ name, data: Buffer.alloc(1) }], DATE)).toThrow('a name in a tar has at most 100 bytes');
});

test('a zip has each file', () => {
  const entries = unzipSync(zip(FILES, DATE));
  expect(Object.keys(entries)).toEqual(FILES.map(({ name }) => name));
  expect(Buffer.from(entries['kubectl-medic'] ?? []).toString()).toBe('#!/bin/sh\n');
});

test('the same files give the same bytes', () => {
  expect(tarGz(FILES, DATE).equals(tarGz(FILES, DATE))).toBe(true);
  expect(zip(FILES, DATE).equals(zip(FILES, DATE))).toBe(true);
});
