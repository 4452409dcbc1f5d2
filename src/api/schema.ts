/**
 * The vocabulary that the API types are written in. One schema is at once the TypeScript type, the parser at the
 * edge, and the source of the CRD: `tools/generate` turns it into a structural OpenAPI schema.
 *
 * `zod/mini` is used, not `zod`: it costs the agent 1 MiB of memory where the full build costs 8 (docs/adr/0002).
 */
import * as z from 'zod/mini';

/** Extra keys of a CRD's schema. */
interface SchemaExtras {
  readonly 'x-kubernetes-validations'?: readonly CelRule[];
  readonly 'x-kubernetes-list-type'?: 'map' | 'set' | 'atomic';
  readonly 'x-kubernetes-list-map-keys'?: readonly string[];
  readonly 'x-kubernetes-int-or-string'?: true;
  readonly 'x-kubernetes-map-type'?: 'atomic' | 'granular';
}

/** A CEL rule that the API server checks (Kubernetes: apiextensions `x-kubernetes-validations`). */
export interface CelRule {
  readonly rule: string;
  readonly message?: string;
  readonly messageExpression?: string;
  /** The field that the message is about, below the place of the rule, for example `.perNode.within`. */
  readonly fieldPath?: string;
  /** `oldSelf` is an optional value, and the rule is asked when an object is made too. */
  readonly optionalOldSelf?: true;
}

/** What a field is for; it becomes the `description` that `kubectl explain` prints. */
export function about(description: string, extras: SchemaExtras = {}): ReturnType<typeof z.meta> {
  return z.meta({ description, ...extras });
}

/**
 * Go's duration text without a sign, for example `1h30m`, `100ms`, `2m0.5s`.
 * At least one unit is needed: `0` is written `0s`.
 */
export const DURATION_PATTERN = /^([0-9]+(\.[0-9]+)?(h|m|s|ms|us|µs|ns))+$/;

/** What the API server answers where a duration is malformed. */
export const DURATION_MESSAGE = 'must be a duration such as 90s, 5m or 1h30m';

/**
 * A Go duration, 32 characters at most. The CRD has a CEL rule in place of the pattern: the rule has a message, and the API
 * server would print a pattern as it is.
 */
export function duration(description: string): z.ZodMiniString {
  return z.string().check(
    z.regex(DURATION_PATTERN),
    z.maxLength(32),
    about(description, {
      'x-kubernetes-validations': [{ rule: `self.matches(r'${DURATION_PATTERN.source}')`, message: DURATION_MESSAGE }],
    }),
  );
}

/** A moment as text, RFC 3339. The API server checks the form; our own parser checks the length alone. */
export function moment(description: string): z.ZodMiniString {
  return z.string().check(z.maxLength(40), z.meta({ description, format: 'date-time' }));
}

/** Free text of at most so many characters. */
export function text(maxLength: number, description: string): z.ZodMiniString {
  return z.string().check(z.maxLength(maxLength), about(description));
}

/** A whole number between two bounds, both included. */
export function whole(minimum: number, maximum: number, description: string): z.ZodMiniInt {
  return z.int().check(z.minimum(minimum), z.maximum(maximum), about(description));
}

/**
 * What kstatus holds against `metadata.generation`. -1, the CRD's default: nobody has looked yet, so that an object without
 * conditions is not taken for one that is done.
 */
export function observedGeneration(description: string): z.ZodMiniOptional<z.ZodMiniInt> {
  return z.optional(whole(-1, 9007199254740991, `${description} -1: of none so far.`));
}

/** A list whose items are identified by `key`, so that two field managers can each own their items. */
export function mapList<T extends z.core.SomeType>(
  item: T,
  key: string,
  maxItems: number,
  description: string,
): z.ZodMiniArray<T> {
  return z
    .array(item)
    .check(
      z.maxLength(maxItems),
      about(description, { 'x-kubernetes-list-type': 'map', 'x-kubernetes-list-map-keys': [key] }),
    );
}

/** A list that is replaced as a whole. */
export function atomicList<T extends z.core.SomeType>(
  item: T,
  maxItems: number,
  description: string,
): z.ZodMiniArray<T> {
  return z.array(item).check(z.maxLength(maxItems), about(description, { 'x-kubernetes-list-type': 'atomic' }));
}

/** CEL: all fields but these are as they were. */
export function unchangedBut<T extends object>(fields: T, ...but: readonly (keyof T & string)[]): string {
  const free: readonly string[] = but;
  return Object.keys(fields)
    .filter((field) => !free.includes(field))
    .map(
      (field) =>
        `has(self.${field}) == has(oldSelf.${field}) && (!has(self.${field}) || self.${field} == oldSelf.${field})`,
    )
    .join(' && ');
}
