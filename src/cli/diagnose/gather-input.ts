/** From files to what a diagnosis is made from, and an account of what was read and what was not. */
import type { Readable } from 'node:stream';
import { condensed } from '../../core/diagnosis/analysis/input-texts.ts';
import type { Cause } from '../../core/diagnosis/catalogue/cause.ts';
import { type CluePattern, cluePatterns } from '../../core/diagnosis/clues/clue-patterns.ts';
import type { DiagnosisInput, NamedClues, NamedDump } from '../../core/diagnosis/diagnosis-input.ts';
import { plainText } from '../../core/diagnosis/text/plain-text.ts';
import type { Clock } from '../../ports/clock.ts';
import { streamChunks } from './read/byte-source.ts';
import { classify } from './content/classify.ts';
import { type DumpShelf, createDumpShelf } from './content/dump-shelf.ts';
import { findFiles, type FoundFile, type FoundFiles, type Unread } from './read/find-files.ts';
import { isJournalJson, journalText } from './content/journal-json.ts';
import { type Facts, factsOf, versionIn } from './content/manifest-facts.ts';
import { isUp, readBounds, type ReadBounds, TIME_IS_UP } from './read/read-bounds.ts';
import { type NamedResult, readChunks, readFile } from './read/read-file.ts';
import type { ReadResult } from './read/read-text.ts';

/** What a file was taken for; `text`: it is neither a dump nor a log, and may name a cause all the same. */
type Use = 'dump' | 'log' | 'manifest' | 'text';

export interface ReadFile {
  readonly name: string;
  /** Decompressed. */
  readonly bytes: number;
  readonly usedAs: readonly Use[];
  /** What a person should know, for example that it is cut; empty: nothing. */
  readonly message: string;
}

export interface Gathered {
  readonly input: DiagnosisInput;
  readonly read: readonly ReadFile[];
  readonly unread: readonly Unread[];
}

/** What the command line says. */
export interface Told {
  readonly probe: DiagnosisInput['probe'] | undefined;
  readonly kubeletVersion: string | undefined;
  readonly runtimeVersion: string | undefined;
  readonly ownCauses?: readonly Cause[];
}

/** The world, as this needs it. */
export interface Sources {
  readonly stdin: Readable;
  readonly clock: Clock;
}

/** With its place in the order of the arguments, since telling files are read first. */
interface Placed<T> {
  readonly place: number;
  readonly value: T;
}

interface Draft {
  readonly dumps: DumpShelf;
  readonly logs: Placed<NamedClues>[];
  /** Of texts that look like neither a dump nor a log: events, `ps`, frames cut out of a dump. */
  readonly otherTexts: Placed<NamedClues>[];
  readonly read: Placed<ReadFile>[];
  readonly unread: Unread[];
  facts: Facts;
  seenVersion: string | undefined;
  clues: number;
  readonly patterns: readonly CluePattern[];
}

function inOrder<T>(placed: readonly Placed<T>[]): readonly T[] {
  return [...placed].sort((a, b) => a.place - b.place).map(({ value }) => value);
}

/** Of all logs together, and of one where these are used up. */
const MAX_CLUES = 8_192;
const MIN_CLUES = 16;
const STDIN: FoundFile = { path: '-', name: 'stdin', size: 0 };
/** What is read first, lest there be no time for it. */
const TELLING = /gorout|stack|kubelet|manifest|containerd|crio|docker|journal|messages|syslog|kern|dmesg|event/i;

