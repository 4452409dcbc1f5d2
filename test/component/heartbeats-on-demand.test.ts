/** What a fleet at rest writes, and how soon an agent that is not there is noticed all the same. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { AGENT_MANAGER, CONTROLLER_MANAGER, INQUIRY_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { isObject, listAt, objectAt } from '../support/api-server/json.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';

const MINUTE = 60_000;
const LIMIT_MS = 180_000;

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

async function fleet(size: number, clocksAhead = {}): Promise<readonly string[]> {
  const nodes = Array.from({ length: size }, (_, at) => `node-${String(at)}`);
  bench = createControllerBench({ nodes, clocksAhead });
  bench.startController();
  for (const node of nodes) bench.startAgent(node);
  await bench.clock.advance(MINUTE);
  return nodes;
}

type Count = Readonly<Record<'agents' | 'controller', number>>;

function written(): Count {
  const by = (...who: string[]): number => bench.local.writes.filter(({ manager }) => who.includes(manager)).length;
  return { agents: by(AGENT_MANAGER), controller: by(CONTROLLER_MANAGER, INQUIRY_MANAGER) };
}

async function writesIn(ms: number): Promise<Count> {
  const before = written();
  await bench.clock.advance(ms);
  const after = written();
  return { agents: after.agents - before.agents, controller: after.controller - before.controller };
}

function stuck(node: string): unknown {
  const conditions = listAt(objectAt(bench.node(node), 'status'), 'conditions').filter(isObject);
  return conditions.find(({ type }) => type === 'KubeletStuck')?.['reason'];
}

const inquiries = (nodes: readonly string[]): number =>
  nodes.filter((node) => bench.health(node)?.spec.inquiry !== undefined).length;

describe('a fleet at rest', () => {
  test(
    'writes a heartbeat in five minutes for each node, and the controller nothing',
    async () => {
      const nodes = await fleet(6, { 'node-0': 3_600_000, 'node-1': -3_600_000 });
      const { agents, controller } = await writesIn(20 * MINUTE);
      // 5,000 of them then write 16.7 times a second.
      expect(agents).toBeGreaterThanOrEqual(3 * nodes.length);
      expect(agents).toBeLessThanOrEqual(4.5 * nodes.length);
      expect(controller).toBeLessThanOrEqual(2);
      expect(inquiries(nodes)).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    'is not asked by a controller that has just started, and heard of nobody',
    async () => {
      const nodes = await fleet(6);
      await bench.clock.advance(10 * MINUTE);
      for (let times = 0; times < 3; times++) {
        bench.startController(`controller-${String(times)}`);
        bench.killController(`controller-${String(times - 1)}`);
        const { controller } = await writesIn(2 * MINUTE);
        expect(controller).toBeLessThanOrEqual(2);
      }
      expect(inquiries(nodes)).toBe(0);
    },
    LIMIT_MS,
  );

  test(
    'is heard again within five minutes of an outage, and was never called silent',
    async () => {
      const nodes = await fleet(4);
      const before = bench.local.writes.length;
      for (const party of ['controller-1', ...nodes]) bench.party(party).faults.setDown('connect ECONNREFUSED');
      await bench.clock.advance(20 * MINUTE);
      for (const party of ['controller-1', ...nodes]) bench.party(party).faults.setDown(undefined);
      const { agents } = await writesIn(5 * MINUTE);
      expect(agents).toBeGreaterThanOrEqual(nodes.length);
      expect(agents).toBeLessThanOrEqual(3 * nodes.length);
      expect(nodes.map(stuck)).toEqual(nodes.map(() => 'PLEGHealthy'));
      expect(JSON.stringify(bench.local.writes.slice(before)).includes('AgentSilent')).toBe(false);
    },
    LIMIT_MS,
  );
});

describe('all agents that are started anew at once', () => {
  test(
    'report within 30 s, one after the other, and are not asked',
    async () => {
      const nodes = await fleet(12);
      await bench.clock.advance(10 * MINUTE);
      for (const node of nodes) bench.startAgent(node);
      const perSecond: number[] = [];
      for (let second = 0; second < 32; second++) perSecond.push((await writesIn(1_000)).agents);
      expect(Math.max(...perSecond)).toBeLessThanOrEqual(6);
      expect(perSecond.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(nodes.length);
      expect(inquiries(nodes)).toBe(0);
      expect((await writesIn(4 * MINUTE)).agents).toBe(0);
    },
    LIMIT_MS,
  );
});

describe('an agent that is gone', () => {
  test(
    'from a node that is well is noticed after a missing heartbeat and a question',
    async () => {
      await fleet(2);
      bench.killAgent('node-0');
      const ms = await bench.clock.advanceUntil(() => stuck('node-0') === 'AgentSilent', 10 * MINUTE, 1_000);
      expect(ms).toBeGreaterThan(60_000);
      expect(ms).toBeLessThanOrEqual(405_000);
      await bench.clock.advance(10 * MINUTE);
      expect(stuck('node-1')).toBe('PLEGHealthy');
      bench.startAgent('node-0');
      await bench.clock.advance(10_000);
      expect(stuck('node-0')).toBe('PLEGHealthy');
    },
    LIMIT_MS,
  );

  test(
    'is noticed within 12 s when the Node says that it is not ready',
    async () => {
      await fleet(2);
      const reportedAt = (): unknown => bench.health('node-0')?.status.agent?.reportedAt;
      const first = reportedAt();
      await bench.clock.advanceUntil(() => reportedAt() !== first, 6 * MINUTE);
      bench.killAgent('node-0');
      await bench.clock.advance(2 * MINUTE);
      expect(stuck('node-0')).toBe('PLEGHealthy');
      bench.host('node-0').inject('not-reporting');
      const isUnknown = (): boolean => JSON.stringify(bench.node('node-0')).includes('NodeStatusUnknown');
      await bench.clock.advanceUntil(isUnknown, 60_000, 500);
      const ms = await bench.clock.advanceUntil(() => stuck('node-0') === 'AgentSilent', 30_000, 500);
      expect(ms).toBeLessThanOrEqual(12_000);
    },
    LIMIT_MS,
  );
});

describe('a kubelet that stops reporting', () => {
  test(
    'between two heartbeats is told from a node that was cut off within 15 s of Unknown, and acted on within 30 s',
    async () => {
      await fleet(2);
      await bench.clock.advance(12 * MINUTE);
      bench.host('node-0').inject('not-reporting');
      const isUnknown = (): boolean => JSON.stringify(bench.node('node-0')).includes('NodeStatusUnknown');
      await bench.clock.advanceUntil(isUnknown, 60_000, 100);
      const unknownAt = bench.clock.now();
      await bench.until('node-0', () => true, MINUTE);
      expect(bench.clock.now() - unknownAt).toBeLessThanOrEqual(15_000);
      await bench.clock.advanceUntil(() => bench.host('node-0').restarts.length > 0, MINUTE, 500);
      expect(bench.clock.now() - unknownAt).toBeLessThanOrEqual(30_000);
    },
    LIMIT_MS,
  );
});

describe('a breach', () => {
  test(
    'between two heartbeats opens an incident at once',
    async () => {
      await fleet(2);
      await bench.clock.advance(11 * MINUTE);
      bench.host('node-0').inject('runtime-hung');
      await bench.until('node-0', () => true, 4 * MINUTE);
      expect(bench.health('node-0')?.status.pleg?.state).toBe('Unhealthy');
    },
    LIMIT_MS,
  );

  test(
    'that was told to a controller before is taken up by the next one within 5 s',
    async () => {
      await fleet(2);
      bench.killController();
      bench.host('node-0').inject('kubelet-frozen');
      await bench.clock.advance(MINUTE);
      bench.startController('controller-2');
      const ms = await bench.clock.advanceUntil(() => bench.incidents('node-0').length > 0, MINUTE, 500);
      expect(ms).toBeLessThanOrEqual(5_000);
      expect(bench.incidents('node-1')).toEqual([]);
    },
    LIMIT_MS,
  );
});
