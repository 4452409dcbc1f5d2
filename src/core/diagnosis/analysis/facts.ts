/** All that is known about the node, gathered once; the catalogue's signs are looked up in it. */
import type { Dump, StackGroup } from '../../dump/goroutine.ts';
import type { LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import { endedClues } from '../clues/well-again.ts';
import type { DiagnosisInput, NamedDump } from '../diagnosis-input.ts';
import { cluesOf, dumpTexts } from './input-texts.ts';
import { type Movement, movementOf } from './compare.ts';
import { type LogFacts, logFacts } from './log-facts.ts';
import { areOfOneProcess } from './one-process.ts';
import { plainNames } from './function-names.ts';
import { hostEvents, type SeenEvent } from '../kernel/host-events.ts';
import { readStacks } from './read-stacks.ts';
import { criMethodOf, findRelist, findSyncLoop, type Relist, type SyncLoop } from './relist.ts';

export interface Stack {
  readonly file: string;
  readonly group: StackGroup;
  /** Leaf first, plain. */
  readonly names: readonly string[];
  readonly process: Dump['process'];
  /** The dump has a few stacks only, cut out of a larger one. */
  readonly isPaste: boolean;
  /** Somebody has changed its text, or its header is lost, and so perhaps its leaf. */
  readonly isUnsure: boolean;
  /** Against the dump before. */
  readonly movement: Movement;
  /** Not one moment of a busy process: it waits for a minute, has not moved, or stands for many. */
  readonly lasts: boolean;
}

export interface Facts {
  readonly input: DiagnosisInput;
  /** The dump of the kubelet that the verdict rests on: the last one with states, else the last one. */
  readonly kubelet: NamedDump | undefined;
  /** That dump is of a whole kubelet, not a part that somebody has cut out. */
  readonly isWhole: boolean;
  readonly relist: Relist | undefined;
  readonly movement: Movement;
  /** Goroutines of the kubelet, other than relist, that wait for the runtime. */
  readonly criWaiters: readonly StackGroup[];
  readonly syncLoop: SyncLoop;
  /** Of the kubelet's dump and of the last dump of each other process. */
  readonly stacks: readonly Stack[];
  /** Of all logs, whoever has written in them. */
  readonly clues: readonly LogClue[];
  /** Those of them that are over: what they complain of has succeeded since. */
  readonly ended: ReadonlySet<LogClue>;
  readonly logs: LogFacts;
  readonly hostEvents: readonly SeenEvent[];
  /** Somebody has looked at logs, whether they say anything or not. */
  readonly hasLogs: boolean;
  readonly version: string | undefined;
  readonly unreadLines: number;
  /** All dumps of other programs, in the order in which they were taken. */
  readonly others: readonly NamedDump[];
  /** The kubelet's dump before that one. */
  readonly earlier: Dump | undefined;
}

function allDumps(input: DiagnosisInput): readonly NamedDump[] {
  return dumpTexts(input).flatMap((file) => {
    const dump = 'dump' in file ? file.dump : readStacks(file.text);
    return [...dump.earlier, dump]
      .filter(({ goroutines }) => goroutines > 0)
      .map((one) => ({ name: file.name, dump: one }));
  });
}

/** States are worth more than what comes last; of two such, the last. */
function chosen(dumps: readonly NamedDump[]): NamedDump | undefined {
  const withStates = dumps.filter(({ dump }) => dump.format === 'debug=2');
  const pool = withStates.length > 0 ? withStates : dumps;
  return [...pool].reverse().find(({ dump }) => findRelist(dump) !== undefined) ?? pool.at(-1);
}

function before(dumps: readonly NamedDump[], main: NamedDump): Dump | undefined {
  const at = dumps.indexOf(main);
  return dumps
    .slice(0, at)
    .reverse()
    .find(({ dump }) => dump.format === main.dump.format && areOfOneProcess(dump, main.dump) !== 'no')?.dump;
}

/** From this number of goroutines at one place it is no coincidence. */
const MANY = 10;
/** A kubelet has more goroutines than this from its first second on. */
const WHOLE = 50;

function stacksOf({ name, dump }: NamedDump, earlier: Dump | undefined): readonly Stack[] {
  return dump.groups.map((group) => {
    const movement = movementOf(earlier, group);
    const stays = movement === 'same-call' || (movement === 'same-place' && group.count === 1);
    const isPaste = dump.goroutines < WHOLE;
    const lasts = group.minutes >= 1 || stays || group.count >= MANY || isPaste;
    return {
      file: name,
      group,
      names: plainNames(group.frames),
      process: dump.process,
      isPaste,
      isUnsure: dump.isMended === true || (isPaste && group.state === undefined && dump.format !== 'debug=1'),
      movement,
      lasts,
    };
  });
}

const WAITS_IN_CRI = /^google\.golang\.org\/grpc|\/google\.golang\.org\/grpc/;

function findCriWaiters(dump: Dump, relist: Relist | undefined): readonly StackGroup[] {
  return dump.groups
    .filter((group) => group !== relist?.group && criMethodOf(group.frames) !== undefined)
    .filter(({ frames }) => frames.some(({ func }) => WAITS_IN_CRI.test(func)));
}

type OfKubelet = Pick<
  Facts,
  'kubelet' | 'isWhole' | 'relist' | 'movement' | 'criWaiters' | 'syncLoop' | 'earlier' | 'version'
>;

const NO_KUBELET: OfKubelet = {
  kubelet: undefined,
  isWhole: false,
  relist: undefined,
  movement: 'unknown',
  criWaiters: [],
  syncLoop: { place: 'absent', group: undefined },
  earlier: undefined,
  version: undefined,
};

function ofKubelet(dumps: readonly NamedDump[]): OfKubelet {
  const kubelet = chosen(dumps);
  if (kubelet === undefined) return NO_KUBELET;
  const { dump } = kubelet;
  const relist = findRelist(dump);
  const earlier = before(dumps, kubelet);
  return {
    kubelet,
    isWhole: dump.goroutines >= WHOLE && dump.groups.length >= WHOLE / 2,
    relist,
    movement: relist === undefined ? 'unknown' : movementOf(earlier, relist.group),
    criWaiters: findCriWaiters(dump, relist),
    syncLoop: findSyncLoop(dump),
    earlier,
    version: dump.version,
  };
}

/** What some of the clues say, those that are over left out. */
export function saidIn(
  clues: readonly LogClue[],
  { host }: Pick<DiagnosisInput, 'host'>,
  ended: ReadonlySet<LogClue>,
): Pick<Facts, 'logs' | 'hostEvents'> {
  const live = clues.filter((clue) => !ended.has(clue));
  return { logs: logFacts(clues, ended), hostEvents: hostEvents(live, host) };
}

export function gatherFacts(input: DiagnosisInput): Facts {
  const all = allDumps(input);
  const own = ofKubelet(all.filter(({ dump }) => dump.process === 'kubelet'));
  const others = all.filter(({ dump }) => dump.process !== 'kubelet');
  const lastOfEach = [...new Map(others.map((one) => [one.dump.process, one])).values()];
  const looked = own.kubelet === undefined ? lastOfEach : [own.kubelet, ...lastOfEach];
  const clues = cluesOf(input);
  const ended = endedClues(clues);
  return {
    ...own,
    others,
    input,
    stacks: looked.flatMap((one) => stacksOf(one, before(all, one))),
    clues,
    ended,
    ...saidIn(clues, input, ended),
    hasLogs: input.host !== undefined || input.logs.some((log) => 'clues' in log || log.text.trim() !== ''),
    version: input.kubeletVersion ?? own.version ?? logFacts(clues).kubeletVersion,
    unreadLines: all.reduce((sum, { dump }) => sum + dump.unreadLines, 0),
  };
}
