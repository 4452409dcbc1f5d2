/** Data of Secrets, whatever its keys are called: in JSON, in JSON within JSON, in Go's text of a struct, in YAML. */
import { matchAt, matchesOf, type Span } from './spans.ts';
import { indentOf } from './value-ends.ts';

/** What shows that a Secret is meant: its kind or its type, in all these forms. */
const SIGN =
  /kind\\{0,15}["']?[ ]?[:=][ ]?\\{0,15}["']?Secret(?:List)?\b|\bv1\.Secret\{|&Secret\{|\bSecret\{ObjectMeta|Type:\\{0,15}"?(?:Opaque|kubernetes\.io\/)|type\\{0,15}["']?:[ ]?\\{0,15}["']?(?:Opaque|kubernetes\.io\/(?:service-account-token|dockercfg|dockerconfigjson|basic-auth|ssh-auth|tls)|bootstrap\.kubernetes\.io|helm\.sh)/g;
const BLOCK =
  /(?<=^|[^\w.-]|\\n)(?:stringData|binaryData|data|Data|StringData)\\{0,15}["']?[ ]?:[ ]?(?:map\[string\](?:\[\]uint8|\[\]byte|string|interface \{\})?)?(?:\{|\[(?!REDACTED)|[ \t]{0,4}\r?\n|\\n)/g;
/** How far from the sign the data may be, in the text's units. */
const REACH = 16_384;
const MAX_BLOCK = 65_536;

/** A map that is called secrets, of whatever: those of a CSI call. What is rare comes first, since it is asked at each place. */
const MAP =
  /(?:secrets|credentials)(?<=(?<![\w.-])\w{0,24}(?:secrets|credentials))\\{0,15}["']?[ ]?[:=][ ]?(?:map\[string\](?:string|\[\]uint8|\[\]byte))?\{(?!\})/gi;

export function secretMapRule(text: string): readonly Span[] {
  const spans: Span[] = [];
  MAP.lastIndex = 0;
  for (let match = MAP.exec(text); match !== null; match = MAP.exec(text)) {
    const from = match.index + match[0].length;
    const to = bracketEnd(text, from);
    spans.push({ from, to });
    MAP.lastIndex = Math.max(from, to);
  }
  return spans;
}

export function secretObjectRule(text: string): readonly Span[] {
  if (!text.includes('Secret') && !text.includes('Opaque') && !text.includes('kubernetes.io/')) return [];
  const signs = matchesOf(SIGN, text).map(({ index }) => index);
  if (signs.length === 0) return [];
  const spans: Span[] = [];
  let near = 0;
  BLOCK.lastIndex = 0;
  for (let match = BLOCK.exec(text); match !== null; match = BLOCK.exec(text)) {
    while (near < signs.length && (signs[near] ?? 0) < match.index - REACH) near++;
    if ((signs[near] ?? Number.POSITIVE_INFINITY) > match.index + REACH) continue;
    const span = contentOf(text, match.index, match.index + match[0].length);
    if (!text.slice(span.from, span.to).trimStart().startsWith('[REDACTED]')) spans.push(span);
    BLOCK.lastIndex = Math.max(BLOCK.lastIndex, span.to);
  }
  return spans;
}

function contentOf(text: string, key: number, from: number): Span {
  const opening = text[from - 1];
  if (opening === '{' || opening === '[') return { from, to: bracketEnd(text, from) };
  if (opening === '\n') return { from: from - 1, to: indentedEnd(text, key, from) };
  return { from, to: escapedLinesEnd(text, key, from) };
}

/** The bracket that closes what is open. In values of text there are few brackets, and those pair up. */
function bracketEnd(text: string, from: number): number {
  const limit = Math.min(text.length, from + MAX_BLOCK);
  let depth = 1;
  for (let at = from; at < limit; at++) {
    const character = text[at];
    if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') depth--;
    if (depth === 0) return at;
  }
  return limit;
}

/** Lines that are indented deeper than the key. */
function indentedEnd(text: string, key: number, from: number): number {
  const indent = indentOf(text, text.lastIndexOf('\n', key - 1) + 1);
  let start = from;
  while (start < text.length && start - from < MAX_BLOCK) {
    const newline = text.indexOf('\n', start);
    const end = newline === -1 ? text.length : newline;
    if (text.slice(start, Math.min(end, start + 256)).trim() !== '' && indentOf(text, start) <= indent)
      return start - 1;
    if (newline === -1) return text.length;
    start = newline + 1;
  }
  return Math.min(start, text.length);
}

/** The same where the lines are in one string: `data:\n  key: value\nkind: Secret`. */
const ESCAPED_LINE = /(?:[ ]{1,64}[^\\\n"]{0,8192}|)(?:\\n|(?=")|(?=\n)|$)/y;

function escapedLinesEnd(text: string, _key: number, from: number): number {
  let to = from;
  for (;;) {
    const line = matchAt(ESCAPED_LINE, text, to)?.[0] ?? '';
    if (line === '' || to - from > MAX_BLOCK) return to;
    to += line.length;
  }
}
