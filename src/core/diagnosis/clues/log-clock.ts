/** How long before the end of its log a line was written. */
import { lineTime, UTC } from '../../time/line-time.ts';
import { createUptimeClock, stampOf, type UptimeClock } from './uptime-clock.ts';

/** First and last time of a log, in milliseconds since 1970: local time counts as UTC, and a line without a year is of 2000. */
export interface LogSpan {
  readonly startMs: number;
  readonly endMs: number;
}

export interface LogClock {
  /** Milliseconds and parts of them, 0 or more; undefined: the line or the end has no time. @param start offset of the line's start. */
  beforeEndMs(start: number): number | undefined;
}

/** How far back from the end a line with a time is looked for, and how much of either end is searched for a year. */
const REACH = 65_536;
const HEAD = 256;
/** klog names no year. A leap year, at its middle: a line of any day of it is nearest to that day. */
const ANY_YEAR = Date.UTC(2000, 6, 1);
/** Of one log no two lines are so far apart; one of the two times has no year, and the other one is of another. */
const TOO_FAR_MS = 300 * 86_400_000;

const DATE = /(?:^|[^\d])(20\d\d)-(\d\d)-(\d\d)[T ]\d\d:\d\d:\d\d/;
const JSON_MS = /"ts":(\d{13})/;

function yearIn(text: string): number | undefined {
  const json = JSON_MS.exec(text)?.[1];
  if (json !== undefined) return Number(json);
  const date = DATE.exec(text);
  if (date === null) return undefined;
  const [year = 0, month = 1, day = 1] = date.slice(1).map(Number);
  return Date.UTC(year, month - 1, day);
}

/** `Nov 24 10:09:33`, also with parts of a second: syslog and `journalctl` put it before a line, in local time and without a year. */
const SYSLOG = /^(?:<\d{1,3}>)?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d(?:\.\d{1,9})?) /;
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

function syslogTime(line: string, nearMs: number): number | undefined {
  const [, month = '', day, hours, minutes, seconds] = SYSLOG.exec(line) ?? [];
  const at = MONTHS.indexOf(month);
  if (at < 0) return undefined;
  const year = new Date(nearMs).getUTCFullYear();
  const ms = Number(seconds) * 1_000;
  const times = [year - 1, year, year + 1].map(
    (one) => Date.UTC(one, at, Number(day), Number(hours), Number(minutes)) + ms,
  );
  return times.reduce((best, time) => (Math.abs(time - nearMs) < Math.abs(best - nearMs) ? time : best));
}

/** As `dmesg -T` puts it before a line: local time. */
const DMESG = /^\[[A-Z][a-z]{2} ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d\d):(\d\d):(\d\d) (\d{4})\]/;

function dmesgTime(line: string): number | undefined {
  const [, month = '', ...figures] = DMESG.exec(line) ?? [];
  const at = MONTHS.indexOf(month);
  if (at < 0) return undefined;
  const [day, hours, minutes, seconds, year = 0] = figures.map(Number);
  return Date.UTC(year, at, day, hours, minutes, seconds);
}

function timeOf(line: string, nearMs: number): number | undefined {
  return lineTime(line, nearMs, UTC) ?? syslogTime(line, nearMs) ?? dmesgTime(line);
}

function firstTime(lines: readonly string[], timeIn: (line: string) => number | undefined): number | undefined {
  for (const line of lines) {
    const time = timeIn(line);
    if (time !== undefined) return time;
  }
  return undefined;
}

function lastLines(text: string): readonly string[] {
  return text.slice(-REACH).split('\n').reverse();
}

/** By what is put before a line, which all have; a program may name a year in some. */
function stampMs(line: string): number | undefined {
  return syslogTime(line, ANY_YEAR) ?? timeOf(line, ANY_YEAR);
}

/** undefined: it has no times. */
export function logSpan(text: string): LogSpan | undefined {
  const startMs = firstTime(text.slice(0, REACH).split('\n'), stampMs);
  const endMs = firstTime(lastLines(text), stampMs);
  return startMs === undefined || endMs === undefined ? undefined : { startMs, endMs };
}

/** Local times count as UTC: those of one log have one zone. */
export function createLogClock(text: string): LogClock {
  const near = yearIn(text.slice(-REACH)) ?? yearIn(text.slice(0, REACH)) ?? ANY_YEAR;
  const end = firstTime(lastLines(text), (line) => timeOf(line, near));
  let uptime: UptimeClock | undefined;
  return {
    beforeEndMs(start): number | undefined {
      const line = text.slice(start, start + HEAD);
      const stamp = stampOf(line);
      if (stamp !== undefined) {
        uptime ??= createUptimeClock(text, end);
        return rounded(uptime.beforeEndMs(stamp));
      }
      if (end === undefined) return undefined;
      const time = timeOf(line, end);
      if (time === undefined || Math.abs(end - time) > TOO_FAR_MS) return undefined;
      return rounded(end - time);
    },
  };
}

/** To the microsecond, as klog and the kernel have it. */
function rounded(ms: number): number {
  return Math.max(0, Math.round(ms * 1_000) / 1_000);
}
