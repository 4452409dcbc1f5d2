/** Looks up the catalogue's signs in the facts. */
import type { Movement } from './analysis/compare.ts';
import type { Facts, Stack } from './analysis/facts.ts';
import { findInOrder } from './analysis/function-names.ts';
import type { Relist } from './analysis/relist.ts';
import { waitOf, waitText } from './analysis/waits.ts';
import type {
  Cause,
  ExitedSign,
  HostSign,
  LogSign,
  PlegSign,
  ProbeSign,
  RelistSign,
  RuntimeSign,
  Sign,
  StackSign,
  SyncLoopSign,
} from './catalogue/cause.ts';
import type { HostEvent } from './kernel/event.ts';
import { compareVersions } from './version.ts';

interface Found {
  readonly weight: number;
  readonly support: boolean;
  /** `file:line what`; empty: not worth a line. */
  readonly evidence: string;
  /** The stack that is blocked; undefined: the sign is of something else. */
  readonly stack: Stack | undefined;
  readonly fromLog: boolean;
  /** Found by its frames alone, so that another pattern may find the same. */
  readonly ofPattern: boolean;
}

export interface Candidate {
  readonly cause: Cause;
  /** 0 to 1. */
  readonly score: number;
  readonly found: readonly Found[];
}

/** A single look at something that may be over in a moment, and a form without states, prove less. */
const PASSING = 0.7;
const STATELESS = 0.9;
/** A stack that is seen for a moment: busy processes pass everywhere. */
const SEEN_ONCE = 0.55;
/** What a log said and has not said again for ten minutes may be over. */
const OLD = 0.5;

function howSure({ group, lasts }: Stack, isWhole: boolean): number {
  if (lasts) return 1;
  return group.state === undefined && isWhole ? STATELESS : SEEN_ONCE;
}

/** @param at index of the frame to name. */
function describe({ file, group }: Stack, count: number, at: number): string {
  const who =
    group.ids[0] === undefined
      ? `${count} goroutine(s)`
      : count > 1
        ? `${count} goroutines`
        : `goroutine ${group.ids[0]}`;
  return `${file}:${group.atLine} ${who} ${waitText(group)} in ${group.frames[at]?.func ?? '-'}`;
}

function isSettled({ relist, movement, isWhole, criWaiters, logs, syncLoop }: Facts): boolean {
  if (movement === 'same-call' || (relist?.group.minutes ?? 0) >= 1) return true;
  // Who cuts a stack out means that it is stuck; but relist asks for one container after the other all the time.
  if (!isWhole) return !/^(?:PodSandbox|Container)Status$/.test(relist?.criMethod ?? '');
  const complained = syncLoop.place === 'skipping' || logs.pleg.goesOn;
  const waiters = criWaiters.reduce((sum, { count }) => sum + count, 0);
  return complained || ((movement === 'unknown' || movement === 'same-place') && waiters >= 2);
}

function isSuchRelist({ place, methods, frames, movement }: RelistSign, relist: Relist, moved: Movement): boolean {
  if (!place.includes(relist.place)) return false;
  if (methods !== undefined && !methods.includes(relist.criMethod ?? '')) return false;
  if (movement !== undefined && !movement.includes(moved)) return false;
  return frames === undefined || findInOrder(relist.names.slice(0, relist.at + 1), frames) >= 0;
}

const MOVED: Readonly<Record<Movement, string>> = {
  'same-call': ', the same call as in the dump before',
  'same-place': ', at the same place as in the dump before',
  'next-call': ', another call of the same kind as in the dump before',
  moved: ', elsewhere than in the dump before',
  unknown: '',
};

function findRelistSign(sign: RelistSign, facts: Facts): Found | undefined {
  const { relist, movement, stacks } = facts;
  if (relist === undefined || !isSuchRelist(sign, relist, movement)) return undefined;
  const stack = stacks.find(({ group }) => group === relist.group);
  if (stack === undefined) return undefined;
  const weight = isSettled(facts) || sign.movement !== undefined ? sign.weight : sign.weight * PASSING;
  const call = relist.criMethod === undefined ? '' : `, CRI ${relist.criMethod}`;
  return { ...plain(sign, `${describe(stack, 1, relist.at)}${call}${MOVED[movement]}`), weight, stack };
}

