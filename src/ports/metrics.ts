/** Counters, gauges and histograms. A node's name is never a label: a label set is kept for ever. */
import type { LabelOf, MetricName, MetricOf } from '../api/v1alpha1/words/metrics.ts';

/** The labels of a metric, all of them; nothing where it has none. */
type LabelArguments<N extends MetricName> = [LabelOf<N>] extends [never]
  ? readonly []
  : readonly [labels: Readonly<Record<LabelOf<N>, string>>];

interface GaugeRow<N extends MetricName> {
  readonly labels: Readonly<Record<LabelOf<N>, string>>;
  readonly value: number;
}

export interface Metrics {
  /** Adds 1 to a counter. */
  count<N extends MetricOf<'counter'>>(name: N, ...labels: LabelArguments<N>): void;
  gauge<N extends MetricOf<'gauge'>>(name: N, value: number, ...labels: LabelArguments<N>): void;
  /** Sets a gauge for these labels, and takes away those of labels that are not among them. */
  gauges<N extends MetricOf<'gauge'>>(name: N, rows: readonly GaugeRow<N>[]): void;
  /** Records a time in seconds. */
  observe<N extends MetricOf<'histogram'>>(name: N, seconds: number, ...labels: LabelArguments<N>): void;
}
