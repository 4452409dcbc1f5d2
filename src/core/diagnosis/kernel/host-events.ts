/** What the clues of logs, and the agent's look at processes, say of the kernel and the host. */
import type { HostSummary, LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import { durationMs } from '../../time/duration.ts';
import { ownWords } from '../clues/own-words.ts';
import type { HostEvent, Rule } from './event.ts';
import { HOST_LINES } from './host-lines.ts';
import { KERNEL_LINES } from './kernel-lines.ts';
import { ownerOf } from './owners.ts';
import { moreTelling, placeOf } from './places.ts';
import { PROCESS_LINES } from './process-lines.ts';

export interface SeenEvent extends HostEvent {
  /** Lines. */
  readonly count: number;
  readonly evidence: string;
  /** The log goes on for ten minutes after it. */
  readonly isOld: boolean;
  /** Else the agent has seen it. */
  readonly fromLog: boolean;
}

const RULES: readonly Rule[] = [...KERNEL_LINES, ...PROCESS_LINES, ...HOST_LINES];

function readBy({ pattern, read }: Rule, own: string): HostEvent | undefined {
  pattern.lastIndex = 0;
  const found = pattern.exec(own);
  pattern.lastIndex = 0;
  return found === null ? undefined : read(found, own);
}

function keyOf({ kind, owner, place, seconds, isMapped }: HostEvent): string {
  const more = [seconds === undefined ? '' : 'timed', isMapped === true ? 'mapped' : ''];
  return `${kind} ${owner ?? ''} ${place ?? ''} ${more.join(' ')}`;
}

/** What has to be picked out of logs. Lines of a pattern that say the same are one clue. */
export const HOST_CLUES: readonly {
  readonly pattern: RegExp;
  readonly meaning: (own: string) => string | undefined;
}[] = RULES.map((rule) => ({
  pattern: rule.pattern,
  meaning: (own) => {
    const event = readBy(rule, own);
    return event === undefined ? undefined : keyOf(event);
  },
}));

const OLD_MS = 600_000;

function eventsOf(clue: LogClue): readonly SeenEvent[] {
  const { line, count, source, lineNumber, lastBeforeEnd } = clue;
  const own = ownWords(line);
  const evidence = `${source}:${lineNumber} ${line.trim()}${count > 1 ? ` (${count} times)` : ''}`;
  const isOld = lastBeforeEnd !== undefined && durationMs(lastBeforeEnd) > OLD_MS;
  return RULES.flatMap((rule) => readBy(rule, own) ?? []).map((event) => ({
    ...event,
    count,
    evidence,
    isOld,
    fromLog: true,
  }));
}

/** What a stack that follows within so many lines belongs to. */
const REACH = 60;
const HEADS: readonly HostEvent['kind'][] = [
  'hung',
  'asleep',
  'named',
  'trace',
  'oom-node',
  'oom-group',
  'soft-lockup',
  'hard-lockup',
  'rcu-stall',
  'oops',
];
/** Those whose process sleeps where its stack says. */
const SLEEPS: readonly HostEvent['kind'][] = ['hung', 'asleep', 'named'];

interface Open {
  readonly at: number;
  event: SeenEvent;
}

/** Of one log, line after line. */
interface Reading {
  readonly events: SeenEvent[];
  readonly heads: Open[];
}

/** SysRq's `state:D` behind its `blocked for more than`, `dump_stack` behind what it is of. */
function continues({ at, event: head }: Open, event: HostEvent, lineNumber: number): boolean {
  if (event.kind === 'trace') return head.kind !== 'named';
  return head.kind === 'hung' && event.kind === 'asleep' && lineNumber - at <= 4;
}

function takeStack({ events }: Reading, head: Open | undefined, event: SeenEvent): void {
  if (head === undefined) events.push(event);
  else if (SLEEPS.includes(head.event.kind)) {
    head.event = { ...head.event, place: moreTelling(head.event.place, event.place) };
  }
}

function takeEvent(reading: Reading, event: SeenEvent, at: number): void {
  const { events, heads } = reading;
  const last = heads.at(-1);
  const head = last !== undefined && at - last.at <= REACH ? last : undefined;
  if (event.kind === 'stack') takeStack(reading, head, event);
  else if (event.kind === 'asleep' && event.owner === undefined) {
    // /proc/PID/status has the name in another line.
    if (head?.event.kind === 'named') head.event = { ...event, owner: head.event.owner };
    else heads.push({ at, event: { ...event, owner: 'other' } });
  } else if (!HEADS.includes(event.kind)) events.push(event);
  else if (head === undefined || !continues(head, event, at)) heads.push({ at, event });
}

/** Stacks go to the process whose they are; those of something that runs say nothing of a wait. */
function joined(clues: readonly LogClue[]): readonly SeenEvent[] {
  const reading: Reading = { events: [], heads: [] };
  for (const clue of [...clues].sort((a, b) => a.lineNumber - b.lineNumber)) {
    for (const event of eventsOf(clue)) takeEvent(reading, event, clue.lineNumber);
  }
  const heads = reading.heads.map(({ event }) => event).filter(({ kind }) => kind !== 'named' && kind !== 'trace');
  return [...reading.events, ...heads];
}

/** @param clues of all logs. @param host undefined: nobody has looked at processes. */
export function hostEvents(clues: readonly LogClue[], host: HostSummary | undefined): readonly SeenEvent[] {
  const seen = (host?.blockedProcesses ?? []).map(({ comm, pid, wchan }): SeenEvent => ({
    kind: 'asleep',
    owner: ownerOf(comm),
    place: placeOf(wchan),
    count: 1,
    evidence: `host: ${comm} (pid ${pid}) in state D at ${wchan}`,
    isOld: false,
    fromLog: false,
  }));
  const logs = Map.groupBy(clues, ({ source }) => source);
  const events = [...seen, ...[...logs.values()].flatMap(joined)];
  const isSnapshot = events.some(({ kind }) => kind === 'snapshot-lost');
  // Whoever reads a snapshot that is lost gets errors: the disk below it is well.
  return isSnapshot ? events.filter(({ isMapped }) => isMapped !== true) : events;
}
