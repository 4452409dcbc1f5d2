import { expect, test } from '@jest/globals';
import { HostSummary } from '../../../src/api/v1alpha1/parts/host-summary.ts';
import { overloadIn } from '../../../src/core/diagnosis/overload.ts';

const QUIET = { load: 3, cpus: 4, cpuSome: 20, memoryFull: 0, ioFull: 5 };

test.each<[string, Readonly<Record<string, number | undefined>>, boolean]>([
  ['a host that has what it needs', {}, false],
  ['many wait for a CPU, nearly always', { load: 32, cpuSome: 90 }, true],
  ['many wait for a CPU, now and then', { load: 32, cpuSome: 89 }, false],
  ['a busy host: some process waits for a CPU', { load: 31, cpuSome: 99 }, false],
  ['many wait, and the kernel does not say for what', { load: 32, cpuSome: undefined }, true],
  ['a host out of memory', { memoryFull: 40 }, true],
  ['a host that is short of memory', { memoryFull: 39 }, false],
  ['a disk that holds all up', { ioFull: 60 }, true],
  ['a disk that is busy', { ioFull: 59 }, false],
])('%s: overloaded?', (_, part, want) => {
  const host = HostSummary.parse({ at: '2026-11-28T22:10:00Z', pressure: { ...QUIET, ...part } });
  expect(overloadIn(host) !== undefined).toBe(want);
});

test('what nobody has read is no overload', () => {
  expect(overloadIn(undefined)).toBeUndefined();
  expect(overloadIn(HostSummary.parse({ at: '2026-11-28T22:10:00Z' }))).toBeUndefined();
});
