import { afterEach, expect, test } from '@jest/globals';
import { INCIDENTS, NODES, EVIDENCES } from '../../src/api/resources.ts';
import { LABEL_NODE } from '../../src/api/v1alpha1/words/names.ts';
import type { IncidentStatus } from '../../src/api/v1alpha1/kinds/incident.ts';
import { toTime } from '../../src/core/time/timestamp.ts';
import { anIncident, aPlan } from '../support/builders/objects.ts';
import { smallDumps } from '../support/host/small-dumps.ts';
import { type ControllerBench, createControllerBench } from '../support/controller-harness.ts';

let bench: ControllerBench;
afterEach(async () => {
  await bench.finish();
});

const LIMIT_MS = 60_000;
const HOUR_MS = 3_600_000;
const KEPT = { incidents: 2, maxAge: '24h' };

function names(): readonly string[] {
  return bench
    .incidents()
    .map(({ metadata }) => metadata.name)
    .sort();
}

/** One of a node that is not there any more. */
function seedOf(name: string, node: string, hoursAgo: number): void {
  const time = toTime(bench.clock.now() - hoursAgo * HOUR_MS);
  const lastTransitionTime = time;
  const complete = { type: 'Complete', status: 'True', reason: 'Recovered', message: '', lastTransitionTime };
  const { spec } = anIncident({ name, node, plan: aPlan({ evidence: { retention: { ...KEPT, maxAge: '2160h' } } }) });
  const timings = { completedAt: time };
  const status = { observedGeneration: 1, conditions: [complete], outcome: 'Recovered', timings };
  const metadata = { name, creationTimestamp: time, generation: 1, labels: { [LABEL_NODE]: node } };
  bench.local.seeds.seed(INCIDENTS, { metadata, spec, status });
}

/** An incident of some hours ago; nobody reports that its node is well, so that an open one stays open. */
function seed(name: string, hoursAgo: number, outcome: 'Observed' | undefined): void {
  const time = toTime(bench.clock.now() - hoursAgo * HOUR_MS);
  const complete = {
    type: 'Complete',
    status: 'True',
    reason: 'Observed',
    message: '',
    lastTransitionTime: time,
  } as const;
  const status: IncidentStatus =
    outcome === undefined ? {} : { conditions: [complete], outcome, timings: { completedAt: time } };
  const plan = aPlan({ mode: 'Observe', evidence: { retention: KEPT } });
  const { metadata, spec } = anIncident({ name, plan });
  const nodeUID = bench.local.read(NODES, 'node-a')?.metadata.uid;
  bench.local.seeds.seed(INCIDENTS, {
    metadata: { name: metadata.name, creationTimestamp: time },
    spec: { ...spec, nodeUID },
    status,
  });
}

test(
  'what is over goes when it is one too many or too old; what is open stays',
  async () => {
    bench = createControllerBench({ policy: { mode: 'Observe' } });
    await bench.clock.advance(1_000);
    seed('open', 1_000, undefined);
    for (const [name, hoursAgo] of [
      ['a-30h', 30],
      ['b-3h', 3],
      ['c-2h', 2],
      ['d-1h', 1],
    ] as const)
      seed(name, hoursAgo, 'Observed');
    bench.startController();
    await bench.clock.advance(2_000);
    expect(names()).toEqual(['c-2h', 'd-1h', 'open']);
    // Seen at the next sweep, within ten minutes.
    bench.clock.jump(22.5 * HOUR_MS);
    await bench.clock.advance(10 * 60_000);
    expect(names()).toEqual(['d-1h', 'open']);
    bench.clock.jump(1_000 * HOUR_MS);
    await bench.clock.advance(10 * 60_000);
    expect(names()).toEqual(['open']);
  },
  LIMIT_MS,
);

test(
  'nothing goes because the clock of the controller is a year ahead',
  async () => {
    bench = createControllerBench({ policy: { mode: 'Observe' }, clocksAhead: { 'controller-1': 8_760 * HOUR_MS } });
    await bench.clock.advance(1_000);
    seed('a-1h', 1, 'Observed');
    bench.startController();
    await bench.clock.advance(21 * 60_000);
    expect(names()).toEqual(['a-1h']);
  },
  LIMIT_MS,
);

test(
  'the dumps of an incident go with it, and not before',
  async () => {
    bench = createControllerBench({
      dumps: smallDumps(),
      policy: {
        mode: 'Remediate',
        evidence: { retention: { incidents: 20, maxAge: '2h' } },
        remediation: { verify: { timeout: '2m', stableFor: '5s' } },
        budget: { maxUnhealthy: '100%' },
      },
    });
    bench.startController();
    bench.startAgent('node-a');
    await bench.clock.advance(5_000);
    bench.host('node-a').inject('frozen-connection');
    const incident = await bench.until('node-a', ({ status }) => status.outcome !== undefined);
    const dumps = (): number =>
      bench.local.list(EVIDENCES).filter(({ spec }) => spec.incidentUID === incident.metadata.uid).length;
    await bench.clock.advance(11 * 60_000);
    expect(dumps()).toBeGreaterThan(0);
    bench.clock.jump(2 * HOUR_MS);
    await bench.clock.advance(11 * 60_000);
    expect(names()).toEqual([]);
    expect(dumps()).toBe(0);
  },
  LIMIT_MS,
);

test(
  'a history that is larger than its room shrinks to it, the oldest first, and never in a storm of writes',
  async () => {
    const room = 50 * 2_000;
    bench = createControllerBench({ policy: { mode: 'Observe' }, storage: { incidentBytes: room } });
    await bench.clock.advance(1_000);
    for (let i = 100; i < 300; i++) seedOf(`old-${i}`, `gone-${i}`, 300 - i);
    bench.startController();
    await bench.clock.advance(1_000);
    expect(names().length).toBeGreaterThan(170);
    await bench.clock.advance(30_000);
    const bytes = bench.incidents().reduce((sum, { metadata: { name } }) => {
      return sum + JSON.stringify(bench.local.seeds.read(INCIDENTS, { name })).length;
    }, 0);
    expect(bytes).toBeLessThanOrEqual(room);
    expect(bytes).toBeGreaterThan(room * 0.9);
    expect(names().at(-1)).toBe('old-299');
    expect(names()).toEqual(Array.from({ length: names().length }, (_, i) => `old-${300 - names().length + i}`));
    expect(bench.metrics.values.get('incidents_deleted_total{reason="Room"}')).toBe(200 - names().length);
    // A copy that lags behind deletes no more.
    const left = names().length;
    await bench.clock.advance(5 * 60_000);
    expect(names()).toHaveLength(left);
  },
  LIMIT_MS,
);
