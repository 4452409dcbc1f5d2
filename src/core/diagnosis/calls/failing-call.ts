/** What a line says of a call that did not end, or found nobody, whoever writes it and however. */
import { parseDuration } from '../../time/duration.ts';
import { type Callee, calleeIn } from './callees.ts';

/**
 * - `oversized`: an answer was longer than gRPC takes. - `failed`: whom it reached says that it could not.
 * - `late`: its time was up. - `unavailable`: nobody was there. - `hangs`: somebody says that it does not come back.
 */
export const CALL_CODES = ['oversized', 'late', 'unavailable', 'hangs', 'failed'] as const;
export type CallCode = (typeof CALL_CODES)[number];

export interface FailingCall {
  /** As the CRI, systemd or CSI call it; undefined: it is not named. */
  readonly operation: string | undefined;
  readonly callee: Callee;
  /** The first twelve digits of a container's or sandbox's id; undefined: none is named. */
  readonly object: string | undefined;
  readonly code: CallCode;
  /** How long it took, or has been failing; undefined: it does not say. */
  readonly durationMs: number | undefined;
  /** How often, where one line speaks of many: `(x12 over 45m)`. */
  readonly times: number;
}

/** A word that is no part of a name, a path, an option or a list of arguments, and is not quoted by itself. */
const ALONE = String.raw`(?<![\w./@:'\x60-])(?<!(?:[[(,] ?)")`;
/** Of a phrase; one word alone may be quoted as a name is. */
const NO_NAME = String.raw`(?![\w/@-]|[.:]\w)`;
const ENDS = String.raw`(?![\w/@='\x60-]|[.:]\w)`;
/** How long a time is given, or a command of that name. */
const NO_SETTING = String.raw`(?! (?:-\w|(?:of )?\d[\w.]{0,16}(?![\w.]| (?:exceeded|expired|reached|elapsed|passed))))`;
const LATE = String.raw`(?<![\w./@-])[Dd]eadline ?[Ee]xceeded${NO_NAME}|(?<![\w./@-])[Tt]imed[ -]out${NO_NAME}|${ALONE}[Tt]ime ?out${ENDS}${NO_SETTING}|TIMEOUT|code = 4 desc|to be killed`;
const AWAY = String.raw`Unavailable|UNAVAILABLE|code = 14 desc|connection refused|[Cc](?:annot|ould not|an't) connect to`;
/** `a hung task` is any one, or what is to be done with one. */
const ANY = String.raw`(?<!\b(?:an?|any|every|each|such) )`;
const HANGS = String.raw`${ALONE}${ANY}[Hh](?:angs?|ung|anging)${ENDS}|(?:never|not|n't|n’t) (?:return|respond|answer|come back|complete|finish)|not responding|unresponsive|no response|takes forever|blocks? forever|${ALONE}${ANY}stuck${ENDS}`;

const OVERSIZED = String.raw`(?:received|send) message larger than max`;
/** Words of network plugins, systemd and device plugins alone: others fail for what users give them. */
const FAILED = String.raw`failed \((?:add|delete|check|ADD|DEL|CHECK)\)|(?:set ?up|tear ?down|destroy) (?:pod )?network|NetworkPluginNotReady|[Nn]etwork plugin (?:is )?not (?:ready|initialized)|cni plugin not initialized|cni config uninitialized|[Uu]nable to (?:start|create) unit|start transient|Allocate failed`;

/** Global, linear, within a line: every such line has it. */
export const FAILING_CALL = new RegExp(`${LATE}|${AWAY}|${HANGS}|${OVERSIZED}|${FAILED}`, 'g');
const CODES: readonly (readonly [CallCode, RegExp])[] = [
  ['oversized', new RegExp(OVERSIZED)],
  ['late', new RegExp(LATE)],
  ['unavailable', new RegExp(AWAY)],
  ['hangs', new RegExp(HANGS)],
  ['failed', new RegExp(FAILED)],
];

/** What runs in a container, and what is far away, says nothing of the node. */
const NOT_OURS =
  /(?:[Ll]iveness|[Rr]eadiness|[Ss]tartup|[Ee]xec)\S{0,4} probe|[Pp]robe (?:failed|errored|warning)|ExecSync|PullImage|ImagePull|[Ff]ailed to pull|pull(?:ing)? image|lease|[Nn]ode ?status|webhook|Leader ?[Ee]lection|etcd|TLS handshake|reflector|Failed to (?:watch|list) \*|timeout=|factory failed|[Tt]imeout: ?\d|-timeout|activeDeadlineSeconds|active (?:on the node )?longer than|DeadlineExceeded\b(?![^\n]{0,4}desc)(?=[^\n]{0,80}\b[Jj]ob\b)/;
