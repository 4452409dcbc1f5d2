/** A log and metrics that remember what they were told. */
import type { Log, LogFields } from '../../../src/ports/log.ts';
import type { Metrics } from '../../../src/ports/metrics.ts';

interface LogEntry {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: LogFields;
}

export interface RecordingLog extends Log {
  readonly entries: readonly LogEntry[];
}

/** Keeps the newest 5,000 records. */
export function createRecordingLog(): RecordingLog {
  const entries: LogEntry[] = [];
  function at(level: LogEntry['level'], base: LogFields): Log['info'] {
    return (message, fields = {}) => {
      entries.push({ level, message, fields: { ...base, ...fields } });
      if (entries.length > 5_000) entries.shift();
    };
  }
  function withFields(base: LogFields): Log {
    return {
      debug: at('debug', base),
      info: at('info', base),
      warn: at('warn', base),
      error: at('error', base),
      child: (fields) => withFields({ ...base, ...fields }),
    };
  }
  return { ...withFields({}), entries };
}

type Labels = Readonly<Record<string, string>>;

export interface RecordingMetrics extends Metrics {
  /** `name{label="value"}` with its sum (counters), last value (gauges) or number of observations. */
  readonly values: ReadonlyMap<string, number>;
}

export function createRecordingMetrics(): RecordingMetrics {
  const values = new Map<string, number>();
  function key(name: string, labels: Labels = {}): string {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
  }
  function add(name: string, labels: Labels | undefined): void {
    const at = key(name, labels);
    values.set(at, (values.get(at) ?? 0) + 1);
  }
  return {
    values,
    count: (name, ...[labels]) => {
      add(name, labels);
    },
    gauge: (name, value, ...[labels]) => {
      values.set(key(name, labels), value);
    },
    gauges: (name, rows) => {
      for (const at of values.keys()) if (at.split('{', 1)[0] === name) values.delete(at);
      for (const { labels, value } of rows) values.set(key(name, labels), value);
    },
    observe: (name, _seconds, ...[labels]) => {
      add(name, labels);
    },
  };
}
