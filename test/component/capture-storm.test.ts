import { afterEach, describe, expect, test } from '@jest/globals';
import { EVIDENCES, POLICIES } from '../../src/api/resources.ts';
import { CONTROLLER_MANAGER, INQUIRY_MANAGER } from '../../src/api/v1alpha1/words/names.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';
import { smallDumps } from '../support/host/small-dumps.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 120_000;
const COUNT = 16;
/** Where more than the five that keep their dumps is enough. */
const FEW = 8;
const namesOf = (count: number): readonly string[] =>
  Array.from({ length: count }, (_, i) => `node-${String(i).padStart(2, '0')}`);
const NODES = namesOf(COUNT);
/** Nothing is done to them, so that all incidents stay open. */
const POLICY = {
  mode: 'Remediate',
  paused: true,
  detection: { earlyCapture: false },
  evidence: { dumpInterval: '1s' },
  budget: { maxUnhealthy: '100%' },
};

async function storm(storage: object, nodes = NODES): Promise<void> {
  bench = createControllerBench({ nodes, dumps: smallDumps(), policy: POLICY, storage });
  bench.startController();
  for (const node of nodes) bench.startAgent(node);
  await bench.clock.advance(5_000);
  for (const node of nodes) bench.host(node).inject('frozen-connection');
  await bench.clock.advanceUntil(() => bench.incidents().length === nodes.length, 600_000, 500);
}

const holders = (): ReadonlySet<string> => new Set(bench.local.list(EVIDENCES).map(({ spec }) => spec.nodeName));
const diagnosed = (): number => bench.incidents().filter(({ status }) => status.diagnosis !== undefined).length;

describe('a storm of one fault', () => {
  test(
    'is captured at its pace; the first five nodes keep their dumps, all have their verdict, and the rest say why',
    async () => {
      await storm({ capturesPerMinute: 60 });
      await bench.clock.advance(2_000);
      const waiting = bench.incidents().filter(({ status }) => status.state === 'Waiting: turn to capture');
      expect(waiting.length).toBeGreaterThanOrEqual(COUNT - 12);
      await bench.clock.advance(60_000);
      expect(diagnosed()).toBe(COUNT);
      const incidents = bench.incidents();
      expect(new Set(incidents.map(({ status }) => status.diagnosis?.fingerprint)).size).toBe(1);
      expect(incidents.every(({ status }) => status.diagnosis?.blockedStack !== undefined)).toBe(true);
      expect(holders().size).toBe(5);
      const trimmed = incidents.filter(({ status }) => status.trimmed?.reason === 'SharedFault');
      expect(trimmed.map(({ spec }) => spec.nodeName).sort()).toEqual(NODES.filter((node) => !holders().has(node)));
      for (const { status } of trimmed) {
        const dumps = (status.evidence ?? []).filter(({ kind }) => kind === 'GoroutineDump');
        expect(dumps.every(({ state, sha256 }) => state === 'Captured' && sha256 !== undefined)).toBe(true);
        expect(status.outcome).toBeUndefined();
      }
      const starts = incidents
        .map(({ status }) => Date.parse(status.steps?.[0]?.startedAt ?? ''))
        .sort((a, b) => a - b);
      for (const start of starts.slice(5))
        expect(starts.filter((one) => one >= start && one < start + 5_000).length).toBeLessThanOrEqual(5);
      const writes = bench.local.writes.filter(
        ({ manager, plural }) => manager === CONTROLLER_MANAGER && plural === 'kubeletincidents',
      );
      expect(writes.length).toBeLessThan(COUNT * 12);
    },
    LIMIT_MS,
  );

  test(
    'costs no more than a fleet at rest while nothing may be done, and is looked at as soon as that changes',
    async () => {
      await storm({}, namesOf(FEW));
      await bench.clock.advance(60_000);
      expect(diagnosed()).toBe(FEW);
      const before = bench.local.writes.length;
      await bench.clock.advance(600_000);
      const writes = bench.local.writes.slice(before);
      const healths = writes.filter(({ plural }) => plural === 'kubelethealths');
      // Two heartbeats of each in ten minutes, and nobody is asked.
      expect(healths.length).toBeGreaterThanOrEqual(FEW);
      expect(healths.length).toBeLessThanOrEqual(3 * FEW);
      expect(healths.filter(({ manager }) => manager === INQUIRY_MANAGER)).toEqual([]);
      expect(writes.length).toBeLessThanOrEqual(5 * FEW);
      bench.local.seeds.seed(POLICIES, { metadata: { name: 'default' }, spec: { ...POLICY, paused: false } });
      const acted = await bench.clock.advanceUntil(
        () =>
          bench
            .incidents()
            .some(({ status }) => status.actions?.some(({ action }) => action === 'RestartKubelet') === true),
        60_000,
        500,
      );
      expect(acted).toBeLessThan(30_000);
    },
    LIMIT_MS,
  );

  test(
    'has all its verdicts where there is room for the dumps of a few, though nothing is done and all stay open',
    async () => {
      await storm({ evidenceBytes: 512 * 1024 });
      await bench.clock.advance(180_000);
      expect(diagnosed()).toBe(COUNT);
      expect(bench.metrics.values.get('captures_waiting')).toBe(0);
      const bytes = Number(bench.metrics.values.get('evidence_bytes'));
      expect(bytes).toBeLessThanOrEqual(512 * 1024);
      expect(bench.incidents().every(({ status }) => status.outcome === undefined)).toBe(true);
    },
    LIMIT_MS,
  );
});