/** Whoever says so was asked, and has answered. */
const ANSWERS =
  /\b(?:not found|no such (?:file|container|image|process|host|device|network|id|object|task|plugin|volume|sandbox)|permission denied|access denied|already (?:exists|in use|running|mounted|loaded|reserved)|invalid argument|connection refused|unauthorized|forbidden|exec format error|not a directory|is a directory|unknown (?:flag|command|service|shorthand)|not supported|does(?:n't| not) exist|bad request|address already in use)\b/gi;
/** As gRPC calls an answer, whatever is said of it. */
const ANSWER_CODES =
  /^(?:NotFound|AlreadyExists|InvalidArgument|PermissionDenied|Unauthenticated|Unimplemented|OutOfRange)$/;
/** What journald adds to a record (`journalctl -o json`): units and commands, whatever the record says. */
const JOURNAL_FIELDS = /"(?!MESSAGE")_?[A-Z][A-Z_0-9]{1,60}":"(?:[^"\\]|\\.)*(?:"|$)/g;
const OPERATION =
  /(?<![\w./-])((?:Run|Stop|Remove|List)PodSandbox(?:Stats)?|PodSandbox(?:Status|Stats)|(?:Create|Start|Stop|Remove|Kill)Container|Container(?:Status|Stats)|List(?:Containers|Images|ContainerStats)|ImageFsInfo|(?:Start|Stop)(?:Transient)?Unit|Node\w{4,24}Volume\w{0,8}|(?:Unm|M)ount(?:Volume|Device)\.\w{4,12}|Allocate|GetPreferredAllocation|Status|Version)(?![\w/-])/;
const OBJECT = /(?<![\w-])([0-9a-f]{12})(?:[0-9a-f]{52})?(?![\w-])/;
const DURATION =
  /\b(?:after|took|within|for|over|exceeded|waited|elapsed)[ :=(]{1,3}"?((?:\d{1,6}(?:\.\d{1,12})?(?:h|m(?!s)|s|ms)){1,4}|\d{1,6}(?= ?(?:seconds?|minutes?|hours?|secs?|mins?)))( ?(?:minutes?|mins?|hours?))?/;
const TIMES = /\(x(\d{1,6}) over (?:\d{1,4}[dhms]){1,3}\)/;
/** No line that says something is longer. */
const MAX_LINE = 16_384;

/** @param own of the line: what `ownWords` gives. undefined: it speaks of no such call. */
export function readFailingCall(own: string): FailingCall | undefined {
  const cut = own.slice(0, MAX_LINE);
  const line = cut.includes('"_') ? cut.replace(JOURNAL_FIELDS, '') : cut;
  const code = CODES.find(([, words]) => words.test(line))?.[0];
  if (code === undefined || NOT_OURS.test(line)) return undefined;
  const callee = calleeIn(line);
  if (callee === undefined || !isOfNode(callee, code, line) || isAnswered(callee, code, line)) return undefined;
  return {
    callee,
    code,
    operation: OPERATION.exec(line)?.[1],
    object: OBJECT.exec(line)?.[1],
    durationMs: durationIn(line),
    times: Number(TIMES.exec(line)?.[1] ?? 1),
  };
}

const ENDLESS = new RegExp(`${LATE}|${HANGS}`, 'g');

function lastAt(line: string, pattern: RegExp): number {
  let at = -1;
  for (const { index } of line.matchAll(pattern)) at = index;
  return at;
}

/** The innermost error comes last: where that is an answer, nobody waits. A network plugin that answers so has failed. */
function isAnswered(callee: Callee, code: CallCode, line: string): boolean {
  if (code === 'oversized' || code === 'unavailable') return false;
  const said = [...line.matchAll(/\bcode = (\w{1,32})/g)].at(-1)?.[1] ?? '';
  if (ANSWER_CODES.test(said)) return code !== 'failed' || callee !== 'network';
  if (code === 'failed') return callee !== 'network' && lastAt(line, ANSWERS) >= 0;
  return lastAt(line, ANSWERS) > lastAt(line, ENDLESS);
}

/** Who is not there is known by the socket: anything else that refuses a connection is another program. */
function isOfNode(callee: Callee, code: CallCode, line: string): boolean {
  if (code === 'unavailable')
    return callee !== 'list' || /\.sock|[Dd]ocker (?:daemon|endpoint|server)|[Uu]navailable/.test(line);
  // `containerd timed out` may be a word of anything.
  return code === 'hangs' || callee !== 'list' || !/dial tcp|https?:\/\//.test(line);
}

function durationIn(line: string): number | undefined {
  const [, amount = '', unit = ''] = DURATION.exec(line) ?? [];
  if (amount === '') return undefined;
  if (/[a-z]$/.test(amount)) return parseDuration(amount);
  const factor = /h/.test(unit) ? 3_600_000 : /m/.test(unit) ? 60_000 : 1_000;
  return Number(amount) * factor;
}
