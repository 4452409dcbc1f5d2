/** What has to be picked out of a log: whatever a sign of the catalogue reads in one. */
import { type PlegLine, parsePlegLine } from '../../detection/pleg-line.ts';
import type { Cause, Sign } from '../catalogue/cause.ts';
import { CATALOGUE } from '../catalogue/catalogue.ts';
import { FAILING_CALL, readFailingCall } from '../calls/failing-call.ts';
import { faultIn, HEARTBEAT_FAILED } from './heartbeat-words.ts';
import { LAST_WORDS } from './last-words.ts';
import { HOST_CLUES } from '../kernel/host-events.ts';
import { ownWords } from './own-words.ts';
import { SUCCEEDED } from './well-again.ts';

export interface CluePattern {
  /** Global, linear in time; no match spans lines. */
  readonly pattern: RegExp;
  /** Lines that match and say different things are told apart by this; undefined: the line says nothing. */
  readonly meaning?: (line: string) => string | undefined;
}

/** What a line says by a pattern, in its writer's own words; undefined: nothing. */
export function meaningOf(line: string, one: CluePattern): string | undefined {
  return line.search(one.pattern) < 0 ? undefined : meaningOfOwn(ownWords(line), one);
}

/** @param own of the line: what `ownWords` gives. */
export function meaningOfOwn(own: string, { pattern, meaning }: CluePattern): string | undefined {
  if (own.search(pattern) < 0) return undefined;
  return meaning === undefined ? '' : meaning(own);
}

/** As the kubelet says when it starts, in klog's text and in its JSON. */
export const KUBELET_VERSION =
  /"?Kubelet version"? kubeletVersion="(v\d[\w.+-]{1,60})"|"kubeletVersion":"(v\d[\w.+-]{1,60})"/g;

/** The sync loop takes up what relist has found. */
export const PLEG_EVENT = /SyncLoop \(PLEG\)/g;
/** It does not, since something is wrong. */
export const SKIPPING = /kipping pod synchronization/g;
/** `Started kubelet` is of releases that log no version. */
export const KUBELET_START = /Starting kubelet main sync loop|"?Kubelet version"? kubeletVersion|Started kubelet/g;

function plegMeaning(line: string): string | undefined {
  const kind: PlegLine['kind'] = parsePlegLine(line).kind;
  return kind === 'none' ? undefined : kind;
}

/** The history of the PLEG is read from all of these together. */
const PLEG_HISTORY: readonly CluePattern[] = [
  { pattern: /PLEG is not healthy[^\n]{0,200}/g, meaning: plegMeaning },
  { pattern: PLEG_EVENT },
  { pattern: SKIPPING },
  { pattern: KUBELET_START },
  { pattern: /container runtime is down/g },
];

/** Lines are told apart by whom they call, for what, and how it ends; those of one container by that as well. */
function callMeaning(line: string): string | undefined {
  const call = readFailingCall(line);
  return call === undefined ? undefined : [call.callee, call.code, call.operation, call.object].join(' ');
}

/** The pattern of all signs that are failing calls. */
export const CALLS: CluePattern = { pattern: FAILING_CALL, meaning: callMeaning };

/** What one sign reads in logs; none: it reads something else. */
function patternsOfSign(sign: Sign): readonly CluePattern[] {
  if (sign.kind === 'log') return [{ pattern: sign.pattern }];
  if (sign.kind === 'call') return [CALLS];
  if (sign.kind === 'host') return HOST_CLUES;
  return sign.kind === 'pleg-log' ? PLEG_HISTORY : [];
}

function patternsOfCause({ signs, kubelets }: Cause): readonly CluePattern[] {
  return [...(kubelets === undefined ? [] : [{ pattern: KUBELET_VERSION }]), ...signs.flatMap(patternsOfSign)];
}

/** Why the kubelet does not report, where it says so. */
const HEARTBEAT: CluePattern = { pattern: HEARTBEAT_FAILED, meaning: faultIn };

function keyOf({ pattern }: CluePattern): string {
  return `${pattern.flags} ${pattern.source}`;
}

function eachOnce(patterns: readonly CluePattern[]): readonly CluePattern[] {
  return [...new Map(patterns.map((one) => [keyOf(one), one])).values()];
}

/** Each once, those first that several causes are told by: they are kept where there is no room for all. */
export const CLUE_PATTERNS: readonly CluePattern[] = eachOnce([
  ...PLEG_HISTORY,
  SUCCEEDED,
  HEARTBEAT,
  ...LAST_WORDS,
  ...CATALOGUE.flatMap(patternsOfCause),
]);

/** Of the catalogue, and behind them those of causes of the user's own. */
export function cluePatterns(ownCauses: readonly Cause[] = []): readonly CluePattern[] {
  if (ownCauses.length === 0) return CLUE_PATTERNS;
  // The catalogue's own may tell lines apart by what they mean.
  const known = new Set(CLUE_PATTERNS.map(keyOf));
  const own = eachOnce(ownCauses.flatMap(patternsOfCause)).filter((one) => !known.has(keyOf(one)));
  return [...CLUE_PATTERNS, ...own];
}
