/**
 * How old a line is that the kernel, or `journalctl -o short-monotonic`, has stamped with the time since the boot: by what
 * else the text says of how long ago that was.
 */
import { lineTime, UTC } from '../../time/line-time.ts';

export interface UptimeClock {
  /** Milliseconds, at least. @param stamp what `stampOf` gives. */
  beforeEndMs(stamp: number): number;
}

const STAMP = /^(?:<\d{1,2}>)?\[ *(\d{1,10})\.(\d{6})\]/;
/** It is read from its end. */
const STAMPS = /^(?:<\d{1,2}>)?\[ *(\d{1,10}\.\d{6})\]/gm;
/** A record with both times says when the boot was. */
const BOTH = /^(?=\d{4}-)[^\n]{0,200}? kernel: \[ *(\d{1,10}\.\d{6})\]/m;
/** Of `uptime`, `w` and `top`. */
const UP = /\bup +(?:(\d{1,5}) days?, +)?(?:(\d{1,2}):(\d\d)|(\d{1,2}) min)/;
/** No person pastes more, in UTF-16 units. */
const MAX_PASTE = 262_144;
const SECOND = 1_000;
const MINUTE = 60 * SECOND;

/** Milliseconds since the boot; undefined: the line has another time, or none. */
export function stampOf(line: string): number | undefined {
  const [, seconds, micros] = STAMP.exec(line) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * SECOND + Number(micros) / SECOND;
}

/** @param endMs of the text's last line with a time of a calendar; undefined: it has none. */
export function createUptimeClock(text: string, endMs: number | undefined): UptimeClock {
  const ends = [lastStamp(text), uptimeIn(text), sinceBoot(text, endMs)];
  const end = Math.max(...ends.map((one) => one ?? 0));
  // One that is much later than the end is of a boot before; processors are not quite in step.
  return { beforeEndMs: (stamp) => (stamp > end + MINUTE ? end : Math.max(0, end - stamp)) };
}

function lastStamp(text: string): number {
  let last = '0';
  for (const [, stamp = '0'] of text.matchAll(STAMPS)) last = stamp;
  return Number(last) * SECOND;
}

function uptimeIn(text: string): number | undefined {
  const found = text.length > MAX_PASTE ? null : UP.exec(text);
  if (found === null) return undefined;
  const [, days = '0', hours = '0', minutes = '0', alone = '0'] = found;
  return ((Number(days) * 24 + Number(hours)) * 60 + Number(minutes) + Number(alone)) * 60 * SECOND;
}

function sinceBoot(text: string, endMs: number | undefined): number | undefined {
  const found = endMs === undefined ? null : BOTH.exec(text);
  const time = found === null ? undefined : lineTime(found[0], endMs ?? 0, UTC);
  if (found === null || time === undefined || endMs === undefined) return undefined;
  return endMs - time + Number(found[1]) * SECOND;
}
