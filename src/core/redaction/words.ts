/** All words of a text in one pass: which of them look random, are the code of a text, or have a maker's prefix. */
import { classOf, isEncodedText, isHexText, isRandom, mayBeEncodedText } from './randomness.ts';
import { matchesOf, type Rule, type Span } from './spans.ts';

const DELIMITER = 0;
/** Joins the parts of a word: `+ / = _ -`. */
const JOINT = 4;
/** What each character is to a word. */
const CLASSES = Uint8Array.from({ length: 65_536 }, (_, code) =>
  code < 128 && '+/=_-'.includes(String.fromCharCode(code)) ? JOINT : classOf(code),
);

/** 1: a part begins after it. */
const IS_BETWEEN = Uint8Array.from({ length: JOINT + 1 }, (_, one) => (one === DELIMITER || one === JOINT ? 1 : 0));

/** Shortest word that is looked at, and shortest padded base64, in characters. */
const SHORTEST = 16;
const SHORTEST_PADDED = 8;
/** No shorter word looks random. */
const SHORTEST_RANDOM = 20;
const EQUALS = 61;
const PLUS = 43;
/** The bits of the classes of `a` and `A`. */
const BOTH_CASES = (1 << classOf(97)) | (1 << classOf(65));
const LAST_HEX = 102;
/** What stands between signs of equality, `a=b`. */
const NAMED_PART = /[A-Za-z0-9+/_-]{7,}={0,2}/g;
/** The parts of a word that can be a token by themselves. */
const PART = /[A-Za-z0-9+]{7,}={0,2}/g;
/** By how much the place is off the start of a function, in a stack: `Acquire+0x2d`. */
const OFFSET = /\+0x[0-9a-f]{1,16}$/;

/** Words with a maker's prefix. */
interface Prefixed {
  /** What each of them begins with, in two characters or more. */
  readonly starts: readonly string[];
  /** Where the one that begins at a place ends; undefined: none begins there. */
  readonly endOf: (text: string, from: number) => number | undefined;
  readonly accept: (word: string) => boolean;
}

export function wordRule(prefixed: Prefixed): Rule {
  const isStart = startTest(prefixed.starts);
  return (text) => {
    const spans: Span[] = [];
    let from = 0;
    let before = DELIMITER;
    let prefixedTo = 0;
    for (let at = 0; at < text.length; at++) {
      const one = CLASSES[text.charCodeAt(at)] ?? DELIMITER;
      if (one === DELIMITER) {
        if (at - from >= SHORTEST_PADDED) readWord(text, from, at, spans);
        from = at + 1;
        prefixedTo = 0;
      } else if (one !== JOINT && IS_BETWEEN[before] === 1 && at >= prefixedTo && isStart(text, at)) {
        prefixedTo = readPrefixed(text, at, prefixed, spans);
      }
      before = one;
    }
    readWord(text, from, text.length, spans);
    return spans;
  };
}

/** Nearly all words fail in the table of two characters. */
function startTest(starts: readonly string[]): (text: string, at: number) => boolean {
  const byTwo = new Map(starts.map((start) => [twoAt(start, 0), starts.filter((other) => sameTwo(other, start))]));
  const isKnown = new Uint8Array(65_536);
  for (const two of byTwo.keys()) isKnown[two] = 1;
  return (text, at) =>
    isKnown[twoAt(text, at)] === 1 && (byTwo.get(twoAt(text, at)) ?? []).some((start) => text.startsWith(start, at));
}

function twoAt(text: string, at: number): number {
  return ((text.charCodeAt(at) & 255) << 8) | (text.charCodeAt(at + 1) & 255);
}

function sameTwo(one: string, other: string): boolean {
  return twoAt(one, 0) === twoAt(other, 0);
}

/** Adds what of a word is a token. */
function readWord(text: string, from: number, end: number, spans: Span[]): void {
  const isLong = end - from >= SHORTEST || (end - from >= SHORTEST_PADDED && text.charCodeAt(end - 1) === EQUALS);
  if (isLong && isSuspect(text, from, end)) spans.push(...tokensIn(text.slice(from, end), from));
}

/** Cheap, and true of each word that holds a token. */
function isSuspect(text: string, from: number, end: number): boolean {
  let isHex = true;
  let changes = 0;
  let at = from;
  while (at < end) {
    if (CLASSES[text.charCodeAt(at)] === JOINT) {
      at++;
      continue;
    }
    const part = partAt(text, at);
    if (isSuspectPart(text, at, part)) return true;
    changes += part.changes;
    isHex &&= part.isHex;
    at = part.end;
  }
  return !isHex && changes * 4 >= end - from && isMixed(text, from, end);
}

/**
 * A random word of several parts has letters of both cases; one of a single case has no joint but `+`, and one of a
 * single part is suspect by itself.
 */
function isMixed(text: string, from: number, end: number): boolean {
  if (end - from < SHORTEST_RANDOM) return false;
  let seen = 0;
  for (let at = from; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === PLUS) return true;
    seen |= 1 << (CLASSES[code] ?? DELIMITER);
  }
  return (seen & BOTH_CASES) === BOTH_CASES;
}

/** @returns where it ends, token or not; its start: there is none. */
function readPrefixed(text: string, from: number, prefixed: Prefixed, spans: Span[]): number {
  const to = prefixed.endOf(text, from) ?? from;
  if (to > from && prefixed.accept(text.slice(from, to))) spans.push({ from, to });
  return to;
}

function isSuspectPart(text: string, from: number, part: Part): boolean {
  return mayBeEncodedText(text, from) || isStrangePart(part, part.end - from) || mayBeHexText(text, from, part);
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

function tokensIn(whole: string, start: number): readonly Span[] {
  const word = whole.includes('+0x') ? whole.replace(OFFSET, '') : whole;
  if (isToken(word)) return [{ from: start, to: start + word.length }];
  const named = partsOf(word, NAMED_PART).filter(({ part }) => isToken(part));
  const parts = named.length > 0 ? named : partsOf(word, PART).filter(({ part }) => isToken(part));
  return parts.map(({ part, at }) => ({ from: start + at, to: start + at + part.length }));
}

function partsOf(word: string, pattern: RegExp): readonly { readonly part: string; readonly at: number }[] {
  const parts = matchesOf(pattern, word).map(({ 0: part, index }) => ({ part, at: index }));
  return parts.filter(({ part }) => part.length < word.length);
}

function isToken(word: string): boolean {
  return isRandom(word) || isEncodedText(word) || isHexText(word);
}
