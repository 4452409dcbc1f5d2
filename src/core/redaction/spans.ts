/** Where secrets stand in a text. */

/** The word that stands for a secret. */
export const MARK = '[REDACTED]';

/** From `from` up to and without `to`, in the text's units. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/**
 * Finds secrets of one kind. It never throws, and its time is linear in the size of the text: what has been scanned as
 * the value of one place is not scanned again for the next.
 */
export type Rule = (text: string) => readonly Span[];

/** In order, those that overlap as one. Empty ones are left out. */
export function merged(spans: readonly Span[]): readonly Span[] {
  const result: { from: number; to: number }[] = [];
  for (const { from, to } of [...spans].sort((a, b) => a.from - b.from)) {
    if (to <= from) continue;
    const last = result.at(-1);
    if (last !== undefined && from < last.to) last.to = Math.max(last.to, to);
    else result.push({ from, to });
  }
  return result;
}

/** The match of a sticky pattern at a place; undefined: none. */
export function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text) ?? undefined;
}

/** All matches of a global pattern, none of which is empty. `matchAll` makes a copy of the pattern each time. */
export function matchesOf(pattern: RegExp, text: string): readonly RegExpExecArray[] {
  const matches: RegExpExecArray[] = [];
  pattern.lastIndex = 0;
  for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) matches.push(match);
  return matches;
}

/** A rule for what a global pattern with the flag `d` matches: its first group, or all of it where it has none. */
export function patternRule(pattern: RegExp, accept: (found: string) => boolean = () => true): Rule {
  return (text) => {
    const spans: Span[] = [];
    for (const match of matchesOf(pattern, text)) {
      const [from, to] = match.indices?.[1] ?? match.indices?.[0] ?? [0, 0];
      if (accept(text.slice(from, to))) spans.push({ from, to });
    }
    return spans;
  };
}

/** The same where a text without `hint` cannot match. */
export function patternRuleWith(hint: string, pattern: RegExp): Rule {
  const rule = patternRule(pattern);
  return (text) => (text.includes(hint) ? rule(text) : []);
}
