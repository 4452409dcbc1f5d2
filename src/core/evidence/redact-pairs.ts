/** `password=...`, `token: ...`, `"clientSecret":"..."` and their like. */

/**
 * The last word of a key that names a secret. `secretName`, `--authentication-token-webhook` and `tokenFile` do not end
 * in one, so they stay.
 */
const KEY =
  'pass(?:word|wd|phrase)|(?<![a-z])pwd|secret|token|api[_-]?key|(?:access|secret|private|encryption|account|shared)[_-]?key|credentials?|dockerconfigjson|dockercfg';
const SEPARATOR = String.raw`\\{0,4}["']?[ \t]{0,4}(?::=|=>|[:=])[ \t]{0,4}`;
/** Up to the same quote; an escaped one, or one escaped deeper than the first, is part of the value. */
const QUOTED = String.raw`(\\{0,4}["'])((?:\\{2,}["']|(?!\2)(?:\\.|[^\n])){1,8192})`;
/** Up to white space or a quote, the next pair, or the brackets that close what is around it. */
const BARE_END = String.raw`[,;&][ ]?[\w.-]{1,64}[=:]|[,;)\]}>]{1,16}(?:[ \t\r\n]|$)`;
const BARE = String.raw`((?:(?!${BARE_END})[^ \t\r\n"'\`\\]){1,8192})`;
const PAIR = new RegExp(`((?:${KEY})${SEPARATOR})(?:${QUOTED}|${BARE})`, 'gi');

/** Values that give nothing away. */
const PLAIN =
  /^(?:true|false|null|nil|none|unset|undefined|yes|no|\*+|x+|<.*>|\[REDACTED.*|\d{1,5}|[-+]?[\d.]+(?:ms|s|m|h))$/i;
/** A reference to an object: `namespace/name`. */
const OBJECT_REFERENCE = /^[a-z0-9.-]+\/[a-z0-9.-]+$/;
/** A file path is where the secret lies, not the secret. */
const PATH = /^(?:\.{0,2}\/[\w.@+-]+){2,}\/?$/;
/** From the start of the line, nothing but a key: YAML, a properties file, an environment. */
const LINE_KEY = /(?:^|\n)[\s-]{0,64}["']?[\w.-]{0,64}$/;

/** It never throws; linear in the size of the text. */
export function redactPairs(text: string, mark: string): { readonly text: string; readonly count: number } {
  let count = 0;
  const result = text.replace(PAIR, (...match: unknown[]) => {
    const [whole, start, quote, quoted, bare] = match.map(String);
    const isQuoted = match[2] !== undefined;
    const value = (isQuoted ? quoted : bare) ?? '';
    const before = text.slice(Math.max(0, Number(match[5]) - 130), Number(match[5]));
    if (!isSecret({ start: start ?? '', value, before, isQuoted })) return whole ?? '';
    count++;
    return `${start ?? ''}${isQuoted ? (quote ?? '') : ''}${mark}`;
  });
  return { text: result, count };
}

interface Pair {
  readonly start: string;
  readonly value: string;
  readonly before: string;
  readonly isQuoted: boolean;
}

function isSecret({ start, value, before, isQuoted }: Pair): boolean {
  if (PLAIN.test(value) || OBJECT_REFERENCE.test(value) || PATH.test(value)) return false;
  if (isQuoted || /=/.test(start)) return true;
  // `key: value` without quotes may be prose, "no token: expired": there the value must look like a secret.
  const isData = LINE_KEY.test(before) || /["']/.test(start);
  return isData || (value.length >= 6 && /\d/.test(value) && /^[\w!@#$%^*+=./~-]+$/.test(value));
}
