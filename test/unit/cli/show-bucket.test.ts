import { afterEach, beforeEach, expect, test } from '@jest/globals';
import { INCIDENTS } from '../../../src/api/resources.ts';
import type { Manifest } from '../../../src/ports/cluster.ts';
import { anIncident, at } from '../../support/builders/objects.ts';
import { type Bench, startBench } from './cli-harness.ts';

const NAME = 'node-a-x7k2q';
let bench: Bench;
beforeEach(async () => {
  bench = await startBench();
});
afterEach(async () => {
  await bench.server.close();
});

test.each([
  ['Complete', undefined, /in the bucket: 1 at s3:\/\/evidence\/node-a\/x /],
  ['Waiting', '3 of 4 are missing: AccessDenied', /in the bucket: 1 at \S+; waits: 3 of 4 are missing: AccessDenied /],
  ['GivenUp', 'the node is gone', /in the bucket: 1 at \S+; given up: the node is gone /],
] as const)('`show` says where evidence is in the bucket (%s)', async (state, message, words) => {
  const objects = [{ key: '0123456789abcdef-a.gz', bytes: 7, sha256: 'ab'.repeat(32) }];
  const bucket = { state, at: at(0), uri: 's3://evidence/node-a/x', objects, message };
  const head = { kind: 'KubeletLog', by: 'Agent', state: 'Captured', at: at(0), source: 's' } as const;
  const status = { evidence: [{ ...head, name: 'a.gz' }], bucket };
  bench.server.seed(INCIDENTS, JSON.parse(JSON.stringify(anIncident({ name: NAME, status }))) as Manifest);
  expect((await bench.run('show', NAME)).out.replaceAll(/\s+/g, ' ')).toMatch(words);
});
