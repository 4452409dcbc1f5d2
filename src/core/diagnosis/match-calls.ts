/** Looks up failing calls in what the logs say. */
import type { Facts } from './analysis/facts.ts';
import type { CallHit } from './analysis/log-facts.ts';
import type { CallSign } from './catalogue/cause.ts';
import { type Found, OLD, plain } from './found.ts';

/** Those of one container, where they are to be: of the one that has most. */
function ofOneObject(hits: readonly CallHit[]): readonly CallHit[] {
  const named = Object.values(Object.groupBy(hits, ({ call }) => call.object ?? ''));
  const countOf = (group: readonly CallHit[] = []): number => group.reduce((sum, { count }) => sum + count, 0);
  const most = named
    .filter((group) => group?.[0]?.call.object !== undefined)
    .sort((a, b) => countOf(b) - countOf(a))[0];
  // Where others fail as often, it is not this one.
  return most !== undefined && countOf(most) >= countOf(hits) / 2 ? most : [];
}

export function findCall(sign: CallSign, { logs }: Facts): Found | undefined {
  const fit = logs.calls.filter(
    ({ call }) => sign.callee.includes(call.callee) && (sign.codes?.includes(call.code) ?? true),
  );
  const hits = sign.ofOne === true ? ofOneObject(fit) : fit;
  const last = hits.at(-1);
  const count = hits.reduce((sum, hit) => sum + hit.count, 0);
  if (last === undefined || count < (sign.atLeast ?? 1)) return undefined;
  const lastsMs = Math.max(...hits.map((hit) => hit.lastsMs));
  if (lastsMs < (sign.minutes ?? 0) * 60_000) return undefined;
  const evidence = count > 1 ? `${last.last} (${count} times)` : last.last;
  const found = { ...plain(sign, evidence, true), line: last.last, ofCall: true };
  return hits.every(({ isOld }) => isOld) ? { ...found, weight: found.weight * OLD } : found;
}
