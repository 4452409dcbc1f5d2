/** Looks up the catalogue's signs in the facts. */
import type { Facts, Stack } from './analysis/facts.ts';
import { findInOrder } from './analysis/names.ts';
import { waitOf } from './analysis/waits.ts';
import type { BlockedSign, Cause, LogSign, PlegSign, RelistSign, Sign, StackSign } from './catalogue/cause.ts';
import { compareVersions } from './version.ts';

export interface Found {
  readonly weight: number;
  readonly support: boolean;
  /** `file:line what`; empty: not worth a line. */
  readonly evidence: string;
  /** The stack that is blocked; undefined: the sign is of something else. */
  readonly stack: Stack | undefined;
  readonly fromLog: boolean;
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

function howSure({ group, lasts }: Stack, isWhole: boolean): number {
  if (lasts) return 1;
  return group.state === undefined && isWhole ? STATELESS : PASSING;
}

function describe({ file, group }: Stack, count: number): string {
  const state = group.state === undefined ? 'no state' : group.state;
  const minutes = group.minutes > 0 ? `, ${group.minutes} minutes` : '';
  const who =
    group.ids[0] === undefined
      ? `${count} goroutine(s)`
      : count > 1
        ? `${count} goroutines`
        : `goroutine ${group.ids[0]}`;
  return `${file}:${group.atLine} ${who} [${state}${minutes}] in ${group.frames[0]?.func ?? '-'}`;
}

function isSettled({ relist, movement, isWhole, criWaiters, logs, syncLoop }: Facts): boolean {
  if (movement === 'same-call' || (relist?.group.minutes ?? 0) >= 1 || !isWhole) return true;
  const complained = syncLoop.place === 'skipping' || logs.pleg.goesOn;
  return complained || ((movement === 'unknown' || movement === 'same-place') && criWaiters >= 2);
}

function findRelistSign(sign: RelistSign, facts: Facts): Found | undefined {
  const { relist, movement, stacks } = facts;
  if (relist === undefined || !sign.place.includes(relist.place)) return undefined;
  if (sign.methods !== undefined && !sign.methods.includes(relist.criMethod ?? '')) return undefined;
  if (sign.frames !== undefined && findInOrder(relist.names.slice(0, relist.at + 1), sign.frames) < 0) return undefined;
  if (sign.movement !== undefined && !sign.movement.includes(movement)) return undefined;
  const stack = stacks.find(({ group }) => group === relist.group);
  if (stack === undefined) return undefined;
  const moved = sign.movement === undefined ? '' : ', the same call as in the dump before';
  const evidence = `${describe(stack, 1)}: relist${moved}`;
  const weight = isSettled(facts) || sign.movement !== undefined ? sign.weight : sign.weight * PASSING;
  return { weight, support: sign.support === true, evidence, stack, fromLog: false };
}

function isLike(sign: StackSign, { names, group, process }: Stack): boolean {
  if (sign.of !== undefined && !sign.of.includes(process)) return false;
  if (findInOrder(names, sign.frames) < 0) return false;
  if ((sign.without ?? []).some((pattern) => findInOrder(names, [pattern]) >= 0)) return false;
  if (sign.waits === undefined) return true;
  const wait = waitOf(group);
  return wait === undefined ? group.state === undefined && !sign.waits.includes('lock') : sign.waits.includes(wait);
}

function findStack(sign: StackSign, facts: Facts): Found | undefined {
  const like = facts.stacks.filter((stack) => isLike(sign, stack));
  const count = like.reduce((sum, { group }) => sum + group.count, 0);
  const first = [...like].sort((a, b) => Number(b.lasts) - Number(a.lasts) || b.group.minutes - a.group.minutes)[0];
  if (first === undefined || count < (sign.atLeast ?? 1)) return undefined;
  const sure = count >= 10 ? 1 : howSure(first, facts.isWhole);
  return {
    weight: sign.weight * sure,
    support: sign.support === true,
    evidence: describe(first, count),
    stack: first,
    fromLog: false,
  };
}

function plain(sign: Sign, evidence: string, fromLog = false): Found {
  return { weight: sign.weight, support: sign.support === true, evidence, stack: undefined, fromLog };
}

function findLog(sign: LogSign, { logs }: Facts): Found | undefined {
  const hit = logs.find(sign.pattern);
  if (hit === undefined || hit.count < (sign.atLeast ?? 1)) return undefined;
  return plain(sign, hit.count > 1 ? `${hit.last} (${hit.count} times)` : hit.last, true);
}

function findBlocked(sign: BlockedSign, { input }: Facts): Found | undefined {
  const found = (input.host?.blockedProcesses ?? []).find(
    ({ comm, wchan }) => (sign.comm?.test(comm) ?? true) && (sign.wchan?.test(wchan) ?? true),
  );
  return found === undefined
    ? undefined
    : plain(sign, `host: ${found.comm} (pid ${found.pid}) in state D at ${found.wchan}`);
}

function findPleg(sign: PlegSign, { logs }: Facts): Found | undefined {
  const { pleg } = logs;
  const seconds = Math.round(pleg.maxElapsedMs / 1_000);
  switch (sign.is) {
    case 'unhealthy':
      return pleg.goesOn ? plain(sign, `log: PLEG not healthy, last relist up to ${seconds} s ago`) : undefined;
    case 'start-up-stuck':
      return pleg.startUp === 'stuck' ? plain(sign, 'log: PLEG has not been successful for minutes', true) : undefined;
    case 'start-up-passed':
      if (pleg.startUp !== 'passed' || pleg.goesOn) return undefined;
      return plain(sign, 'log: PLEG was not successful yet at the start, as at every start', true);
  }
}

function findIdle(sign: Sign, { relist, isWhole, syncLoop, kubelet, movement }: Facts): Found | undefined {
  if (!isWhole || kubelet === undefined) return undefined;
  const idles = relist?.place === 'idle' || (relist === undefined && kubelet.dump.format === 'debug=1');
  const goesRound =
    relist?.place === 'cri' && (movement === 'moved' || movement === 'next-call') && relist.group.minutes === 0;
  if (!(idles || goesRound) || syncLoop.place !== 'idle') return undefined;
  const what = idles ? 'relist is idle' : 'relist goes on from one call to the next';
  return plain(sign, `${kubelet.name}:${relist?.group.atLine ?? 1} ${what}, and the sync loop waits for work`);
}

export function findSign(sign: Sign, facts: Facts): Found | undefined {
  const { input, syncLoop, kubelet } = facts;
  switch (sign.kind) {
    case 'relist':
      return findRelistSign(sign, facts);
    case 'stack':
      return findStack(sign, facts);
    case 'log':
      return findLog(sign, facts);
    case 'blocked':
      return findBlocked(sign, facts);
    case 'exited-containers': {
      const exited = input.host?.exitedContainers ?? 0;
      return exited >= sign.atLeast ? plain(sign, `host: ${exited} exited containers`) : undefined;
    }
    case 'probe':
      return sign.states.includes(input.probe)
        ? plain(sign, `probe: a CRI call of our own: ${input.probe}`)
        : undefined;
    case 'runtime-version':
      return sign.pattern.test(input.runtimeVersion ?? '')
        ? plain(sign, `runtime: ${input.runtimeVersion ?? ''}`)
        : undefined;
    case 'pleg-log':
      return findPleg(sign, facts);
    case 'sync-loop':
      if (!sign.place.includes(syncLoop.place)) return undefined;
      return plain(sign, `${kubelet?.name ?? '-'}:${syncLoop.group?.atLine ?? 1} the sync loop is ${syncLoop.place}`);
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
  const combined = 1 - found.reduce((rest, { weight }) => rest * (1 - weight), 1);
  const onlyLogs = found.every(({ fromLog, support }) => fromLog || support);
  const contradicted = onlyLogs && facts.relist?.place === 'idle' && cause.relistMayIdle !== true;
  return { cause, found, score: contradicted ? combined * CONTRADICTED : combined };
}
