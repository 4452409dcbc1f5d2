/** Whether the value of a key with a telling name is a secret. */
import type { KeyStrength } from './key-names.ts';

/** Values that give nothing away, whatever their key is called. */
const NOTHING =
  /^(?:|true|false|null|nil|none|unset|undefined|yes|no|empty|missing|required|optional|redacted|masked|hidden|omitted|\*+|xxx+|\.{2,}|<(?:nil|null|none|unset|empty|masked|redacted|hidden|omitted|secret|invalid|no value|set|not set)[^>]{0,24}>|\[?REDACTED\]?.{0,2}|\[REDACTED\].*|\$\{?\w{1,64}\}?|\$\(\w{1,64}\)|\{\{.{1,128}\}\}|%[svqdx+#]{1,3})$/i;
/** Numbers, durations, and types as help texts name them. */
const PLAIN =
  /^(?:\d{1,5}|[-+]?[\d.]{1,16}(?:ns|us|µs|ms|s|m|h|d)?|0x[0-9a-f]{1,16}|(?:string|strings|bool|int|uint|duration|file|path|map|list|array|object|enabled|disabled|denied|expired|invalid|valid|unknown|ok|webhook|basic|always\w*|required|optional|error|failed)\w{0,12})$/i;
/** `namespace/name`. */
const OBJECT_REFERENCE = /^[a-z0-9][a-z0-9.-]{0,252}\/[a-z0-9][a-z0-9.-]{0,252}$/;
/** A file path is where the secret lies, not the secret. */
const PATH = /^(?:file:\/\/)?(?:~|\.{1,2})?(?:\/[\w.@+-]{1,255}){2,32}\/?$/;
/** `v1.Secret`, `*v1.Secret`, `corev1.SecretReference`: a type of Go. */
const GO_TYPE = /^[*&]?\w{0,24}v\d\w{0,8}\.[A-Z]\w{0,64}$/;

/** No word that gives nothing away is longer. It also bounds the time: what is no secret is gone through again. */
const LONG = 256;

/** How a value stands beside its key. */
export interface Place {
  /** In quotes, after `=`, or alone on its line with its key: data. Otherwise it may be prose. */
  readonly isData: boolean;
}

export function isSecretValue(value: string, strength: KeyStrength, { isData }: Place): boolean {
  if (value.length > LONG) return true;
  if (NOTHING.test(value)) return false;
  if (strength === 'password') return isData || isChosenPassword(value);
  if (isPlain(value) || OBJECT_REFERENCE.test(value) || PATH.test(value)) return false;
  if (strength === 'perhaps') return looksRandom(value) || (isData && hasSpaceSecret(value));
  return isData || looksChosen(value);
}

function isChosenPassword(value: string): boolean {
  return !isPlain(value) && (looksChosen(value) || /[a-z][A-Z]/.test(value));
}

function isPlain(value: string): boolean {
  return PLAIN.test(value) || GO_TYPE.test(value);
}

/** In prose, "no token: expired", a value must look like one: one word with a digit. */
function looksChosen(value: string): boolean {
  return value.length >= 6 && /\d/.test(value) && /^[\x21-\x7e]+$/.test(value) && !/^[\d.:,-]+$/.test(value);
}

/** For names that have other uses: letters and digits, or long; a hash too. */
function looksRandom(value: string): boolean {
  if (value.length < 6 || /^[\d.:,-]+$/.test(value)) return false;
  if (/^[\w+/%=.~-]{16,}$/.test(value) && /[A-Z0-9%+/]/.test(value)) return true;
  return /\d/.test(value) && /[a-z]/i.test(value) && !/^[a-z]+[-.\w]*\d{0,3}$/.test(value.slice(0, 40));
}

/** Base64, a scheme and a token. */
function hasSpaceSecret(value: string): boolean {
  const words = value.split(/[ :]/, 3);
  return words.length > 1 && words.some((word) => word.length >= 8 && /\d/.test(word) && looksRandom(word));
}
