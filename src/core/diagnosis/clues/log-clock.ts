/** How long before the end of its log a line was written. */
import { lineTime, UTC } from '../../time/line-time.ts';

export interface LogClock {
  /** Milliseconds, 0 or more; undefined: the line or the end has no time. @param start offset of the line's start. */
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

function endOf(text: string, nearMs: number): number | undefined {
  const last = text.slice(-REACH).split('\n').reverse();
  for (const line of last) {
    const time = lineTime(line, nearMs, UTC);
    if (time !== undefined) return time;
  }
  return undefined;
}

/** Local times count as UTC: those of one log have one zone. */
export function createLogClock(text: string): LogClock {
  const near = yearIn(text.slice(-REACH)) ?? yearIn(text.slice(0, REACH)) ?? ANY_YEAR;
  const end = endOf(text, near);
  return {
    beforeEndMs(start): number | undefined {
      if (end === undefined) return undefined;
      const time = lineTime(text.slice(start, start + HEAD), end, UTC);
      if (time === undefined || Math.abs(end - time) > TOO_FAR_MS) return undefined;
      return Math.max(0, Math.round(end - time));
    },
  };
}
