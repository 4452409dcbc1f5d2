/** Counters, gauges and histograms. A node's name is never a label: a label set is kept for ever. */
export type Labels = Readonly<Record<string, string>>;

export interface Metrics {
  /** Adds 1, or `by`, to a counter. The name ends in `_total`. */
  count(name: string, labels?: Labels, by?: number): void;
  gauge(name: string, value: number, labels?: Labels): void;
  /** Records a time in seconds. */
  observe(name: string, seconds: number, labels?: Labels): void;
}
