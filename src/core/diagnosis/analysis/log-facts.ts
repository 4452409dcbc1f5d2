/** What the logs say: occurrences of texts with their places, and the history of the PLEG in them. */
import type { NamedText } from '../input.ts';

interface LogHit {
  readonly count: number;
  /** `file:line what`, of the last occurrence. */
  readonly last: string;
  /** The log goes on for ten minutes after it. */
  readonly isOld: boolean;
}

/**
 * - `none`: nothing of a start. - `passed`: PLEG was not successful yet for seconds, as at every start.
 * - `stuck`: it has not been for minutes. - `open`: it has not been, and the text does not show how long ago the start was.
 */
type StartUp = 'none' | 'passed' | 'open' | 'stuck';

interface PlegHistory {
  /** Lines that say PLEG is not healthy since its last relist is too old. */
  readonly lines: number;
  /** The largest age named, in milliseconds. */
  readonly maxElapsedMs: number;
  /** The last of those lines is at the end of the log, and not followed by a minute of others. */
  readonly goesOn: boolean;
  readonly startUp: StartUp;
  /** For minutes, and to the end of the log, the sync loop has taken up what relist found; no complaint comes after it. */
  readonly works: boolean;
}

export interface LogFacts {
  /** @param pattern global. */
  find(pattern: RegExp): LogHit | undefined;
  readonly pleg: PlegHistory;
  /** As the kubelet says when it starts, for example `v1.36.3`. */
  readonly kubeletVersion: string | undefined;
  readonly hasLogs: boolean;
}

/** The end of a log is looked at; no log window of the agent is longer. */
const MAX_TEXT = 32 * 1_048_576;
const MAX_HITS = 10_000;
const STUCK_MS = 120_000;
const CALM_MS = 60_000;
const OLD_MS = 600_000;

function lineNumberAt(text: string, at: number): number {
  let lines = 1;
  for (let from = text.indexOf('\n'); from >= 0 && from < at; from = text.indexOf('\n', from + 1)) lines++;
  return lines;
}

function lineAt(text: string, at: number): string {
  const start = Math.max(text.lastIndexOf('\n', at) + 1, at - 400);
  const end = text.indexOf('\n', at);
  return text.slice(start, Math.min(end < 0 ? text.length : end, at + 400));
}

const KLOG_TIME = /[IWEF](\d\d)(\d\d) (\d\d):(\d\d):(\d\d)/;
const ISO_TIME = /\d{4}-(\d\d)-(\d\d)[T ](\d\d):(\d\d):(\d\d)/;
const JSON_TIME = /"ts":(\d{13})/;

