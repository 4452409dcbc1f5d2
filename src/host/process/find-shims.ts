/**
 * The shims of a runtime's unit: containerd's unit has `KillMode=process`, so that they are in its cgroup and outlive it. A
 * shim works in the folder of its sandbox, which names it. Its command line names it too, but is read from its memory, and
 * would hang with a shim that holds the lock of that.
 */
import type { Shim, ShimSign } from '../../ports/host.ts';
import { linkTarget, readText } from '../disk/bounded-read.ts';
import { isKnownUnit } from '../unit/known-units.ts';
import { foreignSign } from './foreign-sign.ts';
import { ownUnit, type ProcStat } from './proc-parse.ts';
import { listProcesses, listThreads } from './process-list.ts';

/** As in /proc/PID/stat, cut to 15 characters: of all kinds of shims. */
const COMM = 'containerd-shim';
/** containerd: core/runtime/v2/bundle.go, and of version 1 runtime/v1/linux/bundle.go. The kubelet's pods are in `k8s.io`. */
const BUNDLE = /\/io\.containerd\.runtime\.v\d\.\w+\/k8s\.io\/([0-9a-f]{64})(?: \(deleted\))?$/;
const CONTAINER = /(?<![0-9a-f])[0-9a-f]{64}(?![0-9a-f])/g;
/** USER_HZ, in which /proc counts on all machines (time(7)). */
const TICKS = 100;
/** runc does what a shim asks of it in some 0.1 s. */
const RUNC_LASTS_S = 10;
const MAX_CHILDREN = 1000;

/** By pid. @param procRoot `/proc` with the host's process ids. @param runtimeUnit undefined: in any unit that runs one. */
export async function findShims(
  procRoot: string,
  runtimeUnit: string | undefined,
  signal: AbortSignal,
): Promise<readonly Shim[]> {
  const processes: ProcStat[] = [];
  for await (const stat of listProcesses(procRoot, signal)) processes.push(stat);
  const init = (await readText(`${procRoot}/1/cgroup`, signal)) ?? '';
  const uptime = Number.parseFloat((await readText(`${procRoot}/uptime`, signal)) ?? '0');
  const shims: Shim[] = [];
  for (const stat of processes.filter(({ comm, state }) => comm === COMM && state !== 'Z')) {
    const place = await placeOf(procRoot, stat.pid, { init, signal });
    if (place === undefined || !(runtimeUnit === undefined ? isKnownUnit(place.unit, {}) : place.unit === runtimeUnit))
      continue;
    const children = processes.filter(({ ppid }) => ppid === stat.pid).slice(0, MAX_CHILDREN);
    shims.push({
      pid: stat.pid,
      startTicks: stat.startTicks,
      ...place,
      containers: await containersOf(procRoot, { sandbox: place.sandbox, children }, signal),
      signs: [...(await ownSigns(procRoot, stat, signal)), ...children.flatMap((child) => childSigns(child, uptime))],
    });
  }
  return shims;
}

/** undefined: it is no shim of a pod, whatever its name is. */
async function placeOf(
  procRoot: string,
  pid: number,
  { init, signal }: { readonly init: string; readonly signal: AbortSignal },
): Promise<Pick<Shim, 'unit' | 'sandbox'> | undefined> {
  const folder = `${procRoot}/${String(pid)}`;
  const unit = ownUnit((await readText(`${folder}/cgroup`, signal)) ?? '', init);
  const sandbox = BUNDLE.exec((await linkTarget(`${folder}/cwd`, signal)) ?? '')?.[1];
  if (unit === undefined || sandbox === undefined) return undefined;
  const sign = await foreignSign(procRoot, { pid, unit, isNamed: false }, signal);
  return sign === undefined ? { unit, sandbox } : undefined;
}

async function containersOf(
  procRoot: string,
  { sandbox, children }: { readonly sandbox: string; readonly children: readonly ProcStat[] },
  signal: AbortSignal,
): Promise<readonly string[]> {
  const ids = new Set([sandbox]);
  for (const { pid } of children) {
    const cgroup = (await readText(`${procRoot}/${String(pid)}/cgroup`, signal)) ?? '';
    for (const [id] of cgroup.matchAll(CONTAINER)) ids.add(id);
  }
  return [...ids];
}

async function ownSigns(procRoot: string, { pid, state }: ProcStat, signal: AbortSignal): Promise<readonly ShimSign[]> {
  const signs: ShimSign[] = [];
  if (/^[Tt]$/.test(state)) signs.push({ kind: 'stopped', text: `it is stopped (state ${state})` });
  for await (const thread of listThreads(procRoot, pid, signal)) {
    if (thread.state !== 'D') continue;
    const wchan = (await readText(`${procRoot}/${String(pid)}/task/${String(thread.pid)}/wchan`, signal)) ?? '';
    const text = `its thread ${String(thread.pid)} is in state D (${wchan.trim().slice(0, 64)})`;
    signs.push({ kind: 'uninterruptible', text });
  }
  return signs;
}

function childSigns({ pid, comm, state, startTicks }: ProcStat, uptime: number): readonly ShimSign[] {
  const child = `${comm} (process ${String(pid)})`;
  const age = Math.floor(uptime - startTicks / TICKS);
  const signs: ShimSign[] = [];
  // What sets a container up is named `runc:[2:INIT]`.
  if (comm === 'runc' && state !== 'Z' && age >= RUNC_LASTS_S) {
    signs.push({ kind: 'runc-lasts', text: `its ${child} has run for ${String(age)} s` });
  }
  if (state === 'D') signs.push({ kind: 'child-uninterruptible', text: `its child ${child} is in state D` });
  return signs;
}
