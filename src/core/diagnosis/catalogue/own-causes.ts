/**
 * Causes of the user's own, in the catalogue's form but for two things: a pattern is a text, and the signs are those that need no
 * knowledge of the kubelet's inside. They stand beside the catalogue's; neither they nor their patterns change what it says.
 */
import * as z from 'zod/mini';
import english from 'zod/v4/locales/en.js';
import { CauseClass, RestartEffect } from '../../../api/v1alpha1/parts/diagnosis.ts';
import { ProbeState } from '../../../api/v1alpha1/kinds/health.ts';
import { PROCESS_KINDS } from '../../dump/goroutine.ts';
import { WAITS } from '../analysis/waits.ts';
import { CALLEES } from '../calls/callees.ts';
import { CALL_CODES } from '../calls/failing-call.ts';
import { CATALOGUE } from './catalogue.ts';
import type { Cause, Sign } from './cause.ts';

const ROOT = 'ownCauses';
const MAX_CAUSES = 64;
const MAX_SIGNS = 16;
/** In UTF-16 units. */
const MAX_PATTERN = 512;
/** Of all causes together: each is one more pass over each log, which takes up to 0.1 s a MiB. */
const MAX_PATTERNS = 32;

const words = (max: number): z.ZodMiniString => z.string().check(z.minLength(1), z.maxLength(max));
const some = <T extends z.core.SomeType>(item: T): z.ZodMiniArray<T> =>
  z.array(item).check(z.minLength(1), z.maxLength(32));
const count = z.optional(z.int().check(z.minimum(1), z.maximum(1_000_000)));
const weighted = {
  weight: z.number().check(z.gt(0), z.lt(1)),
  support: z.optional(z.literal(true)),
};

/**
 * A match spans no lines, or what the agent picks out would not have it; `.` does not match a newline. Without look-around, as Go's
 * regular expressions are: Helm checks the values by it.
 */
const WITHIN_LINE =
  /^(?:[^\\[]|\\[^nrsDWS]|\[(?:[^\\^]|\\[^nrsDWS])|\[\^(?:[^\]\\]|\\[^ns])*\\[ns](?:[^\]\\]|\\.)*\])*$/;
const SPANS_LINES =
  'it could match a newline: write [^\\n"] in place of [^"], a space or [ \\t] in place of \\s, and no \\r, \\D, \\W, \\S';
const pattern = words(MAX_PATTERN).check(z.regex(WITHIN_LINE, SPANS_LINES));

const OwnSign = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('log'), pattern, atLeast: count, ...weighted }),
  z.strictObject({
    kind: z.literal('stack'),
    frames: some(words(256)),
    without: z.optional(some(words(256))),
    waits: z.optional(some(z.enum(WAITS))),
    of: z.optional(some(z.enum(PROCESS_KINDS))),
    lasting: z.optional(z.literal(true)),
    atLeast: count,
    ...weighted,
  }),
  z.strictObject({
    kind: z.literal('call'),
    callee: some(z.enum(CALLEES)),
    codes: z.optional(some(z.enum(CALL_CODES))),
    atLeast: count,
    ...weighted,
  }),
  z.strictObject({ kind: z.literal('probe'), states: some(ProbeState), ...weighted }),
  z.strictObject({ kind: z.literal('runtime-version'), pattern, ...weighted }),
]);
type OwnSign = z.infer<typeof OwnSign>;

const release = z.optional(z.string().check(z.regex(/^1\.\d{1,3}$/, 'a release, for example 1.30')));

/** That a node is well, or that nobody knows, is nobody's own cause. */
const OwnClass = z.enum(CauseClass.options.filter((one) => one !== 'Healthy' && one !== 'Unknown'));

const OwnCause = z.strictObject({
  id: z.string().check(z.regex(/^[a-z][a-z0-9-]{1,62}$/, 'kebab-case: a-z, 0-9 and -, of 2 to 63 characters')),
  class: OwnClass,
  summary: words(512),
  kubelets: z.optional(z.strictObject({ from: release, before: release })),
  explains: z.optional(some(words(64))),
  signs: z.array(OwnSign).check(z.minLength(1), z.maxLength(MAX_SIGNS)),
  restartKubelet: RestartEffect,
  restartRuntime: RestartEffect,
  recommendation: words(1024),
  fixedIn: z.optional(words(128)),
  references: z.optional(z.array(words(256)).check(z.maxLength(16))),
});
type OwnCause = z.infer<typeof OwnCause>;

/** As the file has them and as the chart's values do; the root of the file is the values' own, so that one file serves both. */
export const OwnCauseList = z.array(OwnCause).check(z.maxLength(MAX_CAUSES));
const OwnCauseFile = z.strictObject({ ownCauses: OwnCauseList });

