/** Takes away what logs and people put around the lines of a dump. */

import { endOfHeader } from './lines.ts';

/** journald (short, short-precise, short-iso, short-full, short-monotonic), syslog, CRI and docker log files, quotes of mail. */
const KNOWN = [
  /^(?:<\d+>)?[A-Z][a-z]{2} +\d{1,2} [\d:.]+ \S+ [^\s[\]]+(?:\[\d+\])?: ?/,
  /^\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)? \S+ [^\s[\]]+(?:\[\d+\])?: ?/,
  /^[A-Z][a-z]{2} \d{4}-\d\d-\d\d [\d:.]+ \S+ \S+ [^\s[\]]+(?:\[\d+\])?: ?/,
  /^\[ *\d+\.\d+\] \S+ [^\s[\]]+(?:\[\d+\])?: ?/,
  /^\d{4}-\d\d-\d\dT[\d:.,]+(?:Z|[+-]\d\d:?\d\d)? (?:stdout|stderr) [FP] /,
  /^\d{4}-\d\d-\d\d[T ][\d:.,]+(?:Z|[+-]\d\d:?\d\d)? /,
  /^(?:> ?)+/,
];
const KLOG = /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,6} +\d+ \S+:\d+\] /;
const HEADER_WITHIN = /^(.{1,200}?)goroutine \d+(?: gp=\S+)?(?: m=\S+)?(?: mp=\S+)? \[[a-zA-Z?]/;

interface Unprefixed {
  /** Trimmed. */
  readonly text: string;
  /** It is a line of klog; whatever it says that is no dump belongs to the log. */
  readonly isLog: boolean;
}

export interface Unprefixer {
  strip(line: string): Unprefixed;
}

/** A prefix as an expression that fits the same prefix with other numbers and spaces. */
function likeness(prefix: string): RegExp {
  const source = prefix
    .replace(/[.*+?^${}()|[\]\\/]/g, '\\$&')
    .replace(/\d+/g, '\\d+')
    .replace(/\s+/g, '\\s+');
  return new RegExp(`^${source.replace(/\\s\+$/, '\\s?')}`);
}

/** Learns an unknown prefix from the first header that stands behind one. */
export function createUnprefixer(): Unprefixer {
  let learned: RegExp | undefined;

  function withoutKnown(line: string): string {
    for (const pattern of KNOWN) {
      const found = pattern.exec(line);
      if (found !== null) return line.slice(found[0].length);
    }
    return line;
  }

  function strip(line: string): Unprefixed {
    let text = line.trim();
    if (learned !== undefined) {
      const found = learned.exec(text);
      if (found !== null) return { text: text.slice(found[0].length).trim(), isLog: false };
    }
    text = withoutKnown(text).trim();
    const klog = KLOG.exec(text);
    if (klog !== null) text = text.slice(klog[0].length).trim();
    const within = text.includes('goroutine ') ? HEADER_WITHIN.exec(text.slice(0, 400)) : null;
    const before = within?.[1];
    if (before !== undefined && !/[("'.)]\s*$/.test(before)) {
      learned = likeness(before);
      text = text.slice(before.length);
    }
    return { text, isLog: klog !== null };
  }

  return { strip };
}

const JSON_TEXT = ['MESSAGE', 'log', 'msg', 'message', 'stack', 'stacktrace', 'stack_trace', 'text', 'body', 'content'];

function textOfJson(line: string): string | undefined {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const fields = new Map<string, unknown>(Object.entries(value));
  for (const name of JSON_TEXT) {
    const text = fields.get(name);
    if (typeof text === 'string') return text;
  }
  return undefined;
}

const ESCAPES: Readonly<Record<string, string>> = { n: '\n', t: '\t', '"': '"', '\\': '\\', r: '' };

/** Records of JSON logs give their text; a dump that a logger has quoted (`msg="...\n\t..."`), its lines. */
export function unquote(line: string): string {
  if (line.startsWith('{') && line.endsWith('}')) return textOfJson(line) ?? line;
  if (!line.includes('\\n\\t') && !line.includes('\\ngoroutine ')) return line;
  return line.replace(/\\([ntr"\\])/g, (_, char: string) => ESCAPES[char] ?? char);
}

const FILE_WITHIN = /[ \t](\S+\.(?:go|s):\d+(?: \+0x[0-9a-f]+)?)(?=[ \t]|$)/g;

/** A dump whose line ends became spaces. */
export function splitOneLine(line: string): readonly string[] {
  return line
    .replace(/[ \t](?=goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[[a-zA-Z?])/g, '\n')
    .replace(/[ \t](?=created by |\d+ @ 0x|#\s+0x|# labels:)/g, '\n')
    .split('\n')
    .flatMap((part) => {
      const end = endOfHeader(part);
      return end < 0 ? [part] : [part.slice(0, end), part.slice(end)];
    })
    .flatMap((part) => (part.startsWith('#') ? [part] : part.replace(FILE_WITHIN, '\n$1\n').split('\n')));
}
