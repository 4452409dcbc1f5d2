import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS, type MetricName } from '../../../src/api/v1alpha1/words/metrics.ts';
import { createMetrics } from '../../../src/platform/metrics.ts';

/** All lines but those of the process's own memory, without empty ones. */
function linesOf(text: string): readonly string[] {
  return text.split('\n').filter((line) => line !== '' && !line.includes('process_resident_memory_bytes'));
}

type Use = { readonly name: MetricName; readonly label: readonly string[]; readonly value: number };

const program = 'agent';
const ours = Object.entries(METRICS).filter(([, { by }]) => by !== 'controller');
const uses: fc.Arbitrary<readonly Use[]> = fc.array(
  fc.record({
    name: fc.constantFrom(...ours.map(([name]) => name as MetricName)),
    label: fc.array(fc.oneof(fc.constantFrom('', 'a', 'a"b\\c\nd'), fc.string()), { minLength: 2, maxLength: 2 }),
    value: fc.oneof(fc.double({ min: 0, max: 100, noNaN: true }), fc.constantFrom(0.005, 30, 1e9)),
  }),
);

function labelsOf({ name, label }: Use): Record<string, string> {
  return Object.fromEntries(METRICS[name].labels.map((key, index) => [key, label[index] ?? '']));
}

/** What prom-client writes of the same. */
async function textOfLibrary(all: readonly Use[]): Promise<string> {
  const registry = new Registry();
  const add = new Map<string, (use: Use) => void>();
  for (const [name, { help, type, labels, buckets = [] }] of ours) {
    const common = { name: `kubelet_medic_${name}`, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') {
      const counter = new Counter(common);
      add.set(name, (use) => {
        counter.inc(labelsOf(use));
      });
    } else if (type === 'gauge') {
      const gauge = new Gauge(common);
      add.set(name, (use) => {
        gauge.set(labelsOf(use), use.value);
      });
    } else {
      const histogram = new Histogram({ ...common, buckets: [...buckets] });
      add.set(name, (use) => {
        histogram.observe(labelsOf(use), use.value);
      });
    }
  }
  for (const use of all) add.get(use.name)?.(use);
  return await registry.metrics();
}

async function textOfOurs(all: readonly Use[]): Promise<string> {
  const metrics = createMetrics(program);
  for (const use of all) {
    const [{ type }, labels] = [METRICS[use.name], labelsOf(use)];
    // The types of the port tie labels to names; here both come by chance.
    if (type === 'counter') metrics.count(use.name as 'health_writes_total', ...([labels] as unknown as []));
    else if (type === 'gauge') metrics.gauge(use.name as 'leader', use.value, ...([labels] as unknown as []));
    else metrics.observe(use.name as 'cri_probe_seconds', use.value, ...([labels] as unknown as []));
  }
  return (await metrics.text()).body;
}

describe('metrics are printed', () => {
  test('as prom-client prints them, whatever was counted', async () => {
    await fc.assert(
      fc.asyncProperty(uses, async (all) => {
        expect(linesOf(await textOfOurs(all))).toEqual(linesOf(await textOfLibrary(all)));
      }),
    );
  });

  test('with the last value of a gauge, in words where it has no digits', async () => {
    const metrics = createMetrics('controller');
    metrics.gauge('leader', 1);
    metrics.gauge('budget_left', 3, { policy: 'a' });
    metrics.gauge('budget_left', Number.POSITIVE_INFINITY, { policy: 'a' });
    metrics.gauge('budget_left', Number.NEGATIVE_INFINITY, { policy: 'b' });
    metrics.gauge('open_incidents', Number.NaN, { policy: 'a' });
    expect(
      linesOf((await metrics.text()).body).filter(
        (line) => /leader|budget_left|open_/.test(line) && !line.startsWith('#'),
      ),
    ).toEqual([
      'kubelet_medic_leader 1',
      'kubelet_medic_open_incidents{policy="a"} NaN',
      'kubelet_medic_budget_left{policy="a"} +Inf',
      'kubelet_medic_budget_left{policy="b"} -Inf',
    ]);
  });

  test('with those labels of a gauge alone that were set last, where all are set at once', async () => {
    const metrics = createMetrics('controller');
    const lines = async (): Promise<readonly string[]> =>
      linesOf((await metrics.text()).body).filter((line) => line.startsWith('kubelet_medic_breaker_open'));
    metrics.gauges('breaker_open', [
      { labels: { policy: 'a' }, value: 1 },
      { labels: { policy: 'b' }, value: 0 },
    ]);
    expect(await lines()).toEqual([
      'kubelet_medic_breaker_open{policy="a"} 1',
      'kubelet_medic_breaker_open{policy="b"} 0',
    ]);
    metrics.gauges('breaker_open', [{ labels: { policy: 'b' }, value: 1 }]);
    expect(await lines()).toEqual(['kubelet_medic_breaker_open{policy="b"} 1']);
    metrics.gauges('breaker_open', []);
    expect(await lines()).toEqual([]);
  });

  test('with the memory of the process, and a content type that Prometheus takes', async () => {
    const { body, contentType } = await createMetrics(program).text();
    expect(contentType).toBe('text/plain; version=0.0.4; charset=utf-8');
    expect(Number(/^process_resident_memory_bytes (\d+)$/m.exec(body)?.[1])).toBeGreaterThan(10_000_000);
    expect(body.endsWith('\n')).toBe(true);
  });
});