/** Milliseconds from some fixed point; klog has no year. undefined: the line has no time. */
function timeOf(line: string): number | undefined {
  const json = JSON_TIME.exec(line)?.[1];
  if (json !== undefined) return Number(json) % (366 * 86_400_000);
  const found = KLOG_TIME.exec(line) ?? ISO_TIME.exec(line);
  if (found === null) return undefined;
  const [month = 0, day = 0, hours = 0, minutes = 0, seconds = 0] = found.slice(1).map(Number);
  return ((((month * 31 + day) * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
}

function goDurationMs(text: string): number {
  const unit: Readonly<Record<string, number>> = { h: 3_600_000, m: 60_000, s: 1_000, ms: 1 };
  let total = 0;
  // Terminals break lines within it. kubernetes#93886
  for (const [, value, name = ''] of text.replaceAll(' ', '').matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g))
    total += Number(value) * (unit[name] ?? 0);
  return total;
}

const OLD_RELIST = /pleg was last seen active (-?[\d.hmsµun ]{1,64}) ago; threshold is/g;
const NEVER_YET = /pleg has yet to be successful/g;
/** math.MaxInt64 nanoseconds: it never was. kubernetes#69007 */
const NEVER_MS = 2_562_047 * 3_600_000;

function lastTime(text: string): number | undefined {
  return timeOf(
    text
      .slice(-600)
      .split('\n')
      .filter((line) => timeOf(line) !== undefined)
      .at(-1) ?? '',
  );
}

function isCalmAfter(text: string, at: number, forMs = CALM_MS): boolean {
  const then = timeOf(lineAt(text, at));
  const end = lastTime(text);
  return then !== undefined && end !== undefined && end - then > forMs;
}

/** What a kubelet says when it starts. */
const START = /Starting kubelet main sync loop|Kubelet version"? kubeletVersion|Started kubelet/;
/** PLEG is successful within this time of a start where nothing is the matter. */
const SEVERAL_MS = 5_000;
const EVENT = 'SyncLoop (PLEG)';
/** Nobody complains so at a start. */
const COMPLAINT = /pleg was last seen active|container runtime is down/;
const SKIPPING = 'kipping pod synchronization';

function worksAtEnd(text: string): boolean {
  const last = text.lastIndexOf(EVENT);
  if (last < 0 || isCalmAfter(text, last) || COMPLAINT.test(text)) return false;
  const skipping = text.lastIndexOf(SKIPPING);
  if (skipping >= 0 && !isCalmAfter(text, skipping)) return false;
  const from = timeOf(lineAt(text, text.indexOf(EVENT)));
  const to = timeOf(lineAt(text, last));
  return from !== undefined && to !== undefined && to - from > STUCK_MS;
}

function startUpOf(text: string): StartUp {
  const all = [...text.matchAll(NEVER_YET)].slice(-MAX_HITS);
  const never = [...text.matchAll(OLD_RELIST)].filter(([, age = '']) => goDurationMs(age) >= NEVER_MS);
  const first = all[0] ?? never[0];
  const last = all.at(-1) ?? never.at(-1);
  if (first === undefined || last === undefined) return 'none';
  if (isCalmAfter(text, last.index)) return 'passed';
  const from = timeOf(lineAt(text, first.index));
  const to = timeOf(lineAt(text, last.index));
  const lasts = from === undefined || to === undefined ? 0 : to - from;
  if (lasts > STUCK_MS) return 'stuck';
  return lasts > SEVERAL_MS && !START.test(text) ? 'open' : 'passed';
}

function plegHistory(texts: readonly NamedText[]): PlegHistory {
  let lines = 0;
  let maxElapsedMs = 0;
  let goesOn = false;
  let startUp: StartUp = 'none';
  let works = false;
  for (const { text } of texts) {
    for (const found of [...text.matchAll(OLD_RELIST)].slice(-MAX_HITS)) {
      const elapsed = goDurationMs(found[1] ?? '');
      if (elapsed >= NEVER_MS) continue;
      lines++;
      maxElapsedMs = Math.max(maxElapsedMs, elapsed);
      goesOn = !isCalmAfter(text, found.index);
    }
    works ||= worksAtEnd(text);
    const here = startUpOf(text);
    if (startUp !== 'stuck' && here !== 'none') startUp = here;
  }
  return { lines, maxElapsedMs, goesOn, startUp, works: works && !goesOn };
}

const VERSION = /"?Kubelet version"? kubeletVersion="(v\d[\w.+-]{1,60})"|"kubeletVersion":"(v\d[\w.+-]{1,60})"/;

export function readLogs(logs: readonly NamedText[]): LogFacts {
  const texts = logs.map(({ name, text }) => ({ name, text: text.slice(-MAX_TEXT) }));

  function find(pattern: RegExp): LogHit | undefined {
    let count = 0;
    let last: string | undefined;
    let isOld = true;
    for (const { name, text } of texts) {
      let end: number | undefined;
      for (const found of text.matchAll(pattern)) {
        count++;
        end = found.index;
        if (count >= MAX_HITS) break;
      }
      if (end === undefined) continue;
      last = `${name}:${lineNumberAt(text, end)} ${lineAt(text, end).trim()}`;
      isOld &&= isCalmAfter(text, end, OLD_MS);
    }
    return last === undefined ? undefined : { count, last, isOld };
  }

  const version = texts.map(({ text }) => VERSION.exec(text)).find((found) => found !== null);
  return {
    find,
    pleg: plegHistory(texts),
    kubeletVersion: version?.[1] ?? version?.[2],
    hasLogs: texts.some(({ text }) => text.trim() !== ''),
  };
}
