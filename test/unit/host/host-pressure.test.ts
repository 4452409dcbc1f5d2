import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { hostPressure } from '../../../src/host/process/host-pressure.ts';
import { createFakeRoot, type FakeRoot } from './fake-root.ts';

let root: FakeRoot;
const { signal } = new AbortController();
beforeEach(async () => {
  root = await createFakeRoot();
});
afterEach(async () => {
  await root.dispose();
});

async function kernelSays(files: Readonly<Record<string, string>>): Promise<unknown> {
  for (const [name, text] of Object.entries(files)) await root.file(`proc/${name}`, text);
  return await hostPressure(root.namespaces.procRoot, signal);
}

const LOAD = { loadavg: '66.61 40.10 12.00 9/812 4711\n', stat: 'cpu  1 2 3\ncpu0 1 2\ncpu1 1 2\nintr 9\n' };

test('the load is of all, and pressure of the last 10 s', async () => {
  const psi = (some: string, full: string): string =>
    `some avg10=${some} avg60=1.00 avg300=2.00 total=3\nfull avg10=${full} avg60=1.00 avg300=2.00 total=3\n`;
  const files = {
    'pressure/cpu': psi('98.51', '0.00'),
    'pressure/memory': psi('50.00', '7.40'),
    'pressure/io': psi('9', '100.00'),
  };
  expect(await kernelSays({ ...LOAD, ...files })).toEqual({
    load: 67,
    cpus: 2,
    cpuSome: 99,
    memoryFull: 7,
    ioFull: 100,
  });
});

test('a kernel without pressure stall information says its load', async () => {
  expect(await kernelSays(LOAD)).toMatchObject({ load: 67, cpus: 2, cpuSome: undefined });
});

test.each([[{}], [{ loadavg: 'nothing', stat: LOAD.stat }], [{ loadavg: LOAD.loadavg }]])(
  'one that says nothing: %j',
  async (files) => {
    expect(await kernelSays(files)).toBeUndefined();
  },
);

test('this machine says how it is', async () => {
  expect(await hostPressure('/proc', signal)).toMatchObject({ cpus: expect.any(Number), load: expect.any(Number) });
});
