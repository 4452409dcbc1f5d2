/** All words of a text in one pass: which of them look random, are the code of a text, or have a maker's prefix. */
import { classOf, isEncodedText, isHexText, isRandom, maybeEncodedText } from './randomness.ts';
import type { Rule, Span } from './spans.ts';

const DELIMITER = 0;
/** Joins the parts of a word: `+ / = _ -`. */
const JOINT = 4;
/** What each character is to a word. */
const CLASSES = Uint8Array.from({ length: 65_536 }, (_, code) =>
  code < 128 && '+/=_-'.includes(String.fromCharCode(code)) ? JOINT : classOf(code),
);

/** Shortest word that is looked at, and shortest padded base64, in characters. */
const SHORTEST = 16;
const SHORTEST_PADDED = 8;
const EQUALS = 61;
const LAST_HEX = 102;
/** What stands between signs of equality, `a=b`. */
const NAMED_PART = /[A-Za-z0-9+/_-]{7,}={0,2}/g;
/** The parts of a word that can be a token by themselves. */
const PART = /[A-Za-z0-9+]{7,}={0,2}/g;
/** By how much the place is off the start of a function, in a stack: `Acquire+0x2d`. */
const OFFSET = /\+0x[0-9a-f]{1,16}$/;

/** First two characters of tokens with a maker's prefix. */
const STARTS =
  'ey AK AS AB AC AG AI AR AN AV gh gi gl xo xa ya GO np hv s. sk pk rk wk wh hf ap do dc py SG sh sb fi gs nv ts ' +
  'da ru li se nt sg cf ps dp ke at CC CF PM NR AT sn ph U2';
const IS_START = startsOf(STARTS.split(' '));

function startsOf(starts: readonly string[]): Uint8Array {
  const isStart = new Uint8Array(65_536);
  for (const start of starts) isStart[(start.charCodeAt(0) << 8) | start.charCodeAt(1)] = 1;
  return isStart;
}

/** Words with a maker's prefix. */
interface Prefixed {
  /** Where the one that begins at a place ends; undefined: none begins there. */
  readonly endOf: (text: string, from: number) => number | undefined;
  readonly accept: (word: string) => boolean;
}

export function wordRule(prefixed: Prefixed): Rule {
  return (text) => {
    const spans: Span[] = [];
    let at = 0;
    while (at < text.length) {
      if (CLASSES[text.charCodeAt(at)] === DELIMITER) at++;
      else at = readWord(text, at, prefixed, spans);
    }
    return spans;
  };
}

/** Adds what of the word that begins at a place is a token. @returns where it ends. */
function readWord(text: string, from: number, prefixed: Prefixed, spans: Span[]): number {
  let at = from;
  let isSuspect = false;
  let isHex = true;
  let changes = 0;
  let prefixedTo = 0;
  for (
    let one = CLASSES[text.charCodeAt(at)];
    at < text.length && one !== DELIMITER;
    one = CLASSES[text.charCodeAt(at)]
  ) {
    if (one === JOINT) {
      at++;
      continue;
    }
    if (at >= prefixedTo && isStart(text, at)) prefixedTo = readPrefixed(text, at, prefixed, spans);
    const part = partAt(text, at);
    changes += part.changes;
    isHex &&= part.isHex;
    isSuspect ||= isSuspectPart(text, at, part);
    at = part.end;
  }
  isSuspect ||= !isHex && changes * 4 >= at - from;
  if (isWorthALook(text, at, at - from, isSuspect)) spans.push(...tokensIn(text.slice(from, at), from));
  return at;
}

/** @returns where it ends, token or not; its start: there is none. */
function readPrefixed(text: string, from: number, prefixed: Prefixed, spans: Span[]): number {
  const to = prefixed.endOf(text, from) ?? from;
  if (to > from && prefixed.accept(text.slice(from, to))) spans.push({ from, to });
  return to;
}

function isSuspectPart(text: string, from: number, part: Part): boolean {
  return maybeEncodedText(text, from) || isStrangePart(part, part.end - from) || mayBeHexText(text, from, part);
}

function isStart(text: string, at: number): boolean {
  return IS_START[((text.charCodeAt(at) & 255) << 8) | (text.charCodeAt(at + 1) & 255)] === 1;
}

interface Part {
  readonly end: number;
  readonly changes: number;
  readonly isHex: boolean;
}

/** Letters and digits up to a joint or a delimiter. */
function partAt(text: string, from: number): Part {
  let at = from;
  let before = CLASSES[text.charCodeAt(at)] ?? DELIMITER;
  let changes = 0;
  let highest = 0;
  for (; at < text.length; at++) {
    const code = text.charCodeAt(at);
    const one = CLASSES[code] ?? DELIMITER;
    if (one === DELIMITER || one === JOINT) break;
    if (one !== before) changes++;
    // To lower case; digits stay below letters.
    if ((code | 32) > highest) highest = code | 32;
    before = one;
  }
  return { end: at, changes, isHex: highest <= LAST_HEX };
}

function isStrangePart({ changes, isHex }: Part, size: number): boolean {
  return isHex ? size > 64 : size >= 20 && changes * 4.2 >= size;
}

/** A printable byte begins with 2 to 7. */
function mayBeHexText(text: string, from: number, { end, isHex }: Part): boolean {
  const code = text.charCodeAt(from);
  return isHex && end - from >= 24 && code >= 50 && code <= 55 && isHexText(text.slice(from, end));
}

function isWorthALook(text: string, end: number, size: number, isSuspect: boolean): boolean {
  return isSuspect && (size >= SHORTEST || (size >= SHORTEST_PADDED && text.charCodeAt(end - 1) === EQUALS));
}

function tokensIn(whole: string, start: number): readonly Span[] {
  const word = whole.includes('+0x') ? whole.replace(OFFSET, '') : whole;
  if (isToken(word)) return [{ from: start, to: start + word.length }];
  const named = partsOf(word, NAMED_PART).filter(({ part }) => isToken(part));
  const parts = named.length > 0 ? named : partsOf(word, PART).filter(({ part }) => isToken(part));
  return parts.map(({ part, at }) => ({ from: start + at, to: start + at + part.length }));
}

function partsOf(word: string, pattern: RegExp): readonly { readonly part: string; readonly at: number }[] {
  const parts = [...word.matchAll(pattern)].map(({ 0: part, index }) => ({ part, at: index }));
  return parts.filter(({ part }) => part.length < word.length);
}

function isToken(word: string): boolean {
  return isRandom(word) || isEncodedText(word) || isHexText(word);
}
