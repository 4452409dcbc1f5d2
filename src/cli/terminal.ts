/** Where commands write, and in which colours. */
import { styleText } from 'node:util';

export type Colour = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'cyan';

/** Texts are whole lines, with their line ends. */
export interface Terminal {
  /** What was asked for. */
  readonly out: (text: string) => void;
  /** What a person should know besides. */
  readonly note: (text: string) => void;
  /** In colour where the output is a terminal and NO_COLOR is not set. */
  readonly paint: (colour: Colour, text: string) => string;
  /** How long a line of text may be; undefined: as long as reads well. */
  readonly columns?: number | undefined;
}

/** As long a line as `show` writes by itself; a wider terminal leaves room at its side. */
const WIDE = 132;
/** A word or two fit beside a label all the same. */
const NARROWEST_TEXT = 24;

/** `COLUMNS`, as a person set it, goes before what the terminal says. */
function columnsOf({ columns }: Pick<NodeJS.WriteStream, 'columns'>, asked: string | undefined): number | undefined {
  if (asked !== undefined && /^[1-9]\d{0,4}$/.test(asked)) return Number(asked);
  // A pipe has none.
  const own = columns as number | undefined;
  return own !== undefined && own > 0 && own < WIDE ? own : undefined;
}

/** How long a text may be that begins after `indent` columns; `most` where nobody says how wide a line is. */
export function textWidth({ columns }: Pick<Terminal, 'columns'>, indent: number, most: number): number {
  return columns === undefined ? most : Math.max(NARROWEST_TEXT, columns - indent);
}

export function createTerminal(
  stdout: NodeJS.WriteStream,
  stderr: NodeJS.WriteStream,
  env: Readonly<NodeJS.ProcessEnv>,
): Terminal {
  return {
    columns: columnsOf(stdout, env['COLUMNS']),
    out: (text) => {
      stdout.write(text);
    },
    note: (text) => {
      stderr.write(text);
    },
    paint: (colour, text) => styleText(colour, text, { stream: stdout }),
  };
}

/** Control characters, which could move the cursor or set the title, and those that turn, hide or break a line. */
const INVISIBLE = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

/**
 * Text that came from a node or a dump, as it may be written to a terminal: characters that are not seen become `\xNN` or
 * `\uNNNN`. Tabs become spaces; line ends stay.
 */
export function printable(text: string): string {
  return text.replaceAll('\t', '  ').replaceAll(INVISIBLE, (control) => {
    const code = control.codePointAt(0) ?? 0;
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** The same in JSON, or in YAML whose strings are in double quotes: the value stays what it was. */
export function escapedInQuotes(text: string): string {
  return text.replaceAll(INVISIBLE, (control) =>
    Array.from({ length: control.length }, (_, i) => `\\u${control.charCodeAt(i).toString(16).padStart(4, '0')}`).join(
      '',
    ),
  );
}

export function hasInvisible(text: string): boolean {
  return text.search(INVISIBLE) >= 0;
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(joinedLines(text));
}

/** Lines that have anything, with a blank between them: a node may write megabytes of blanks, and a pattern would look at each again. */
export function joinedLines(text: string): string {
  return text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join(' ');
}
