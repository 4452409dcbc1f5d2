/** A storm of 500 incidents, by the controller's part alone: its agents never answer. */
import { afterEach, expect, test } from '@jest/globals';
import { HEALTHS, INCIDENTS, NODES } from '../../src/api/resources.ts';
import { runArchive } from '../../src/controller/bucket/archive.ts';
import { createAgentContacts } from '../../src/controller/agent-contacts.ts';
import { createLocalView } from '../../src/controller/view/local-view.ts';
import { createGrantKey } from '../../src/core/evidence/sealed-grant.ts';
import { toPreciseTime } from '../../src/core/time/timestamp.ts';
import { aPlan } from '../support/builders/objects.ts';
import { createControllerWorld } from '../support/controller-world.ts';
import { createFakeBucket } from '../support/fake-bucket.ts';

const NODE_COUNT = 500;
const life = new AbortController();
afterEach(() => {
  life.abort(new Error('the test is over'));
});

test('of 500 incidents that wait, eight have a grant at any time, and each gets one in its turn', async () => {
  const { world, clock, local, metrics } = createControllerWorld();
  const bucket = createFakeBucket(clock);
  const { publicKey } = createGrantKey();
  const at = toPreciseTime(clock.now());
  const entry = {
    name: 'kubelet.log.gz',
    kind: 'KubeletLog',
    by: 'Agent',
    state: 'Captured',
    at,
    source: 's',
    bytes: 9,
    sha256: 'ab'.repeat(32),
  };
  const over = { type: 'Complete', status: 'True', reason: 'Recovered', message: '', lastTransitionTime: at };
  const status = { evidence: [entry], conditions: [over], outcome: 'Recovered', timings: { completedAt: at } };
  for (let index = 0; index < NODE_COUNT; index++) {
    const name = `node-${String(index)}`;
    local.seeds.seed(NODES, { metadata: { name, uid: `uid-${name}` } });
    local.seeds.seed(HEALTHS, { metadata: { name }, spec: {}, status: { bucket: { key: publicKey } } });
    const trigger = { type: 'PLEGUnhealthy', at, message: 'x' };
    const spec = { nodeName: name, nodeUID: `uid-${name}`, trigger, plan: aPlan() };
    local.seeds.seed(INCIDENTS, { metadata: { name: `${name}-x7k2q` }, spec, status });
  }
  const view = createLocalView(world, createAgentContacts(world), life.signal);
  await clock.advance(1_000);
  await view.whenSynced();
  void runArchive(world, view, { settings: bucket.settings, client: bucket.client }, life.signal);

  const granted = new Set<string>();
  let most = 0;
  for (let minutes = 0; minutes < 60; minutes++) {
    await clock.advance(60_000);
    const now = local.list(HEALTHS).filter(({ spec }) => spec.bucket !== undefined);
    most = Math.max(most, now.length);
    for (const { metadata } of now) granted.add(metadata.name);
  }
  expect(most).toBe(8);
  // Each of the eight waits 11 minutes for an agent that never answers: nobody has two turns before others have one.
  expect(granted.size).toBeGreaterThanOrEqual(40);
  expect(metrics.values.get('bucket_waiting_incidents')).toBe(NODE_COUNT);
  expect(metrics.values.get('bucket_waiting_age_seconds')).toBeGreaterThan(3_500);
  const own = local.writes.filter(({ manager }) => manager === 'kubelet-medic-controller-bucket');
  expect(own.length).toBeLessThan(4 * granted.size);
});
