/** Go's `time.Duration` text, read and written. Inside the program a duration is a number of milliseconds. */

const UNIT_MS: Readonly<Record<string, number>> = {
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
  us: 0.001,
  µs: 0.001,
  μs: 0.001,
  ns: 0.000_001,
};
const PART = /([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(h|ms|m|s|us|µs|μs|ns)/gy;

/**
 * Milliseconds of a Go duration such as `58h29m3.043779855s`, `-1.5s`, `12µs` or `0`; undefined if it is none.
 * Source of the grammar: Go's time.ParseDuration. Precision is that of a double: exact to the microsecond for 270 years.
 */
export function parseDuration(text: string): number | undefined {
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0;
  PART.lastIndex = 0;
  let totalMs = 0;
  let end = 0;
  for (let part = PART.exec(body); part !== null; part = PART.exec(body)) {
    totalMs += Number(part[1]) * (UNIT_MS[part[2] ?? ''] ?? Number.NaN);
    end = PART.lastIndex;
  }
  if (body === '' || end !== body.length) return undefined;
  return negative ? -totalMs : totalMs;
}

/**
 * Milliseconds of a duration that a schema has already checked.
 * @throws {RangeError} if it is no Go duration: a bug, since the schema's pattern let it through.
 */
export function durationMs(text: string): number {
  const ms = parseDuration(text);
  if (ms === undefined) throw new RangeError(`not a Go duration: ${JSON.stringify(text)}`);
  return ms;
}

/** Go's text for a number of milliseconds: `1m6s`, `3m3.04s`, `150ms`, `0s`. Below a microsecond it is rounded. */
export function formatDuration(ms: number): string {
  if (!Number.isFinite(ms)) return '0s';
  const sign = ms < 0 ? '-' : '';
  const micros = Math.round(Math.abs(ms) * 1000);
  if (micros === 0) return '0s';
  if (micros < 1000) return `${sign}${String(micros)}µs`;
  if (micros < 1_000_000) return `${sign}${String(micros / 1000)}ms`;
  const hours = Math.floor(micros / 3_600_000_000);
  const minutes = Math.floor((micros % 3_600_000_000) / 60_000_000);
  const seconds = (micros % 60_000_000) / 1_000_000;
  const hoursText = hours > 0 ? `${String(hours)}h` : '';
  const minutesText = hours > 0 || minutes > 0 ? `${String(minutes)}m` : '';
  return `${sign}${hoursText}${minutesText}${String(seconds)}s`;
}

/** The same to the whole second, for people: `1m6s`. */
export function formatSeconds(ms: number): string {
  return formatDuration(Math.round(ms / 1000) * 1000);
}
