/**
 * From a record to one line of JSON. Pure. What a log library does with errors, secrets and cycles is decided here, since
 * winston prints `{}` for an error in the fields and redacts nothing.
 */
import { redact } from '../core/evidence/redact.ts';
import { MedicError } from '../ports/errors.ts';
import type { LogFields } from '../ports/log.ts';

/** Longest text of one field, and of the whole line, in characters. */
const FIELD_CHARACTERS = 4_096;
const LINE_CHARACTERS = 16_384;
const DEPTH = 6;
const SECRET_KEY = /^(authorization|token|bearer|password|passwd|secret|apikey|api_key|client[-_]?key(-data)?)$/i;

interface Plain {
  readonly [key: string]: unknown;
}

function plainError(error: Error, depth: number): Plain {
  const known = error instanceof MedicError ? { code: error.code, class: error.class } : {};
  const cause = error.cause === undefined ? {} : { cause: plain(error.cause, depth + 1, new Set()) };
  return { name: error.name, ...known, message: text(error.message), ...cause, stack: text(error.stack ?? '') };
}

function text(value: string): string {
  const clean = redact(value).text;
  return clean.length <= FIELD_CHARACTERS ? clean : `${clean.slice(0, FIELD_CHARACTERS)}… (${clean.length} characters)`;
}

function plain(value: unknown, depth: number, seen: ReadonlySet<unknown>): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (seen.has(value)) return '[circular]';
  if (depth > DEPTH) return '[too deep]';
  if (value instanceof Error) return plainError(value, depth);
  const inner = new Set(seen).add(value);
  if (Array.isArray(value)) return value.slice(0, 100).map((item) => plain(item, depth + 1, inner));
  const entries = Object.entries(value).slice(0, 100);
  return Object.fromEntries(
    entries.map(([key, item]) => [key, SECRET_KEY.test(key) ? '[redacted]' : plain(item, depth + 1, inner)]),
  );
}

/** `ts`, `level` and `msg` first; then the fields, secrets blacked out, errors with code, class, cause and stack. */
export function formatRecord(record: {
  readonly ts: string;
  readonly level: string;
  readonly message: string;
  readonly fields: LogFields;
}): string {
  const { ts, level, message, fields } = record;
  const head = { ts, level, msg: text(message) };
  const line = JSON.stringify({ ...head, ...(plain(fields, 0, new Set()) as Plain) });
  if (line.length <= LINE_CHARACTERS) return line;
  return JSON.stringify({ ...head, truncated: line.length, fields: line.slice(0, LINE_CHARACTERS) });
}
