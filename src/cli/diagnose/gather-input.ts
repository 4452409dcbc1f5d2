/** From files to what a diagnosis is made from, and an account of what was read and what was not. */
import type { Readable } from 'node:stream';
import { logSpan } from '../../core/diagnosis/clues/log-clock.ts';
import { condensed } from '../../core/diagnosis/analysis/input-texts.ts';
import { type CluePattern, cluePatterns } from '../../core/diagnosis/clues/clue-patterns.ts';
import type { NamedText } from '../../core/diagnosis/diagnosis-input.ts';
import { unwrapLog } from '../../core/dump/unwrap.ts';
import { MAX_HOSTS, textsByHost } from '../../core/diagnosis/nodes/hosts-of-text.ts';
import { kubeletRuns } from '../../core/diagnosis/nodes/kubelet-runs.ts';
import { plainText } from '../../core/diagnosis/text/plain-text.ts';
import type { Clock } from '../../ports/clock.ts';
import { streamChunks } from './read/byte-source.ts';
import { classify } from './content/classify.ts';
import { createCollector } from './collect-garbage.ts';
import { createDumpShelf, type DumpShelf, type ShelvedDump } from './content/dump-shelf.ts';
import { findFiles, type FoundFile, type FoundFiles, type Unread } from './read/find-files.ts';
import { isJournalJson, journalText } from './content/journal-json.ts';
import { factsOf, versionIn } from './content/manifest-facts.ts';
import { type NodeInput, nodeInputs, type Part, type Told } from './node-inputs.ts';
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
  /** One for each node that was told apart; at least one. */
  readonly nodes: readonly NodeInput[];
  readonly read: readonly ReadFile[];
  readonly unread: readonly Unread[];
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
  readonly parts: Placed<Part>[];
  readonly read: Placed<ReadFile>[];
  readonly unread: Unread[];
  clues: number;
  readonly patterns: readonly CluePattern[];
}

function inOrder<T>(placed: readonly Placed<T>[]): readonly T[] {
  return [...placed].sort((a, b) => a.place - b.place).map(({ value }) => value);
}

/** Of all logs together, and of one where these are used up. */
const MAX_CLUES = 8_192;
const MIN_CLUES = 16;
const UNUSED = 'it is neither a dump nor a log, and says nothing beside these: give it alone';
const STDIN: FoundFile = { path: '-', name: 'stdin', size: 0 };
/** What is read first, lest there be no time for it. */
const TELLING = /gorout|stack|kubelet|manifest|containerd|crio|docker|journal|messages|syslog|kern|dmesg|event/i;

/** @param paths files and folders; `-` is standard input. */
export async function gatherInput(paths: readonly string[], told: Told, { stdin, clock }: Sources): Promise<Gathered> {
  const found = await Promise.all(paths.map(findArgument));
  const draft: Draft = {
    dumps: createDumpShelf(),
    parts: [],
    read: [],
    unread: found.flatMap(({ unread }) => unread),
    clues: 0,
    patterns: cluePatterns(told.ownCauses),
  };
  const files = found.flatMap((one) => one.files);
  const letGo = createCollector();
  const bounds = readBounds(clock, files, letGo);
  const places = new Map(files.map((file, at) => [file, at]));
  const telling = (file: FoundFile): number => Number(!TELLING.test(file.name));
  for (const file of files.length > 1 ? [...files].sort((a, b) => telling(a) - telling(b)) : files) {
    if (isUp(bounds)) {
      draft.unread.push({ name: file.name, message: TIME_IS_UP });
      continue;
    }
    for await (const one of resultsOf(file, stdin, bounds)) {
      take(draft, one, places.get(file) ?? 0);
      if (one.result.kind === 'text') letGo(one.result.bytes);
    }
  }
  return gathered(draft, told);
}

async function findArgument(path: string): Promise<FoundFiles> {
  return path === '-' ? { files: [STDIN], unread: [] } : await findFiles(path);
}

function resultsOf(file: FoundFile, stdin: Readable, bounds: ReadBounds): AsyncGenerator<NamedResult> {
  return file === STDIN ? readChunks(file.name, streamChunks(stdin, bounds), bounds) : readFile(file, bounds);
}

