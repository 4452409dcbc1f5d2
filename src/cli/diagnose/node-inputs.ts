/** What was read, put together for each node: what a diagnosis is made from is of one. */
import type { LogClue } from '../../api/v1alpha1/parts/host-summary.ts';
import type { Cause } from '../../core/diagnosis/catalogue/cause.ts';
import { type CluePattern, cluePatterns } from '../../core/diagnosis/clues/clue-patterns.ts';
import type { LogSpan } from '../../core/diagnosis/clues/log-clock.ts';
import type { DiagnosisInput, NamedClues, NamedDump } from '../../core/diagnosis/diagnosis-input.ts';
import { byNode, type Source } from '../../core/diagnosis/nodes/by-node.ts';
import type { ShelvedDump } from './content/dump-shelf.ts';
import type { Facts } from './content/manifest-facts.ts';
import { inRotation } from './rotated-logs.ts';

/** What the command line says. */
export interface Told {
  readonly probe: DiagnosisInput['probe'] | undefined;
  readonly kubeletVersion: string | undefined;
  readonly runtimeVersion: string | undefined;
  readonly ownCauses?: readonly Cause[];
}

/** A text, as far as it is no dump. */
export interface Part extends Source {
  readonly log?: NamedClues | undefined;
  readonly span?: LogSpan | undefined;
  /** Of a text that looks like neither a dump nor a log: events, `ps`, frames cut out of a dump. */
  readonly other?: NamedClues | undefined;
  readonly facts?: Facts;
  readonly version?: string | undefined;
}

export interface NodeInput {
  /** undefined: nothing says, or there is one only. */
  readonly node: string | undefined;
  /** Names of what it rests on, in the order of the arguments. */
  readonly files: readonly string[];
  readonly input: DiagnosisInput;
  /** Names of texts that say nothing beside dumps and logs. */
  readonly unused: readonly string[];
}

const HAS_TIME = /\d\d:\d\d:\d\d|^\[ *\d+\.\d{6}\]/;

interface DumpPart extends Part {
  readonly dump: NamedDump['dump'];
}

/** Each look by itself: a file may hold those of two processes. */
function looksOf({ name, host, dump }: ShelvedDump): readonly DumpPart[] {
  return [...dump.earlier, dump].map((one) => ({ name, host, dump: { ...one, earlier: [] } }));
}

export function nodeInputs(dumps: readonly ShelvedDump[], parts: readonly Part[], told: Told): readonly NodeInput[] {
  const sources: readonly Part[] = [...dumps.flatMap(looksOf), ...parts];
  const groups = byNode(sources);
  const patterns = cluePatterns(told.ownCauses);
  const inputs = groups.map(({ node, sources: own }) => ({
    node,
    files: [...new Set(own.map(({ name }) => name))],
    input: inputOf(own, told, patterns),
    unused: own.some(({ dump, log }) => dump ?? log) ? own.flatMap(({ other }) => other?.name ?? []) : [],
  }));
  const telling = inputs.filter((one) => saysAnything(one));
  const kept = telling.length > 0 ? telling : inputs.slice(0, 1);
  return kept.length > 0 ? kept : [{ node: undefined, files: [], input: inputOf([], told, patterns), unused: [] }];
}

/** Of a node that is known it is an answer that its log says nothing; of the text around a dump it is none. */
function saysAnything({ node, input: { dumps, logs, host } }: NodeInput): boolean {
  const hasLog = logs.some((log) => node !== undefined || !('clues' in log) || log.clues.length > 0);
  return dumps.length > 0 || hasLog || host !== undefined;
}

/** A line with its time is written once: where two logs have it, one is a copy of the other, or their windows overlap. */
function withoutCopies(logs: readonly NamedClues[]): readonly NamedClues[] {
  const most = new Map<string, LogClue>();
  for (const clue of logs.flatMap(({ clues }) => clues)) {
    const before = most.get(clue.line);
    if (before === undefined || before.source === clue.source || before.count < clue.count) most.set(clue.line, clue);
  }
  const isCopy = (clue: LogClue): boolean => HAS_TIME.test(clue.line) && most.get(clue.line)?.source !== clue.source;
  return logs.map(({ name, clues }) => ({ name, clues: clues.filter((clue) => !isCopy(clue)) }));
}

function inputOf(own: readonly Part[], told: Told, patterns: readonly CluePattern[]): DiagnosisInput {
  const dumps = own.flatMap(({ name, dump }) => (dump === undefined ? [] : [{ name, dump }]));
  const files = own.flatMap(({ log, span }) => (log === undefined ? [] : [{ log, span }]));
  const logs = withoutCopies(inRotation(files, patterns));
  const facts = own.reduce<Facts>((all, one) => ({ ...all, ...one.facts }), {});
  const seen = own.find(({ version }) => version !== undefined)?.version;
  return {
    dumps,
    // Where there is anything else, other texts say nothing that counts.
    logs: dumps.length + logs.length === 0 ? own.flatMap(({ other }) => other ?? []) : logs,
    probe: told.probe ?? facts.probe ?? 'Unknown',
    host: facts.host,
    kubeletVersion: told.kubeletVersion ?? facts.kubeletVersion ?? seen,
    runtimeVersion: told.runtimeVersion ?? facts.runtimeVersion,
    ...(told.ownCauses === undefined ? {} : { ownCauses: told.ownCauses }),
  };
}
