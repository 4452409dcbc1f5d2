/** A straight scale of time, with its ticks. Pure. */
import { formatDuration } from '../../../core/time/duration.ts';

export interface Scale {
  /** Milliseconds since 1970. */
  readonly from: number;
  readonly to: number;
  /** 0 at `from`, 1 at `to`; what lies outside is at the nearer end. */
  readonly place: (at: number) => number;
  readonly ticks: readonly { readonly at: number; readonly label: string }[];
}

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const STEPS = [
  100,
  200,
  500,
  SECOND,
  2 * SECOND,
  5 * SECOND,
  10 * SECOND,
  15 * SECOND,
  30 * SECOND,
  MINUTE,
  2 * MINUTE,
  5 * MINUTE,
  10 * MINUTE,
  15 * MINUTE,
  30 * MINUTE,
  HOUR,
  2 * HOUR,
  6 * HOUR,
  12 * HOUR,
  24 * HOUR,
  48 * HOUR,
  7 * 24 * HOUR,
  30 * 24 * HOUR,
  365 * 24 * HOUR,
];
const MAX_TICKS = 9;

/** @param zero the moment that ticks count from. A range without a length gets a second. */
export function scaleOf(first: number, last: number, zero: number): Scale {
  const from = Math.min(first, last);
  const to = Math.max(first, last, from + SECOND);
  const length = to - from;
  const step = STEPS.find((one) => length / one <= MAX_TICKS) ?? length / MAX_TICKS;
  const place = (at: number): number => Math.min(1, Math.max(0, (at - from) / length));
  const ticks: { readonly at: number; readonly label: string }[] = [];
  for (let n = Math.ceil((from - zero) / step); ticks.length <= MAX_TICKS + 1; n++) {
    const at = zero + n * step;
    if (at > to) break;
    ticks.push({ at, label: offsetText(n * step) });
  }
  return { from, to, place, ticks };
}

/** `+1.2s`, `-2m48s`, `0`: to the tenth below ten seconds. */
export function offsetText(ms: number): string {
  const unit = Math.abs(ms) < 10 * SECOND ? 100 : SECOND;
  const rounded = Math.round(ms / unit) * unit;
  if (rounded === 0) return '0';
  return `${rounded < 0 ? '-' : '+'}${shortDuration(Math.abs(rounded))}`;
}

/** `1.2s`, `41s`, `3m3s`. */
export function shortDuration(ms: number): string {
  const unit = ms < 10 * SECOND ? 100 : SECOND;
  const rounded = Math.round(ms / unit) * unit;
  return rounded > 0 && rounded < SECOND ? `${String(rounded / SECOND)}s` : formatDuration(rounded);
}

/** Places in their order, moved as little as need be so that two are `gap` apart; all between 0 and 1. */
export function spread(places: readonly number[], gap: number): readonly number[] {
  const room = places.length > 1 ? Math.min(gap, 1 / (places.length - 1)) : gap;
  const moved: number[] = [];
  for (const place of places) moved.push(Math.max(place, (moved.at(-1) ?? -1) + room));
  let limit = 1;
  for (let i = moved.length - 1; i >= 0; i--) {
    moved[i] = Math.min(moved[i] ?? 0, limit);
    limit = (moved[i] ?? 0) - room;
  }
  return moved.map((place) => Math.max(0, place));
}
