/** `-o json`, `-o yaml` and `-o name`. */
import { stringify } from 'yaml';
import { GROUP } from '../api/v1alpha1/words/names.ts';
import type { KubeObject } from '../ports/cluster.ts';
import { escapedInQuotes, hasInvisible, oneLine, type Terminal } from './terminal.ts';

export type Format = 'text' | 'wide' | 'json' | 'yaml' | 'name';

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
    case 'name':
      return false;
    default:
      return format satisfies never;
  }
}

/** As kubectl prints an object: who wrote which field is left out, unless it is asked for. */
export function shownObject(object: KubeObject, showManagedFields: boolean): object {
  if (showManagedFields) return object;
  const { managedFields: _, ...metadata } = object.metadata;
  return { ...object, metadata };
}

/** `kubeletincident.kubelet-medic.io/NAME`, which `kubectl get` takes. */
export function incidentRef(name: string): string {
  return `kubeletincident.${GROUP}/${name}`;
}

/** `-o name`: a line each, as kubectl prints `KIND.GROUP/NAME`. @returns false for the other formats. */
export function writeNames(terminal: Terminal, format: Format, names: readonly string[]): boolean {
  if (format !== 'name') return false;
  terminal.out(names.map((name) => `${oneLine(name)}\n`).join(''));
  return true;
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
