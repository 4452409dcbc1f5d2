/**
 * One record of the kubelet's own log, read for what the kubelet itself says in it: the message at its place after klog's
 * header, and the value of its `err`. Words inside another message, inside a value, or on a line that goes on from the one
 * before are whoever's: a pod's command, name or image gets into the log with them.
 *
 * Sources of the forms: k8s.io/klog (header, `key="value"` as strconv.Quote writes it, a value of several lines as `=<` and
 * lines that begin with a tab), k8s.io/component-base/logs/json, and the calls that pleg-line.ts names.
 */
import { parsePlegLine, type PlegLine } from './pleg-line.ts';

/** In characters. The kubelet's list of what is wrong is far shorter. */
const MAX_RECORD = 65_536;
/** Longest that stands before the message, in characters. */
const MAX_HEADS = 1_024;
const NONE: PlegLine = { kind: 'none' };

/** `E0806 07:59:04.839883    1498 kubelet.go:1991] `, also with the folder of the file. */
const KLOG_HEADER = /^[IWEF]\d{4} \d\d:\d\d:\d\d\.\d{1,9}\s{1,16}(\d{1,10}) ([\w./-]{1,128}:\d{1,7})\] /;
/** What syslog puts before a line of a program that a kubelet runs in. */
const SYSLOG =
  /^(?:<\d{1,3}>)?(?:[A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\dT[\d:.+Z-]{8,24}) [^\s]{1,255} (?:kubelet[\w.-]{0,32}|hyperkube|origin-node|atomic-openshift-node|kubenswrapper|k3s[\w-]{0,16}|rke2[\w-]{0,16}|[\w.-]{0,32}kubelite)(?:\[\d{1,10}\])?: /;
/** What a container runtime puts before a line of a kubelet that runs in a container. */
const CRI = /^\d{4}-\d\d-\d\dT[\d:.+Z-]{8,40} std(?:out|err) F /;

/** `"message" key="value" key="value"`: a value in quotes ends where its quotes end. */
const QUOTED = String.raw`"([^"\\]*(?:\\.[^"\\]*)*)"`;
const STRUCTURED = new RegExp(`^${QUOTED}`);
/** Of several lines: `=<`, each line behind a tab, ` >`. */
const LINES = String.raw`<\n((?:\t[^\n]*\n)+) >`;
const PAIR = new RegExp(String.raw` ([\w./-]{1,128})=(?:${QUOTED}|(\{.*)|${LINES}|[^\s"{<]+)`, 'y');

/**
 * A logger's name may stand before the message. Each is of one file in all releases: calls elsewhere print nothing but an
 * error or a warning that somebody else has worded, from its first letter on (client-go's rest/warnings.go, for one).
 */
const MESSAGES = {
  skipping: { text: /^(?:[\w.-]{1,64}: )?skipping pod synchronization(?: - |$)/i, file: /(?:^|\/)kubelet\.go:\d/ },
  notReady: { text: /^Node became not ready(?:: |$)/, file: /(?:^|\/)(?:kubelet_node_status|setters)\.go:\d/ },
  relistFailed: { text: /^GenericPLEG: Unable to retrieve pods(?:: |$)/, file: /(?:^|\/)generic\.go:\d/ },
  started: {
    text: /^(?:Kubelet version$|Starting kubelet main sync loop)/,
    file: /(?:^|\/)(?:kubelet|server)\.go:\d/,
  },
} as const;

interface Said {
  readonly message: string;
  /** `kubelet.go:1991`: the call that wrote it. */
  readonly caller: string;
  /** A value by its key, as it was before it was quoted; undefined: there is none. */
  readonly valueOf: (key: string) => string | undefined;
}

/** What the kubelet itself says of PLEG in one record, which may have several lines. It never throws; the time is linear in the record's length. */
export function parseKubeletRecord(line: string): PlegLine {
  const said = saidIn(line.slice(0, MAX_RECORD));
  return said === undefined ? NONE : meaningOf(said);
}

/** What signs the record: the process id in its header, or `json`, which has none; undefined: it is no record. */
export function signerOf(line: string): string | undefined {
  if (line.startsWith('{')) return 'json';
  return KLOG_HEADER.exec(bareOf(line.slice(0, MAX_HEADS)))?.[1];
}

function meaningOf(said: Said): PlegLine {
  const { message, valueOf } = said;
  const skipping = beginningOf(said, MESSAGES.skipping);
  if (skipping !== undefined) return parseList(valueOf('err') ?? valueOf('error') ?? message.slice(skipping.length));
  const notReady = beginningOf(said, MESSAGES.notReady);
  if (notReady !== undefined) {
    return parseList(conditionMessage(valueOf('condition') ?? message.slice(notReady.length)));
  }
  if (beginningOf(said, MESSAGES.relistFailed) !== undefined) return { kind: 'relist-failed' };
  return beginningOf(said, MESSAGES.started) === undefined ? NONE : { kind: 'kubelet-start' };
}

/** What the message begins with, if it is this one; undefined: it is another. */
function beginningOf(
  { message, caller }: Said,
  { text, file }: { readonly text: RegExp; readonly file: RegExp },
): string | undefined {
  return file.test(caller) ? text.exec(message)?.[0] : undefined;
}

/** The kubelet's own list of what is wrong with it. */
function parseList(list: string): PlegLine {
  const found = parsePlegLine(list);
  return found.kind === 'relist-failed' || found.kind === 'kubelet-start' ? NONE : found;
}

/** Of a Node's condition, as JSON or as Go prints a struct. */
function conditionMessage(condition: string): string {
  if (!condition.startsWith('{')) return '';
  const fields = parseObject(condition);
  if (fields !== undefined) return textOf(fields['message']) ?? '';
  const at = condition.indexOf(' Message:');
  return at === -1 ? '' : condition.slice(at + ' Message:'.length);
}

function saidIn(line: string, isWrapped = false): Said | undefined {
  const record = bareOf(line);
  if (record.startsWith('{')) return saidInJson(record, isWrapped);
  const header = KLOG_HEADER.exec(record);
  return header === null ? undefined : saidInText(record.slice(header[0].length), header[2] ?? '');
}

/** Without what others have put before it. */
function bareOf(line: string): string {
  return line.startsWith('{') ? line : line.replace(CRI, '').replace(SYSLOG, '');
}

function saidInText(body: string, caller: string): Said {
  const structured = STRUCTURED.exec(body);
  if (structured === null) return { message: body, caller, valueOf: () => undefined };
  const values = pairsOf(body, structured[0].length);
  return { message: unquoted(structured[1] ?? ''), caller, valueOf: (key) => values.get(key) };
}

function pairsOf(body: string, from: number): ReadonlyMap<string, string> {
  const values = new Map<string, string>();
  PAIR.lastIndex = from;
  for (let pair = PAIR.exec(body); pair !== null; pair = PAIR.exec(body)) {
    const [, key = '', quoted, object, lines] = pair;
    const plain = lines === undefined ? (object ?? '') : lines.replace(/^\t/gm, '').trimEnd();
    if (!values.has(key)) values.set(key, quoted === undefined ? plain : unquoted(quoted));
  }
  return values;
}

/** The kubelet's JSON, or a line of it that Docker has wrapped. */
function saidInJson(line: string, isWrapped: boolean): Said | undefined {
  const fields = parseObject(line);
  const wrapped = textOf(fields?.['log']);
  if (!isWrapped && wrapped !== undefined && textOf(fields?.['stream']) !== undefined) {
    return saidIn(wrapped.trimEnd(), true);
  }
  const message = textOf(fields?.['msg']);
  const caller = textOf(fields?.['caller']);
  if (fields === undefined || message === undefined || caller === undefined) return undefined;
  return { message, caller, valueOf: (key) => valueText(fields[key]) };
}

/** Of an object its message alone is read: one that is nested deeply enough cannot be written as text again. */
function valueText(value: unknown): string | undefined {
  if (typeof value !== 'object' || value === null) return textOf(value);
  return JSON.stringify({ message: 'message' in value ? textOf(value.message) : undefined });
}

function parseObject(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : undefined;
  } catch {
    return undefined;
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

function unquoted(text: string): string {
  return text.includes('\\') ? text.replace(/\\(["\\])/g, '$1') : text;
}
