/** Looks up goroutines that have been blocked for long. */
import { blockOf } from './analysis/blocks.ts';
import type { Facts, Stack } from './analysis/facts.ts';
import { isLibrary } from './analysis/function-names.ts';
import type { BlockSign } from './catalogue/cause.ts';
import { describeStack, type Found } from './found.ts';

/** A GC stamps the waits, so that two minutes may be one and a bit; a lock of a busy program is free before that. */
const MINUTES = 2;
/** Where the form has no times. */
const MANY = 10;

function isLong({ group, movement }: Stack): boolean {
  if (group.minutes >= MINUTES || movement === 'same-call') return true;
  return group.count >= MANY && group.state === undefined;
}

export function findBlock(sign: BlockSign, { stacks }: Facts): Found | undefined {
  const like = stacks.filter((stack) => {
    if (!sign.of.includes(stack.process) || !isLong(stack)) return false;
    const place = blockOf(stack.group, stack.names);
    return place !== undefined && sign.at.includes(place);
  });
  const count = like.reduce((sum, { group }) => sum + group.count, 0);
  const first = [...like].sort((a, b) => b.group.minutes - a.group.minutes)[0];
  if (first === undefined || count < (sign.atLeast ?? 1)) return undefined;
  const at = first.group.frames.findIndex(({ func }) => !isLibrary(func));
  return {
    weight: sign.weight,
    support: sign.support === true,
    evidence: describeStack(first, count, Math.max(0, at)),
    stack: first,
    fromLog: false,
    line: undefined,
    ofCall: false,
    ofPattern: true,
  };
}
