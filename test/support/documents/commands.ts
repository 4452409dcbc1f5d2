/** The commands that documents tell people to type: in blocks, in the notes of the chart, in alerts, in runbooks and the FAQ. */
import { readFileSync } from 'node:fs';
import { alertGroups } from '../monitoring.ts';
import { blocksOf, codeSpansOf, documents, ROOT, type Block, type Document } from './markdown.ts';
import { FILL, NOT_RUN } from './cases.ts';

export interface DocumentedCommand {
  /** As it stands in the document. */
  readonly text: string;
  /** `docs/cli.md:44`. */
  readonly at: string;
  /** What the document says it ends with: a comment with `exit code N`; 0 where it says nothing. */
  readonly exit: number;
  /** The head of the table that the document shows below it; undefined: it shows none. */
  readonly head: readonly string[] | undefined;
}

/** Commands that are typed one after another. */
export interface Session {
  readonly at: string;
  readonly commands: readonly DocumentedCommand[];
}

const SHELLS = ['sh', 'bash', 'shell'];
/** What a line of a block without a language begins with where it is a command. */
const PROGRAMS =
  /^(kubectl|kubectl-medic|helm|npm|npx|node|git|curl|docker|crictl|systemctl|journalctl|cosign|test\/[\w/]+\.sh)\s/;

