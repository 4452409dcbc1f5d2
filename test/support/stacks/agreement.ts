/**
 * How far a dump of ours agrees with the program's own, taken before and after: goroutines that were blocked, and the same,
 * in both. One that runs in both need not have run between them: pprof's own goroutine serves the next request too.
 */

interface Entry {
  readonly state: string;
  readonly minutes: string;
  readonly calls: readonly string[];
}

export interface Agreement {
  /** Blocked goroutines that pprof shows the same before and after. */
  readonly compared: number;
  readonly agreed: number;
  /** 0 to 1. */
  readonly rate: number;
  /** Those that differ: pprof's text and ours. */
  readonly differences: readonly string[];
  /** Different stacks among those compared. */
  readonly kinds: number;
}

const HEADER = /^goroutine (\d+) \[(.*)\](?: \{.*\})?:$/;
const ARGUMENTS = /\((?:\.\.\.|[^()]*(?:\{.*\})?[^()]*)\)$/;

function parse(text: string): ReadonlyMap<string, Entry & { readonly text: string }> {
  const entries = new Map<string, Entry & { readonly text: string }>();
  for (const block of text.split('\n\n')) {
    const [head = '', ...lines] = block.trimEnd().split('\n');
    const found = HEADER.exec(head);
    if (found === null) continue;
    const [, id = '', state = ''] = found;
    const isCreator = (line: string): boolean => line.startsWith('created by ');
    const calls = lines.map((line) => (line.startsWith('\t') || isCreator(line) ? line : line.replace(ARGUMENTS, '')));
    const minutes = /, (\d+ minutes)/.exec(state)?.[1] ?? '';
    entries.set(id, { state: state.replace(/, \d+ minutes/, ''), minutes, calls, text: block });
  }
  return entries;
}

function keyOf({ state, calls }: Entry): string {
  return [state, ...calls].join('\n');
}

export function agreementOf(before: string, ours: string, after: string): Agreement {
  const [a, o, b] = [parse(before), parse(ours), parse(after)];
  const differences: string[] = [];
  const kinds = new Set<string>();
  let compared = 0;
  for (const [id, entry] of a) {
    const later = b.get(id);
    const isBlocked = !/^(?:running|runnable)\b/.test(entry.state);
    if (!isBlocked || later === undefined || keyOf(later) !== keyOf(entry)) continue;
    compared++;
    kinds.add(keyOf(entry));
    const mine = o.get(id);
    const isTimed = mine !== undefined && [entry.minutes, later.minutes].includes(mine.minutes);
    if (!isTimed || keyOf(mine) !== keyOf(entry))
      differences.push(`${entry.text}\n--- ours:\n${mine?.text ?? 'missing'}`);
  }
  const agreed = compared - differences.length;
  return { compared, agreed, rate: compared === 0 ? 0 : agreed / compared, differences, kinds: kinds.size };
}
