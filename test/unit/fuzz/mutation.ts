/** What journals, terminals, pastes, cut transfers and broken disks make of a text. */
import * as fc from 'fast-check';

/** A mutation of a text; `at`, `to` and the like are shares of its length, from 0 to 1. */
export type Mutation =
  /** Only what lies between the two is left. */
  | { readonly kind: 'keep'; readonly at: number; readonly to: number }
  /** What lies between the two is lost. */
  | { readonly kind: 'lose'; readonly at: number; readonly to: number }
  | { readonly kind: 'lose-lines'; readonly every: number }
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'join-lines'; readonly at: number; readonly to: number; readonly by: string }
  | { readonly kind: 'replace'; readonly what: string; readonly by: string }
  | { readonly kind: 'duplicate'; readonly at: number; readonly to: number }
  | { readonly kind: 'splice'; readonly at: number; readonly from: number; readonly to: number }
  | { readonly kind: 'flip'; readonly places: readonly number[]; readonly bits: number };

const share = fc.double({ min: 0, max: 1, noNaN: true });

const PREFIXES = [
  'Nov 24 13:23:48 node-1 kubelet[392]: ',
  '2026-11-24T13:23:48+0000 node-1 kubelet[392]: ',
  '2026-11-24T13:23:48.123456789Z stderr F ',
  '    ',
  '> ',
  '| ',
];

/** Mutations after which a text says less than before, but nothing else. */
export const LOSS: fc.Arbitrary<Mutation> = fc.oneof(
  fc.record({ kind: fc.constant('keep' as const), at: fc.constant(0), to: share }),
  fc.record({ kind: fc.constant('keep' as const), at: share, to: fc.constant(1) }),
  fc.record({ kind: fc.constant('lose' as const), at: share, to: share }),
  fc.record({ kind: fc.constant('lose-lines' as const), every: fc.integer({ min: 2, max: 200 }) }),
  fc.record({ kind: fc.constant('prefix' as const), prefix: fc.constantFrom(...PREFIXES) }),
  fc.record({
    kind: fc.constant('join-lines' as const),
    at: share,
    to: share,
    by: fc.constantFrom('', ' ', '\\n', '\r'),
  }),
  fc.constantFrom<Mutation>(
    { kind: 'replace', what: '\t', by: '' },
    { kind: 'replace', what: '\t', by: '    ' },
    { kind: 'replace', what: '\n\n', by: '\n' },
    { kind: 'replace', what: '\n', by: '\r\n' },
  ),
);

/** Any. */
export const DAMAGE: fc.Arbitrary<Mutation> = fc.oneof(
  LOSS,
  fc.record({ kind: fc.constant('duplicate' as const), at: share, to: share }),
  fc.record({ kind: fc.constant('splice' as const), at: share, from: share, to: share }),
  fc.record({
    kind: fc.constant('flip' as const),
    places: fc.array(share, { minLength: 1, maxLength: 20 }),
    bits: fc.integer({ min: 1, max: 255 }),
  }),
);

function between(text: string, one: number, other: number): readonly [number, number] {
  return [Math.floor(Math.min(one, other) * text.length), Math.floor(Math.max(one, other) * text.length)];
}

function flip(text: string, places: readonly number[], bits: number): string {
  const bytes = Buffer.from(text);
  for (const place of places) {
    const at = Math.min(bytes.length - 1, Math.floor(place * bytes.length));
    if (at >= 0) bytes[at] = (bytes[at] ?? 0) ^ bits;
  }
  return bytes.toString('utf8');
}

/** @param other a text that a splice takes a piece from. */
export function mutate(text: string, mutation: Mutation, other: string): string {
  switch (mutation.kind) {
    case 'keep':
      return text.slice(...between(text, mutation.at, mutation.to));
    case 'lose': {
      const [at, to] = between(text, mutation.at, mutation.to);
      return text.slice(0, at) + text.slice(to);
    }
    case 'lose-lines':
      return text
        .split('\n')
        .filter((_, index) => index % mutation.every !== mutation.every - 1)
        .join('\n');
    case 'prefix':
      return mutation.prefix + text.replaceAll('\n', `\n${mutation.prefix}`);
    case 'join-lines': {
      const [at, to] = between(text, mutation.at, mutation.to);
      return text.slice(0, at) + text.slice(at, to).replaceAll('\n', mutation.by) + text.slice(to);
    }
    case 'replace':
      return text.replaceAll(mutation.what, mutation.by);
    case 'duplicate': {
      const [at, to] = between(text, mutation.at, mutation.to);
      return text.slice(0, to) + text.slice(at);
    }
    case 'splice': {
      const at = Math.floor(mutation.at * text.length);
      return text.slice(0, at) + other.slice(...between(other, mutation.from, mutation.to)) + text.slice(at);
    }
    case 'flip':
      return flip(text, mutation.places, mutation.bits);
  }
}
