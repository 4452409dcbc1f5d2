/**
 * Blacks out secrets before anything is stored, sent or shown. What is a secret is told by the name of its key, by its
 * place, by its form, and by its looking random (docs/redaction.md). Time is linear in the size of the text, and memory
 * that of a window.
 */
import { ADDRESS_RULES } from './addresses.ts';
import { ENVIRONMENT_RULES } from './environment.ts';
import { HEADER_RULES } from './headers.ts';
import { pairRule } from './pairs.ts';
import { pemRule } from './pem.ts';
import { secretMapRule, secretObjectRule } from './secret-objects.ts';
import { MARK, merged, type Rule, type Span } from './spans.ts';
import { TOKEN_RULES } from './tokens.ts';

const RULES: readonly Rule[] = [
  pemRule,
  secretObjectRule,
  secretMapRule,
  pairRule,
  ...HEADER_RULES,
  ...ADDRESS_RULES,
  ...ENVIRONMENT_RULES,
  ...TOKEN_RULES,
];

export interface Redacted {
  readonly text: string;
  /** How many secrets were blacked out. */
  readonly count: number;
}

function spansOf(text: string): readonly Span[] {
  const spans = RULES.flatMap((rule) => rule(text));
  // A mark stands for what was found before.
  return merged(spans.filter(({ from }) => !text.startsWith('[REDACTED', from)));
}

function replaced(text: string, spans: readonly Span[]): string {
  const parts: string[] = [];
  let copied = 0;
  for (const { from, to } of spans) {
    parts.push(text.slice(copied, from), MARK);
    copied = to;
  }
  return parts.join('') + text.slice(copied);
}

/** A word or a moment, of which statuses are full: no secret has this form. */
const PLAIN = /^(?:[A-Za-z]{0,15}|\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,9})?Z)$/;

/** Secrets in a text become `[REDACTED]`. It never throws. */
export function redact(text: string): Redacted {
  if (PLAIN.test(text)) return { text, count: 0 };
  if (text.length > WINDOW) return redactLong(text);
  const spans = spansOf(text);
  if (spans.length === 0) return { text, count: 0 };
  // What a secret has kept together may now be two words, of which one is a secret: it is found now, and not the next time.
  const once = replaced(text, spans);
  const left = spansOf(once);
  return { text: replaced(once, left), count: spans.length + left.length };
}

function redactLong(text: string): Redacted {
  const { bytes, count } = redactBytes(Buffer.from(text));
  return count === 0 ? { text, count } : { text: bytes.toString('utf8'), count };
}

