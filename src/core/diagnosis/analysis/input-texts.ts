/** Which of the texts are read as dumps and which as logs: people paste both into one, and loggers quote whole dumps. */
import type { LogClue } from '../../../api/v1alpha1/host-summary.ts';
import { logCluesOf } from '../clues/log-clues.ts';
import type { DiagnosisInput, NamedDump, NamedText } from '../diagnosis-input.ts';

/** What a person pastes is shorter, in UTF-16 units; a dump of a whole program is longer and says nothing that a log does. */
const MAX_PASTE = 262_144;
/** Calls with their files, whatever stands between them, and dumps on one line (`msg="...\\n\\tFILE:LINE +0x..."`). */
const FRAMES =
  /\.go:\d+ \+0x[0-9a-f]|\+0x[0-9a-f]+\s+\S+\.go:\d|\\ngoroutine \d+ \[|\(\*\w{1,80}\)\.\w{1,80}[^\n]{0,400}\.go(?::\d|#L\d)|\(\*\w{1,80}\)\.\w{1,80}[^\n]{0,400}\n[^\n]{0,400}\.go(?::\d|#L\d)/;

/** Logs of dockerd and containerd hold dumps as well, on one line each; pastes have a few stacks without headers. */
export function dumpTexts({ dumps, logs }: DiagnosisInput): readonly (NamedText | NamedDump)[] {
  const names = new Set(dumps.map(({ name }) => name));
  const within = logs.filter(({ name, text }) => !names.has(name) && FRAMES.test(text));
  return [...dumps, ...within];
}

/** The lines around the stacks of a paste say what the kubelet logged, and why it crashed. */
function logTexts({ dumps, logs }: DiagnosisInput): readonly NamedText[] {
  const names = new Set(logs.map(({ name }) => name));
  const around = dumps.flatMap((file) =>
    'text' in file && file.text.length <= MAX_PASTE && !names.has(file.name) ? [file] : [],
  );
  return [...logs, ...around];
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
  return [...picked, ...texts.flatMap((text) => logCluesOf(text))];
}
