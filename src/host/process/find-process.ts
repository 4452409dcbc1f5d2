/** The process of the kubelet and of the runtime: what runs in the control group of its unit, as root, on the host. */
import type { UnitRole } from '../../ports/host.ts';
import { readText } from '../disk/bounded-read.ts';
import { foreignSign } from './foreign-sign.ts';
import { ownUnit, parseCmdline, type ProcStat } from './proc-parse.ts';
import { listProcesses } from './process-list.ts';

export interface FoundProcess {
  readonly pid: number;
  readonly comm: string;
  readonly argv: readonly string[];
  readonly unit: string;
  readonly startTicks: number;
}

export interface ProcessQuery {
  readonly role: UnitRole;
  /** It runs in one of them. */
  readonly units: readonly string[];
  /** The main process of the only unit, by systemd's word; undefined: systemd does not answer. */
  readonly mainPID?: number;
  /** A person vouches for the unit: `foreignSign`. */
  readonly isNamed: boolean;
}

/**
 * Names as in /proc/PID/stat: 15 characters at most. They only say which of a unit's processes is meant: rke2 and k0s run
 * kubelet and containerd as children, k3s the kubelet within itself.
 */
const NAMES: Readonly<Record<UnitRole, RegExp>> = {
  kubelet: /^(?:kubelet|kubenswrapper|hyperkube|kubelite|k3s|k3s-server|k3s-agent)$/,
  runtime: /^(?:containerd|docker-containerd|crio|dockerd|dockerd-ce|dockerd-current)$/,
};
/** Of these the main process is neither. */
const SUPERVISORS = /^(?:k3s|k3s-server|k3s-agent|rke2|k0s)$/;

/** undefined: none runs. A main process comes first, then the oldest: the others are what it has started. */
export async function findProcess(
  procRoot: string,
  query: ProcessQuery,
  signal: AbortSignal,
): Promise<FoundProcess | undefined> {
  const init = (await readText(`${procRoot}/1/cgroup`, signal)) ?? '';
  const found: { readonly stat: ProcStat; readonly unit: string; readonly rank: number }[] = [];
  for await (const stat of listProcesses(procRoot, signal)) {
    const rank = rankOf(stat, query);
    if (rank === undefined) continue;
    const unit = await unitOf(procRoot, { stat, init, query }, signal);
    if (unit !== undefined) found.push({ stat, unit, rank });
  }
  found.sort((a, b) => a.rank - b.rank || a.stat.startTicks - b.stat.startTicks);
  const [best] = found;
  if (best === undefined) return undefined;
  const { pid, comm, startTicks } = best.stat;
  const argv = parseCmdline((await readText(`${procRoot}/${String(pid)}/cmdline`, signal)) ?? '');
  return { pid, comm, argv, unit: best.unit, startTicks };
}

/** Best first: the main process of the right name, a process of the right name, the main process of another name. */
function rankOf({ pid, comm, state }: ProcStat, { role, mainPID }: ProcessQuery): number | undefined {
  if (state === 'Z') return undefined;
  if (NAMES[role].test(comm)) return pid === mainPID ? 0 : 1;
  return pid === mainPID && !SUPERVISORS.test(comm) ? 2 : undefined;
}

interface Candidate {
  readonly stat: ProcStat;
  readonly init: string;
  readonly query: ProcessQuery;
}

async function unitOf(
  procRoot: string,
  { stat: { pid }, init, query }: Candidate,
  signal: AbortSignal,
): Promise<string | undefined> {
  const groups = (await readText(`${procRoot}/${String(pid)}/cgroup`, signal)) ?? '';
  const [only] = query.units;
  const unit = pid === query.mainPID ? only : ownUnit(groups, init);
  if (unit === undefined || !query.units.includes(unit)) return undefined;
  const sign = await foreignSign(procRoot, { pid, unit, isNamed: query.isNamed }, signal);
  return sign === undefined ? unit : undefined;
}