/** Bytes that are looked at as one text: a log of many MiB as one string would leave several times its size as garbage. */
const WINDOW = 262_144;
/** On both sides of it, what stands there is seen too: a key and its value, or the lines of a block, may lie across. */
const MARGIN = 16_384;
/** What ends a value that goes on beyond what is seen, without quotes and within them. */
const DELIMITERS = { bare: /[ \t\r\n"'`]/g, quoted: /[\r\n"'`]/g } as const;

export interface Redactor {
  /** What is known to be clean by now. */
  push(chunk: Buffer): readonly Buffer[];
  /** The rest. */
  end(): readonly Buffer[];
  count(): number;
}

/** However the input is cut into chunks, the output is the same; what is no secret stays byte for byte, text or not. */
export function createRedactor(): Redactor {
  /** What was written already but is seen on the left, and what is not written yet. */
  let held: Buffer = Buffer.alloc(0);
  let left = 0;
  let carried: Carried = NOTHING_CARRIED;
  let total = 0;

  function write(end: number, seen: number): Buffer {
    const text = held.toString('latin1', 0, seen);
    const forced = carriedSpan(text, left, carried);
    const spans = merged([...forced, ...spansOf(text)]).filter(({ from, to }) => to > left && from < end);
    const isContinued = forced.length > 0;
    const clean = partOf(text, { from: left, to: end }, spans, isContinued);
    carried = carriedBy(text, end, spans.at(-1), carried);
    total += spans.length - forced.length;
    const bytes = spans.length === 0 ? held.subarray(left, end) : Buffer.from(clean, 'latin1');
    const keep = Math.max(0, end - MARGIN);
    held = held.subarray(keep);
    left = end - keep;
    return bytes;
  }

  return {
    push(chunk): readonly Buffer[] {
      held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
      const clean: Buffer[] = [];
      while (held.length - left > WINDOW + 2 * MARGIN) {
        const end = windowEnd(held, left);
        clean.push(write(end, end + MARGIN));
      }
      return clean;
    },
    end(): readonly Buffer[] {
      return held.length === left ? [] : [write(held.length, held.length)];
    },
    count: () => total,
  };
}

/** What of the next window belongs to the last secret of this one. */
type Carried =
  | { readonly kind: 'bytes'; readonly count: number }
  /** Its end was not seen. */
  | { readonly kind: 'until'; readonly delimiter: keyof typeof DELIMITERS };

const NOTHING_CARRIED: Carried = { kind: 'bytes', count: 0 };

function carriedBy(text: string, end: number, last: Span | undefined, before: Carried): Carried {
  if (last === undefined || last.to <= end) {
    // A value that goes on through all of a window still has no end.
    return last?.to === end && before.kind === 'until' && end === text.length ? before : NOTHING_CARRIED;
  }
  if (last.to < text.length) return { kind: 'bytes', count: last.to - end };
  if (before.kind === 'until' && last.from <= text.length - WINDOW) return before;
  return { kind: 'until', delimiter: /["'`]/.test(text[last.from - 1] ?? '') ? 'quoted' : 'bare' };
}

/** After a line if one ends soon, and else wherever. */
function windowEnd(held: Buffer, left: number): number {
  const newline = held.indexOf('\n', left + WINDOW);
  return newline === -1 || newline >= left + WINDOW + MARGIN ? left + WINDOW : newline + 1;
}

function carriedSpan(text: string, left: number, carried: Carried): readonly Span[] {
  if (carried.kind === 'bytes') {
    return carried.count === 0 ? [] : [{ from: left, to: Math.min(text.length, left + carried.count) }];
  }
  const delimiter = DELIMITERS[carried.delimiter];
  delimiter.lastIndex = left;
  const to = delimiter.exec(text)?.index ?? text.length;
  return to === left ? [] : [{ from: left, to }];
}

/** The window, without the secrets in it; a secret that began before it has its mark already. */
function partOf(text: string, { from, to }: Span, spans: readonly Span[], isContinued: boolean): string {
  const parts: string[] = [];
  let copied = from;
  for (const [at, span] of spans.entries()) {
    parts.push(text.slice(copied, Math.max(copied, span.from)));
    if (at > 0 || !isContinued) parts.push(MARK);
    copied = Math.min(to, span.to);
  }
  parts.push(text.slice(copied, to));
  return parts.join('');
}

/** The same on bytes. */
export function redactBytes(bytes: Buffer): { readonly bytes: Buffer; readonly count: number } {
  const redactor = createRedactor();
  const clean = [...redactor.push(bytes), ...redactor.end()];
  return redactor.count() === 0 ? { bytes, count: 0 } : { bytes: Buffer.concat(clean), count: redactor.count() };
}

/** A secret that the cut halves would no longer be seen as one, so that what is beyond the cut is looked at too. */
const BEYOND_CUT = 65_536;

/** Short texts that were asked for lately, each with what is left of it: an agent says the same at every look. */
const RECENT = { texts: new Map<string, string>(), most: 64, longest: 2_048 } as const;

function redactedText(text: string): string {
  const known = RECENT.texts.get(text);
  if (known !== undefined) return known;
  const clean = redact(text).text;
  if (text.length > RECENT.longest) return clean;
  if (RECENT.texts.size >= RECENT.most) RECENT.texts.clear();
  RECENT.texts.set(text, clean);
  return clean;
}

/** Without secrets, and then no longer than `max` characters: what every text that leaves a node goes through. */
export function cleanText(text: string, max: number): string {
  return redactedText(text.slice(0, max + BEYOND_CUT)).slice(0, max);
}
