/**
 * `kubectl-medic __complete WORDS...`: what `kubectl_complete-medic` prints. The last word is the one that is being written, and may
 * be empty. Source: kubectl, plugin_completion.go; the form is cobra's: a choice a line, a tab, what it is, and `:DIRECTIVE`.
 */
import type { Command, Option } from 'commander';
import type { ConnectionFlags } from '../connection-flags.ts';
import type { ProgramContext } from '../program-context.ts';
import { oneLine } from '../terminal.ts';
import { namesFor } from './names.ts';

/** cobra: ShellCompDirective. */
const FILES = 0;
const NO_FILES = 4;

interface Choices {
  /** Each with what it is, or empty. */
  readonly words: readonly (readonly [word: string, about: string])[];
  readonly directive: number;
}

const nothing: Choices = { words: [], directive: NO_FILES };
const files: Choices = { words: [], directive: FILES };

/** Never fails: a shell has no place for an error. */
export async function runComplete(program: Command, argv: readonly string[], context: ProgramContext): Promise<void> {
  const current = argv.at(-1) ?? '';
  const { words, directive } = await choicesOf(program, argv.slice(0, -1), current, context);
  const lines = words
    .filter(([word]) => word.startsWith(current))
    .map((pair) =>
      pair
        .filter((text) => text !== '')
        .map(oneLine)
        .join('\t'),
    );
  context.terminal.out([...lines, `:${directive}`].map((line) => `${line}\n`).join(''));
}

async function choicesOf(
  program: Command,
  before: readonly string[],
  current: string,
  context: ProgramContext,
): Promise<Choices> {
  const [name, ...rest] = before;
  if (name === undefined) return { words: program.commands.map(nameAndAbout), directive: NO_FILES };
  const command = program.commands.find((one) => one.name() === name);
  if (command === undefined) return nothing;
  const said = readWords(command, rest);
  if (said.open !== undefined) return valuesOf(said.open);
  if (current.startsWith('-')) return { words: command.options.map(flagAndAbout), directive: NO_FILES };
  const argument = command.registeredArguments[Math.min(said.operands.length, command.registeredArguments.length - 1)];
  if (argument === undefined || (said.operands.length > 0 && !argument.variadic)) return nothing;
  const kind = argument.name();
  if (kind !== 'INCIDENT' && kind !== 'NODE') return files;
  const found = await namesFor(kind, name, () => context.connect(said.flags));
  const words = found.filter((word) => !said.operands.includes(word)).map((word) => [word, ''] as const);
  return { words, directive: NO_FILES };
}

function nameAndAbout(command: Command): readonly [string, string] {
  return [command.name(), command.description()];
}

function flagAndAbout(option: Option): readonly [string, string] {
  return [option.long ?? option.short ?? '', option.description];
}

/** Of a flag without choices: a file is most likely, and a shell knows them. Nobody can guess a number. */
function valuesOf({ argChoices, flags }: Option): Choices {
  if (flags.includes('<number>')) return nothing;
  return argChoices === undefined ? files : { words: argChoices.map((word) => [word, '']), directive: NO_FILES };
}

interface Words {
  readonly operands: readonly string[];
  readonly flags: ConnectionFlags;
  /** A flag whose value is being written. */
  readonly open: Option | undefined;
}

/** The words before: what is a flag, its value, or an operand. */
function readWords(command: Command, words: readonly string[]): Words {
  const operands: string[] = [];
  const flags: Record<string, string> = {};
  const asGroup: string[] = [];
  let open: Option | undefined;
  const keep = (option: Option, value: string): void => {
    const key = option.attributeName();
    if (key === 'asGroup') asGroup.push(value);
    else flags[key] = value;
  };
  for (const word of words) {
    const [flag = '', value] = word.split(/=(.*)/s);
    const option = command.options.find(({ long, short }) => flag === long || flag === short);
    if (open !== undefined) {
      keep(open, word);
      open = undefined;
    } else if (option !== undefined && (option.required || option.optional)) {
      if (value === undefined) open = option;
      else keep(option, value);
    } else if (!word.startsWith('-')) operands.push(word);
  }
  return { operands, flags: { ...flags, ...(asGroup.length > 0 ? { asGroup } : {}) }, open };
}
