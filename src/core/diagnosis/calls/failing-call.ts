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

const LATE = String.raw`[Dd]eadline ?[Ee]xceeded|[Tt]imed[ -]out|(?<![\w.-])[Tt]ime ?out(?![\w-])|TIMEOUT|code = 4 desc|to be killed`;
const AWAY = String.raw`Unavailable|UNAVAILABLE|code = 14 desc|connection refused|[Cc](?:annot|ould not|an't) connect to`;
const HANGS = String.raw`(?<![\w-])[Hh](?:angs?|ung|anging)(?![\w-])|(?:never|not|n't|n’t) (?:return|respond|answer|come back|complete|finish)|not responding|unresponsive|no response|takes forever|blocks? forever|(?<![\w-])stuck(?![\w-])`;

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
  /(?:[Ll]iveness|[Rr]eadiness|[Ss]tartup|[Ee]xec)\S{0,4} probe|[Pp]robe (?:failed|errored|warning)|ExecSync|PullImage|ImagePull|[Ff]ailed to pull|pull(?:ing)? image|lease|[Nn]ode ?status|webhook|Leader ?[Ee]lection|etcd|TLS handshake|reflector|Failed to (?:watch|list) \*|timeout=|factory failed|[Tt]imeout: ?\d|-timeout/;
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
  if (callee === undefined || !isOfNode(callee, code, line)) return undefined;
  return {
    callee,
    code,
    operation: OPERATION.exec(line)?.[1],
    object: OBJECT.exec(line)?.[1],
    durationMs: durationIn(line),
    times: Number(TIMES.exec(line)?.[1] ?? 1),
  };
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
