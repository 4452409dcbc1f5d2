/** The Metrics port on prom-client, with a registry of its own. */
import { Counter, Gauge, Histogram, Registry } from 'prom-client';
import { METRICS } from '../api/v1alpha1/metrics.ts';
import type { Metrics } from '../ports/metrics.ts';

export interface ServedMetrics extends Metrics {
  /** The text that Prometheus scrapes, and its content type. */
  text(): Promise<{ readonly body: string; readonly contentType: string }>;
}

const PREFIX = 'kubelet_medic_';

function found<T>(metrics: ReadonlyMap<string, T>, name: string): T {
  const metric = metrics.get(name);
  if (metric === undefined) throw new RangeError(`the other program serves this metric: ${name}`);
  return metric;
}

/** @throws RangeError at the use of a metric of the other program: a bug. */
export function createMetrics(program: 'controller' | 'agent'): ServedMetrics {
  const registry = new Registry();
  const counters = new Map<string, Counter>();
  const gauges = new Map<string, Gauge>();
  const histograms = new Map<string, Histogram>();
  for (const [name, { by, help, type, labels, buckets }] of Object.entries(METRICS)) {
    if (by !== program && by !== 'both') continue;
    const common = { name: `${PREFIX}${name}`, help, labelNames: [...labels], registers: [registry] };
    if (type === 'counter') counters.set(name, new Counter(common));
    else if (type === 'gauge') gauges.set(name, new Gauge(common));
    else histograms.set(name, new Histogram({ ...common, buckets: [...(buckets ?? [])] }));
  }
  const memory = new Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory of this process.',
    registers: [registry],
    collect: () => {
      memory.set(process.memoryUsage.rss());
    },
  });
  return {
    count: (name, ...[labels = {}]) => {
      found(counters, name).inc(labels);
    },
    gauge: (name, value, ...[labels = {}]) => {
      found(gauges, name).set(labels, value);
    },
    observe: (name, seconds, ...[labels = {}]) => {
      found(histograms, name).observe(labels, seconds);
    },
    text: async () => ({ body: await registry.metrics(), contentType: registry.contentType }),
  };
}