/** @param paths files and folders; `-` is standard input. */
export async function gatherInput(paths: readonly string[], told: Told, { stdin, clock }: Sources): Promise<Gathered> {
  const found = await Promise.all(paths.map(findArgument));
  const draft: Draft = {
    dumps: createDumpShelf(),
    logs: [],
    otherTexts: [],
    read: [],
    unread: found.flatMap(({ unread }) => unread),
    facts: {},
    seenVersion: undefined,
    clues: 0,
    patterns: cluePatterns(told.ownCauses),
  };
  const files = found.flatMap((one) => one.files);
  const bounds = readBounds(clock, files);
  const places = new Map(files.map((file, at) => [file, at]));
  const telling = (file: FoundFile): number => Number(!TELLING.test(file.name));
  for (const file of files.length > 1 ? [...files].sort((a, b) => telling(a) - telling(b)) : files) {
    if (isUp(bounds)) {
      draft.unread.push({ name: file.name, message: TIME_IS_UP });
      continue;
    }
    for await (const one of resultsOf(file, stdin, bounds)) take(draft, one, places.get(file) ?? 0);
  }
  return gathered(draft, told);
}

async function findArgument(path: string): Promise<FoundFiles> {
  return path === '-' ? { files: [STDIN], unread: [] } : await findFiles(path);
}

function resultsOf(file: FoundFile, stdin: Readable, bounds: ReadBounds): AsyncGenerator<NamedResult> {
  return file === STDIN ? readChunks(file.name, streamChunks(stdin, bounds), bounds) : readFile(file, bounds);
}

function gathered({ dumps, logs, otherTexts, read, unread, facts, seenVersion }: Draft, told: Told): Gathered {
  const kept = dumps.inOrder();
  const input: DiagnosisInput = {
    dumps: kept,
    // Where there is anything else, other texts say nothing that counts.
    logs: inOrder(kept.length + logs.length === 0 ? otherTexts : logs),
    probe: told.probe ?? facts.probe ?? 'Unknown',
    host: facts.host,
    kubeletVersion: told.kubeletVersion ?? facts.kubeletVersion ?? seenVersion,
    runtimeVersion: told.runtimeVersion ?? facts.runtimeVersion,
    ...(told.ownCauses === undefined ? {} : { ownCauses: told.ownCauses }),
  };
  return { input, read: inOrder(read), unread };
}

function take(draft: Draft, { name, result }: NamedResult, place: number): void {
  if (result.kind === 'unreadable') {
    draft.unread.push({ name, message: result.message });
    return;
  }
  const { bytes, message } = result;
  const facts = factsOf(name, result.text);
  if (facts !== undefined) draft.facts = { ...draft.facts, ...facts };
  const usedAs = facts === undefined ? use(draft, name, result, place) : (['manifest'] as const);
  draft.read.push({ place, value: { name, bytes, usedAs, message } });
}

/** Puts a text where its content says that it belongs. */
function use(draft: Draft, name: string, result: ReadResult & { kind: 'text' }, place: number): readonly Use[] {
  const text = plainText(isJournalJson(result.text) ? journalText(result.text) : result.text);
  draft.seenVersion ??= versionIn(text);
  const { isDump, isLog } = classify(text);
  const max = Math.max(MIN_CLUES, Math.min(1_024, MAX_CLUES - draft.clues));
  // What was read as it came is not read once more.
  const content = { isDump: isDump && result.dump === undefined, isLog };
  const { dump, log } = condensed({ name, text }, content, { maxClues: max, patterns: draft.patterns });
  if (dump !== undefined) useDump(draft, dump, result.isCut, place);
  if (result.dump !== undefined) useDump(draft, { name, dump: result.dump }, result.isCut, place);
  const uses: readonly Use[] = [
    ...(isDump || result.dump !== undefined ? (['dump'] as const) : []),
    ...(isLog ? (['log'] as const) : []),
  ];
  if (log !== undefined) useLog(draft, { place, value: log }, uses.length > 0);
  return uses.length === 0 ? ['text'] : uses;
}

function useDump(draft: Draft, { name, dump }: NamedDump, isCut: boolean, place: number): void {
  draft.dumps.add(place, { name, dump: isCut ? { ...dump, isCut } : dump });
}

function useLog(draft: Draft, log: Placed<NamedClues>, isLog: boolean): void {
  draft.clues += log.value.clues.length;
  (isLog ? draft.logs : draft.otherTexts).push(log);
}
