/** Labels by which people and their tools choose incidents and evidence. Anybody may change them: nothing is decided by one. */
import { createHash } from 'node:crypto';
import type { KubeletIncident } from '../../../api/v1alpha1/kinds/incident.ts';
import { LABEL_CAUSE, LABEL_NODE } from '../../../api/v1alpha1/words/names.ts';

/** Kubernetes: a value of a label has 63 characters at most, and begins and ends with a letter or a digit. */
const MAX_CHARS = 63;
const HASH_CHARS = 8;
const VALID = /^[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$/;

/**
 * The text itself where it may be one, else its valid characters and eight hexadecimal digits of its SHA-256, so that two texts
 * stay two. undefined: it is empty.
 */
export function labelValue(text: string): string | undefined {
  if (text === '') return undefined;
  if (VALID.test(text)) return text;
  const hash = createHash('sha256').update(text).digest('hex').slice(0, HASH_CHARS);
  const start = text
    .replaceAll(/[^-A-Za-z0-9_.]/g, '-')
    .replace(/^[-_.]+/, '')
    .slice(0, MAX_CHARS - HASH_CHARS - 1);
  return start === '' ? hash : `${start}-${hash}`;
}

export function nodeLabels(nodeName: string): Readonly<Record<string, string>> {
  const value = labelValue(nodeName);
  return value === undefined ? {} : { [LABEL_NODE]: value };
}

export function incidentLabels({ spec, status }: KubeletIncident): Readonly<Record<string, string>> {
  const cause = labelValue(status.diagnosis?.cause ?? '');
  return { ...nodeLabels(spec.nodeName), ...(cause === undefined ? {} : { [LABEL_CAUSE]: cause }) };
}
