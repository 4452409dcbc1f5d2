/** Entries of `journalctl -o json` (systemd: Journal JSON Format). */
import type { LogRecord } from '../../ports/host.ts';

/** Lines that journald dropped, in its own words (systemd: src/journal/journald-rate-limit.c, journald-server.c). */
const SUPPRESSED = /^Suppressed (\d+) messages from /;
const MAX_LINE = 1_048_576;

/** undefined: the text is no entry. A message that is no text, or is left out for its length, is `unreadable`. */
export function parseEntry(text: string): Exclude<LogRecord, { kind: 'caught-up' }> | undefined {
  const entry = parseObject(text);
  if (entry === undefined) return undefined;
  const at = Number(entry['__REALTIME_TIMESTAMP']) / 1000;
  const cursor = entry['__CURSOR'];
  if (!Number.isFinite(at) || typeof cursor !== 'string') return undefined;
  const message = lastValue(entry['MESSAGE']);
  if (message === null) return { kind: 'unreadable', at, message: 'journald gives no text: the line is too long' };
  const line = typeof message === 'string' ? message : bytesToText(message);
  if (line === undefined) return { kind: 'unreadable', at, message: 'the entry has no message' };
  const lost = SUPPRESSED.exec(line);
  if (lost !== null) return { kind: 'lost', lines: Number(lost[1]), message: line.slice(0, 1024) };
  // A field with an underscore is journald's own (systemd.journal-fields(7)).
  const pid = Number(entry['_PID']);
  const sender = Number.isSafeInteger(pid) && pid > 0 ? { pid } : {};
  return { kind: 'line', at, text: line.slice(0, MAX_LINE), cursor, ...sender };
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const entry: unknown = JSON.parse(text);
    // JSON has no other objects than records and arrays.
    return typeof entry === 'object' && entry !== null && !Array.isArray(entry)
      ? (entry as Readonly<Record<string, unknown>>)
      : undefined;
  } catch {
    return undefined;
  }
}

/** A field that came twice is an array of values; a value that is no UTF-8 is an array of numbers. */
function lastValue(value: unknown): unknown {
  if (!Array.isArray(value) || value.length === 0 || typeof value[0] === 'number') return value;
  return lastValue(value.at(-1));
}

function bytesToText(value: unknown): string | undefined {
  if (!Array.isArray(value) || !value.every((byte) => typeof byte === 'number' && byte >= 0 && byte < 256)) {
    return undefined;
  }
  return Buffer.from(value).toString('utf8');
}
