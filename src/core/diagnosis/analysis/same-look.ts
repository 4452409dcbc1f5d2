/** Whether two dumps are copies of one: then nothing can be said of what moved between them. */
import type { Dump, StackGroup } from '../../dump/goroutine.ts';

function keyOf({ state, createdBy, frames }: StackGroup): string {
  return `${state ?? ''}|${createdBy}|${frames.map(({ func, line }) => `${func}:${line}`).join('|')}`;
}

function isSameGroup(a: StackGroup, b: StackGroup | undefined, isWhole: boolean): boolean {
  if (b === undefined) return false;
  if (isWhole && (a.count !== b.count || a.minutes !== b.minutes)) return false;
  const ids = new Set(b.ids);
  if (!a.ids.every((id) => ids.has(id))) return false;
  return a.ids[0] !== b.ids[0] || a.args.join('|') === b.args.join('|');
}

/**
 * Equal in all, or one is what is left of the other: the goroutine that wrote the dump is in both, and each look has another.
 */
export function isSameLook(a: Dump, b: Dump): boolean {
  if (a.format !== b.format || a.process !== b.process) return false;
  const [small, large] = isLess(a, b) ? [a, b] : [b, a];
  const isWhole = small.goroutines === large.goroutines && small.isCut === undefined;
  if (!isWhole && !small.groups.some(({ state }) => state === 'running')) return false;
  const groups = new Map(large.groups.map((group) => [keyOf(group), group]));
  // The last stack of a dump that is cut has lost some of its calls.
  const whole = small.isCut === undefined ? small.groups : small.groups.slice(0, -1);
  return whole.every((group) => isSameGroup(group, groups.get(keyOf(group)), isWhole));
}

function isLess(a: Dump, b: Dump): boolean {
  return a.goroutines === b.goroutines ? a.isCut === true : a.goroutines < b.goroutines;
}
