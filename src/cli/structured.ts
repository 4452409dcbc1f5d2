/** `-o json` and `-o yaml`. */
import { stringify } from 'yaml';
import type { Terminal } from './terminal.ts';

export type Format = 'text' | 'wide' | 'json' | 'yaml';

/** @returns false for the formats that are for people: then the command writes them itself. */
export function writeStructured(terminal: Terminal, format: Format, value: unknown): boolean {
  switch (format) {
    case 'json':
      terminal.out(`${JSON.stringify(value, undefined, 2)}\n`);
      return true;
    case 'yaml':
      terminal.out(stringify(value, { lineWidth: 0, aliasDuplicateObjects: false }));
      return true;
    case 'text':
    case 'wide':
      return false;
    default:
      return format satisfies never;
  }
}
