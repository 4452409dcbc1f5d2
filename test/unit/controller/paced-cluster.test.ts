/** What a storm of 500 nodes writes, by the clock. */
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { EVENTS, HEALTHS, INCIDENTS, NODES } from '../../../src/api/resources.ts';
import { CONTROLLER_PACE, pacedCluster } from '../../../src/controller/paced-cluster.ts';
import { BUCKET_MANAGER } from '../../../src/api/v1alpha1/words/names.ts';
import type { Cluster } from '../../../src/ports/cluster.ts';
import { createWritePace } from '../../../src/runtime/write-pace.ts';
import { aNode, anIncident, aPlan } from '../../support/builders/objects.ts';
import { createFakeClock, type FakeClock } from '../../support/clock.ts';
import { createLocalCluster, type LocalCluster } from '../../support/local-cluster.ts';

const MANAGER = { manager: 'test' };
let clock: FakeClock;
let local: LocalCluster;
let cluster: Cluster;
let stop: AbortController;
let times: number[];

beforeEach(() => {
  clock = createFakeClock();
  local = createLocalCluster(clock);
  stop = new AbortController();
  cluster = pacedCluster(local.cluster, createWritePace(clock, CONTROLLER_PACE, stop.signal));
  times = [];
  local.onWrite(() => times.push(clock.monotonic()));
});
afterEach(() => {
  stop.abort(new Error('the test is over'));
});

function open(index: number): void {
  const { spec } = anIncident({ node: `node-${index}`, plan: aPlan() });
  void cluster.create(INCIDENTS, { metadata: { name: `node-${index}-x7k2q` }, spec }, MANAGER);
}

function tell(index: number): void {
  const event = { metadata: { generateName: 'e.', namespace: 'default' }, involvedObject: { kind: 'Node', name: 'a' } };
  void cluster.create(EVENTS, { ...event, message: String(index) }, MANAGER).catch(() => undefined);
}

const within = (from: number, ms: number): number => times.filter((at) => at >= from && at < from + ms).length;

describe('the pace of the controller', () => {
  test('fifty nodes that breach at once have their incidents at once', async () => {
    for (let index = 0; index < 50; index++) open(index);
    await clock.settle();
    expect(times).toHaveLength(50);
  });

  test('a storm goes on at twenty writes a second, and all of it is written', async () => {
    const startedAt = clock.monotonic();
    for (let index = 0; index < 500; index++) open(index);
    await clock.advance(60_000);
    expect(within(startedAt, 1_000)).toBeLessThanOrEqual(221);
    for (let second = 1; second < 15; second++) {
      expect(within(startedAt + second * 1_000, 1_000)).toBeLessThanOrEqual(21);
    }
    expect(local.list(INCIDENTS)).toHaveLength(500);
  });

  test('what is written of the bucket waits for what a storm writes', async () => {
    for (let index = 0; index < 300; index++) open(index);
    await clock.settle();
    const spec = { bucket: { id: 'x', sealed: 'y' } };
    const grant = cluster.apply(HEALTHS, { metadata: { name: 'node-0' }, spec }, { manager: BUCKET_MANAGER });
    let isWritten = false;
    void grant.then(() => (isWritten = true));
    await clock.advance(1_000);
    expect(isWritten).toBe(false);
    await clock.advance(20_000);
    expect(isWritten).toBe(true);
  });

  test('a cordon and a question to an agent wait for nothing, and Events for all else', async () => {
    const { spec, status, metadata } = aNode();
    local.seeds.seed(NODES, { metadata: { name: metadata.name }, spec, status });
    for (let index = 0; index < 300; index++) {
      tell(index);
      open(index);
    }
    await clock.settle();
    const before = times.length;
    await cluster.jsonPatch(
      NODES,
      { name: metadata.name },
      [{ op: 'add', path: '/spec/unschedulable', value: true }],
      MANAGER,
    );
    await cluster.apply(
      HEALTHS,
      { metadata: { name: metadata.name }, spec: { inquiry: 'x' } },
      { ...MANAGER, force: true },
    );
    expect(times.length - before).toBe(2);
    await clock.advance(4_000);
    const events = local.writes.filter(({ plural }) => plural === EVENTS.plural).length;
    expect([events <= 101, local.list(INCIDENTS).length >= 170]).toEqual([true, true]);
    await clock.advance(40_000);
    expect(local.writes.filter(({ plural }) => plural === EVENTS.plural)).toHaveLength(300);
  });
});
