/** Which of the texts are read as dumps and which as logs: people paste both into one, and loggers quote whole dumps. */
import type { LogClue } from '../../../api/v1alpha1/parts/host-summary.ts';
import { cluePatterns, type CluePattern } from '../clues/clue-patterns.ts';
import { logCluesOf } from '../clues/log-clues.ts';
import { parseDump } from '../../dump/parser.ts';
import { readStacks } from './read-stacks.ts';
import type { DiagnosisInput, NamedClues, NamedDump, NamedText } from '../diagnosis-input.ts';

/** What a person pastes is shorter, in UTF-16 units; a dump of a whole program is longer and says nothing that a log does. */
const MAX_PASTE = 262_144;
/** Calls with their files, whatever stands between them, and dumps on one line (`msg="...\\n\\tFILE:LINE +0x..."`). */
const FRAMES =
  /\.go:\d+ \+0x[0-9a-f]|\+0x[0-9a-f]+\s+\S+\.go:\d|\\ngoroutine \d+ \[|\(\*\w{1,80}\)\.\w{1,80}[^\n]{0,400}\.go(?::\d|#L\d)|\(\*\w{1,80}\)\.\w{1,80}[^\n]{0,400}\n[^\n]{0,400}\.go(?::\d|#L\d)/;

/** Two places one below the other, and nothing else in their lines. */
const PLACES = /^[^\n\w/.]{0,16}\S{1,400}\.(?:go|s):\d{1,7}[^\n\w]{0,16}\n[^\n\w/.]{0,16}\S{1,400}\.(?:go|s):\d{1,7}/m;
/** `FUNCTION(FILE:LINE)`, and links of an IDE. */
const LINKS = /\(\*\w{1,80}\)\.\w{1,80} ?[([][^\n]{0,400}\.go:\d/;

function hasFrames(text: string): boolean {
  return FRAMES.test(text) || LINKS.test(text) || (text.length <= MAX_PASTE && PLACES.test(text));
}

/** Logs of dockerd and containerd hold dumps as well, on one line each; pastes have a few stacks without headers. */
export function dumpTexts({ dumps, logs }: DiagnosisInput): readonly (NamedText | NamedDump)[] {
  const names = new Set(dumps.map(({ name }) => name));
  const within = logs.flatMap((file) =>
    'text' in file && !names.has(file.name) && hasFrames(file.text) ? [file] : [],
  );
  return [...dumps, ...within];
}

/** The lines around the stacks of a paste say what the kubelet logged, and why it crashed. */
function logTexts({ dumps, logs }: DiagnosisInput): readonly (NamedText | NamedClues)[] {
  const names = new Set(logs.map(({ name }) => name));
  const around = dumps.flatMap((file) =>
    'text' in file && file.text.length <= MAX_PASTE && !names.has(file.name) ? [file] : [],
  );
  return [...logs, ...around];
}

/** What a text says, without the text. */
export interface Condensed {
  readonly dump: NamedDump | undefined;
  readonly log: NamedClues | undefined;
}

/** A part of a string keeps all of it in memory. */
function copied(clue: LogClue): LogClue {
  return { ...clue, line: Buffer.from(clue.line).toString('utf8') };
}

/** @param maxClues of its log. */
export function condensed(
  file: NamedText,
  { isDump, isLog }: { readonly isDump: boolean; readonly isLog: boolean },
  { maxClues, patterns }: { readonly maxClues: number; readonly patterns: readonly CluePattern[] },
): Condensed {
  const { name, text } = file;
  const hasStacks = isDump || hasFrames(text);
  // Nobody changes the text of a whole program's dump by hand.
  const dump = !hasStacks ? undefined : text.length > MAX_PASTE ? parseDump(text) : readStacks(text);
  return {
    dump: dump === undefined || dump.goroutines === 0 ? undefined : { name, dump },
    log:
      isLog || (text !== '' && (!isDump || text.length <= MAX_PASTE))
        ? { name, clues: logCluesOf(file, maxClues, patterns).map(copied) }
        : undefined,
  };
}

/** `bundle/kubelet.log.gz` is the log that the agent calls `kubelet.log`. */
function artifactOf(name: string): string {
  return name.slice(name.lastIndexOf('/') + 1).replace(/\.gz$/, '');
}

/** Of each log once: where it is here itself, what the agent has picked out of it says nothing more. */
export function cluesOf(input: DiagnosisInput): readonly LogClue[] {
  const texts = logTexts(input);
  const here = new Set(texts.map(({ name }) => artifactOf(name)));
  const picked = (input.host?.logClues ?? []).filter(({ source }) => !here.has(artifactOf(source)));
  const patterns = cluePatterns(input.ownCauses);
  const clues = texts.flatMap((file) => ('clues' in file ? file.clues : logCluesOf(file, undefined, patterns)));
  return [...picked, ...clues];
}
