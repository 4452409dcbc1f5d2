/** What the logs say, from the clues picked out of them: occurrences of texts, and the history of the PLEG. */
import type { LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import { parsePlegLine, type PlegLine } from '../../detection/pleg-line.ts';
import { durationMs } from '../../time/duration.ts';
import { type FailingCall, readFailingCall } from '../calls/failing-call.ts';
import { logOf } from '../clues/clue.ts';
import { NODE_READY } from '../clues/well-again.ts';
import { ownWords } from '../clues/own-words.ts';
import { KUBELET_START, KUBELET_VERSION, PLEG_EVENT, SKIPPING } from '../clues/clue-patterns.ts';

interface LogHit {
  /** Lines. */
  readonly count: number;
  /** `log:line what`, of the last occurrence. */
  readonly last: string;
  /** The log goes on for ten minutes after it. */
  readonly isOld: boolean;
}

/**
 * - `none`: nothing of a start. - `passed`: PLEG was not successful yet for seconds, as at every start.
 * - `stuck`: it has not been for minutes. - `open`: it has not been, and the text does not show how long ago the start was.
 * - `unclear`: it has not been for seconds, and nothing that follows shows whether it is.
 */
type StartUp = 'none' | 'passed' | 'unclear' | 'open' | 'stuck';

interface PlegHistory {
  /** How old the last relist was as the last such line says, in milliseconds; 0: no line says so. */
  readonly elapsedMs: number;
  /** The last of those lines is at the end of the log, and not followed by a minute of others. */
  readonly goesOn: boolean;
  readonly startUp: StartUp;
  /** So is the first check of the runtime, for minutes. */
  readonly isCheckStuck: boolean;
  /** When the log last said that PLEG is not healthy, as it writes it, where that is over. */
  readonly until: string | undefined;
  /** For minutes, and to the end of the log, the sync loop has taken up what relist found; no complaint comes after it. */
  readonly works: boolean;
}

/** A failing call, and the lines that say so. */
export interface CallHit extends LogHit {
  readonly call: FailingCall;
  /** For how long it has been failing, in milliseconds; 0: nothing says so. */
  readonly lastsMs: number;
}

export interface LogFacts {
  /** Oldest first. */
  readonly calls: readonly CallHit[];
  find(pattern: RegExp): LogHit | undefined;
  readonly pleg: PlegHistory;
  /** As the kubelet says when it starts, for example `v1.36.3`. */
  readonly kubeletVersion: string | undefined;
}

const STUCK_MS = 120_000;
const CALM_MS = 60_000;
const OLD_MS = 600_000;
/** PLEG is successful within this time of a start where nothing is the matter. */
const SEVERAL_MS = 5_000;
const CHECK_OPEN = 'container runtime status check may not have completed yet';

/** A clue with what its line says of PLEG. Times are milliseconds before the end of its log; undefined: it has none. */
interface Said {
  readonly clue: LogClue;
  /** Of its line. */
  readonly own: string;
  readonly pleg: PlegLine;
  readonly firstMs: number | undefined;
  readonly lastMs: number | undefined;
}

function readClue(clue: LogClue): Said {
  const { line, firstBeforeEnd, lastBeforeEnd } = clue;
  const own = ownWords(line);
  return {
    clue,
    own,
    pleg: parsePlegLine(own),
    firstMs: firstBeforeEnd === undefined ? undefined : durationMs(firstBeforeEnd),
    lastMs: lastBeforeEnd === undefined ? undefined : durationMs(lastBeforeEnd),
  };
}

/** Of a pattern that is global, without its state. */
function matches(pattern: RegExp, { own }: Said): boolean {
  return own.search(pattern) >= 0;
}

/** Whether others of its log came for longer than that after the last of its lines. */
function isCalmAfter({ lastMs }: Said, forMs: number): boolean {
  return lastMs !== undefined && lastMs > forMs;
}

/** From the first line of all to the last one; 0: it is not known. */
function spanMs(said: readonly Said[]): number {
  const firsts = said.flatMap(({ firstMs }) => firstMs ?? []);
  const lasts = said.flatMap(({ lastMs }) => lastMs ?? []);
  return firsts.length === 0 || lasts.length === 0 ? 0 : Math.max(...firsts) - Math.min(...lasts);
}

/** Nobody complains so at a start. */
function complains({ pleg, own }: Said): boolean {
  return pleg.kind === 'breach' || own.includes('container runtime is down');
}

/** @param log what one log says, oldest first. */
function worksAtEnd(log: readonly Said[]): boolean {
  const events = log.filter((said) => matches(PLEG_EVENT, said));
  const last = events.at(-1);
  if (last === undefined || isCalmAfter(last, CALM_MS) || log.some(complains)) return false;
  const skipping = log.findLast((said) => matches(SKIPPING, said));
  if (skipping !== undefined && !isCalmAfter(skipping, CALM_MS)) return false;
  return spanMs(events) > STUCK_MS;
}

/** A complaint is over where others of the log come for a minute without it, or the kubelet does what it did not do. */
function isOver(log: readonly Said[], last: Said): boolean {
  const later = log.slice(log.indexOf(last) + 1);
  return isCalmAfter(last, CALM_MS) || later.some((said) => matches(PLEG_EVENT, said) || matches(NODE_READY, said));
}

function startUpOf(log: readonly Said[]): StartUp {
  const never = log.filter(({ pleg }) => pleg.kind === 'never-relisted');
  const last = never.at(-1);
  if (last === undefined) return 'none';
  if (isOver(log, last)) return 'passed';
  const lasts = spanMs(never);
  if (lasts > STUCK_MS) return 'stuck';
  return lasts > SEVERAL_MS && !log.some((said) => matches(KUBELET_START, said)) ? 'open' : 'unclear';
}

/** The first check of the runtime has not completed for minutes, to the end. */
function isCheckStuck(log: readonly Said[]): boolean {
  const open = log.filter(({ own }) => own.includes(CHECK_OPEN));
  const last = open.at(-1);
  return last !== undefined && !isOver(log, last) && spanMs(open) > STUCK_MS;
}

/** As it stands in the line; empty: it has none. */
function clockTimeIn({ clue }: Said): string {
  return /\d\d:\d\d:\d\d/.exec(clue.line)?.[0] ?? '';
}

function plegHistory(logs: readonly (readonly Said[])[]): PlegHistory {
  let elapsedMs = 0;
  let goesOn = false;
  let startUp: StartUp = 'none';
  let works = false;
  let isStuck = false;
  let until: string | undefined;
  for (const log of logs) {
    isStuck ||= isCheckStuck(log);
    const breach = log.findLast(({ pleg }) => pleg.kind === 'breach');
    if (breach?.pleg.kind === 'breach') {
      ({ elapsedMs } = breach.pleg);
      goesOn = !isCalmAfter(breach, CALM_MS);
      until = !goesOn && isOver(log, breach) ? clockTimeIn(breach) : undefined;
    }
    works ||= worksAtEnd(log);
    const here = startUpOf(log);
    if (startUp !== 'stuck' && here !== 'none') startUp = here;
  }
  return { elapsedMs, goesOn, startUp, isCheckStuck: isStuck, until, works: works && !goesOn && until === undefined };
}

function callHit(one: Said, call: FailingCall): CallHit {
  const { source, lineNumber, line, count } = one.clue;
  const spread = one.firstMs === undefined || one.lastMs === undefined ? 0 : one.firstMs - one.lastMs;
  return {
    call,
    count: Math.max(count, call.times),
    last: `${source}:${lineNumber} ${line.trim()}`,
    isOld: isCalmAfter(one, OLD_MS),
    lastsMs: Math.max(spread, call.durationMs ?? 0),
  };
}

/** @param clues those of one log in the order of its lines. @param ended those of them that are over. */
export function logFacts(clues: readonly LogClue[], ended: ReadonlySet<LogClue> = new Set()): LogFacts {
  const said = clues.map(readClue);
  const live = said.filter(({ clue }) => !ended.has(clue));
  const byLog = (some: readonly Said[]): readonly (readonly Said[])[] => [
    ...Map.groupBy(some, ({ clue }) => logOf(clue)).values(),
  ];
  const liveLogs = byLog(live);

  function find(pattern: RegExp): LogHit | undefined {
    const newest = liveLogs.flatMap((log) => log.findLast((one) => matches(pattern, one)) ?? []);
    const last = newest.at(-1);
    if (last === undefined) return undefined;
    const count = live.reduce((sum, one) => sum + (matches(pattern, one) ? one.clue.count : 0), 0);
    const { source, lineNumber, line } = last.clue;
    return {
      count,
      last: `${source}:${lineNumber} ${line.trim()}`,
      isOld: newest.every((one) => isCalmAfter(one, OLD_MS)),
    };
  }

  const calls = live.flatMap((one): readonly CallHit[] => {
    const call = readFailingCall(one.own);
    return call === undefined ? [] : [callHit(one, call)];
  });

  const version = said.findLast((one) => matches(KUBELET_VERSION, one))?.own.matchAll(KUBELET_VERSION);
  const [, plain, json] = [...(version ?? [])].at(-1) ?? [];
  const pleg = plegHistory(byLog(said));
  // What was at fault is well again, and not for long: that is no log of a kubelet that has been well.
  return { find, calls, pleg: { ...pleg, works: pleg.works && ended.size === 0 }, kubeletVersion: plain ?? json };
}
