/**
 * HTML that no data can change: what is put into it is text, unless it was made here. Whoever writes a report writes
 * `html` templates alone, and a value in one of them stands in the text of an element or in a quoted attribute.
 */
import { printable } from '../terminal.ts';

/** Markup. It is made by `html`, and by itself only of what is written in the program. */
export class Html {
  readonly markup: string;
  constructor(markup: string) {
    this.markup = markup;
  }
}

export type Part = Html | string | number | undefined | readonly Html[];

export const NOTHING = new Html('');

/** A text takes five times as much where all of it has to be escaped, so its length bounds the file. */
const MAX_TEXT = 4_096;
const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
  '`': '&#96;',
};
/** Marks that are piled upon one letter cover the lines above it. */
const PILED = /(\p{M}{3})\p{M}+/gu;

/** @param max characters; what is longer is cut, and says so. */
export function clipped(text: string, max: number): string {
  return text.length <= max ? text : `${text.slice(0, max)}… (${String(text.length - max)} more characters)`;
}

/** As a person may be shown it: characters that are not seen, or that turn the direction of a text, are spelled out. */
export function plainText(text: string, max: number): string {
  return printable(clipped(text, max).toWellFormed()).replaceAll(PILED, '$1');
}

/** As it may stand in markup. */
function escaped(text: string): string {
  return plainText(text, MAX_TEXT).replaceAll(/[&<>"'`]/g, (character) => ESCAPES[character] ?? '');
}

function markupOf(part: Part): string {
  if (part instanceof Html) return part.markup;
  if (part === undefined) return '';
  if (typeof part === 'string') return escaped(part);
  if (typeof part === 'number') return Number.isFinite(part) ? String(part) : '0';
  return part.map(({ markup }) => markup).join('');
}

/** Tag of a template. Where it is a list or nothing, a value leaves no trace of itself; nor does how the template is indented. */
export function html(literals: TemplateStringsArray, ...parts: readonly Part[]): Html {
  const pieces = literals.map((literal, i) => {
    return `${literal.replaceAll(/\n\s+/g, '\n')}${i < parts.length ? markupOf(parts[i]) : ''}`;
  });
  return new Html(pieces.join(''));
}

/** A link that leads out of the file, where it is one of https; its text is where it leads to. */
export function link(address: string): Html {
  if (!isHttps(address)) return html`<span>${address}</span>`;
  return html`<a rel="noopener noreferrer" href="${address}">${address}</a>`;
}

function isHttps(address: string): boolean {
  // What is not printable ASCII would be spelled out, and so be another address.
  return /^https:\/\/[\x21-\x7e]{1,1000}$/.test(address) && URL.canParse(address);
}
