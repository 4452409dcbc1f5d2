/**
 * Whether two dumps can be of one process. Go gives an id to one goroutine only (runtime/proc.go, newproc1), so that whoever
 * has it was started by the same function, and the first call of it has the same arguments as long as it lives.
 */
import type { Dump, StackGroup } from '../../dump/goroutine.ts';
import { plainName } from './function-names.ts';

interface Origin {
  readonly createdBy: string;
  /** The call that it began with; undefined: its frames do not reach so far. */
  readonly first: string | undefined;
  /** Pointers that this call was given; undefined: they are not known. */
  readonly given: string | undefined;
}

/** More goroutines are not compared. */
const MAX_COMPARED = 20_000;
/** Of a dump of a whole program so many goroutines are there for as long as it runs. */
const WHOLE = 50;

function originOf(group: StackGroup, isFirst: boolean): Origin {
  const { frames, args, createdBy } = group;
  const last = frames.at(-1);
  const given = isFirst && frames.length === args.length ? args.at(-1) : undefined;
  return {
    createdBy: plainName(createdBy),
    // Of a stack of more than 100 frames the middle is missing, and its end is there.
    first: createdBy === '' || last === undefined ? undefined : plainName(last.func),
    given: given !== undefined && /0x[0-9a-f]{6,16}(?![0-9a-f?])/.test(given) ? given : undefined,
  };
}

function originsOf(dump: Dump): ReadonlyMap<number, Origin> {
  const origins = new Map<number, Origin>();
  for (const group of dump.groups) {
    for (const [at, id] of group.ids.entries()) {
      if (origins.size < MAX_COMPARED) origins.set(id, originOf(group, at === 0));
    }
  }
  return origins;
}

/** Pointers that are surely those of the call: Go marks others with a `?`. */
function pointersOf(given: string): string {
  return (given.match(/0x[0-9a-f]{6,16}(?![0-9a-f?])/g) ?? []).join(' ');
}

interface Compared {
  readonly agree: number;
  readonly differ: number;
  /** Of those that agree: the same call with other pointers. */
  readonly otherPointers: number;
}

function compared(a: Dump, b: Dump): Compared {
  const before = originsOf(a);
  let agree = 0;
  let differ = 0;
  let otherPointers = 0;
  for (const [id, { createdBy, first, given }] of originsOf(b)) {
    const other = before.get(id);
    if (other === undefined) continue;
    if (createdBy !== '' && other.createdBy !== '' && createdBy !== other.createdBy) {
      differ++;
      continue;
    }
    agree++;
    if (first === undefined || first !== other.first || given === undefined || other.given === undefined) continue;
    if (pointersOf(given) !== pointersOf(other.given)) otherPointers++;
  }
  return { agree, differ, otherPointers };
}

/**
 * - `yes`: ids and what they do fit together. - `no`: an id is of two goroutines, or two dumps of whole programs share none.
 * - `unknown`: they have no ids, or too few of them.
 */
export type OneProcess = 'yes' | 'no' | 'unknown';

/** Ids of small numbers are those of the start, which goes the same way everywhere. */
const ENOUGH = 10;

export function areOfOneProcess(a: Dump, b: Dump): OneProcess {
  if (a.process !== b.process) return 'no';
  if (a.format !== 'debug=2' || b.format !== 'debug=2' || a.isMended === true || b.isMended === true) return 'unknown';
  const { agree, differ, otherPointers } = compared(a, b);
  const shared = agree + differ;
  // A damaged text may contradict itself in a line or two.
  if (differ > shared / 20 || otherPointers > agree / 2) return 'no';
  if (shared === 0) return a.goroutines >= WHOLE && b.goroutines >= WHOLE ? 'no' : 'unknown';
  return agree >= ENOUGH ? 'yes' : 'unknown';
}
