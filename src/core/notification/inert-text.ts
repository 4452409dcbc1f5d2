/** Text of nodes and people, made harmless: it has no secret, no line of its own, and nothing that a receiver would obey. */
import { cleanText } from '../redaction/redact.ts';

/** Controls, and what hides or turns round text (Unicode: Bidi_Control, zero width, separators, tags). */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Co}\p{Cn}\p{Zl}\p{Zp}]+/gu;
const SPACES = /\s+/g;

/** One line of at most `max` UTF-16 units, with whole characters. */
export function lineOf(text: string, max: number): string {
  const line = cleanText(text, max * 2)
    .toWellFormed()
    .replace(UNSEEN, ' ')
    .replace(SPACES, ' ')
    .trim();
  return cut(line, max);
}

/** @param max UTF-16 units. What is cut ends with three dots. */
export function cut(text: string, max: number): string {
  if (text.length <= max) return text;
  // Half of a character is no text.
  return `${text.slice(0, max - 3).replace(/[\uD800-\uDBFF]$/, '')}...`;
}

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;' };

/** Slack: "Escaping text". No mention, link or command is left; at most `max` units as it is sent, and no entity in halves. */
export function slackText(text: string, max: number): string {
  const parts: string[] = [];
  let length = 0;
  for (const character of text) {
    const part = ENTITIES[character] ?? character;
    if (length + part.length > max) break;
    parts.push(part);
    length += part.length;
  }
  return parts.join('');
}
