/** Label and field selectors: `=`, `==`, `!=`, `key`, `!key`, `key in (a,b)`, `key notin (a,b)`. */
import { isObject, objectAt, type Json, type StoredObject } from './json.ts';
import type { ServedKind } from './kinds.ts';
import { badRequest } from './status.ts';

export type Matcher = (object: StoredObject) => boolean;

export function labelMatcher(selector: string): Matcher {
  const terms = selector
    .split(/,(?![^(]*\))/)
    .filter((term) => term.trim() !== '')
    .map((term) => labelTerm(term.trim()));
  return (object) => {
    const labels = objectAt(object.metadata, 'labels');
    return terms.every((matches) => matches(labels));
  };
}

function labelTerm(term: string): (labels: Readonly<Record<string, Json>>) => boolean {
  const set = /^(\S+)\s+(in|notin)\s+\((.*)\)$/.exec(term);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = list.split(',').map((value) => value.trim());
    return (labels) => values.includes(labelAt(labels, key)) === (operator === 'in');
  }
  const equality = /^([^!=\s]+)\s*(==|=|!=)\s*(\S*)$/.exec(term);
  if (equality !== null) {
    const [, key = '', operator, value] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  return term.startsWith('!')
    ? (labels) => labels[term.slice(1)] === undefined
    : (labels) => labels[term] !== undefined;
}

function labelAt(labels: Readonly<Record<string, Json>>, key: string): string {
  const value = labels[key];
  return typeof value === 'string' ? value : '';
}

/** @throws a Refusal if the kind has no such selectable field. */
export function fieldMatcher(kind: ServedKind, selector: string): Matcher {
  const known = ['metadata.name', 'metadata.namespace', ...kind.selectableFields];
  const terms = selector
    .split(',')
    .filter((term) => term !== '')
    .map((term) => {
      const [, field = '', operator, value = ''] = /^([^!=]+)(==|=|!=)(.*)$/.exec(term) ?? [];
      if (!known.includes(field)) throw badRequest(`field label not supported: ${field}`);
      return (object: StoredObject) => (valueAt(object, field) === value) === (operator !== '!=');
    });
  return (object) => terms.every((matches) => matches(object));
}

function valueAt(object: StoredObject, field: string): string {
  const value = field.split('.').reduce<Json | undefined>((at, key) => (isObject(at) ? at[key] : undefined), object);
  return value === undefined || value === null || typeof value === 'object' ? '' : String(value);
}
