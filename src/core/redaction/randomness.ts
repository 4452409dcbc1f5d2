/**
 * Whether a word was made by chance or by a coder, and not by people. Ids of containers, digests and UUIDs are hex, which
 * the diagnosis needs: hex is a secret by its key alone, or where it spells a text.
 */

/** What a word is made of. Letters beyond `f` show that it is not hex. */
interface Makeup {
  readonly length: number;
  readonly lower: number;
  readonly upper: number;
  readonly digits: number;
  /** Letters that are not hex. */
  readonly beyondHex: number;
  /** Places at which the class changes between lower case, upper case and digit. */
  readonly changes: number;
  /** `+`, `/`, `=`. */
  readonly symbols: number;
}

const OTHER = 0;
const LOWER = 1;
const UPPER = 2;
const DIGIT = 3;

/** 1: lower case, 2: upper case, 3: a digit, of ASCII; 0: anything else. */
export function classOf(code: number): number {
  if (code >= 97 && code <= 122) return LOWER;
  if (code >= 65 && code <= 90) return UPPER;
  return code >= 48 && code <= 57 ? DIGIT : OTHER;
}

function makeupOf(word: string): Makeup {
  const counts = [0, 0, 0, 0];
  let beyondHex = 0;
  let changes = 0;
  let before = OTHER;
  for (let i = 0; i < word.length; i++) {
    const code = word.charCodeAt(i);
    const one = classOf(code);
    counts[one] = (counts[one] ?? 0) + 1;
    if (isLetterBeyondHex(code)) beyondHex++;
    // The product is 0 where one of them is no letter or digit.
    if (one * before !== 0 && one !== before) changes++;
    before = one;
  }
  const [symbols = 0, lower = 0, upper = 0, digits = 0] = counts;
  return { length: word.length - symbols, lower, upper, digits, beyondHex, changes, symbols };
}

/** `g` to `z`, `G` to `Z`. */
function isLetterBeyondHex(code: number): boolean {
  const lower = code | 32;
  return lower > 102 && lower <= 122 && code > 64;
}

/** Shortest word of letters of both cases and digits, in characters. */
const MIXED = 20;
/** Shortest word of letters of one case and digits: names of pods have parts of ten and five. */
const ONE_CASE = 24;
/** SHA-512 has 128 digits in hex. No id is longer than SHA-256, which has 64. */
const LONGEST_ID = 64;
const SHA512 = 128;

/**
 * Letters of both cases and digits change places in 62 % of the places of a random word, and in few of a name in camel
 * case; letters of one case and digits in 40 %.
 */
export function isRandom(word: string): boolean {
  if (word.length < MIXED) return false;
  const makeup = makeupOf(word);
  const { length, lower, upper, digits, beyondHex, changes } = makeup;
  if (length < MIXED || beyondHex === 0) return isLongHex(makeup);
  const share = changes / (length - 1);
  if (lower > 0 && upper > 0) return isMixed(makeup, share);
  return length >= ONE_CASE && digits >= 3 && beyondHex >= 4 && share >= 0.25 && !/[/=_-]/.test(word);
}

function isMixed({ length, lower, upper, digits }: Makeup, share: number): boolean {
  if (lower < length * 0.12 || upper < length * 0.12) return false;
  if (digits === 0) return length >= ONE_CASE && share >= 0.42;
  return share >= (length >= 36 ? 0.3 : 0.34) && (digits >= 2 || length >= 36 || share >= 0.4);
}

function isLongHex({ length, symbols, beyondHex }: Makeup): boolean {
  return beyondHex === 0 && symbols === 0 && length > LONGEST_ID && length !== SHA512 && length !== 96;
}

const VALUES = (() => {
  const values = new Int8Array(256).fill(-1);
  for (const [at, character] of Buffer.from(
    'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/',
  ).entries()) {
    values[character] = at;
  }
  values['-'.charCodeAt(0)] = 62;
  values['_'.charCodeAt(0)] = 63;
  return values;
})();

/**
 * Whether what begins at a place may be base64 of a text. Quick, and never wrong about what is: so many printable bytes,
 * or some before the padding.
 */
export function mayBeEncodedText(text: string, from: number): boolean {
  const first = valueAt(text, from);
  // 0x20 to 0x7e, or a tab, a newline.
  if (first > 31 || first < 2) return false;
  let value = first;
  let bytes = 0;
  for (let at = from + 1, bits = 6; bytes < BYTES; at++) {
    const six = valueAt(text, at);
    if (six < 0) return bytes >= PADDED_BYTES && text.charCodeAt(at) === EQUALS;
    value = ((value << 6) | six) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    if (!isPrintable((value >> bits) & 0xff)) return false;
    bytes++;
  }
  return true;
}

/** -1: no digit of base64. */
function valueAt(text: string, at: number): number {
  return VALUES[text.charCodeAt(at)] ?? -1;
}

function isPrintable(byte: number): boolean {
  return (byte >= 0x20 && byte < 0x7f) || byte === 0x0a || byte === 0x0d || byte === 0x09;
}

/** Fewest bytes that show by themselves that a word is base64: of random words one in 100 has six, one in 10^5 twelve. */
const PADDED_BYTES = 4;
const BYTES = 11;
const EQUALS = 61;

/** Base64 of a text. What is in it is not asked: nobody codes what anybody may read. */
export function isEncodedText(word: string): boolean {
  const digits = word.replace(/^\//, '').replace(/={1,2}$/, '');
  const isPadded = word.endsWith('=') && digits.length % 4 > 1;
  const bytes = Math.floor((digits.length * 3) / 4);
  if (bytes < (isPadded ? PADDED_BYTES : BYTES)) return false;
  let bits = 0;
  let value = 0;
  let letters = 0;
  for (let i = 0; i < digits.length; i++) {
    const six = VALUES[digits.charCodeAt(i)] ?? -1;
    if (six < 0) return false;
    value = ((value << 6) | six) & 0xffff;
    bits += 6;
    if (bits < 8) continue;
    bits -= 8;
    const byte = (value >> bits) & 0xff;
    if (!isPrintable(byte)) return false;
    if (classOf(byte) !== OTHER) letters++;
  }
  return letters * 2 >= bytes;
}

const HEX = /^(?:[0-9a-f]{2}){12,}$/i;

/** Hex of a text. */
export function isHexText(word: string): boolean {
  const first = word.charCodeAt(0);
  // A printable byte begins with 2 to 7.
  if (first < 50 || first > 55 || !HEX.test(word)) return false;
  for (let i = 0; i < word.length; i += 2) {
    if (!isPrintable(Number.parseInt(word.slice(i, i + 2), 16))) return false;
  }
  return true;
}