function gathered({ dumps, parts, read, unread }: Draft, told: Told): Gathered {
  const nodes = nodeInputs(dumps.inOrder(), inOrder(parts), told);
  const unused = new Set(nodes.flatMap((one) => one.unused));
  const noted = inOrder(read).map((one) => (unused.has(one.name) ? { ...one, message: UNUSED } : one));
  const left = dumps.left().map((name) => ({ name, message: 'a dump in it was left out: there are too many stacks' }));
  return { nodes, read: noted, unread: [...unread, ...left] };
}

function take(draft: Draft, { name, result }: NamedResult, place: number): void {
  if (result.kind === 'unreadable') {
    draft.unread.push({ name, message: result.message });
    return;
  }
  const { bytes, message } = result;
  const facts = factsOf(name, result.text);
  if (facts !== undefined) {
    const part = { name, host: facts.node?.toLowerCase(), isManifest: true, facts } as const;
    draft.parts.push({ place, value: part });
    draft.read.push({ place, value: { name, bytes, usedAs: ['manifest'], message } });
    return;
  }
  const { usedAs, notes } = use(draft, name, result, place);
  const all = [message, ...notes].filter((note) => note !== '').join('; ');
  draft.read.push({ place, value: { name, bytes, usedAs, message: all } });
}

interface Used {
  readonly usedAs: readonly Use[];
  readonly notes: readonly string[];
}

/** Puts a text where its content says that it belongs. */
function use(draft: Draft, name: string, result: ReadResult & { kind: 'text' }, place: number): Used {
  const whole = unwrapLog(plainText(isJournalJson(result.text) ? journalText(result.text) : result.text));
  const uses = new Set<Use>();
  const notes: string[] = [];
  const hosts = new Set<string | undefined>();
  for (const { host, text } of textsByHost(whole)) {
    hosts.add(host);
    for (const use of useText(draft, { name, host, text }, result, place)) uses.add(use);
  }
  if (result.dump !== undefined) {
    uses.add('dump');
    useDump(
      draft,
      { name, host: hosts.size === 1 ? [...hosts][0] : undefined, dump: result.dump },
      result.isCut,
      place,
    );
  }
  if (hosts.size === MAX_HOSTS) notes.push(`lines of ${MAX_HOSTS} hosts were read, those of others not`);
  const order: readonly Use[] = ['dump', 'log'];
  const usedAs = order.filter((use) => uses.has(use));
  return { usedAs: usedAs.length === 0 ? ['text'] : usedAs, notes };
}

interface HostText extends NamedText {
  readonly host: string | undefined;
}

function useText(
  draft: Draft,
  { name, host, text }: HostText,
  result: ReadResult & { kind: 'text' },
  place: number,
): readonly Use[] {
  const { isDump, isLog } = classify(text);
  const max = Math.max(MIN_CLUES, Math.min(1_024, MAX_CLUES - draft.clues));
  // What was read as it came is not read once more.
  const content = { isDump: isDump && result.dump === undefined, isLog };
  const { dump, log } = condensed({ name, text }, content, { maxClues: max, patterns: draft.patterns });
  if (dump !== undefined) useDump(draft, { host, ...dump }, result.isCut, place);
  draft.clues += log?.clues.length ?? 0;
  const hasStacks = isDump || dump !== undefined;
  const span = log === undefined ? undefined : logSpan(text);
  const said = hasStacks || isLog || result.dump !== undefined ? { log, span } : { other: log };
  draft.parts.push({
    place,
    value: { name, host, runs: isLog ? kubeletRuns(text) : [], version: versionIn(text), ...said },
  });
  return usesOf(hasStacks, isLog);
}

function usesOf(hasStacks: boolean, isLog: boolean): readonly Use[] {
  return [...(hasStacks ? (['dump'] as const) : []), ...(isLog ? (['log'] as const) : [])];
}

function useDump(draft: Draft, { name, host, dump }: ShelvedDump, isCut: boolean, place: number): void {
  draft.dumps.add(place, { name, host, dump: isCut ? { ...dump, isCut } : dump });
}
