import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { INCIDENTS, NODES } from '../../../src/api/resources.ts';
import type { KubeObject, Manifest } from '../../../src/ports/cluster.ts';
import { anIncident, aNode } from '../../support/builders/objects.ts';
import { runOffline, startBench, type Bench } from './cli-harness.ts';

let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
  const wire = (object: KubeObject): Manifest => JSON.parse(JSON.stringify(object)) as Manifest;
  for (const name of ['node-b', 'node-a', 'other']) bench.server.seed(NODES, wire(aNode({ name })));
  bench.server.seed(INCIDENTS, wire(anIncident()));
  bench.server.seed(INCIDENTS, wire(anIncident({ name: 'node-a-23456', status: { outcome: 'Recovered' } })));
});
afterEach(async () => {
  await bench.server.close();
});

const complete = async (...words: readonly string[]): Promise<string> => (await bench.run('__complete', ...words)).out;

test('offers commands, each with what it does', async () => {
  expect(await complete('sta')).toMatch(/^status\tthe fleet on one screen.*\nstacks\t.*\n:4\n$/);
  const all = await complete('');
  for (const name of ['approve', 'cancel', 'diagnose', 'exclude', 'preflight', 'ui', 'watch'])
    expect(all).toContain(`${name}\t`);
  expect(all).not.toContain('__complete');
});

test('offers names of nodes and of incidents, and those alone that are open where it is about them', async () => {
  expect(await complete('capture', '')).toBe('node-a\nnode-b\nother\n:4\n');
  expect(await complete('capture', 'node-')).toBe('node-a\nnode-b\n:4\n');
  expect(await complete('show', '')).toBe('node-a-23456\nnode-a-x7k2q\n:4\n');
  expect(await complete('approve', '')).toBe('node-a-x7k2q\n:4\n');
  expect(await complete('show', 'node-a-23456', '')).toBe(':4\n');
  expect(await complete('preflight', 'node-a', 'n')).toBe('node-b\n:4\n');
  expect(await complete('capture', '--reason', 'a b', '--wait', 'node-b')).toBe('node-b\n:4\n');
});

test('offers flags and the values that they have; files where anything may stand', async () => {
  expect(await complete('capture', '--wa')).toMatch(/^--wait\t.*\n:4\n$/);
  expect(await complete('history', '-o', 'y')).toBe('yaml\n:4\n');
  expect(await complete('history', '--kubeconfig', '')).toBe(':0\n');
  expect(await complete('ui', '--po')).toMatch(/^--port\t.*\n:4\n$/);
  expect(await complete('ui', '--port', '')).toBe(':4\n');
  expect(await complete('ui', '')).toBe(':4\n');
  expect(await complete('diagnose', 'x')).toBe(':0\n');
  expect(await complete('nonsense', '')).toBe(':4\n');
});

test('offers nothing where the cluster says no, and does not fail', async () => {
  bench.server.deny(() => true);
  expect(await bench.run('__complete', 'show', '')).toEqual({ code: 0, out: ':4\n', err: '' });
  expect((await runOffline(['__complete', 'his'])).out).toMatch(/^history\t/);
});