export interface Problem {
  /** From the file's root, for example `['ownCauses', 0, 'signs', 1, 'pattern']`. */
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export type OwnCausesResult =
  | { readonly kind: 'causes'; readonly causes: readonly Cause[] }
  | { readonly kind: 'problems'; readonly problems: readonly Problem[] };

/** As a program has them. `refused`: a line for each problem, `FILE:LINE: FIELD: what is wrong`. */
export type OwnCausesFile =
  | { readonly kind: 'causes'; readonly causes: readonly Cause[] }
  | { readonly kind: 'refused'; readonly message: string };

/** What a program goes by. Where a file is refused that is the catalogue alone, and `problem` says why. */
export interface OwnCauses {
  readonly causes: readonly Cause[];
  readonly problem?: string;
}

export const NO_OWN_CAUSES: OwnCauses = { causes: [] };

/** Makes a pattern that takes time in proportion to the text, whatever it is. @throws `SyntaxError` where it cannot. */
export type CompilePattern = (source: string) => RegExp;

/** Characters by their number, and a dot that is any of them. */
const IN_OTHER_WORDS = /\\[xuc0-9]|\(\?[a-z]*s/;
const CLASS = /\[(?:[^\]\\]|\\.)*\]/g;

/** What the form of a pattern alone does not show. */
function spansLines(source: string): boolean {
  return IN_OTHER_WORDS.test(source) || (source.match(CLASS) ?? []).some((one) => new RegExp(one).test('\n'));
}

function patternOf(source: string, compile: CompilePattern): RegExp | string {
  try {
    const pattern = compile(source);
    if (spansLines(source)) return SPANS_LINES;
    return pattern.test('') ? 'it matches every line' : pattern;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

type Path = Problem['path'];

interface Reading {
  readonly compile: CompilePattern;
  readonly problems: Problem[];
}

function signOf(sign: OwnSign, path: Path, { compile, problems }: Reading): Sign | undefined {
  if (sign.kind !== 'log' && sign.kind !== 'runtime-version') return without(sign);
  const pattern = patternOf(sign.pattern, compile);
  if (typeof pattern !== 'string') return without({ ...sign, pattern });
  problems.push({ path: [...path, 'pattern'], message: pattern });
  return undefined;
}

/** Keys without a value are left out, as in the catalogue. */
function without(value: object): Sign {
  return Object.fromEntries(Object.entries(value).filter(([, one]) => one !== undefined)) as unknown as Sign;
}

function causeOf(cause: OwnCause, path: Path, reading: Reading): Cause {
  const { kubelets, explains, fixedIn, references, signs, ...own } = cause;
  const read = signs.flatMap((sign, at) => signOf(sign, [...path, 'signs', at], reading) ?? []);
  if (signs.every(({ support }) => support === true))
    reading.problems.push({ path: [...path, 'signs'], message: 'all are support: none of them counts alone' });
  return {
    ...own,
    ...(kubelets === undefined ? {} : { kubelets: range(kubelets) }),
    ...(explains === undefined ? {} : { explains }),
    ...(fixedIn === undefined ? {} : { fixedIn }),
    signs: read,
    references: references ?? [],
  };
}

function range({ from, before }: NonNullable<OwnCause['kubelets']>): NonNullable<Cause['kubelets']> {
  return { ...(from === undefined ? {} : { from }), ...(before === undefined ? {} : { before }) };
}

/** A cause has one meaning. */
function misnamed(causes: readonly OwnCause[]): readonly Problem[] {
  const known = new Set(CATALOGUE.map(({ id }) => id));
  const seen = new Set<string>();
  return causes.flatMap(({ id, explains = [] }, at) => {
    const path = [ROOT, at];
    const problems: Problem[] = [];
    if (known.has(id)) problems.push({ path: [...path, 'id'], message: `${id} is a cause of the catalogue` });
    if (seen.has(id)) problems.push({ path: [...path, 'id'], message: `${id} is there twice` });
    seen.add(id);
    for (const [index, other] of explains.entries())
      if (!known.has(other) && !causes.some((one) => one.id === other))
        problems.push({ path: [...path, 'explains', index], message: `there is no cause ${other}` });
    return problems;
  });
}

/** @param raw what the file says, parsed from YAML or JSON. All problems are told at once. */
export function checkOwnCauses(raw: unknown, compile: CompilePattern): OwnCausesResult {
  // zod/mini has no words of its own.
  const parsed = OwnCauseFile.safeParse(raw, { error: english().localeError });
  if (!parsed.success) {
    const problems = parsed.error.issues.map(({ path, message }) => ({
      path: path.map((part) => (typeof part === 'number' ? part : String(part))),
      message,
    }));
    return { kind: 'problems', problems };
  }
  const { ownCauses } = parsed.data;
  const reading: Reading = { compile, problems: [...misnamed(ownCauses)] };
  const causes = ownCauses.map((cause, at) => causeOf(cause, [ROOT, at], reading));
  const { problems } = reading;
  const patterns = causes.flatMap(({ signs }) => signs).filter((sign) => 'pattern' in sign).length;
  if (patterns > MAX_PATTERNS)
    problems.push({ path: [ROOT], message: `${String(patterns)} patterns, of ${String(MAX_PATTERNS)} at most` });
  return problems.length === 0 ? { kind: 'causes', causes } : { kind: 'problems', problems };
}
