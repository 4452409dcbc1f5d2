/**
 * The little of protobuf's wire format that a few CRI messages need: varints and length-delimited fields
 * (protobuf.dev: Encoding). Unknown fields are skipped, so newer runtimes can be read.
 */

type FieldValue =
  { readonly kind: 'varint'; readonly value: number } | { readonly kind: 'bytes'; readonly value: Buffer };

export interface Field {
  readonly number: number;
  readonly value: FieldValue;
}

/** The lowest three bits of a tag; the field's number stands above them. */
const WIRE_TYPE = { varint: 0, fixed64: 1, lengthDelimited: 2, fixed32: 5 } as const;
const TAG_SCALE = 8;

export function encodeBytes(number: number, value: Buffer | string): Buffer {
  const bytes = typeof value === 'string' ? Buffer.from(value) : value;
  return Buffer.concat([
    encodeVarint(number * TAG_SCALE + WIRE_TYPE.lengthDelimited),
    encodeVarint(bytes.length),
    bytes,
  ]);
}

export function encodeNumber(number: number, value: number): Buffer {
  return Buffer.concat([encodeVarint(number * TAG_SCALE + WIRE_TYPE.varint), encodeVarint(value)]);
}

function encodeVarint(value: number): Buffer {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 128; rest = Math.floor(rest / 128)) bytes.push((rest % 128) + 128);
  bytes.push(rest);
  return Buffer.from(bytes);
}

/** More than any list of a node's containers has; two bytes are a field, and each takes a hundred bytes of the heap. */
const MAX_FIELDS = 65_536;

/**
 * The fields of a message in order; `undefined`: the bytes are no message, or have more than 65,536. 64-bit varints lose
 * precision above 2^53.
 */
export function decodeFields(message: Buffer): readonly Field[] | undefined {
  const fields: Field[] = [];
  let at = 0;
  while (at < message.length) {
    const tag = varintAt(message, at);
    if (tag === undefined) return undefined;
    const value = valueAt(message, tag.end, tag.value % TAG_SCALE);
    if (value === undefined || fields.length === MAX_FIELDS) return undefined;
    if (value.field !== undefined) fields.push({ number: Math.floor(tag.value / TAG_SCALE), value: value.field });
    at = value.end;
  }
  return fields;
}

function valueAt(
  message: Buffer,
  at: number,
  wireType: number,
): { readonly field: FieldValue | undefined; readonly end: number } | undefined {
  if (wireType === WIRE_TYPE.fixed64 || wireType === WIRE_TYPE.fixed32) {
    const end = at + (wireType === WIRE_TYPE.fixed64 ? 8 : 4);
    return end <= message.length ? { field: undefined, end } : undefined;
  }
  const number = varintAt(message, at);
  if (number === undefined) return undefined;
  if (wireType === WIRE_TYPE.varint) return { field: { kind: 'varint', value: number.value }, end: number.end };
  const end = number.end + number.value;
  if (wireType !== WIRE_TYPE.lengthDelimited || end > message.length) return undefined;
  return { field: { kind: 'bytes', value: message.subarray(number.end, end) }, end };
}

function varintAt(message: Buffer, start: number): { readonly value: number; readonly end: number } | undefined {
  let value = 0;
  let scale = 1;
  for (let at = start; at < message.length && at < start + 10; at++) {
    const byte = message[at] ?? 0;
    value += (byte % 128) * scale;
    scale *= 128;
    if (byte < 128) return { value, end: at + 1 };
  }
  return undefined;
}

/** The last value of a field as text; undefined: it is not there. */
export function textField(fields: readonly Field[], number: number): string | undefined {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value?.kind === 'bytes' ? value.value.toString('utf8') : undefined;
}

/** The last value of a number field; protobuf leaves zero out. */
export function numberField(fields: readonly Field[], number: number): number {
  const value = fields.findLast((field) => field.number === number)?.value;
  return value?.kind === 'varint' ? value.value : 0;
}

/** All values of a repeated message field. */
export function messageFields(fields: readonly Field[], number: number): readonly Buffer[] {
  return fields.flatMap((f) => (f.number === number && f.value.kind === 'bytes' ? [f.value.value] : []));
}