function isLike(sign: StackSign, { names, group, process, isPaste }: Stack): boolean {
  // A few stacks that somebody has pasted need not show what program they are of.
  if (sign.of !== undefined && !sign.of.includes(process) && !(isPaste && process === 'other')) return false;
  if (findInOrder(names, sign.frames) < 0) return false;
  if ((sign.without ?? []).some((pattern) => findInOrder(names, [pattern]) >= 0)) return false;
  if (sign.waits === undefined) return true;
  const wait = waitOf(group);
  if (wait !== undefined) return sign.waits.includes(wait);
  return group.state === undefined && mayWaitSo(sign, names);
}

/** Where the format has no states (debug=1): a lock would show in the frames, and only the leaf can be sending. */
function mayWaitSo({ waits = [], frames }: StackSign, names: readonly string[]): boolean {
  if (waits.includes('lock')) return false;
  return !waits.includes('send') || findInOrder(names, frames) === 0;
}

function findStack(sign: StackSign, facts: Facts): Found | undefined {
  const like = facts.stacks.filter((stack) => isLike(sign, stack) && (sign.lasting !== true || stack.lasts));
  const count = like.reduce((sum, { group }) => sum + group.count, 0);
  const first = [...like].sort((a, b) => Number(b.lasts) - Number(a.lasts) || b.group.minutes - a.group.minutes)[0];
  if (first === undefined || count < (sign.atLeast ?? 1)) return undefined;
  const sure = count >= 10 ? 1 : howSure(first, facts.isWhole);
  return {
    weight: sign.weight * sure,
    support: sign.support === true,
    evidence: describe(first, count, findInOrder(first.names, sign.frames)),
    stack: first,
    fromLog: false,
    ofPattern: true,
  };
}

function plain(sign: Sign, evidence: string, fromLog = false): Found {
  return { weight: sign.weight, support: sign.support === true, evidence, stack: undefined, fromLog, ofPattern: false };
}

function findLog(sign: LogSign, { logs }: Facts): Found | undefined {
  const hit = logs.find(sign.pattern);
  if (hit === undefined || hit.count < (sign.atLeast ?? 1)) return undefined;
  const found = plain(sign, hit.count > 1 ? `${hit.last} (${hit.count} times)` : hit.last, true);
  return hit.isOld ? { ...found, weight: found.weight * OLD } : found;
}

function isSuchEvent({ events, owners, places, atLeastSeconds }: HostSign, event: HostEvent): boolean {
  if (!events.includes(event.kind)) return false;
  if (owners !== undefined && (event.owner === undefined || !owners.includes(event.owner))) return false;
  if (places !== undefined && (event.place === undefined || !places.includes(event.place))) return false;
  return atLeastSeconds === undefined || (event.seconds !== undefined && event.seconds >= atLeastSeconds);
}

function findHostEvent(sign: HostSign, { hostEvents }: Facts): Found | undefined {
  const like = hostEvents.filter((event) => isSuchEvent(sign, event));
  const last = like.findLast(({ isOld }) => !isOld) ?? like.at(-1);
  if (last === undefined || like.reduce((sum, { count }) => sum + count, 0) < (sign.atLeast ?? 1)) return undefined;
  const found = plain(sign, last.evidence, last.fromLog);
  return last.isOld ? { ...found, weight: found.weight * OLD } : found;
}

function findPleg(sign: PlegSign, { logs }: Facts): Found | undefined {
  const { pleg } = logs;
  const seconds = Math.round(pleg.elapsedMs / 1_000);
  switch (sign.is) {
    case 'unhealthy':
      return pleg.goesOn ? plain(sign, `log: PLEG not healthy, last relist ${seconds} s ago`) : undefined;
    case 'start-up-stuck':
      return pleg.startUp === 'stuck' ? plain(sign, 'log: PLEG has not been successful for minutes', true) : undefined;
    case 'start-up-open':
      return pleg.startUp === 'open' ? plain(sign, 'log: PLEG has not been successful to the end', true) : undefined;
    case 'works':
      return pleg.works ? plain(sign, 'log: events of PLEG reach the sync loop to the end', true) : undefined;
    case 'start-up-passed':
      if (pleg.startUp !== 'passed' || pleg.goesOn) return undefined;
      return plain(sign, 'log: PLEG was not successful yet at the start, as at every start', true);
  }
}

/** It goes from call to call, and no call takes a minute. */
function goesRound({ relist, movement }: Facts): boolean {
  if (relist?.place !== 'cri' || relist.group.minutes > 0) return false;
  return movement === 'moved' || movement === 'next-call';
}

