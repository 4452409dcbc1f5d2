/** Candidates by what may be believed of the logs: what the node itself says makes one sure, what others say never does. */
import type { Facts } from './analysis/facts.ts';
import { saidIn } from './analysis/facts.ts';
import type { Cause } from './catalogue/cause.ts';
import { type Worth, worthOf } from './clues/worth.ts';
import { type Candidate, candidateOf } from './match-signs.ts';

/** From these scores on. */
export const HIGH = 0.85;
export const MEDIUM = 0.5;
export const LOW = 0.3;
/** Below a score, by as little as it takes. */
const LESS = 0.001;

interface Level {
  readonly facts: Facts;
  /** No candidate has a higher score by it. */
  readonly most: number;
}

const ORDER: readonly (readonly [Worth, number])[] = [
  ['sure', 1],
  ['likely', HIGH - LESS],
  ['hint', MEDIUM - LESS],
];

/** The first is of what is surest; the last of all. Levels that add nothing are left out. */
function levelsOf(facts: Facts): readonly Level[] {
  const worths = new Map(facts.clues.map((clue) => [clue, worthOf(clue)]));
  const levels: Level[] = [];
  let clues: Facts['clues'] = [];
  for (const [worth, most] of ORDER) {
    const more = facts.clues.filter((clue) => worths.get(clue) === worth);
    if (more.length === 0 && levels.length > 0) continue;
    const taken = new Set([...clues, ...more]);
    clues = facts.clues.filter((clue) => taken.has(clue));
    levels.push({ facts: { ...facts, ...saidIn(clues, facts.input, facts.ended) }, most });
  }
  return levels;
}

function bestOf(cause: Cause, levels: readonly Level[]): Candidate | undefined {
  let best: Candidate | undefined;
  for (const { facts, most } of levels) {
    const one = candidateOf(cause, facts);
    const score = Math.min(one?.score ?? 0, most);
    if (one !== undefined && (best === undefined || score > best.score)) best = { ...one, score, most };
  }
  return best;
}

/** Each cause that there is anything of. Of causes of the user's own he says himself whose words count. */
export function candidatesOf(
  causes: readonly Cause[],
  ownCauses: readonly Cause[],
  facts: Facts,
): readonly Candidate[] {
  const levels = levelsOf(facts);
  return [
    ...causes.flatMap((cause) => (cause.class === 'Healthy' ? candidateOf(cause, facts) : bestOf(cause, levels)) ?? []),
    ...ownCauses.flatMap((cause) => candidateOf(cause, facts) ?? []),
  ];
}
