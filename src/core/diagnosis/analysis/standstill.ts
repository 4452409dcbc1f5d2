/** Dumps of one process over minutes: the goroutines that stand where they stood in each of them. */
import type { Dump, StackGroup } from '../../dump/goroutine.ts';

/** Goroutines of one stack that have not moved. */
interface StandingGroup {
  /** As it is in the newest dump; `count` and `ids` there are of moved ones too. */
  readonly group: StackGroup;
  /** Those that stood there in all dumps, in the order of the newest. */
  readonly ids: readonly number[];
}

export interface Standstill {
  readonly dumps: number;
  /** Goroutines in the newest dump, moved or not. */
  readonly goroutines: number;
  /** Longest wait first. */
  readonly standing: readonly StandingGroup[];
}

/** These do not wait: where they are is chance. */
const NOT_WAITING = /^(?:running|runnable|idle|dead)\b/;

/** Same frames down to the line, same wait. */
function placeOf({ state, frames }: StackGroup): string {
  return `${state ?? ''}|${frames.map(({ func, line }) => `${func}:${String(line)}`).join('|')}`;
}

/**
 * What stands still when one more dump is added, newest last. Only what is left is kept, so that a dump can be let go when
 * it is added. Ids mean nothing in another process: all dumps must be of one. Dumps without ids (debug=1) leave nothing.
 * @param before of the dumps before; undefined: this is the first.
 */
export function addToStandstill(before: Standstill | undefined, dump: Dump): Standstill {
  const places = before === undefined ? undefined : placesById(before);
  const standing = dump.groups
    .filter(({ state }) => state !== undefined && !NOT_WAITING.test(state))
    .map((group): StandingGroup => {
      const place = placeOf(group);
      return { group, ids: group.ids.filter((id) => places === undefined || places.get(id) === place) };
    })
    .filter(({ ids }) => ids.length > 0)
    .sort((a, b) => b.group.minutes - a.group.minutes || b.ids.length - a.ids.length);
  return { dumps: (before?.dumps ?? 0) + 1, goroutines: dump.goroutines, standing };
}

function placesById({ standing }: Standstill): ReadonlyMap<number, string> {
  const places = new Map<number, string>();
  for (const { group, ids } of standing) {
    const place = placeOf(group);
    for (const id of ids) places.set(id, place);
  }
  return places;
}

/** Bounds of the text. */
const MAX_STACKS = 200;
const MAX_IDS = 16;

/** For a person: one paragraph a stack. */
export function standstillText({ dumps, goroutines, standing }: Standstill): string {
  const still = standing.reduce((sum, { ids }) => sum + ids.length, 0);
  const stacks = standing.slice(0, MAX_STACKS).map(stackText);
  const more = standing.length - stacks.length;
  return [
    `${String(still)} of ${String(goroutines)} goroutines have not moved: same id, frames and wait in ${String(dumps)} dumps.`,
    ...stacks,
    ...(more > 0 ? [`and ${String(more)} more stacks`] : []),
  ].join('\n\n');
}

function stackText({ group, ids }: StandingGroup): string {
  const waited = group.minutes === 0 ? '' : `, up to ${String(group.minutes)} minutes`;
  const more = ids.length > MAX_IDS ? `, and ${String(ids.length - MAX_IDS)} more` : '';
  return [
    `${String(ids.length)} [${group.state ?? ''}${waited}]: goroutine ${ids.slice(0, MAX_IDS).join(', ')}${more}`,
    ...group.frames.map(({ func, file, line }) => `  ${func}\n      ${file}:${String(line)}`),
    ...(group.createdBy === '' ? [] : [`  created by ${group.createdBy}`]),
  ].join('\n');
}
