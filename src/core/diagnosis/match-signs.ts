/** Looks up the catalogue's signs in the facts. */
import type { Movement } from './analysis/compare.ts';
import type { Facts, Stack } from './analysis/facts.ts';
import { findInOrder } from './analysis/function-names.ts';
import type { Relist } from './analysis/relist.ts';
import { describeStack, distinct, type Found, OLD, plain } from './found.ts';
import { findBlock } from './match-blocks.ts';
import { findCall } from './match-calls.ts';
import { waitOf } from './analysis/waits.ts';
import type {
  CallSign,
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

export interface Candidate {
  readonly cause: Cause;
  /** 0 to 1, and not more than `most`. */
  readonly score: number;
  /** What it would be if everything that was found could be believed. */
  readonly raw: number;
  /** How much may be believed of what it rests on. */
  readonly most: number;
  readonly found: readonly Found[];
}

/** A single look at something that may be over in a moment, and a form without states, prove less. */
const PASSING = 0.7;
const STATELESS = 0.9;
/** A stack that is seen for a moment: busy processes pass everywhere. */
const SEEN_ONCE = 0.55;

function howSure({ group, lasts }: Stack, isWhole: boolean): number {
  if (lasts) return 1;
  return group.state === undefined && isWhole ? STATELESS : SEEN_ONCE;
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
  return { ...plain(sign, `${describeStack(stack, 1, relist.at)}${call}${MOVED[movement]}`), weight, stack };
}

function isLike(sign: StackSign, { names, group, process, isPaste }: Stack): boolean {
  // A few stacks that somebody has pasted need not show what program they are of. Other dumps are of the node's programs, or no sign.
  if (process === 'other' ? !isPaste && sign.of?.includes(process) !== true : sign.of?.includes(process) === false)
    return false;
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
    evidence: describeStack(first, count, findInOrder(first.names, sign.frames)),
    stack: first,
    fromLog: false,
    line: undefined,
    ofCall: false,
    ofPattern: true,
  };
}

function findLog(sign: LogSign, { logs }: Facts): Found | undefined {
  const hit = logs.find(sign.pattern);
  if (hit === undefined || hit.count < (sign.atLeast ?? 1)) return undefined;
  const found = {
    ...plain(sign, hit.count > 1 ? `${hit.last} (${hit.count} times)` : hit.last, true),
    line: hit.last,
  };
  return hit.isOld ? { ...found, weight: found.weight * OLD } : found;
}

function isSuchEvent({ events, owners, places, atLeastSeconds }: HostSign, event: HostEvent): boolean {
  if (!events.includes(event.kind)) return false;
  if (owners !== undefined && (event.owner === undefined || !owners.includes(event.owner))) return false;
  if (places !== undefined && (event.place === undefined || !places.includes(event.place))) return false;
  return atLeastSeconds === undefined || (event.seconds !== undefined && event.seconds >= atLeastSeconds);
}

/** Every process that reads a disk is in state D for a moment. So many looks, or processes at once, are more than that. */
const MOMENT = 0.6;
const SEVERAL = 3;

/** What a freezer or a device holds does not go on by itself. */
function isPassing({ kind, place }: HostEvent): boolean {
  return kind === 'asleep' && place !== 'freezer' && place !== 'vfio';
}

function findHostEvent(sign: HostSign, { hostEvents }: Facts): Found | undefined {
  const like = hostEvents.filter((event) => isSuchEvent(sign, event));
  const last = like.findLast(({ isOld }) => !isOld) ?? like.at(-1);
  const count = like.reduce((sum, one) => sum + one.count, 0);
  if (last === undefined || count < (sign.atLeast ?? 1)) return undefined;
  const plainly = plain(sign, last.evidence, last.fromLog);
  const isMoment = count < SEVERAL && like.every(isPassing);
  const found = isMoment ? { ...plainly, weight: plainly.weight * MOMENT } : plainly;
  return last.isOld ? { ...found, weight: found.weight * OLD } : found;
}

