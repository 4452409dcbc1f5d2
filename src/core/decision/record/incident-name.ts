/** The name of an incident. */
import { createHash } from 'node:crypto';
import type { Trigger } from '../../../api/v1alpha1/kinds/incident.ts';

/** Easy to distinguish when read or spoken: no vowels, no 0, 1, l, o. */
const ALPHABET = 'bcdfghjkmnpqrstvwxz23456789';

function shortHash(text: string, length: number): string {
  const bytes = createHash('sha256').update(text).digest();
  return [...bytes.subarray(0, length)].map((byte) => ALPHABET[byte % ALPHABET.length]).join('');
}

/**
 * The same for the same trouble, so that a controller that died right after the create finds its own incident again.
 * @param last UID of the node's newest incident, empty if it has none: the same trouble taken up again is a new incident.
 * @returns the node's name, at most 240 characters of it, and five of `[a-z0-9]`; the chart's admission policies know the form.
 */
export function incidentName(nodeName: string, nodeUID: string, trigger: Trigger, last: string): string {
  return `${nodeName.slice(0, 240)}-${shortHash(`${nodeUID}/${trigger.type}/${trigger.at}/${last}`, 5)}`;
}