/** Whether a shell would take the line for a whole command, and not wait for more. */
function isWhole(text: string): boolean {
  if (/(\\|\||&&)\s*$/.test(text)) return false;
  const [, mark] = /<<-?\s*['"]?(\w+)['"]?/.exec(text) ?? [];
  if (mark !== undefined && !new RegExp(`\n\\s*${mark}\\s*$`).test(text)) return false;
  const count = (words: RegExp): number => text.match(words)?.length ?? 0;
  if (count(/^\s*(for|while|until)\b/gm) > count(/\bdone\b/g)) return false;
  if (count(/^\s*if\b/gm) > count(/^\s*fi\b|; fi\b/gm)) return false;
  return count(/'/g) % 2 === 0 || text.includes('#');
}

/** @param isCommand whether a line begins a command; what follows belongs to it until the shell has all of it. */
function joined(lines: readonly string[], isCommand: (line: string) => boolean): readonly [text: string, at: number][] {
  const found: [string, number][] = [];
  let open = false;
  for (const [index, line] of lines.entries()) {
    const last = found.at(-1);
    if (open && last !== undefined) last[0] += `\n${line}`;
    else if (isCommand(line)) found.push([line.replace(/^\s*\$ /, ''), index]);
    else continue;
    open = !isWhole(found.at(-1)?.[0] ?? '');
  }
  return found;
}

function isCommandIn(language: string): ((line: string) => boolean) | undefined {
  if (SHELLS.includes(language)) return (line) => !/^\s*(#|$)/.test(line);
  if (language === 'console') return (line) => /^\s*\$ /.test(line);
  if (language === '') return (line) => /^\s*\$ /.test(line) || PROGRAMS.test(line);
  return undefined;
}

/** @param below the line that follows it in its block. */
function command(text: string, at: string, below = ''): DocumentedCommand {
  const [, exit = '0'] = /\s#.*exit code (\d+)/.exec(text) ?? [];
  return { text: text.trim(), at, exit: Number(exit), head: headOf(below) };
}

/** Columns of a table of kubectl; undefined: the line is no head of one. */
export function headOf(line: string): readonly string[] | undefined {
  return /^[A-Z]+(?: +[A-Z]+){2,}\s*$/.test(line) ? line.trim().split(/ {2,}/) : undefined;
}

function sessionOf({ path }: Document, block: Block): Session | undefined {
  const isCommand = isCommandIn(block.language);
  if (isCommand === undefined) return undefined;
  const commands = joined(block.lines, isCommand).map(([text, index]) => {
    const below = block.lines[index + text.split('\n').length];
    return command(text, `${path}:${block.line + 1 + index}`, below);
  });
  return commands.length === 0 ? undefined : { at: `${path}:${block.line}`, commands };
}

/** Runbooks and the FAQ have commands in their sentences too. */
const IN_SENTENCES = /^docs\/(runbooks\/Kube\w+|faq)\.md$/;

function sessionsOf(document: Document): readonly Session[] {
  const blocks = blocksOf(document.text).map((block) => sessionOf(document, block));
  const spans = IN_SENTENCES.test(document.path) ? codeSpansOf(document.text) : [];
  const inSentences = spans
    .filter(({ text }) => /^kubectl (?!medic$)\S+/.test(text))
    .map(({ text, line }) => {
      const at = `${document.path}:${line}`;
      return { at, commands: [command(text, at)] };
    });
  return [...blocks.filter((one) => one !== undefined), ...inSentences];
}

const NOTES = 'charts/kubelet-medic/templates/NOTES.txt';

/** What `helm install` prints; its templates are placeholders as `NAMESPACE` is in a page. */
function notes(): readonly Session[] {
  const words: Readonly<Record<string, string>> = {
    '$.Release.Name': 'RELEASE',
    '.Release.Name': 'RELEASE',
    '$.Release.Namespace': 'NAMESPACE',
    '.Release.Namespace': 'NAMESPACE',
    'include "medic.fullname" .': 'FULLNAME',
  };
  const text = readFileSync(new URL(NOTES, ROOT), 'utf8').replaceAll(/\{\{-? *(.*?) *-?\}\}/g, (whole, word: string) =>
    Object.hasOwn(words, word) ? (words[word] ?? '') : whole,
  );
  return text.split('\n').flatMap((line, index) => {
    const [, found] = /(?:^\s+|: )((?:kubectl|helm) .*)$/.exec(line) ?? [];
    const at = `${NOTES}:${index + 1}`;
    return found === undefined ? [] : [{ at, commands: [command(found, at)] }];
  });
}

function alerts(): readonly Session[] {
  return alertGroups()
    .flatMap(({ rules }) => rules)
    .map(({ alert, annotations }) => {
      const at = `the summary of ${alert}`;
      const [, run = ''] = (annotations['summary'] ?? '').split(' Run: ');
      const commands = run.trim().split(/, and (?:then )?/);
      return { at, commands: commands.map((text) => command(text.replace('{{ $labels.policy }}', 'POLICY'), at)) };
    });
}

export function sessions(): readonly Session[] {
  return [...documents().flatMap(sessionsOf), ...notes(), ...alerts()];
}

/** With a name in each place that a document leaves open (`cases.ts`). */
export function filled(text: string): string {
  let result = text;
  for (const { placeholder, value, where } of FILL) {
    if (where === undefined || where.test(text)) {
      result = result.replaceAll(new RegExp(`(?<![\\w-])${placeholder}(?!\\w)`, 'g'), value);
    }
  }
  return result;
}

export function isListedAsNotRun({ text }: Pick<DocumentedCommand, 'text'>): boolean {
  return NOT_RUN.some(({ begins }) => text.startsWith(begins));
}

/** The programs that a line starts; those that others start (`xargs`, `bash -c`) aside. */
export function programsOf(text: string): readonly string[] {
  const plain = text
    .replaceAll('\\\n', ' ')
    .replaceAll(/<<-?\s*['"]?(\w+)['"]?[\s\S]*?\n\s*\1\s*$/gm, '')
    .replaceAll(/'[^']*'|"[^"]*"/g, 'Q')
    .replaceAll(/(^|\s)#.*$/gm, '');
  return plain.split(/\|\|?|&&|;|\n|\$\(/).flatMap((one) => {
    const words = one.trim().split(/\s+/);
    const program = words.find((word) => !/^\w+=/.test(word) && !/^(do|then|else|!|\{|\()$/.test(word));
    return program === undefined || program === '' || /^(done|fi|\}|\))$/.test(program) ? [] : [program];
  });
}
