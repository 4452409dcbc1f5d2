/**
 * A key whose name tells of a secret, and its value: `password=x`, `"clientSecret": "x"` (escaped however deep),
 * `Token:x` of Go's %+v, `'api_key': b'x'`, `--token x`, `["--token", "x"]`, `<password>x</password>`, `password%3Dx`.
 */
import { type KeyStrength, strengthOf } from './key-names.ts';
import { matchAt, type Span } from './spans.ts';
import { isSecretValue } from './values.ts';
import { bareEnd, blockEnd, lineEnd, quotedEnd } from './value-ends.ts';

/** The end of a key: a part of each telling name, and what stands between it and a separator. */
const KEY_END =
  /(?:pass|pw[dr]?|secret|token|jwt|cred|cookie|key|auth|sig|session|sid|sas|pin|pat|seed|salt|hook|xsrf|csrf|nonce|psk|dsn|otp|hmac|bearer|docker|mnemonic|str(?:ing)?|uri|data|code|phrase|exponent)[\w-]{0,32}(?=[\\"'`\]=: \t,>%])/gi;
const NAME_CHARACTER = /[\w.-]/;
/** Longest part of a name that is looked at before its telling end. */
const NAME_REACH = 96;

/** `=`, `:`, `:=`, `=>`, `%3D`, quotes of the key before them and tabs around them however often escaped. */
const SEPARATOR =
  /\\{0,15}["'`\]]?(?:[ \t]|\\{1,8}t){0,8}(?::=|=>|==?|:(?!\/\/)|%3[DA]|%253D|\\{1,8}u003d)(?:[ \t]|\\{1,8}t){0,8}/iy;
/** After a flag: white space, or the next item of a list. */
const FLAG_SEPARATOR = /\\{0,15}["'`]?(?:[ \t]{0,4},[ \t]{0,4}|[ \t]{1,8})(?![-|&;<>])/y;
const ELEMENT_SEPARATOR = />(?=[^<\s])/y;
/** `password is x`, `token "x"`, and netrc's `password x`. */
const PROSE_SEPARATOR = /[ \t]{1,4}(?:(?:is|was|of|with|set to|value|used)[ \t]{1,4})?(?:[:=][ \t]{0,4})?/iy;
/** What may stand before the value itself. */
const OPENING = /(?:(?:\[\][\w.]{0,16}|\w{0,16})\(|\[\](?:uint8|byte)\{|\[(?!REDACTED)|\(|[bru]{1,2}(?=["'])|&)?/y;
const QUOTE = /(\\{0,15})(["'`])/y;
const YAML_BLOCK = /[|>][-+0-9]{0,2}[ \t]{0,8}\r?(?=\n)/y;
/** From the start of its line, or from a log's prefix on, nothing but the key: YAML, a properties file, an environment. */
const LINE_START = /(?:^|\n|\]:? )(?:export[ \t]|set[ \t])?[\s-]{0,64}["']?$/;

interface Key {
  readonly from: number;
  readonly end: number;
  readonly strength: KeyStrength;
  readonly isFlag: boolean;
}

export function pairRule(text: string): readonly Span[] {
  const spans: Span[] = [];
  KEY_END.lastIndex = 0;
  for (let hit = KEY_END.exec(text); hit !== null; hit = KEY_END.exec(text)) {
    const key = keyAt(text, hit.index, hit.index + hit[0].length);
    const value = key === undefined ? undefined : valueOf(text, key);
    if (value === undefined) continue;
    if (value.span !== undefined) spans.push(value.span);
    KEY_END.lastIndex = Math.max(KEY_END.lastIndex, value.next);
  }
  return spans;
}

function keyAt(text: string, hit: number, end: number): Key | undefined {
  let from = hit;
  const limit = Math.max(0, hit - NAME_REACH);
  while (from > limit && NAME_CHARACTER.test(text[from - 1] ?? '')) from--;
  // `\n` and `\t` as they stand in a string of JSON.
  if (text[from - 1] === '\\' && /[nrt]/.test(text[from] ?? '')) from++;
  const name = text.slice(from, end);
  const strength = strengthOf(name) ?? strengthOf(twoWords(text, from) + name);
  return strength === undefined ? undefined : { from, end, strength, isFlag: name.startsWith('-') };
}

/** `private key: x`, `seed phrase: x`: the word before a name that says nothing alone. */
function twoWords(text: string, from: number): string {
  return text[from - 1] === ' ' ? (/[A-Za-z]{2,16} $/.exec(text.slice(Math.max(0, from - 18), from))?.[0] ?? '') : '';
}

interface Found {
  /** undefined: it is no secret. */
  readonly span: Span | undefined;
  /** Where the search goes on. */
  readonly next: number;
}

function valueOf(text: string, key: Key): Found | undefined {
  const separator = matchAt(SEPARATOR, text, key.end);
  if (separator !== undefined) return dataValue(text, key, key.end + separator[0].length, separator[0]);
  if (text[key.end] === '>') {
    const element = matchAt(ELEMENT_SEPARATOR, text, key.end);
    return element === undefined ? undefined : elementValue(text, key, key.end + 1);
  }
  if (key.isFlag) {
    const flag = matchAt(FLAG_SEPARATOR, text, key.end);
    return flag === undefined ? undefined : dataValue(text, key, key.end + flag[0].length, '=');
  }
  const prose = matchAt(PROSE_SEPARATOR, text, key.end);
  return prose === undefined || key.strength === 'perhaps'
    ? undefined
    : proseValue(text, key, key.end + prose[0].length);
}

/** `<token>x</token>`. */
function elementValue(text: string, { strength }: Key, from: number): Found {
  const close = text.indexOf('<', from);
  const to = close === -1 || close - from > 8_192 ? bareEnd(text, from) : close;
  const isSecret = isSecretValue(text.slice(from, to), strength, { isData: true });
  return { span: isSecret ? { from, to } : undefined, next: to };
}

function dataValue(text: string, key: Key, at: number, separator: string): Found {
  const from = at + (matchAt(OPENING, text, at)?.[0].length ?? 0);
  const quote = matchAt(QUOTE, text, from);
  if (quote !== undefined) return quotedValue(text, key.strength, { quote, from: from + quote[0].length });
  const isLine = LINE_START.test(text.slice(Math.max(0, key.from - 72), key.from));
  if (isLine && matchAt(YAML_BLOCK, text, from) !== undefined) {
    const to = blockEnd(text, from, key.from);
    return { span: { from, to }, next: to };
  }
  const isData = isLine || isDataAt(text, at, separator);
  const to = isLine && key.strength === 'password' ? wholeLineEnd(text, from) : bareEnd(text, from);
  const value = text.slice(from, to);
  if (isSecretValue(value, key.strength, { isData })) return { span: { from, to }, next: to };
  // What gives nothing away may be a key itself: `token: password=x`.
  return { span: undefined, next: from };
}

/** After `=`, after a quoted key, or without a space after the colon, as Go prints structs. */
function isDataAt(text: string, at: number, separator: string): boolean {
  return /[=%]|\\u003d|["'`]/i.test(separator) || (separator === ':' && /^[\w.-]$/.test(text[at] ?? ''));
}

/** A passphrase has spaces; where more keys follow in the line, it ends before them. */
function wholeLineEnd(text: string, from: number): number {
  const to = lineEnd(text, from);
  return /[\s,;&][\w.-]{1,64}[=:]|[\])}] /.test(text.slice(from, to)) ? bareEnd(text, from) : to;
}

function quotedValue(
  text: string,
  strength: KeyStrength,
  { quote, from }: { readonly quote: RegExpExecArray; readonly from: number },
): Found {
  const to = quotedEnd(text, from, { escapes: quote[1]?.length ?? 0, quote: quote[2] ?? '"' });
  const isSecret = isSecretValue(text.slice(from, to), strength, { isData: true });
  return { span: isSecret ? { from, to } : undefined, next: isSecret ? to : from };
}

function proseValue(text: string, key: Key, from: number): Found {
  const quote = matchAt(QUOTE, text, from);
  if (quote !== undefined) return quotedProse(text, key, { quote, from: from + quote[0].length });
  const to = bareEnd(text, from);
  const isSecret = to - from >= 6 && isSecretWord(text.slice(from, to), key);
  return { span: isSecret ? { from, to } : undefined, next: isSecret || to - from > 256 ? to : from };
}

/** `secret "kube-system/x"` names an object, `token "x" is not valid` shows one. */
function quotedProse(
  text: string,
  key: Key,
  { quote, from }: { readonly quote: RegExpExecArray; readonly from: number },
): Found {
  const to = quotedEnd(text, from, { escapes: quote[1]?.length ?? 0, quote: quote[2] ?? '"' });
  const value = text.slice(from, to);
  const isSecret = !/[ /]/.test(value) && (isSecretWord(value, key) || isChosen(value, key.strength));
  return { span: isSecret ? { from, to } : undefined, next: isSecret ? to : from };
}

function isSecretWord(value: string, { strength }: Key): boolean {
  return isMixed(value) && isSecretValue(value, strength, { isData: false });
}

/** In quotes after `password`: no plain word. */
function isChosen(value: string, strength: KeyStrength): boolean {
  const isNoWord = /[A-Z\d!@#$%^&*]/.test(value);
  return strength === 'password' && isNoWord && isSecretValue(value, strength, { isData: false });
}

/** Not a name of an object, `db-token-x7k2p`, nor an id in hex. */
function isMixed(value: string): boolean {
  if (/^[0-9a-f]{20,}$/.test(value)) return true;
  return (
    /\d/.test(value) && /[A-Z!@#$%^&*+?~]/.test(value) && /[A-Za-z]/.test(value) && !/^[\w.]{1,64}[(/]/.test(value)
  );
}
