/** HTTP's ways to say who asks: Authorization with any scheme, cookies, and `Bearer x` wherever it stands. */
import { matchAt, patternRule, type Rule, type Span } from './spans.ts';
import { lineEnd, quotedEnd } from './value-ends.ts';

/** The name with what separates it from its value: `: `, `":["`, `:[`, `%3A `. */
const AUTHORIZATION =
  /(?:authorization|x-(?:amz-security|vault|auth|api|access|csrf|xsrf)-?(?:token|key)?|api-?key|private-token|ocp-apim-subscription-key|x-goog-api-key)\\{0,15}["'`\]]?[ \t]{0,4}(?:[:=]|=>|%3A|(?<=[\"']),)[ \t]{0,4}(?:(?:map)?\[(?!REDACTED)){0,2}/gi;
const COOKIE = /\b(?:set-)?cookie2?\\{0,15}["'`\]]?[ \t]{0,4}(?:[:=]|=>)[ \t]{0,4}(?:\[(?!REDACTED)){0,2}/gi;
const QUOTE = /(\\{0,15})(["'`])/y;
const NOTHING =
  /^(?:[A-Za-z-]{1,40}[ ]\[REDACTED|\[REDACTED|[{[]|<[a-z ]{1,24}>|\*+|(?:true|false|null|nil|none|required|mode|missing|failed|denied|AlwaysAllow|Webhook)\b|$)/i;

/**
 * A scheme, and its token or its parameters: `Digest username="x", response="y"`, `AWS4-HMAC-SHA256 Credential=…, …`.
 * A word of letters alone is a scheme if something follows it.
 */
const SCHEME = /[A-Za-z][\w-]{1,40}[ \t]{1,4}(?=[\w"'~+/=<[*\\.%-])/y;
const TOKEN =
  /(?:[^ \t\r\n"'`\\<>,;)}\]\0]|[,;)}\]](?=[\w+/=~.]))(?:[^ \t\r\n"'`\\<>\0,)}\]]|[,)}\]](?=[\w+/=~.])){0,16384}/y;
const PARAMETER = /[ \t]{0,4}[,;]?[ \t]{0,4}[\w-]{1,40}=(?:\\{0,15}"[^"\r\n]{0,4096}"|[^ \t\r\n"'\\,;)}\]]{1,4096})/y;

function valueRule(name: RegExp, unquoted: (text: string, from: number) => Span): Rule {
  return (text) => {
    const spans: Span[] = [];
    name.lastIndex = 0;
    for (let match = name.exec(text); match !== null; match = name.exec(text)) {
      const at = match.index + match[0].length;
      const quote = matchAt(QUOTE, text, at);
      const span = quote === undefined ? unquoted(text, at) : quoted(text, at, quote);
      if (NOTHING.test(text.slice(span.from, Math.min(span.to, span.from + 40)))) continue;
      spans.push(span);
      name.lastIndex = Math.max(name.lastIndex, span.to);
    }
    return spans;
  };
}

function quoted(text: string, at: number, quote: RegExpExecArray): Span {
  const from = at + quote[0].length;
  const to = quotedEnd(text, from, { escapes: quote[1]?.length ?? 0, quote: quote[2] ?? '"' });
  const scheme = matchAt(SCHEME, text, from)?.[0].length ?? 0;
  return { from: from + (from + scheme < to && !isPlainScheme(text, from, to) ? 0 : scheme), to };
}

/** `Bearer [REDACTED]` says more than `[REDACTED]`. */
function isPlainScheme(text: string, from: number, to: number): boolean {
  return /^[A-Za-z][\w-]{1,40}[ \t]{1,4}[^ \t]+$/.test(text.slice(from, Math.min(to, from + 16_384)));
}

function credentials(text: string, at: number): Span {
  const scheme = matchAt(SCHEME, text, at)?.[0] ?? '';
  const from = at + scheme.length;
  let to = from;
  for (let end = parameterEnd(text, to); end !== to; end = parameterEnd(text, to)) to = end;
  if (to === from) to = from + (matchAt(TOKEN, text, from)?.[0].length ?? 0);
  for (let end = parameterEnd(text, to); end !== to; end = parameterEnd(text, to)) to = end;
  return { from, to };
}

/** Another parameter after a comma, or at the start. */
function parameterEnd(text: string, at: number): number {
  return at + (matchAt(PARAMETER, text, at)?.[0].length ?? 0);
}

/** To the end of the header: the line, a quote, or the bracket of Go's list. */
function cookies(text: string, from: number): Span {
  const line = lineEnd(text, from);
  const rest = text.slice(from, line);
  const end = rest.search(/["'`\]]|\\[nr"]/);
  return { from, to: end === -1 ? line : from + end };
}

/** `bearer authentication` is prose; a token has a digit, or is long. */
const BEARER = patternRule(
  /\b(?:bearer|basic|digest|negotiate|apikey|splunk|genie-?key|token)(?:[ \t]{1,4}|%20|\+)\\{0,15}["']?([A-Za-z0-9_~+/=.%-]{8,16384})/dgi,
  (found) =>
    (/\d/.test(found) && /[A-Z=_~+]|^[a-z\d]*\d[a-z]+\d[a-z\d]*$|\.\d/.test(found)) ||
    (found.length >= 24 && /[\dA-Z]/.test(found)),
);

export const HEADER_RULES: readonly Rule[] = [
  valueRule(AUTHORIZATION, credentials),
  valueRule(COOKIE, cookies),
  BEARER,
];
