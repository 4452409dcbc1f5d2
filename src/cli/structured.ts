/** `-o json` and `-o yaml`. */
import { stringify } from 'yaml';
import { escapedInQuotes, hasInvisible, type Terminal } from './terminal.ts';

export type Format = 'text' | 'wide' | 'json' | 'yaml';

/** @returns false for the formats that are for people: then the command writes them itself. */
export function writeStructured(terminal: Terminal, format: Format, value: unknown): boolean {
  switch (format) {
    case 'json':
      terminal.out(`${escapedInQuotes(JSON.stringify(value, undefined, 2))}\n`);
      return true;
    case 'yaml':
      terminal.out(yamlText(value));
      return true;
    case 'text':
    case 'wide':
      return false;
    default:
      return format satisfies never;
  }
}

/** Strings are as plain as they can be, unless one has a character that only a quoted one can escape. */
function yamlText(value: unknown): string {
  const options = { lineWidth: 0, aliasDuplicateObjects: false } as const;
  const plain = stringify(value, options);
  if (!hasInvisible(plain)) return plain;
  const quoted = stringify(value, {
    ...options,
    defaultStringType: 'QUOTE_DOUBLE',
    blockQuote: false,
  });
  return quoted.replaceAll(/"(?:[^"\\]|\\.)*"/g, escapedInQuotes);
}
