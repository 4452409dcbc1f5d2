/**
 * The Metrics port, in the text format of Prometheus (prometheus.io: Exposition formats, version 0.0.4). A library for it costs
 * each node 7 MiB of resident memory more (docs/benchmarks.md).
 */
import { METRICS, type MetricDefinition } from '../api/v1alpha1/words/metrics.ts';
import type { Metrics } from '../ports/metrics.ts';

export interface ServedMetrics extends Metrics {
  /** The text that Prometheus scrapes, and its content type. */
  text(): Promise<{ readonly body: string; readonly contentType: string }>;
}

const PREFIX = 'kubelet_medic_';
const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

type Labels = Readonly<Record<string, string>>;

interface Family {
  readonly name: string;
  readonly definition: MetricDefinition;
  /** Values by the samples' names with their labels, as they are printed. */
  readonly samples: Map<string, number>;
}

/** @throws RangeError at the use of a metric of the other program, of another type, or without that label: a bug. */
export function createMetrics(program: 'controller' | 'agent'): ServedMetrics {
  const families = new Map<string, Family>();
  for (const [name, definition] of Object.entries(METRICS)) {
    if (definition.by !== program && definition.by !== 'both') continue;
    const family = { name: `${PREFIX}${name}`, definition, samples: new Map<string, number>() };
    families.set(name, family);
    // What has no labels is there from the beginning: a rate needs the zero.
    if (definition.labels.length === 0) begin(family, {});
  }
  function familyOf(type: MetricDefinition['type'], name: string, labels: Labels): Family {
    const family = families.get(name);
    if (family === undefined) throw new RangeError(`the other program serves this metric: ${name}`);
    if (family.definition.type !== type) throw new RangeError(`${name} is no ${type}`);
    const unknown = Object.keys(labels).find((label) => !family.definition.labels.includes(label));
    if (unknown !== undefined) throw new RangeError(`${name} has no label ${unknown}`);
    begin(family, labels);
    return family;
  }
  return {
    count: (name, ...[labels = {}]) => {
      const family = familyOf('counter', name, labels);
      add(family, sample(family, '', labels), 1);
    },
    gauge: (name, value, ...[labels = {}]) => {
      const family = familyOf('gauge', name, labels);
      family.samples.set(sample(family, '', labels), value);
    },
    gauges: (name, rows) => {
      families.get(name)?.samples.clear();
      for (const { labels, value } of rows) {
        const family = familyOf('gauge', name, labels);
        family.samples.set(sample(family, '', labels), value);
      }
    },
    observe: (name, seconds, ...[labels = {}]) => {
      const family = familyOf('histogram', name, labels);
      for (const bound of boundsOf(family.definition)) {
        if (seconds <= bound) add(family, sample(family, '_bucket', labels, bound), 1);
      }
      add(family, sample(family, '_sum', labels), seconds);
      add(family, sample(family, '_count', labels), 1);
    },
    text: () =>
      Promise.resolve({ body: [...families.values(), memory()].map(textOf).join('\n'), contentType: CONTENT_TYPE }),
  };
}

function memory(): Family {
  const name = 'process_resident_memory_bytes';
  const help = 'Resident memory of this process.';
  const definition: MetricDefinition = { by: 'both', type: 'gauge', labels: [], help };
  return { name, definition, samples: new Map([[name, process.memoryUsage.rss()]]) };
}

function boundsOf({ buckets = [] }: MetricDefinition): readonly number[] {
  return [...buckets, Number.POSITIVE_INFINITY];
}

/** All samples of these labels are there from the first of them on. */
function begin(family: Family, labels: Labels): void {
  const { definition } = family;
  if (definition.type !== 'histogram') {
    add(family, sample(family, '', labels), 0);
    return;
  }
  for (const bound of boundsOf(definition)) add(family, sample(family, '_bucket', labels, bound), 0);
  for (const suffix of ['_sum', '_count']) add(family, sample(family, suffix, labels), 0);
}

function add({ samples }: Family, key: string, by: number): void {
  samples.set(key, (samples.get(key) ?? 0) + by);
}

/** `NAME{LABEL="VALUE",...}`. `bound`: the upper one of a bucket. */
function sample({ name, definition }: Family, suffix: string, labels: Labels, bound?: number): string {
  const pairs = definition.labels.map((label) => `${label}="${escaped(labels[label] ?? '').replaceAll('"', '\\"')}"`);
  if (bound !== undefined) pairs.unshift(`le="${numberText(bound)}"`);
  return `${name}${suffix}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`}`;
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}

function numberText(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  return value === Number.NEGATIVE_INFINITY ? '-Inf' : String(value);
}

function textOf({ name, definition: { help, type }, samples }: Family): string {
  const lines = [...samples].map(([key, value]) => `${key} ${numberText(value)}\n`);
  return `# HELP ${name} ${escaped(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}