function findIdle(sign: Sign, facts: Facts): Found | undefined {
  const { relist, isWhole, syncLoop, kubelet } = facts;
  if (!isWhole || kubelet === undefined || syncLoop.place !== 'idle') return undefined;
  const at = `${kubelet.name}:${relist?.group.atLine ?? 1}`;
  // Without states and creators, the loop of an old kubelet cannot be told from others.
  const idles = relist === undefined ? kubelet.dump.format === 'debug=1' : relist.place === 'idle';
  // Nor does anybody see without minutes what else has been waiting for long.
  const weight = kubelet.dump.format === 'debug=1' ? sign.weight * PASSING : sign.weight;
  if (idles) return { ...plain(sign, `${at} relist is idle, and the sync loop waits for work`), weight };
  return goesRound(facts)
    ? plain(sign, `${at} relist goes from call to call, and the sync loop waits for work`)
    : undefined;
}

function findOfHost(sign: ExitedSign | ProbeSign | RuntimeSign, { input }: Facts): Found | undefined {
  const { host, probe, runtimeVersion = '' } = input;
  const exited = host?.exitedContainers ?? 0;
  switch (sign.kind) {
    case 'exited-containers':
      return exited >= sign.atLeast ? plain(sign, `host: ${exited} exited containers`) : undefined;
    case 'probe':
      return sign.states.includes(probe) ? plain(sign, `probe: a CRI call of our own: ${probe}`) : undefined;
    case 'runtime-version':
      return sign.pattern.test(runtimeVersion) ? plain(sign, `runtime: ${runtimeVersion}`) : undefined;
  }
}

function findSyncLoopSign(sign: SyncLoopSign, { syncLoop, kubelet }: Facts): Found | undefined {
  if (!sign.place.includes(syncLoop.place)) return undefined;
  return plain(sign, `${kubelet?.name ?? '-'}:${syncLoop.group?.atLine ?? 1} the sync loop is ${syncLoop.place}`);
}

function findSign(sign: Sign, facts: Facts): Found | undefined {
  switch (sign.kind) {
    case 'relist':
      return findRelistSign(sign, facts);
    case 'stack':
      return findStack(sign, facts);
    case 'log':
      return findLog(sign, facts);
    case 'host':
      return findHostEvent(sign, facts);
    case 'pleg-log':
      return findPleg(sign, facts);
    case 'sync-loop':
      return findSyncLoopSign(sign, facts);
    case 'idles':
      return findIdle(sign, facts);
    case 'exited-containers':
    case 'probe':
    case 'runtime-version':
      return findOfHost(sign, facts);
  }
}

function isPossible({ kubelets, notIfProbe, onlyIfProbe }: Cause, { version, input }: Facts): boolean {
  if (notIfProbe?.includes(input.probe) === true) return false;
  if (onlyIfProbe !== undefined && !onlyIfProbe.includes(input.probe)) return false;
  if (version === undefined || kubelets === undefined) return true;
  if (kubelets.from !== undefined && compareVersions(version, kubelets.from) < 0) return false;
  return kubelets.before === undefined || compareVersions(version, kubelets.before) < 0;
}

/** Several patterns that fit one stack are one piece of evidence: the strongest counts. */
function distinct(found: readonly Found[]): readonly Found[] {
  return found.filter((one, i) => {
    if (!one.ofPattern) return true;
    const same = found.filter((other) => other.ofPattern && other.stack === one.stack);
    const strongest = same.reduce((best, other) => (other.weight > best.weight ? other : best));
    return found.indexOf(strongest) === i;
  });
}

/** What logs alone say of a kubelet whose relist idles in its dump is over, or something else. */
const CONTRADICTED = 0.55;

export function candidateOf(cause: Cause, facts: Facts): Candidate | undefined {
  if (!isPossible(cause, facts)) return undefined;
  const found = cause.signs.flatMap((sign) => findSign(sign, facts) ?? []);
  if (found.every(({ support }) => support)) return undefined;
  const combined = 1 - distinct(found).reduce((rest, { weight }) => rest * (1 - weight), 1);
  const onlyLogs = found.every(({ fromLog, support }) => fromLog || support);
  const contradicted = onlyLogs && facts.relist?.place === 'idle' && cause.relistMayIdle !== true;
  return { cause, found, score: contradicted ? combined * CONTRADICTED : combined };
}
