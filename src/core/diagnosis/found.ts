/** What was found of a sign, and what of it counts once. */
import type { Stack } from './analysis/facts.ts';
import { waitText } from './analysis/waits.ts';
import type { Sign } from './catalogue/cause.ts';

/** What a log said and has not said again for ten minutes may be over. */
export const OLD = 0.5;

export interface Found {
  readonly weight: number;
  readonly support: boolean;
  /** `file:line what`; empty: not worth a line. */
  readonly evidence: string;
  /** The stack that is blocked; undefined: the sign is of something else. */
  readonly stack: Stack | undefined;
  readonly fromLog: boolean;
  /** The line of a log that it was found in; undefined: it was found elsewhere. */
  readonly line: string | undefined;
  readonly ofCall: boolean;
  /** Found by its frames alone, so that another pattern may find the same. */
  readonly ofPattern: boolean;
}

export function plain(sign: Sign, evidence: string, fromLog = false): Found {
  return {
    weight: sign.weight,
    support: sign.support === true,
    evidence,
    stack: undefined,
    fromLog,
    line: undefined,
    ofCall: false,
    ofPattern: false,
  };
}

/** Several patterns that fit one stack are one piece of evidence, and so is a call with what else its line says: the strongest counts. */
export function distinct(found: readonly Found[]): readonly Found[] {
  return found.filter((one, i) => {
    const same = found.filter((other) => other === one || isOfSame(one, other));
    const strongest = same.reduce((best, other) => (other.weight > best.weight ? other : best));
    return found.indexOf(strongest) === i;
  });
}

function isOfSame(a: Found, b: Found): boolean {
  if (a.ofPattern && b.ofPattern) return a.stack === b.stack;
  return (a.ofCall || b.ofCall) && a.line !== undefined && a.line === b.line;
}

/** @param at index of the frame to name. */
export function describeStack({ file, group }: Stack, count: number, at: number): string {
  const who =
    group.ids[0] === undefined
      ? `${count} goroutine(s)`
      : count > 1
        ? `${count} goroutines`
        : `goroutine ${group.ids[0]}`;
  return `${file}:${group.atLine} ${who} ${waitText(group)} in ${group.frames[at]?.func ?? '-'}`;
}