const PLEG_WORDS: Readonly<Record<Exclude<PlegSign['is'], 'unhealthy'>, string>> = {
  'check-stuck': 'the first check of the runtime has been open for minutes',
  'start-up-stuck': 'PLEG has not been successful for minutes',
  'start-up-open': 'PLEG has not been successful to the end',
  'start-up-unclear': 'PLEG was not successful yet for seconds, and nothing follows',
  'start-up-passed': 'PLEG was not successful yet at the start, as at every start',
  works: 'events of PLEG reach the sync loop to the end',
};

function findPleg(sign: PlegSign, { logs: { pleg } }: Facts): Found | undefined {
  const { is } = sign;
  if (is === 'unhealthy') {
    const seconds = Math.round(pleg.elapsedMs / 1_000);
    return pleg.goesOn ? plain(sign, `log: PLEG not healthy, last relist ${seconds} s ago`) : undefined;
  }
  const isSo: Readonly<Record<typeof is, boolean>> = {
    'check-stuck': pleg.isCheckStuck,
    'start-up-stuck': pleg.startUp === 'stuck',
    'start-up-open': pleg.startUp === 'open',
    'start-up-unclear': pleg.startUp === 'unclear' && !pleg.goesOn,
    'start-up-passed': pleg.startUp === 'passed' && !pleg.goesOn,
    works: pleg.works,
  };
  return isSo[is] ? plain(sign, `log: ${PLEG_WORDS[is]}`, true) : undefined;
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
      // `test` of a pattern with the flag g goes on where it has found one.
      return runtimeVersion.search(sign.pattern) >= 0 ? plain(sign, `runtime: ${runtimeVersion}`) : undefined;
  }
}

function findSyncLoopSign(sign: SyncLoopSign, { syncLoop, kubelet }: Facts): Found | undefined {
  if (!sign.place.includes(syncLoop.place)) return undefined;
  return plain(sign, `${kubelet?.name ?? '-'}:${syncLoop.group?.atLine ?? 1} the sync loop is ${syncLoop.place}`);
}

function findOfLogs(sign: LogsSign, facts: Facts): Found | undefined {
  switch (sign.kind) {
    case 'log':
      return findLog(sign, facts);
    case 'call':
      return findCall(sign, facts);
    case 'pleg-log':
      return findPleg(sign, facts);
  }
}

function findSign(sign: Sign, facts: Facts): Found | undefined {
  if (isOfLogs(sign)) return findOfLogs(sign, facts);
  if (isOfStacks(sign)) return findOfStacks(sign, facts);
  return sign.kind === 'host' ? findHostEvent(sign, facts) : findOfHost(sign, facts);
}

type LogsSign = LogSign | CallSign | PlegSign;

function isOfLogs(sign: Sign): sign is LogsSign {
  return sign.kind === 'log' || sign.kind === 'call' || sign.kind === 'pleg-log';
}

type StacksSign = Extract<Sign, { readonly kind: 'relist' | 'stack' | 'block' | 'sync-loop' | 'idles' }>;

function isOfStacks(sign: Sign): sign is StacksSign {
  return ['relist', 'stack', 'block', 'sync-loop', 'idles'].includes(sign.kind);
}

function findOfStacks(sign: StacksSign, facts: Facts): Found | undefined {
  switch (sign.kind) {
    case 'relist':
      return findRelistSign(sign, facts);
    case 'stack':
      return findStack(sign, facts);
    case 'block':
      return findBlock(sign, facts);
    case 'sync-loop':
      return findSyncLoopSign(sign, facts);
    case 'idles':
      return findIdle(sign, facts);
  }
}

function isPossible({ kubelets, notIfProbe, onlyIfProbe }: Cause, { version, input }: Facts): boolean {
  if (notIfProbe?.includes(input.probe) === true) return false;
  if (onlyIfProbe !== undefined && !onlyIfProbe.includes(input.probe)) return false;
  if (version === undefined || kubelets === undefined) return true;
  if (kubelets.from !== undefined && compareVersions(version, kubelets.from) < 0) return false;
  return kubelets.before === undefined || compareVersions(version, kubelets.before) < 0;
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
  const score = contradicted ? combined * CONTRADICTED : combined;
  return { cause, found, score, raw: score, most: 1 };
}
