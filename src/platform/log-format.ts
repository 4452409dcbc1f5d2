/**
 * From a record to one line of JSON. Pure. What a log library does with errors, secrets and cycles is decided here, since
 * winston prints `{}` for an error in the fields and redacts nothing.
 */
import { redact } from '../core/redaction/redact.ts';
import { MedicError } from '../ports/errors.ts';
import type { LogFields } from '../ports/log.ts';
import { strengthOf } from '../core/redaction/key-names.ts';

/** Longest text of one field, and of the whole line, in characters. */
const FIELD_CHARACTERS = 4_096;
const LINE_CHARACTERS = 16_384;
const DEPTH = 6;
/** Most items of one list or object, and of a record as a whole. */
const ITEMS = 100;
const RECORD_ITEMS = 1_000;

type Plain = Readonly<Record<string, unknown>>;

/** Where in a record it stands: what encloses it, and how many items the record may still have. */
interface Place {
  readonly within: ReadonlySet<unknown>;
  readonly left: { items: number };
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
  const rest = plainFields(Object.entries(fields), { within: new Set(), left: { items: RECORD_ITEMS } });
  const line = JSON.stringify({ ...head, ...rest });
  if (line.length <= LINE_CHARACTERS) return line;
  return JSON.stringify({ ...head, truncated: line.length, fields: line.slice(0, LINE_CHARACTERS) });
}

function plain(value: unknown, place: Place): unknown {
  if (typeof value === 'string') return text(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value !== 'object' || value === null) return value;
  if (place.within.has(value)) return '[circular]';
  if (place.within.size > DEPTH) return '[too deep]';
  return plainObject(value, { ...place, within: new Set(place.within).add(value) });
}

function plainObject(value: object, place: Place): unknown {
  if (value instanceof Error) return plainError(value, place);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (Array.isArray(value) || value instanceof Set) return plainList([...value], place);
  return plainFields(
    value instanceof Map ? [...(value as ReadonlyMap<unknown, unknown>)] : Object.entries(value),
    place,
  );
}

function plainList(list: readonly unknown[], place: Place): readonly unknown[] {
  const shown = list.slice(0, Math.min(ITEMS, take(place, list.length)));
  const rest = list.length - shown.length;
  return [...shown.map((item) => plain(item, place)), ...(rest > 0 ? [`… (${rest} more)`] : [])];
}

function plainFields(entries: readonly (readonly [unknown, unknown])[], place: Place): Plain {
  const shown = entries.slice(0, Math.min(ITEMS, take(place, entries.length)));
  return Object.fromEntries(
    shown.map(([key, item]) => [String(key), isSecretKey(String(key), item) ? '[redacted]' : plain(item, place)]),
  );
}

/** Whatever it holds, unless it is a number or says yes or no. */
function isSecretKey(key: string, item: unknown): boolean {
  const strength = strengthOf(key);
  const isKnown = strength === 'password' || strength === 'secret' || /^auth(?:orization)?$/i.test(key);
  return isKnown && typeof item !== 'number' && typeof item !== 'boolean';
}

/** How many of `wanted` items the record still has room for. */
function take(place: Place, wanted: number): number {
  const granted = Math.min(wanted, place.left.items);
  place.left.items -= granted;
  return granted;
}

function plainError(error: Error, place: Place): Plain {
  const code = 'code' in error && typeof error.code === 'string' ? { code: error.code } : {};
  const known = error instanceof MedicError ? { class: error.class } : {};
  const cause = error.cause === undefined ? {} : { cause: plain(error.cause, place) };
  // What fails to connect to several addresses of one name says nothing itself.
  const errors = error instanceof AggregateError ? { errors: plainList(error.errors, place) } : {};
  const stack = text(error.stack ?? '');
  return { name: error.name, ...code, ...known, message: text(error.message), ...errors, ...cause, stack };
}

function text(value: string): string {
  // A secret may lie across the edge, so what is cut off is not looked at, but a margin beyond it is.
  const clean = redact(value.slice(0, 2 * FIELD_CHARACTERS)).text;
  return clean.length <= FIELD_CHARACTERS ? clean : `${clean.slice(0, FIELD_CHARACTERS)}… (${value.length} characters)`;
}
