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
}

export function createTerminal(stdout: NodeJS.WriteStream, stderr: NodeJS.WriteStream): Terminal {
  return {
    out: (text) => {
      stdout.write(text);
    },
    note: (text) => {
      stderr.write(text);
    },
    paint: (colour, text) => styleText(colour, text, { stream: stdout }),
  };
}

/**
 * Text that came from a node or a dump, as it may be written to a terminal: control characters, which could move the
 * cursor or set the title, become `\xNN`. Tabs become spaces; line ends stay.
 */
export function printable(text: string): string {
  return text.replaceAll('\t', '  ').replaceAll(/(?!\n)[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, (control) => {
    const code = control.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`;
  });
}

/** The same on one line. */
export function oneLine(text: string): string {
  return printable(text.replaceAll(/\s*\n\s*/g, ' ').trim());
}
